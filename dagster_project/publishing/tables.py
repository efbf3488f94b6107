"""What is published: every table that BI reads, as data.

Tables of a plan and of the gates are described in Python, marts by dbt; here they become one list.
"""

from __future__ import annotations

from functools import cache

from dagster_project.backtest.tables import BACKTEST_TABLES
from dagster_project.gates.keys import KEY_PROBLEMS
from dagster_project.gates.record import HISTORY, RESULTS
from dagster_project.planning.levels import LEVEL_TABLES
from dagster_project.planning.quota_tables import MEANINGS, PLAN_TABLES
from dagster_project.planning.strength_tables import PUBLISHED_STRENGTH_TABLES
from dagster_project.transform.manifest import described
from dagster_project.warehouse.tables import (
    Column,
    Table,
    quote_identifier,
    quote_relation,
    tables_by_name,
)

_PLAN_ID = Column("plan_id", "VARCHAR", MEANINGS["plan_id"])
RUNS = Table(
    "plan",
    "plan_runs",
    "History of published runs, one row per run.",
    ("finished_at", "run_id"),
    (
        Column("run_id", "VARCHAR", "Run of the orchestrator"),
        Column("plan_id", "VARCHAR", "Plan the run published"),
        Column("as_of_on", "DATE", "Day the plan is made for"),
        Column("code_version", "VARCHAR", "Hash of the code that made it"),
        Column("input_hashes", "VARCHAR", "Content hash by input table, as JSON"),
        Column("finished_at", "TIMESTAMP", "When it was published, UTC"),
        Column("objective_amount", "DOUBLE", "Value of the plan"),
        Column("gap_rate", "DOUBLE", "How far below the best possible plan it can be"),
        Column("moved_count", "BIGINT", "Accounts an active owner hands over"),
        Column("uncovered_count", "BIGINT", "Accounts nobody covers"),
        Column("missing_hours", "DOUBLE", "Hours short over all groups and months"),
        Column("quarantined_count", "BIGINT", "Rows set aside"),
        Column("failed_check_count", "BIGINT", "Checks that failed as warnings in the run"),
    ),
)


@cache
def published_tables() -> dict[str, Table]:
    """List every published table by name, as it stands in the warehouse."""
    marts = [
        Table(
            node["schema"],
            node["name"],
            node["description"],
            tuple(node["config"]["meta"]["key"]),
            tuple(
                Column(name, column["data_type"], column["description"])
                for name, column in node["columns"].items()
            ),
        )
        for node in described()["nodes"].values()
        if node["resource_type"] == "model" and "key" in node["config"]["meta"]
    ]
    records = tables_by_name(*marts, KEY_PROBLEMS, HISTORY, RESULTS, RUNS)
    return {
        **PLAN_TABLES,
        **PUBLISHED_STRENGTH_TABLES,
        **LEVEL_TABLES,
        **BACKTEST_TABLES,
        **records,
    }


def published_columns(table: Table) -> tuple[Column, ...]:
    """Columns as readers find them: each table carries the plan's id, first where it is added."""
    return table.columns if table.schema == "plan" else (_PLAN_ID, *table.columns)


def select_published(table: Table, plan_id: str) -> str:
    """Build the select of one published table: plan_id first, rows in key order."""
    order = ", ".join(map(quote_identifier, table.key)) or "1"
    added = "" if table.schema == "plan" else f"'{plan_id}' as plan_id, "
    return f"select {added}* from {quote_relation(table.relation)} order by {order}"
