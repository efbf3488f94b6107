"""What a company sets for its gates, and the record of every rule's outcome."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dagster_project.warehouse.tables import Table, all_or_none, columns
from expectations import load_suite

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.model import Company
    from dagster_project.gates.run import RuleResult

_MEANINGS = {
    "run_id": "Run of the orchestrator, published or not",
    "judged_at": "When the rule was checked, UTC",
    "table_name": "Table the rule guards",
    "check_name": "Rule, by its stable name",
    "severity": "critical (blocks) or warning",
    "is_passed": "The rule held",
    "failed_count": "Rows that break it",
    "failed_rate": "Those rows over all rows that have a value",
    "observed": "What was compared: a count, a sum or a share",
    "sample_keys": "Up to 20 failing keys",
    "reason": "Why the rule is there",
    "fix": "What to do when it fails",
}
_VERDICT = "table_name check_name severity is_passed failed_count failed_rate observed"
RESULTS = Table(
    "quality",
    "data_quality_results",
    "Outcome of every rule at the gates, one row per table and rule.",
    ("table_name", "check_name"),
    columns(_MEANINGS, f"{_VERDICT} sample_keys reason fix"),
)
# Blocked runs included: what BI draws trends from.
HISTORY = Table(
    "quality",
    "data_quality_history",
    "Outcome of every rule at the gates in every run, blocked runs included, one row per run, "
    "table and rule. The last 400 days are kept.",
    ("judged_at", "run_id", "table_name", "check_name"),
    columns(_MEANINGS, f"run_id judged_at {_VERDICT}", judged_at="TIMESTAMP"),
)
KEPT_HISTORY = dt.timedelta(days=400)


def suite_parameters(suite_name: str, company: Company) -> dict[str, Any]:
    """Pick the settings of the company file that are parameters of a suite.

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
        "max_deal_multiple": company.gates.max_deal_multiple,
        "accepted_deals": list(company.gates.accepted_deals),
        "fewest_months": 12 if company.quotas.short_history == "block" else 1,
        "currency": [company.company.currency],
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
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
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
    with all_or_none(connection):
        connection.execute("create schema if not exists quality")
        for table in (RESULTS, HISTORY):
            connection.execute(table.create_sql(keep=True))
        connection.execute(
            f"delete from {HISTORY.relation} where judged_at < ?", [now - KEPT_HISTORY]
        )
        for judged in sorted({result.table for result in results}):
            connection.execute(f"delete from {RESULTS.relation} where table_name = ?", [judged])
            connection.execute(
                f"delete from {HISTORY.relation} where run_id = ? and table_name = ?",
                [run_id, judged],
            )
        connection.executemany(
            f"insert into {RESULTS.relation} values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [[*row, *rest] for row, rest in zip(facts, more, strict=True)],
        )
        connection.executemany(
            f"insert into {HISTORY.relation} values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [[run_id, now, *row] for row in facts],
        )
