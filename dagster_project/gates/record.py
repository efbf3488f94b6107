"""What a company sets for its gates, and the record of every rule's outcome for BI to show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from expectations import load_suite

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.model import Company
    from dagster_project.gates.run import RuleResult

QUALITY_COLUMNS = {
    "table_name": ("VARCHAR", "Table the rule guards"),
    "check_name": ("VARCHAR", "Rule, by its stable name"),
    "severity": ("VARCHAR", "critical (blocks) or warning"),
    "is_passed": ("BOOLEAN", "The rule held"),
    "failed_count": ("BIGINT", "Rows that break it"),
    "failed_rate": ("DOUBLE", "Those rows over all rows that have a value"),
    "observed": ("VARCHAR", "What was compared: a count, a sum or a share"),
    "sample_keys": ("VARCHAR", "Up to 20 failing keys"),
    "reason": ("VARCHAR", "Why the rule is there"),
    "fix": ("VARCHAR", "What to do when it fails"),
}

# One row per run and rule, blocked runs included: what BI draws trends from.
HISTORY_COLUMNS = {
    "run_id": ("VARCHAR", "Run of the orchestrator, published or not"),
    "judged_at": ("TIMESTAMP", "When the rule was checked, UTC"),
    **{
        name: QUALITY_COLUMNS[name]
        for name in (
            "table_name",
            "check_name",
            "severity",
            "is_passed",
            "failed_count",
            "failed_rate",
            "observed",
        )
    },
}
KEPT_HISTORY = dt.timedelta(days=400)


def suite_parameters(suite_name: str, company: Company) -> dict[str, Any]:
    """Pick what the company file says about the parameters a suite has.

    Args:
        suite_name: Name of the suite.
        company: The company's settings.

    Returns:
        Values for the suite's computed columns; what is not set keeps the suite's default.
    """
    given = {
        "covering_roles": list(company.capacity.covering_roles),
        "as_of": company.company.as_of,
        "max_drop_rate": company.gates.max_drop_rate,
    }
    known = load_suite(suite_name)["meta"].get("parameters", {})
    return {name: given[name] for name in known if given.get(name) is not None}


def record_results(
    connection: duckdb.DuckDBPyConnection, results: Sequence[RuleResult], run_id: str
) -> None:
    """Replace the outcomes of the tables that were just judged, and add them to the history.

    Args:
        connection: The warehouse.
        results: Outcomes, in any order.
        run_id: Run that judged them; judging again in the same run replaces its rows.
    """
    connection.execute("create schema if not exists quality")
    for table, columns in (("check_results", QUALITY_COLUMNS), ("check_history", HISTORY_COLUMNS)):
        body = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
        connection.execute(f"create table if not exists quality.{table} ({body})")
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    connection.execute(
        "delete from quality.check_history where judged_at < ?", [now - KEPT_HISTORY]
    )
    for table in sorted({result.table for result in results}):
        connection.execute("delete from quality.check_results where table_name = ?", [table])
        connection.execute(
            "delete from quality.check_history where run_id = ? and table_name = ?",
            [run_id, table],
        )
    facts = [
        [
            result.table,
            result.check,
            result.severity,
            result.passed,
            result.failed_count,
            result.failed_rate,
            None if result.observed is None else str(result.observed),
        ]
        for result in results
    ]
    more = [[", ".join(map(str, r.sample_keys)), r.why, r.fix] for r in results]
    connection.executemany(
        "insert into quality.check_results values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [[*row, *rest] for row, rest in zip(facts, more, strict=True)],
    )
    connection.executemany(
        "insert into quality.check_history values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [[run_id, now, *row] for row in facts],
    )
