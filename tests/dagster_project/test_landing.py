"""From pulled to accepted: all tables are swapped together or none, and a pull fails for good."""

from __future__ import annotations

import dagster as dg
import duckdb
import pytest

from dagster_project.company.load import load_company
from dagster_project.company.model import Company
from dagster_project.company.policy_tables import POLICY_TABLES
from dagster_project.context import Context
from dagster_project.defs.gates import _build_accepted_tables
from dagster_project.defs.ingest import _build_company_file, _build_pull
from dagster_project.runtime.settings import Settings
from dagster_project.sources.landing import (
    COMPANY_FILE,
    PULLED,
    accept,
    accepted_hashes,
    record_company_file,
    record_pull,
)
from dagster_project.sources.result import PullResult
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.duckdb_file import Warehouse, fill_table


@pytest.fixture
def demo(demo_company, tmp_path) -> Context:
    return Context(load_company(demo_company), Settings(demo_company, tmp_path))


def pulled(table: str, content: str) -> PullResult:
    return PullResult(table, 1, content, None, (f"{table}.csv",), 0, 0, False, ("id",))


def land(connection: duckdb.DuckDBPyConnection, names: list[str], version: int) -> None:
    connection.execute("create schema if not exists raw")
    for name in names:
        connection.execute(
            f'create or replace table raw."{name}{PULLED}" as select {version} as version'
        )


def test_accepting_swaps_all_tables_and_counts_their_rows(warehouse, rows):
    with warehouse.connect() as connection:
        land(connection, ["a", "b"], 1)
        record_pull(connection, pulled("a", "first"))
        assert accept(connection, ["a", "b"]) == {"a": 1, "b": 1}
        assert accepted_hashes(connection) == {"a": "first"}
    names = rows(
        warehouse, "select table_name from duckdb_tables() where table_name like '%pulled'"
    )
    assert names == []


def test_accepting_is_all_or_nothing(warehouse, rows):
    with warehouse.connect() as connection:
        land(connection, ["a", "b"], 1)
        record_pull(connection, pulled("a", "first"))
        accept(connection, ["a", "b"])
        # The next pull brought a, but not b.
        land(connection, ["a"], 2)
        record_pull(connection, pulled("a", "second"))
        with pytest.raises(duckdb.Error, match="b__pulled"):
            accept(connection, ["a", "b"])
        assert accepted_hashes(connection) == {"a": "first"}
        # The connection goes on working: nothing is left open.
        land(connection, ["b"], 2)
    assert rows(warehouse, "select (select version from raw.a), (select version from raw.b)") == [
        (1, 1)
    ]


def test_a_table_pulled_again_before_it_is_accepted_counts_once(warehouse):
    with warehouse.connect() as connection:
        land(connection, ["a"], 1)
        for content in ("first", "second"):
            record_pull(connection, pulled("a", content))
            record_company_file(connection, f"settings of {content}")
        accept(connection, ["a"])
        assert accepted_hashes(connection) == {"a": "second", COMPANY_FILE: "settings of second"}


def land_everything(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("create schema raw")
        for table in LANDING.values():
            connection.execute(table.landed().create_sql(f"raw.{table.name}{PULLED}"))
            record_pull(connection, pulled(table.name, table.name))
        for name, policy in POLICY_TABLES.items():
            connection.execute(policy.create_sql(f"raw.{name}{PULLED}"))


def test_the_swap_reports_every_table_with_its_rows(warehouse, demo):
    land_everything(warehouse)
    with warehouse.connect() as connection:
        connection.execute("insert into raw.accounts__pulled (account_id, name) values ('A', 'B')")
    result = dg.materialize([_build_accepted_tables(demo)], resources={"warehouse": warehouse})
    counts = {
        event.asset_key.to_user_string(): event.metadata["dagster/row_count"].value
        for event in result.asset_materializations_for_node("accepted_tables")
    }
    assert set(counts) == {
        *(f"raw/{name}" for name in LANDING),
        *(f"policy/{name}" for name in POLICY_TABLES),
    }
    assert counts["raw/accounts"] == 1
    assert counts["raw/products"] == 0


def test_the_company_file_lands_as_small_tables_with_its_hash(warehouse, rows, demo):
    result = dg.materialize([_build_company_file(demo)], resources={"warehouse": warehouse})
    [event] = result.asset_materializations_for_node("policy__company_file")
    assert event.metadata["groups_rows"].value == 5
    assert rows(warehouse, f"select company_id, timezone from raw.company_settings{PULLED}") == [
        ("demo", "America/New_York")
    ]
    assert rows(warehouse, "select content_hash from quality.pulls") == [
        (event.metadata["config_hash"].value,)
    ]


def test_a_pull_that_cannot_succeed_is_not_tried_again(warehouse, tmp_path):
    tables = {name: {"path": f"{name}.csv"} for name in ("accounts", "opportunities", "employees")}
    acme = Company.model_validate(
        {
            "company": {"id": "acme", "name": "Acme"},
            "source": {"kind": "files", "folder": str(tmp_path), "tables": tables},
        }
    )
    (tmp_path / "accounts.csv").write_text("Id,Name\n1,Acme\n", encoding="utf-8")
    here = Context(acme, Settings(tmp_path / "company.yml", tmp_path))
    result = dg.materialize(
        [_build_pull(here, LANDING["accounts"])],
        resources={"warehouse": warehouse},
        raise_on_error=False,
    )
    assert not result.success
    assert result.filter_events(lambda event: event.is_step_up_for_retry) == []
    [failure] = result.filter_events(lambda event: event.is_step_failure)
    words = failure.step_failure_data.user_failure_data.description
    assert "accounts.csv" in words
    assert "account_id" in words


def test_a_folder_that_holds_another_company_is_refused(warehouse, demo):

    with warehouse.connect() as connection:
        connection.execute("create schema raw")
        table = POLICY_TABLES["company_settings"]
        row = dict.fromkeys(table.column_names) | {"company_id": "another"}
        fill_table(connection, table, [row])
    with pytest.raises(dg.Failure, match="belongs to company 'another', not to 'demo'"):
        dg.materialize([_build_company_file(demo)], resources={"warehouse": warehouse})
