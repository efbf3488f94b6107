"""What is published: every table that BI reads, where it comes from and how it is sorted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.gates.pull_facts import KEY_PROBLEM_COLUMNS, KEY_PROBLEMS
from dagster_project.gates.record import HISTORY_COLUMNS, QUALITY_COLUMNS
from dagster_project.planning.coverage_tables import MEANINGS, PLAN_TABLES
from dagster_project.planning.strength_tables import PUBLISHED_STRENGTH_TABLES
from dagster_project.transform.manifest import described
from dagster_project.warehouse.contract import quote_identifier
from dagster_project.warehouse.duckdb_file import quoted

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class PublishedTable:
    """One table that readers find in the published file.

    Attributes:
        relation: Where it stands in the warehouse.
        key: Columns that identify a row; the table is sorted by them.
    """

    relation: str
    key: tuple[str, ...]


PUBLISHED: dict[str, PublishedTable] = {
    **{name: PublishedTable(f"plan.{name}", table.key) for name, table in PLAN_TABLES.items()},
    "account_segments": PublishedTable("marts.account_segments", ("account_id",)),
    "coverage_pairs": PublishedTable("marts.coverage_pairs", ("account_id", "rep_id")),
    "segment_economics": PublishedTable("marts.segment_economics", ("segment_id",)),
    "rep_performance": PublishedTable("marts.rep_performance", ("rep_id", "month")),
    **{
        name: PublishedTable(f"strength.{name}", table.key)
        for name, table in PUBLISHED_STRENGTH_TABLES.items()
    },
    "seasonality": PublishedTable(
        "marts.seasonality", ("revenue_type", "season_key", "month_number")
    ),
    "sales_cycles": PublishedTable("marts.sales_cycles", ("season_key",)),
    "customer_seasons": PublishedTable(
        "marts.customer_seasons", ("revenue_type", "customer_month")
    ),
    "pipeline_conversions": PublishedTable(
        "marts.pipeline_conversions", ("level", "stage", "age_band", "industry")
    ),
    "override_review": PublishedTable(
        "review.override_review", ("account_id", "lock_action", "rep_id")
    ),
    "capacity_gaps": PublishedTable("review.capacity_gaps", ("group_id", "month")),
    "staffing_review": PublishedTable("review.staffing_review", ("group_id",)),
    "quota_periods": PublishedTable(
        "review.quota_periods",
        ("level", "entity_id", "period_type", "period_on", "revenue_type"),
    ),
    "quota_comparison": PublishedTable("review.quota_comparison", ("rep_id", "month")),
    "quarantine_summary": PublishedTable("marts.quarantine_summary", ("table_name", "reason")),
    "input_fixes": PublishedTable("marts.input_fixes", ("table_name", "fix")),
    "key_problems": PublishedTable(
        KEY_PROBLEMS, ("problem", "table_name", "column_name", "key_value")
    ),
    "data_quality_history": PublishedTable(
        "quality.check_history", ("judged_at", "run_id", "table_name", "check_name")
    ),
    "data_quality_results": PublishedTable("quality.check_results", ("table_name", "check_name")),
    "plan_runs": PublishedTable("plan.plan_runs", ("finished_at", "run_id")),
}

RUN_COLUMNS = {
    "run_id": ("VARCHAR", "Run of the orchestrator"),
    "plan_id": ("VARCHAR", "Plan the run published"),
    "as_of_on": ("DATE", "Day the plan is made for"),
    "code_version": ("VARCHAR", "Hash of the code that made it"),
    "input_hashes": ("VARCHAR", "Content hash by input table, as JSON"),
    "finished_at": ("TIMESTAMP", "When it was published, UTC"),
    "objective_amount": ("DOUBLE", "Value of the plan"),
    "gap_rate": ("DOUBLE", "How far below the best possible plan it can be"),
    "moved_count": ("BIGINT", "Accounts an active owner hands over"),
    "uncovered_count": ("BIGINT", "Accounts nobody covers"),
    "missing_hours": ("DOUBLE", "Hours short over all groups and months"),
    "quarantined_count": ("BIGINT", "Rows set aside"),
    "failed_check_count": ("BIGINT", "Warning rules that failed"),
}

# Tables of this package's own, published with the plan's id before their columns.
_RECORDS: dict[str, Mapping[str, tuple[str, str]]] = {
    "data_quality_results": QUALITY_COLUMNS,
    "data_quality_history": HISTORY_COLUMNS,
    "key_problems": KEY_PROBLEM_COLUMNS,
    **{name: table.columns for name, table in PUBLISHED_STRENGTH_TABLES.items()},
}


def select_published(name: str, plan_id: str) -> str:
    """Build the select of one published table: plan_id first, rows in key order."""
    table = PUBLISHED[name]
    order = ", ".join(quote_identifier(column) for column in table.key) or "1"
    if table.relation.startswith("plan."):
        return f"select * from {quoted(table.relation)} order by {order}"
    return f"select '{plan_id}' as plan_id, * from {quoted(table.relation)} order by {order}"


def column_meanings(name: str) -> dict[str, str]:
    """Meaning by column of a published table, in its order.

    Raises:
        KeyError: The table is not published.
    """
    if name in PLAN_TABLES:
        return PLAN_TABLES[name].columns
    if name == "plan_runs":
        return {column: meaning for column, (_, meaning) in RUN_COLUMNS.items()}
    own = {"plan_id": MEANINGS["plan_id"]}
    if name in _RECORDS:
        return own | {column: meaning for column, (_, meaning) in _RECORDS[name].items()}
    columns = _mart_columns(name)
    return own | {column: facts["description"] for column, facts in columns.items()}


def column_types(name: str) -> dict[str, str]:
    """DuckDB type by column of a published table, in its order.

    Raises:
        KeyError: The table is not published.
    """
    if name in PLAN_TABLES:
        return dict(PLAN_TABLES[name].types)
    if name == "plan_runs":
        return {column: kind for column, (kind, _) in RUN_COLUMNS.items()}
    own = {"plan_id": "VARCHAR"}
    if name in _RECORDS:
        return own | {column: kind for column, (kind, _) in _RECORDS[name].items()}
    return own | {column: facts["data_type"] for column, facts in _mart_columns(name).items()}


def _mart_columns(name: str) -> dict[str, dict[str, str]]:
    model = PUBLISHED[name].relation.split(".")[1]
    columns: dict[str, dict[str, str]] = described()["nodes"][f"model.coverage.{model}"]["columns"]
    return columns
