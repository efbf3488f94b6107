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

_TABLE = """
create schema if not exists quality;
create table if not exists quality.check_results (
    table_name VARCHAR, check_name VARCHAR, severity VARCHAR, is_passed BOOLEAN,
    failed_count BIGINT, failed_rate DOUBLE, observed VARCHAR, sample_keys VARCHAR, reason VARCHAR, fix VARCHAR
)
"""


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
    connection.execute(_TABLE)
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
