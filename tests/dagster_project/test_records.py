"""What is recorded for BI: results of gates, runs, and the tables as they are published."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pandas as pd

from dagster_project.company.model import Company
from dagster_project.gates.record import record_results, suite_parameters
from dagster_project.planning.quota_tables import PLAN_TABLES
from dagster_project.publishing.runs import forget_unpublished, record_run
from dagster_project.publishing.tables import published_tables, select_published
from dagster_project.warehouse.duckdb_file import Warehouse, write_frame
from dagster_project.warehouse.tables import Table


def rule(definitions_of: str, check: str, **facts: Any) -> Any:
    from dagster_project.gates.run import RuleResult

    given = {
        "severity": "warning",
        "passed": False,
        "observed": 0.5,
        "failed_count": 3,
        "failed_rate": 0.5,
        "sample_keys": ("A1", "A2"),
        "message": "in words",
        "why": "because",
        "fix": "do this",
    }
    return RuleResult(table=definitions_of, check=check, **(given | facts))


def test_the_results_of_a_gate_replace_its_earlier_ones_and_no_others(warehouse, rows):
    with warehouse.connect() as connection:
        record_results(connection, [rule("accounts", "old"), rule("employees", "kept")], "r1")
        record_results(connection, [rule("accounts", "new", passed=True, observed=None)], "r2")
    assert rows(
        warehouse,
        "select table_name, check_name, is_passed, observed, sample_keys, reason, fix "
        "from quality.data_quality_results order by 1",
    ) == [
        ("accounts", "new", True, None, "A1, A2", "because", "do this"),
        ("employees", "kept", False, "0.5", "A1, A2", "because", "do this"),
    ]


def test_a_suite_is_given_the_settings_it_asks_for_and_nothing_else():
    acme = Company.model_validate(
        {
            "company": {"id": "acme", "name": "Acme", "as_of": "2026-06-30"},
            "source": {"kind": "demo"},
            "capacity": {"covering_roles": ["hunter", "farmer"]},
        }
    )
    assert suite_parameters("employees", acme) == {
        "covering_roles": ["hunter", "farmer"],
        "as_of": dt.date(2026, 6, 30),
    }
    assert suite_parameters("activities", acme) == {"as_of": dt.date(2026, 6, 30)}
    assert suite_parameters("accounts", acme) == {}
    undated = acme.model_copy(update={"company": acme.company.model_copy(update={"as_of": None})})
    assert suite_parameters("activities", undated) == {}


def test_a_run_is_recorded_once_with_the_figures_of_its_plan(warehouse, rows, tmp_path):
    certificate = dict.fromkeys(PLAN_TABLES["plan_certificates"].types) | {
        "plan_id": "p1",
        "objective_amount": 100.0,
        "gap_rate": 0.25,
        "moved_count": 4,
        "uncovered_count": 5,
    }
    with warehouse.connect() as connection:
        for schema in ("plan", "intermediate", "review", "marts"):
            connection.execute(f"create schema {schema}")
        write_frame(connection, PLAN_TABLES["plan_certificates"], pd.DataFrame([certificate]))
        connection.execute(
            """
            create table marts.plan_calendar as select date '2026-06-30' as as_of_on;
            create table review.capacity_gaps as select unnest([1.5, 2.5]) as missing_hours;
            create table marts.quarantine_summary as select unnest([6, 3]) as row_count;
            """
        )
        facts = {"run_id": "r1", "plan_id": "p1", "code_version": "c", "input_hashes": {"b": "2"}}
        facts |= {"failed_check_count": 3}
        forget_unpublished(connection, tmp_path / "nothing published yet")
        for _ in range(2):
            record_run(connection, facts)
        record_run(connection, facts | {"run_id": "r2"})
    recorded = rows(warehouse, "select * exclude (finished_at) from plan.plan_runs order by run_id")
    figures = (100.0, 0.25, 4, 5, 4.0, 9, 3)
    assert recorded == [
        (run, "p1", dt.date(2026, 6, 30), "c", '{"b": "2"}', *figures) for run in ("r1", "r2")
    ]
    # A run that was killed between its record and the files it was about to publish.
    published = tmp_path / "coverage.duckdb"
    with duckdb.connect(str(published)) as file:
        file.execute("create table plan_runs as select 'r1' as run_id")
    with warehouse.connect() as connection:
        forget_unpublished(connection, published)
    assert rows(warehouse, "select run_id from plan.plan_runs") == [("r1",)]


def test_every_published_table_is_sorted_by_its_key_and_names_its_plan(warehouse):
    for published in published_tables().values():
        check_order_and_plan(warehouse, published)


def check_order_and_plan(warehouse: Warehouse, published: Table) -> None:
    key, schema, table = list(published.key), published.schema, published.name
    columns = (["plan_id"] if schema == "plan" else []) + (key or ["only"])
    with warehouse.connect() as connection:
        connection.execute(f"create schema if not exists {schema}")
        body = ", ".join(f"'p1' as {c}" if c == "plan_id" else f"v as {c}" for c in columns)
        connection.execute(
            f"create table {schema}.{table} as select {body} from unnest(['b', 'c', 'a']) as t (v)"
        )
        found = connection.execute(select_published(published, "p1"))
        names, values = [column[0] for column in found.description], found.fetchall()
    assert names[0] == "plan_id"
    assert {row[0] for row in values} == {"p1"}
    if key:
        assert [row[1] for row in values] == ["a", "b", "c"]
