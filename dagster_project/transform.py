"""Running dbt in this process: the manifest, the runner, and results as orchestrator events.

Belongs here: how dbt is started and its outcome is reported. Does not belong here: SQL (``dbt/``)
or asset definitions (``dagster_project.defs.transform``).

dbt runs through its own ``dbtRunner`` instead of a child process: a child costs an interpreter, the
imports and a parse again, three times a refresh (measured: 8 CPU seconds). dbt is imported only
inside functions, so that loading definitions with a fresh manifest does not pay for it twice.

``python -m dagster_project.transform check`` parses with warnings as errors and runs the unit tests
on an empty temporary warehouse.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from filelock import FileLock

from dagster_project.contract import LANDING, create_landing_table_sql
from dagster_project.settings import DBT_DIRECTORY, load_settings
from dagster_project.warehouse import Warehouse, create_table, quoted

if TYPE_CHECKING:
    import duckdb

MANIFEST_PATH = DBT_DIRECTORY / "target" / "manifest.json"
SAMPLE_SIZE = 20
# Unit tests run in CI, and exposures only name readers.
_LEFT_OUT = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "exposure")
_INPUTS = ("*.sql", "*.yml", "*.md", "*.csv")


class DbtError(Exception):
    """dbt could not parse or run; the message is dbt's own."""


@dataclass(frozen=True)
class NodeResult:
    """Outcome of one dbt node.

    Attributes:
        unique_id: dbt's id of the model or test.
        status: dbt's word: success, pass, warn, fail, error, skipped.
        failures: Failing rows of a test, else 0.
        message: dbt's message.
        seconds: Execution time.
        compiled_sql: The SQL that ran, empty where dbt did not get that far.
    """

    unique_id: str
    status: str
    failures: int
    message: str
    seconds: float
    compiled_sql: str

    @property
    def is_good(self) -> bool:
        """The node did what it should."""
        return self.status in ("success", "pass")


def ensure_manifest() -> Path:
    """Parse the dbt project if its manifest is missing or older than any of its files.

    Raises:
        DbtError: The project does not parse.
    """
    MANIFEST_PATH.parent.mkdir(exist_ok=True)
    with FileLock(MANIFEST_PATH.with_suffix(".lock")):
        if not _is_fresh():
            _invoke(None, ["parse"], MANIFEST_PATH.parent)
    return MANIFEST_PATH


def _is_fresh() -> bool:
    products = (MANIFEST_PATH, _parsed_path())
    if not all(product.exists() for product in products):
        return False
    with MANIFEST_PATH.open(encoding="utf-8") as file:
        if f'"dbt_version": "{version("dbt-core")}"' not in file.read(1000):
            return False  # another release stores the parsed project in another way
    made = min(product.stat().st_mtime for product in products)
    files = (
        file
        for pattern in _INPUTS
        for file in DBT_DIRECTORY.rglob(pattern)
        if "target" not in file.relative_to(DBT_DIRECTORY).parts[:1]
    )
    return all(file.stat().st_mtime <= made for file in files)


def _parsed_path() -> Path:
    """The parsed project as dbt stores it for itself, beside the manifest."""
    return MANIFEST_PATH.with_name("partial_parse.msgpack")


@cache
def _manifest() -> Any:
    """Load the parsed project as dbt itself stores it: 0.2 CPU seconds, parsing again takes 2."""
    from dbt.contracts.graph.manifest import Manifest

    ensure_manifest()
    return Manifest.from_msgpack(_parsed_path().read_bytes())


def _invoke(manifest: Any, arguments: Sequence[str], target: Path) -> Any:
    from dbt.cli.main import dbtRunner

    os.environ.setdefault("COVERAGE_DUCKDB_PATH", str(load_settings().warehouse_path))
    result = dbtRunner(manifest=manifest).invoke(
        [
            *arguments,
            *("--project-dir", str(DBT_DIRECTORY), "--profiles-dir", str(DBT_DIRECTORY)),
            *("--target-path", str(target), "--log-level", "none", "--log-level-file", "none"),
        ]
    )
    if result.exception is not None:
        raise DbtError(str(result.exception)) from result.exception
    return result


