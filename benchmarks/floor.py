"""``python -m benchmarks.floor``: the same SQL and the same solve, bare, in one process.

Belongs here: the least that any refresh must do, in the order of the job: pulls, the gates' rules
as SQL aggregates, dbt's compiled SQL, the strengths, both solves, publishing. Left out: the
orchestrator and its event log, dbt, Great Expectations, column comments, run history, plots, the
verifiers.

The product's functions live in modules that import the orchestrator for its types. That one import
is booked as excluded and not counted, and what it left in memory is kept from the collector.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import usage
from dagster_project.planning.coverage import current_plan_id, plan_coverage
from dagster_project.planning.levels import estimate_levels
from dagster_project.planning.quotas import plan_quotas
from dagster_project.planning.strengths import estimate

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.model import Company


def main() -> None:
    """Run the floor; arguments: when started, where results go, the SQL, the data's home."""
    started_at, results, compiled, data_home = sys.argv[1:]
    stages = usage.Stages(float(started_at))
    import numpy  # noqa: F401
    import pandas  # noqa: F401

    from dagster_project.company.load import load_company
    from dagster_project.runtime.settings import load_settings
    from dagster_project.sources.pull import pull_table
    from dagster_project.warehouse.contract import LANDING

    nodes = json.loads(Path(compiled).read_text(encoding="utf-8"))
    settings = load_settings()
    company = load_company(settings.company_path)
    stages.mark(usage.START_UP)
    # Definitions are made with the orchestrator's decorators: part of what the floor goes without.
    from dagster_project.defs.gates import PLANNING_INPUTS, PLANNING_OUTPUTS

    gc.freeze()
    stages.mark(usage.EXCLUDED)
    from dagster_project.company.policy_tables import POLICY_TABLES, build_policy_tables
    from dagster_project.planning.history import prepare_history
    from dagster_project.publishing.files import publish
    from dagster_project.publishing.tables import published_tables, select_published
    from dagster_project.sources import landing
    from dagster_project.warehouse.duckdb_file import Warehouse, fill_table

    warehouse = Warehouse(path=str(settings.warehouse_path))
    settings.home.mkdir(parents=True, exist_ok=True)
    stages.mark(usage.START_UP)
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists raw")
        for table in LANDING.values():
            target = f"raw.{table.name}{landing.PULLED}"
            pull = pull_table(connection, company, table, target, Path(data_home))
            landing.record_pull(connection, pull)
        for name, rows in build_policy_tables(company).items():
            fill_table(connection, POLICY_TABLES[name], rows, f"raw.{name}{landing.PULLED}")
        landing.record_company_file(connection, company.config_hash())
        stages.mark(usage.PULLS)
        for table in LANDING.values():
            check_gate(connection, company, table.name, f"raw.{table.name}{landing.PULLED}")
        stages.mark(usage.GATES)
        landing.accept(connection, [*LANDING, *POLICY_TABLES])
        prepare_history(connection)
        stages.mark(usage.ACCEPT)
        run_nodes(connection, [node for node in nodes if not node["reads"]])
        stages.mark(usage.DBT_BEFORE)
        estimate(warehouse)
        estimate_levels(warehouse)
        stages.mark(usage.STRENGTHS)
        run_nodes(connection, [node for node in nodes if node["reads"] == "strength"])
        stages.mark(usage.DBT_BEFORE)
        for suite, mart in PLANNING_INPUTS.items():
            check_gate(connection, company, suite, f"marts.{mart}")
        stages.mark(usage.GATES)
        plan_coverage(warehouse, company)
        stages.mark(usage.COVERAGE)
        plan_quotas(warehouse, company)
        stages.mark(usage.QUOTAS)
        for name in PLANNING_OUTPUTS:
            check_gate(connection, company, name, f"plan.{name}")
        stages.mark(usage.GATES)
        run_nodes(connection, [node for node in nodes if node["reads"] == "plan"])
        stages.mark(usage.DBT_AFTER)
        plan_id = current_plan_id(warehouse, company)
        present = _relations(connection)
        publish(
            connection,
            {
                name: select_published(table, plan_id)
                for name, table in published_tables().items()
                if table.relation in present
            },
            home=settings.home,
            plan_id=plan_id,
            manifest={},
        )
        stages.mark(usage.PUBLISH)
    gc.freeze()  # Nothing to collect at the end: a process that ends gives its memory back anyway.
    stages.mark(usage.REST)
    stages.write(Path(results))


def run_nodes(connection: duckdb.DuckDBPyConnection, nodes: list[dict[str, Any]]) -> None:
    """Create every table and view and count every test's rows."""
    for schema in sorted({node["schema"] for node in nodes if node["kind"] != "test"}):
        connection.execute(f"create schema if not exists {schema}")
    for node in nodes:
        if node["kind"] == "test":
            connection.execute(f"select count(*) from ({node['sql']}) as failing").fetchall()
        else:
            connection.execute(
                f"create or replace {node['kind']} {node['relation']} as {node['sql']}"
            )


def check_gate(
    connection: duckdb.DuckDBPyConnection, company: Company, suite_name: str, relation: str
) -> None:
    """Count what breaks each rule of a suite in one pass over the rows."""
    from dagster_project.gates.columns import build_feed
    from dagster_project.gates.record import suite_parameters
    from expectations import load_suite

    suite = load_suite(suite_name)
    parameters = suite_parameters(suite_name, company)
    base = build_feed(connection, suite, relation, parameters).base
    counts = ", ".join(aggregate(rule["type"], rule["kwargs"]) for rule in suite["expectations"])
    connection.execute(f"select {counts} from ({base})").fetchall()


def aggregate(kind: str, limits: dict[str, Any]) -> str:
    """Write the aggregate that decides a rule.

    Raises:
        NotImplementedError: The floor does not know the kind of rule.
    """
    column = f'"{limits["column"]}"' if "column" in limits else "*"
    if kind == "expect_table_row_count_to_be_between":
        return "count(*)"
    if kind == "expect_column_values_to_not_be_null":
        return f"count(*) - count({column})"
    if kind == "expect_column_values_to_be_null":
        return f"count({column})"
    if kind == "expect_column_values_to_be_unique":
        return f"count({column}) - count(distinct {column})"
    if kind == "expect_column_unique_value_count_to_be_between":
        return f"count(distinct {column})"
    if kind == "expect_column_values_to_be_in_set":
        allowed = ", ".join(_literal(value) for value in limits["value_set"])
        return f"count_if({column} not in ({allowed}))"
    if kind == "expect_column_values_to_be_between":
        sides = [
            f"{column} {sign} {_literal(limits[side])}"
            for side, sign in (("min_value", "<"), ("max_value", ">"))
            if limits.get(side) is not None
        ]
        return f"count_if({' or '.join(sides)})"
    for name in ("max", "min", "sum", "mean"):
        if kind == f"expect_column_{name}_to_be_between":
            return f"{'avg' if name == 'mean' else name}({column})"
    raise NotImplementedError(f"the floor has no SQL for {kind}; add it to {__name__}.aggregate")


def _literal(value: object) -> str:
    return "'{}'".format(value.replace("'", "''")) if isinstance(value, str) else str(value)


def _relations(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
    ).fetchall()
    return {row[0] for row in rows}


if __name__ == "__main__":
    main()
