"""The history of published runs, table ``plan_runs``."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.publishing.tables import RUNS

if TYPE_CHECKING:
    import duckdb


def forget_unpublished(connection: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Take out of the history what was recorded by a run that was killed before it published.

    Args:
        connection: The warehouse.
        published: The published file; while there is none, nothing was ever published.
    """
    connection.execute(RUNS.create_sql(keep=True))
    if not published.exists():
        connection.execute("delete from plan.plan_runs")
        return
    path = str(published).replace("'", "''")
    connection.execute(f"attach '{path}' as last_published (read_only)")
    try:
        connection.execute(
            "delete from plan.plan_runs "
            "where run_id not in (select run_id from last_published.main.plan_runs)"
        )
    finally:
        connection.execute("detach last_published")


def record_run(connection: duckdb.DuckDBPyConnection, facts: Mapping[str, Any]) -> None:
    """Append a finished run to the history; a run recorded before is replaced.

    Args:
        connection: The warehouse, its history made by :func:`forget_unpublished`.
        facts: run_id, plan_id, code_version, input_hashes, failed_check_count.
    """
    forget_run(connection, facts["run_id"])
    connection.execute(
        """
        insert into plan.plan_runs
        select
            ?, ?, calendar.as_of_on, ?, ?, ?,
            certificate.objective_amount, certificate.gap_rate,
            certificate.moved_count, certificate.uncovered_count,
            (select coalesce(sum(missing_hours), 0) from review.capacity_gaps),
            (select coalesce(sum(row_count), 0) from marts.quarantine_summary),
            ?
        from marts.plan_calendar as calendar
        cross join plan.plan_certificates as certificate
        """,
        [
            facts["run_id"],
            facts["plan_id"],
            facts["code_version"],
            json.dumps(facts["input_hashes"], sort_keys=True),
            dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0),
            facts["failed_check_count"],
        ],
    )


def forget_run(connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """Take a run out of the history: it was not published after all."""
    connection.execute("delete from plan.plan_runs where run_id = ?", [run_id])