def build(arguments: Sequence[str], target: Path) -> list[NodeResult]:
    """Build models and run their tests; failures are results, not exceptions.

    Args:
        arguments: Selection, such as ``["--select", "tag:review"]``.
        target: Folder for compiled SQL.

    Returns:
        One result per node that ran or was skipped.

    Raises:
        DbtError: dbt itself could not run.
    """
    outcome = _invoke(
        _manifest(),
        ["build", "--no-write-json", *_LEFT_OUT, *arguments],
        target,
    )
    return [
        NodeResult(
            unique_id=result.node.unique_id,
            status=str(result.status),
            failures=int(result.failures or 0),
            message=str(result.message or ""),
            seconds=float(result.execution_time),
            compiled_sql=str(getattr(result.node, "compiled_code", "") or ""),
        )
        for result in outcome.result.results
    ]


def failing_keys(connection: duckdb.DuckDBPyConnection, result: NodeResult) -> list[str]:
    """Name up to twenty failing records by the first column of the test's rows.

    Never whole rows: they may hold personal data.
    """
    if not result.compiled_sql:
        return []
    rows = connection.execute(
        f"select * from ({result.compiled_sql}) as failing limit {SAMPLE_SIZE}"
    ).fetchall()
    return [str(row[0]) for row in rows]


def table_facts(
    connection: duckdb.DuckDBPyConnection, table: str, descriptions: Mapping[str, str]
) -> dict[str, Any]:
    """Row count and column schema of a table as the metadata the UI shows.

    Args:
        connection: The warehouse.
        table: Qualified name.
        descriptions: Description by column.
    """
    count = connection.execute(f"select count(*) from {quoted(table)}").fetchall()[0][0]
    columns = connection.execute(f"describe {quoted(table)}").fetchall()
    return {
        "dagster/row_count": int(count),
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(name=row[0], type=row[1], description=descriptions.get(row[0]))
                for row in columns
            ]
        ),
    }


def check() -> Iterator[str]:
    """Parse strictly and run the unit tests against empty tables; yield what failed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        os.environ["COVERAGE_DUCKDB_PATH"] = str(path)
        create_empty_sources(Warehouse(path=str(path)))
        target = Path(folder) / "target"
        _invoke(None, ["parse", "--no-partial-parse", "--warn-error"], target)
        for arguments in (["run", "--empty"], ["test", "--select", "test_type:unit"]):
            outcome = _invoke(None, arguments, target)
            results = outcome.result.results
            for result in results:
                if result.status not in ("success", "pass"):
                    yield f"{result.node.unique_id}: {result.status}: {result.message}"
            print(f"dbt {' '.join(arguments)}: {len(results)} nodes")


def create_empty_sources(warehouse: Warehouse) -> None:
    """Create every source table of the dbt project, typed and empty."""
    from dagster_project.history import HISTORY_TABLES
    from dagster_project.plan_tables import PLAN_TABLES
    from dagster_project.policy_tables import POLICY_TABLES

    with warehouse.connect() as connection:
        connection.execute("create schema if not exists raw; create schema if not exists plan")
        connection.execute("create schema if not exists history")
        for table in LANDING.values():
            connection.execute(create_landing_table_sql(f"raw.{table.name}", table))
        for name, columns in POLICY_TABLES.items():
            create_table(connection, f"raw.{name}", columns)
        for name, columns in HISTORY_TABLES.items():
            create_table(connection, f"history.{name}", columns)
        for name, plan_table in PLAN_TABLES.items():
            body = ", ".join(f"{column} {kind}" for column, kind in plan_table.types.items())
            connection.execute(f"create or replace table plan.{name} ({body})")


if __name__ == "__main__":
    problems = list(check())
    print("\n".join(problems) or "dbt: all good")
    sys.exit(1 if problems else 0)
