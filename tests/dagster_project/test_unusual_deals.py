"""Deals far beyond the usual, on companies whose truth is known: none by chance, slips found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from dagster_project.transform.build import build_models
from dagster_project.transform.check import create_empty_sources
from dagster_project.warehouse.duckdb_file import Warehouse

pytestmark = pytest.mark.slow

COMPANIES, SLIP = 200, 100
Amounts = np.ndarray


class Judge:
    """The model's own SQL, compiled once and run on one company after the other."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        self.connection, self.sql = connection, sql

    def unusual(self, amounts: Amounts, accounts: Amounts, days: Amounts) -> set[str]:
        closed = pd.Timestamp("2026-06-30") - pd.to_timedelta(days, "D")
        deals = pd.DataFrame(
            {
                "opportunity_id": [f"O{i}" for i in range(len(amounts))],
                "account_id": accounts.astype(str),
                "is_won": True,
                "amount": amounts,
                "created_on": closed - pd.Timedelta(days=60),
                "closed_on": closed,
            }
        )
        self.connection.register("deals", deals)
        self.connection.execute(
            "create or replace table staging.stg_crm__opportunities as select * replace ("
            "created_on::date as created_on, closed_on::date as closed_on) from deals"
        )
        return {row[0] for row in self.connection.execute(self.sql).fetchall()}


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    folder = tmp_path_factory.mktemp("unusual")
    warehouse = Warehouse(path=str(folder / "warehouse.duckdb"))
    create_empty_sources(warehouse)
    with warehouse.connect() as connection:
        connection.execute(
            "create schema staging; create schema intermediate;"
            "create table intermediate.int_company__calendar as "
            "select date '2026-06-30' as as_of_on;"
            "create table staging.stg_crm__opportunities (opportunity_id varchar, "
            "account_id varchar, is_won boolean, amount double, created_on date, closed_on date)"
        )
    [built] = build_models(
        ["--select", "int_opportunities__unusual"], folder / "target", Path(warehouse.path)
    )
    assert built.is_good, built.message
    with warehouse.connect() as connection:
        yield Judge(connection, built.compiled_sql)


def company(
    random: np.random.Generator, deals: int, spread: float
) -> tuple[Amounts, Amounts, Amounts]:
    """Log-normal amounts of four years, about seven deals an account."""
    return (
        random.lognormal(9.0, spread, deals).round(2),
        random.integers(0, max(5, deals // 7), deals),
        random.integers(0, 4 * 365, deals),
    )


@pytest.mark.parametrize("spread", [0.5, 0.8, 1.5])
@pytest.mark.parametrize("deals", [30, 400])
def test_a_healthy_company_seldom_has_an_unusual_deal(
    judge: Judge, deals: int, spread: float
) -> None:
    random = np.random.default_rng(7)
    found = [judge.unusual(*company(random, deals, spread)) for _ in range(COMPANIES)]
    assert sum(map(bool, found)) <= 0.05 * COMPANIES


def test_a_lost_decimal_point_is_found_where_amounts_differ_as_the_demo_s_do(
    judge: Judge,
) -> None:
    random, hits = np.random.default_rng(8), 0
    for _ in range(COMPANIES):
        amounts, accounts, days = company(random, 400, 0.8)
        slip = int(random.integers(len(amounts)))
        amounts[slip] *= SLIP
        found = judge.unusual(amounts, accounts, days)
        hits += f"O{slip}" in found
        assert len(found) <= 3
    assert hits >= 0.8 * COMPANIES


def test_what_a_customer_buys_again_is_usual_however_large(judge: Judge) -> None:
    random = np.random.default_rng(9)
    amounts, accounts, days = company(random, 400, 0.8)
    amounts[:4], accounts[:4] = 5_000_000.0, 1
    days[:4] = (10, 375, 740, 1105)
    assert judge.unusual(amounts, accounts, days) == set()
