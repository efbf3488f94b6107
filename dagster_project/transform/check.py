"""The strict check of the dbt project: warnings are errors, unit tests on empty tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from dagster_project.company.policy_tables import POLICY_TABLES
from dagster_project.planning.history import HISTORY_TABLES
from dagster_project.planning.levels import LEVEL_TABLES
from dagster_project.planning.quota_tables import PLAN_TABLES
from dagster_project.planning.strength_tables import STRENGTH_TABLES
from dagster_project.transform.manifest import invoke
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.duckdb_file import Warehouse


def check() -> Iterator[str]:
    """Parse strictly and run the unit tests against empty tables; yield what failed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        create_empty_sources(Warehouse(path=str(path)))
        target = Path(folder) / "target"
        # Unit tests ask the warehouse for the types of their inputs: thin models are views here.
        views = ["--target", "check"]
        invoke(None, ["parse", "--no-partial-parse", "--warn-error", *views], target)
        for arguments in (["run", "--empty"], ["test", "--select", "test_type:unit"]):
            outcome = invoke(None, [*arguments, *views], target, path)
            results = outcome.result.results
            for result in results:
                if result.status not in ("success", "pass"):
                    yield f"{result.node.unique_id}: {result.status}: {result.message}"
            print(f"dbt {' '.join(arguments)}: {len(results)} nodes")


def create_empty_sources(warehouse: Warehouse) -> None:
    """Create every source table of the dbt project, typed and empty."""
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists raw; create schema if not exists plan")
        connection.execute("create schema if not exists history")
        connection.execute(
            "create schema if not exists strength; create schema if not exists levels"
        )
        for table in (
            *(table.landed() for table in LANDING.values()),
            *POLICY_TABLES.values(),
            *HISTORY_TABLES.values(),
            *PLAN_TABLES.values(),
            *STRENGTH_TABLES.values(),
            *LEVEL_TABLES.values(),
        ):
            connection.execute(table.create_sql())
