"""The warehouse: one refresh at a time, files that others have open, tables as declared."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest
from filelock import FileLock

from dagster_project.company.policy_tables import POLICY_TABLES
from dagster_project.warehouse.duckdb_file import (
    Warehouse,
    WarehouseBusyError,
    fill_table,
    write_frame,
)
from dagster_project.warehouse.tables import Table, columns


@dg.asset
def touches_the_warehouse(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("create or replace table touched as select 1 as one")


def test_a_run_that_waits_too_long_for_another_says_who_holds_what(warehouse):
    with (
        FileLock(f"{warehouse.path}.lock"),
        pytest.raises(dg.DagsterError) as caught,
    ):
        dg.materialize([touches_the_warehouse], resources={"warehouse": warehouse})
    reason = caught.value.__cause__
    assert isinstance(reason, WarehouseBusyError)
    assert "another refresh (just started) has held warehouse.duckdb" in str(reason)
    assert "wait for it to end, or stop it" in str(reason)


def test_a_run_waits_for_the_one_before_it_and_says_so(warehouse, rows, monkeypatch):
    # One that ended before left its name; the next one's takes its place.
    assert dg.materialize([touches_the_warehouse], resources={"warehouse": warehouse}).success
    patient = Warehouse(path=warehouse.path, wait_seconds=60)
    lock = FileLock(f"{warehouse.path}.lock", thread_local=False)
    lock.acquire()
    said: list[str] = []

    def hear(words: str, **_: object) -> None:
        said.append(words)
        lock.release()

    monkeypatch.setattr("dagster_project.warehouse.duckdb_file.print", hear, raising=False)
    result = dg.materialize([touches_the_warehouse], resources={"warehouse": patient})
    assert result.success
    [words] = said
    assert words.startswith(f"Another refresh (process {os.getpid()}, since ")
    assert words.endswith(
        "has warehouse.duckdb; this one waits for it to end, for at most 1 minutes."
    )
    assert rows(warehouse, "select one from touched") == [(1,)]


def test_a_run_gives_the_warehouse_back_whether_it_succeeds_or_fails(warehouse):
    @dg.asset
    def breaks(warehouse: Warehouse) -> None:
        raise RuntimeError("broken on purpose")

    for assets in ([breaks], [touches_the_warehouse]):
        dg.materialize(assets, resources={"warehouse": warehouse}, raise_on_error=False)
        with FileLock(f"{warehouse.path}.lock", timeout=0):
            pass


HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"


def test_a_file_that_another_program_has_open_is_named_with_what_to_do(warehouse, rows):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, warehouse.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "open\n"
        with (
            pytest.raises(
                WarehouseBusyError, match=r"warehouse\.duckdb is open in another program; close it"
            ),
            warehouse.connect(),
        ):
            pass
    finally:
        holder.communicate("\n", timeout=300)
    assert rows(warehouse, "select 1") == [(1,)]


def test_a_run_that_waited_gives_the_other_ones_process_time_to_end(warehouse, monkeypatch):
    patient = Warehouse(path=warehouse.path, wait_seconds=60)
    lock = FileLock(f"{warehouse.path}.lock", thread_local=False)
    lock.acquire()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, warehouse.path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    tried: list[float] = []

    def pause(seconds: float) -> None:
        tried.append(seconds)
        if holder.poll() is None:
            holder.communicate("\n", timeout=300)

    release = lambda *_, **__: lock.release()  # noqa: E731
    monkeypatch.setattr("dagster_project.warehouse.duckdb_file.print", release, raising=False)
    monkeypatch.setattr("dagster_project.warehouse.duckdb_file.sleep", pause)
    result = dg.materialize([touches_the_warehouse], resources={"warehouse": patient})
    assert result.success
    assert len(tried) >= 1


def test_a_file_that_is_no_database_is_not_called_busy(warehouse):
    Path(warehouse.path).write_text("this is a letter to a customer\n" * 500, encoding="utf-8")
    with pytest.raises(duckdb.Error) as caught, warehouse.connect():
        pass
    assert not isinstance(caught.value, WarehouseBusyError)


def test_a_frame_is_written_with_the_declared_types_or_not_at_all(warehouse):
    frame = pd.DataFrame(
        {"rep_id": ["E1", None], "month": ["2026-07-01", "2026-08-01"], "quota_amount": [0.1, 2.0]}
    )
    meanings = dict.fromkeys(frame.columns, "")
    described = columns(meanings, "rep_id month quota_amount", quota_amount="DECIMAL(18, 2)")
    table = Table("main", "quota's", "", (), described)
    with warehouse.connect() as connection:
        write_frame(connection, table, frame)
        assert [row[1] for row in connection.execute('describe "quota\'s"').fetchall()] == [
            "VARCHAR",
            "DATE",
            "DECIMAL(18,2)",
        ]
        with pytest.raises(ValueError, match=r"quota_amount"):
            write_frame(connection, table, frame.drop(columns="quota_amount"))
    assert warehouse.read("quota's")["rep_id"].isna().tolist() == [False, True]


def test_a_small_table_is_replaced_as_a_whole(warehouse, rows):
    table = POLICY_TABLES["size_bands"]
    with warehouse.connect() as connection:
        for name in ("smb", "large"):
            row = {"position": 1, "name": name, "min_employees": 1}
            fill_table(connection, table, [row], "main.size_bands")
        fill_table(connection, table, [], "main.empty")
    assert rows(warehouse, "select name from size_bands") == [("large",)]
    assert rows(warehouse, "select count(*) from empty") == [(0,)]
