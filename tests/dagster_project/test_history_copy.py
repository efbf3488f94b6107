"""A lost or damaged file of the state folder: named, restored, replaced."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.planning.history import RECORDS, prepare_history
from dagster_project.planning.history_copy import COPY, copy_history, restore_history
from dagster_project.publishing.disk import advice
from dagster_project.publishing.runs import forget_unpublished
from dagster_project.publishing.tables import RUNS
from dagster_project.sources.landing import create_records
from dagster_project.warehouse.duckdb_file import Warehouse
from dagster_project.warehouse.tables import Column, Table

PLANS = Table(
    "history",
    "plans",
    "Plans.",
    (),
    (Column("number", "BIGINT"), Column("plan_id", "VARCHAR"), Column("as_of_on", "DATE")),
)


def made(path: Path, company: str = "acme") -> Warehouse:
    warehouse = Warehouse(path=str(path))
    with warehouse.connect() as connection:
        create_records(connection)
        connection.execute("create schema raw; create schema history;" + PLANS.create_sql())
        connection.execute(f"create table raw.company_settings as select '{company}' as company_id")
    return warehouse


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Path of a warehouse that was lost after its record of two plans was copied."""
    path = tmp_path / "warehouse.duckdb"
    with made(path).connect() as connection:
        connection.execute(
            "insert into history.plans values (1, 'p1', '2026-06-30'), (2, 'p2', '2026-07-01')"
        )
        copy_history(connection, [PLANS])
        # Copied again, it replaces itself.
        copy_history(connection, [PLANS])
    path.unlink()
    return path


def test_a_new_warehouse_gets_the_record_of_plans_back_and_says_so(copied: Path) -> None:
    with made(copied).connect() as connection:
        note = restore_history(connection, [PLANS])
        assert note is not None
        assert "the record of 2 plans, the last one p2, was restored" in note
        assert connection.execute("from history.plans order by number").fetchall() == [
            (1, "p1", dt.date(2026, 6, 30)),
            (2, "p2", dt.date(2026, 7, 1)),
        ]
        assert restore_history(connection, [PLANS]) is None


def test_the_record_of_another_company_is_left_alone(copied: Path) -> None:
    with made(copied, company="other").connect() as connection:
        assert restore_history(connection, [PLANS]) is None
        assert connection.execute("from history.plans").fetchall() == []


def test_a_damaged_copy_is_said_and_the_run_goes_on(copied: Path) -> None:
    copy = copied.with_name(COPY)
    copy.write_bytes(copy.read_bytes()[:5000])
    with made(copied).connect() as connection:
        note = restore_history(connection, [PLANS])
        assert note is not None
        assert "cannot be read: this is made as the first plan" in note


def test_a_run_lays_out_the_last_plan_of_a_restored_record(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    for number in range(2):
        warehouse = Warehouse(path=str(path))
        with warehouse.connect() as connection:
            create_records(connection)
            connection.execute("create schema raw")
            connection.execute("create table raw.company_settings as select 'acme' as company_id")
            plan, note = prepare_history(connection)
            if number:
                assert plan == "p1"
                assert note is not None
                rows = connection.execute("select account_id, rep_id from history.last_plan")
                assert rows.fetchall() == [("A1", "R1")]
                continue
            assert (plan, note) == ("none", None)
            connection.execute("insert into history.plans values (1, 'p1', 'k', 0, '2026-06-30')")
            connection.execute("insert into history.assignments values (1, 'A1', 'R1', 'R2')")
            copy_history(connection, RECORDS)
        path.unlink()


@pytest.mark.parametrize("kept", [100, 20_000])
def test_a_truncated_warehouse_is_named_with_the_command_that_rebuilds_it(
    tmp_path: Path, kept: int
) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select i, 'text ' || i from range(100000) n (i)")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(duckdb.Error) as caught:
        Warehouse(path=str(path)).read("t")
    assert f"mv {path} {tmp_path / 'warehouse.damaged'}" in str(advice(caught.value, tmp_path))


def test_a_wrong_checksum_is_named_alike(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select i, hash(i) from range(200000) n (i)")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)
    with pytest.raises(duckdb.Error) as caught:
        Warehouse(path=str(path)).read("t")
    assert "sales-coverage refresh" in str(advice(caught.value, tmp_path))


def test_runs_come_from_parquet_where_the_published_file_is_damaged(tmp_path: Path) -> None:
    published = tmp_path / "coverage.duckdb"
    (tmp_path / "current").mkdir()
    row: dict[str, Any] = {"run_id": "r1", "plan_id": "p1"}
    with duckdb.connect() as connection:
        connection.execute("create schema plan;" + RUNS.create_sql())
        connection.execute("insert into plan.plan_runs by name select $run_id as run_id, "
                           "$plan_id as plan_id", row)  # fmt: skip
        parquet = tmp_path / "current" / "plan_runs.parquet"
        connection.execute(f"copy plan.plan_runs to '{parquet}' (format parquet)")
    published.write_bytes(b"half a file")
    with duckdb.connect() as connection:
        connection.execute("create schema plan;" + RUNS.create_sql())
        connection.execute("insert into plan.plan_runs by name select 'killed' as run_id")
        forget_unpublished(connection, published)
        assert connection.execute("select run_id, plan_id from plan.plan_runs").fetchall() == [
            ("r1", "p1")
        ]
