"""Building models and running their tests: results, never exceptions, for what fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.transform.manifest import invoke, manifest

if TYPE_CHECKING:
    import duckdb

SAMPLE_SIZE = 20
# Unit tests run in CI, and exposures only name readers.
_LEFT_OUT = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "exposure")


@dataclass(frozen=True)
class NodeResult:
    """Outcome of one dbt node.

    Attributes:
        unique_id: dbt's id of the model or test.
        status: dbt's status: success, pass, warn, fail, error, skipped.
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


def build_models(arguments: Sequence[str], target: Path, warehouse_path: Path) -> list[NodeResult]:
    """Build models and run their tests; failures are results, not exceptions.

    Args:
        arguments: Selection, such as ``["--select", "tag:review"]``.
        target: Folder for compiled SQL.
        warehouse_path: The DuckDB file that is built in.

    Returns:
        One result per node that ran or was skipped.

    Raises:
        DbtError: dbt itself could not run.
    """
    outcome = invoke(
        manifest(),
        ["build", "--no-write-json", *_LEFT_OUT, *arguments],
        target,
        warehouse_path,
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


def failing_records(
    connection: duckdb.DuckDBPyConnection, result: NodeResult
) -> tuple[list[str], list[str]]:
    """Name up to twenty failing records of a test; never whole rows, which may be personal.

    Returns:
        Keys (the first column of the test's rows), and what the column ``sentence`` says of each,
        where the test has one.
    """
    if not result.compiled_sql:
        return [], []
    found = connection.execute(
        f"select * from ({result.compiled_sql}) as failing limit {SAMPLE_SIZE}"
    )
    columns = [column[0] for column in found.description]
    rows = found.fetchall()
    sentence = columns.index("sentence") if "sentence" in columns else None
    return (
        [str(row[0]) for row in rows],
        [] if sentence is None else [str(row[sentence]) for row in rows],
    )
