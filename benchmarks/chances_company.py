"""A generated company as files, and the tables that the pipeline makes of them.

Belongs here: writing a world's tables and settings, and running the pipeline's own SQL and fits on
them in this process, without the orchestrator, the gates and dbt's own start-up. Does not belong
here: drawing worlds (``chances_world``) or judging what was said (``calibration``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.chances_world import SIZES, World
from benchmarks.company_files import AS_OF, employees, settings, write_files
from benchmarks.floor import run_nodes
from dagster_project.backtest.run import backtest, tables_of_record
from dagster_project.backtest.tables import keep_backtest
from dagster_project.company.load import load_company
from dagster_project.company.model import Company
from dagster_project.company.policy_tables import POLICY_TABLES, build_policy_tables
from dagster_project.planning.history import prepare_history
from dagster_project.planning.levels import estimate_levels
from dagster_project.planning.strengths import estimate
from dagster_project.sources import landing
from dagster_project.sources.pull import pull_table
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.duckdb_file import Warehouse, fill_table

EMPLOYEES = {"small": 50, "medium": 500, "large": 5_000}
SETTINGS = settings("chances", AS_OF.date())


def write_company(
    folder: Path,
    world: World,
    goal_growth: float,
    left: Sequence[int] = (),
    cost_per_hour: float = 0,
) -> Path:
    """Write a world as CSV files with the company file beside them, and return its path.

    Args:
        folder: Where.
        world: The company.
        goal_growth: Goal of either revenue type over what was won last year.
        left: Reps who have left; their accounts still name them.
        cost_per_hour: Pay of a selling hour.
    """
    deals, shape = world.deals, world.shape
    is_closed = deals.closed <= 0
    created, closed = (
        AS_OF + pd.to_timedelta(days, unit="D") for days in (deals.created, deals.closed)
    )
    tables = {
        "accounts": pd.DataFrame(
            {
                "account_id": _names("A", np.arange(shape.accounts)),
                "name": _names("A", np.arange(shape.accounts)),
                "industry": _names("industry", world.industry),
                "employees": np.array([EMPLOYEES[size] for size in SIZES])[world.size],
                "region": _names("G", world.group[world.owner]),
                "owner_rep_id": _names("R", world.owner),
                "created_at": AS_OF - pd.Timedelta(days=365 * (shape.years + 2)),
            }
        ),
        "opportunities": pd.DataFrame(
            {
                "opportunity_id": _names("O", np.arange(len(deals.rep))),
                "account_id": _names("A", deals.account),
                "rep_id": _names("R", deals.rep),
                "stage": np.where(is_closed, np.where(deals.won, "Won", "Lost"), "Open"),
                "is_closed": is_closed,
                "is_won": is_closed & deals.won,
                "amount": deals.amount,
                "created_at": created,
                "closed_at": closed.where(is_closed),
                "currency": "USD",
            }
        ),
        "employees": employees(
            _names("R", np.arange(shape.reps)), _names("G", world.group), shape.years
        ).assign(
            termination_date=[
                str(AS_OF - pd.Timedelta(days=20)) if rep in left else ""
                for rep in range(shape.reps)
            ]
        ),
    }
    goals = [{"revenue_type": kind, "growth_rate": goal_growth} for kind in ("new", "existing")]
    capacity = {**SETTINGS["capacity"], "cost_per_hour": cost_per_hour}
    return write_files(folder, tables, {**SETTINGS, "capacity": capacity, "goals": goals})


@dataclass(frozen=True)
class Planned:
    """What the pipeline makes of a company under its coverage of record.

    Attributes:
        company: Its settings.
        tables: What quotas follow from, by name, the last back-test among it.
        backtest: Rows of the back-test.
    """

    company: Company
    tables: dict[str, pd.DataFrame]
    backtest: pd.DataFrame


@dataclass(frozen=True)
class Prepared:
    """A company whose marts stand.

    Attributes:
        company: Its settings.
        warehouse: Its tables.
        build: Builds the models before (False) or after (True) the estimates, in any warehouse.
    """

    company: Company
    warehouse: Warehouse
    build: Callable[[Path, bool], None]


def plan_of_record(company_path: Path, nodes: list[dict[str, Any]]) -> Planned:
    """Prepare a company, back-test it and read what its quotas follow from.

    Args:
        company_path: The company file; its folder takes the warehouse.
        nodes: The dbt project as compiled SQL (``benchmarks.prepare.compile_sql``).
    """
    ready = prepare(company_path, nodes)
    judged, _ = backtest(ready.warehouse, ready.company, company_path.parent / "past", ready.build)
    return Planned(ready.company, tables_of_record(ready.warehouse, ready.company), judged)


def prepare(company_path: Path, nodes: list[dict[str, Any]]) -> Prepared:
    """Land a company's files, build its models and estimate, all in this process.

    Args:
        company_path: As for ``plan_of_record``.
        nodes: As for ``plan_of_record``.
    """
    folder = company_path.parent
    company = load_company(company_path)
    warehouse = Warehouse(path=str(folder / "warehouse.duckdb"))
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists raw")
        for table in LANDING.values():
            target = f"raw.{table.name}{landing.PULLED}"
            landing.record_pull(connection, pull_table(connection, company, table, target, folder))
        for name, rows in build_policy_tables(company).items():
            fill_table(connection, POLICY_TABLES[name], rows, f"raw.{name}{landing.PULLED}")
        landing.record_company_file(connection, company.config_hash())
        landing.accept(connection, [*LANDING, *POLICY_TABLES])
        prepare_history(connection)
        keep_backtest(connection)

    def build(path: Path, is_estimated: bool) -> None:
        wanted = "strength" if is_estimated else ""
        with Warehouse(path=str(path)).connect() as connection:
            run_nodes(
                connection,
                [node for node in nodes if node["reads"] == wanted and node["kind"] != "test"],
            )

    build(Path(warehouse.path), False)
    estimate(warehouse)
    estimate_levels(warehouse)
    build(Path(warehouse.path), True)
    return Prepared(company, warehouse, build)


def backtest_by_command(company_path: Path) -> pd.DataFrame:
    """Refresh and back-test a company by the commands a user runs; return the back-test's rows.

    Raises:
        RuntimeError: A command failed.
    """
    home = company_path.parent / "home"
    for command in ("refresh", "backtest"):
        done = subprocess.run(
            [sys.executable, "-m", "dagster_project.commands", command],
            env={
                **os.environ,
                "COVERAGE_COMPANY": str(company_path),
                "COVERAGE_HOME": str(home),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the {command} failed:\n{done.stderr[-2000:]}")
    return Warehouse(path=str(home / "warehouse.duckdb")).read("backtest.plan_backtest")


def _names(prefix: str, numbers: Any) -> Any:
    return np.array([f"{prefix}{number:05d}" for number in np.asarray(numbers)], dtype=object)
