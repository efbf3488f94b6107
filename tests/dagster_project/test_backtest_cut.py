"""The inputs of a past day: nothing that came later is seen."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.backtest.cut import cut_tables
from dagster_project.company.policy_tables import POLICY_TABLES
from dagster_project.planning.history import HISTORY_TABLES
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.duckdb_file import Warehouse, fill_table

CUT = dt.date(2025, 6, 30)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


ROWS: dict[str, list[dict[str, Any]]] = {
    "accounts": [
        {"account_id": "worked", "owner_rep_id": "NOW", "created_at": at("2023-01-01")},
        {"account_id": "later", "owner_rep_id": "NOW", "created_at": at("2025-07-01")},
        # The CRM made the record anew, but there were deals before.
        {"account_id": "anew", "owner_rep_id": "NOW", "created_at": at("2025-09-01")},
        {"account_id": "never worked", "owner_rep_id": "NOW", "created_at": None},
    ],
    "employees": [
        {"rep_id": "THEN", "role": "ae", "hire_date": dt.date(2020, 1, 1)},
        {
            "rep_id": "NOW",
            "role": "ae",
            "hire_date": dt.date(2021, 1, 1),
            "termination_date": dt.date(2026, 1, 31),
        },
        {
            "rep_id": "GONE",
            "role": "ae",
            "hire_date": dt.date(2020, 1, 1),
            "termination_date": dt.date(2025, 5, 31),
        },
        {"rep_id": "NEW", "role": "ae", "hire_date": dt.date(2025, 9, 1)},
    ],
    "opportunities": [
        {
            "opportunity_id": name,
            "account_id": account,
            "rep_id": rep,
            "stage": "Won",
            "is_closed": True,
            "is_won": True,
            "amount": 100.0,
            "created_at": at(created),
            "closed_at": at(closed),
        }
        for name, account, rep, created, closed in (
            ("known", "worked", "THEN", "2024-01-01", "2025-06-30 18:00:00"),
            ("open then", "worked", "THEN", "2025-05-01", "2025-07-01"),
            ("not begun", "worked", "NOW", "2025-07-02", "2025-08-01"),
            ("of one who left", "worked", "GONE", "2025-05-15", "2025-05-20"),
            ("anew", "anew", "THEN", "2024-03-01", "2024-05-01"),
        )
    ],
    "stage_changes": [
        {"opportunity_id": "open then", "stage": "Proposal", "entered_at": at("2025-06-01")},
        {"opportunity_id": "open then", "stage": "Won", "entered_at": at("2025-07-01")},
    ],
}


@pytest.fixture
def past(warehouse: Warehouse, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    with warehouse.connect() as connection:
        connection.execute("create schema raw; create schema history")
        for name, table in (*LANDING.items(), *POLICY_TABLES.items()):
            landed = LANDING[name].landed() if name in LANDING else table
            rows = [
                dict.fromkeys(landed.column_names) | {"name": "N", "currency": "USD"} | row
                for row in ROWS.get(name, [])
            ]
            rows = [
                {**row, "_row": place} if "_row" in row else row
                for place, row in enumerate(rows, 1)
            ]
            connection.execute(landed.create_sql())
            if rows:
                fill_table(connection, landed, rows)
        for table in HISTORY_TABLES.values():
            connection.execute(table.create_sql())
        connection.execute("insert into history.last_plan values ('worked', 'NOW', 'NOW')")
        (tmp_path / "past").mkdir()
        cut_tables(connection, CUT, tmp_path / "past" / "warehouse.duckdb")
        attached = connection.execute("select database_name from duckdb_databases()").fetchall()
        assert ("past",) not in attached
    return duckdb.connect(str(tmp_path / "past" / "warehouse.duckdb"))


def test_a_deal_that_closed_later_is_open_in_its_stage_of_then(past) -> None:
    assert past.execute(
        "select opportunity_id, is_closed, is_won, closed_at is null, stage "
        "from raw.opportunities order by 1"
    ).fetchall() == [
        ("anew", True, True, False, "Won"),
        ("known", True, True, False, "Won"),
        ("of one who left", True, True, False, "Won"),
        ("open then", False, False, True, "Proposal"),
    ]


def test_an_account_belongs_to_who_worked_it_then(past) -> None:
    owners = past.execute("select account_id, owner_rep_id from raw.accounts").fetchall()
    # Nobody knows who had the account without deals; who left before the day has nothing.
    assert dict(owners) == {"worked": "THEN", "anew": "THEN", "never worked": "NOW"}


def test_people_are_those_of_then_and_nobody_knows_who_will_leave(past) -> None:
    assert past.execute(
        "select rep_id, termination_date is not null from raw.employees order by 1"
    ).fetchall() == [("GONE", True), ("NOW", False), ("THEN", False)]


def test_no_plan_of_later_days_is_known(past) -> None:
    assert past.execute("select count(*) from history.last_plan").fetchall() == [(0,)]
