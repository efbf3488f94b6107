"""The history of published runs, table ``plan_runs``."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.publishing.tables import RUNS
from dagster_project.warehouse.tables import quote_text


def forget_unpublished(connection: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Make the history that of published runs, without those killed before they published.

    A new warehouse gets the published runs back.

    Args:
        connection: The warehouse.
        published: The published file; while there is none, nothing was ever published. Where it is
            damaged, the Parquet of the current plan counts.
    """
    connection.execute(RUNS.create_sql(keep=True))
    if not published.exists():
        connection.execute("delete from plan.plan_runs")
        return
    parquet = published.parent / "current" / f"{RUNS.name}.parquet"
    try:
        connection.execute(f"attach {quote_text(published)} as last_published (read_only)")
        try:
            _keep_only(connection, f"last_published.main.{RUNS.name}")
        finally:
            connection.execute("detach last_published")
    except duckdb.Error:
        if not parquet.exists():
            raise
        _keep_only(connection, f"read_parquet({quote_text(parquet)})")


def _keep_only(connection: duckdb.DuckDBPyConnection, published_runs: str) -> None:
    connection.execute(
        f"delete from {RUNS.relation} where run_id not in (select run_id from {published_runs})"
    )
    connection.execute(
        f"insert into {RUNS.relation} by name select * from {published_runs} "
        f"where run_id not in (select run_id from {RUNS.relation})"
    )


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
