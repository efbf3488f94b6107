"""What a company sets for its gates, and the record of every rule's outcome for BI to show.

Belongs here: the suites' parameters out of the company file, and writing
``quality.check_results``. Does not belong here: rules (``expectations``), or judging
(``dagster_project.gates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from expectations import load_suite

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company import Company
    from dagster_project.gates import RuleResult

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
    }
    known = load_suite(suite_name)["meta"].get("parameters", {})
    return {name: given[name] for name in known if given.get(name) is not None}


def record_results(connection: duckdb.DuckDBPyConnection, results: Sequence[RuleResult]) -> None:
    """Replace the outcomes of the tables that were just judged."""
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in QUALITY_COLUMNS.items())
    connection.execute("create schema if not exists quality")
    connection.execute(f"create table if not exists quality.check_results ({columns})")
    for table in sorted({result.table for result in results}):
        connection.execute("delete from quality.check_results where table_name = ?", [table])
    connection.executemany(
        "insert into quality.check_results values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                result.table,
                result.check,
                result.severity,
                result.passed,
                result.failed_count,
                result.failed_rate,
                None if result.observed is None else str(result.observed),
                ", ".join(str(key) for key in result.sample_keys),
                result.why,
                result.fix,
            ]
            for result in results
        ],
    )
