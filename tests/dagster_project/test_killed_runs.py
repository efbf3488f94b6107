"""A run whose process was killed: it is marked failed, alerts once, and the next one can run."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from dagster_project.commands.refresh import tell_of_killed
from dagster_project.runtime import alerts
from dagster_project.runtime.instance import open_instance, prepare_dagster_home
from dagster_project.runtime.life import has_died
from dagster_project.runtime.run_here import run_here
from dagster_project.runtime.settings import Settings
from dagster_project.warehouse.duckdb_file import Warehouse

pytestmark = pytest.mark.slow  # each test waits for a process that imports everything

RUN_ID = "b7a2cdd8-51b1-4ac5-9e3f-9d1f7f0c0001"
# A run as the command makes one; its only step says that it runs, and then waits.
CHILD = """
import sys
from pathlib import Path
import dagster as dg
from dagster_project.runtime.instance import open_instance, prepare_dagster_home
from dagster_project.runtime.run_here import run_here
from dagster_project.runtime.settings import Settings
from dagster_project.warehouse.duckdb_file import Warehouse

@dg.asset
def waits(warehouse: Warehouse) -> None:
    print("runs", flush=True)
    sys.stdin.read()

home = Path(sys.argv[1])
settings = Settings(home / "company.yml", home)
prepare_dagster_home(settings)
definitions = dg.Definitions(
    assets=[waits],
    jobs=[dg.define_asset_job("refresh", executor_def=dg.in_process_executor)],
    resources={"warehouse": Warehouse(path=str(settings.warehouse_path))},
)
with open_instance(settings) as instance:
    run_here(definitions.resolve_job_def("refresh"), instance, sys.argv[2])
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of a run."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), RUN_ID],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "runs\n"
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def instance(
    running: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv(alerts.WEBHOOK_VARIABLE, raising=False)
    settings = Settings(tmp_path / "company.yml", tmp_path)
    prepare_dagster_home(settings)
    with open_instance(settings) as opened:
        yield opened


def look(instance: dg.DagsterInstance) -> dg.DagsterRunStatus:
    """Have the daemon's monitoring look at the run once."""
    [record] = instance.get_run_records(dg.RunsFilter(run_ids=[RUN_ID]))
    monitor_started_run(instance, None, record, logging.getLogger())
    run = instance.get_run_by_id(RUN_ID)
    assert run is not None
    return run.status


def test_a_run_that_works_is_left_alone_and_a_killed_one_fails_with_an_alert(
    running, instance, tmp_path
):
    assert look(instance) == dg.DagsterRunStatus.STARTED
    running.kill()
    running.wait()
    assert look(instance) == dg.DagsterRunStatus.FAILURE
    assert alerts.alert_once(RUN_ID, instance, tmp_path)
    alert = (tmp_path / "alerts.jsonl").read_text(encoding="utf-8")
    assert "its process is gone: it was killed, or the machine restarted" in alert
    assert f"/runs/{RUN_ID}" in alert


def test_without_a_daemon_the_next_command_tells_of_a_killed_run(running, instance, tmp_path):
    tell_of_killed(instance, tmp_path)
    assert not (tmp_path / "alerts.jsonl").exists()
    running.kill()
    running.wait()
    for _ in range(2):
        tell_of_killed(instance, tmp_path)
    run = instance.get_run_by_id(RUN_ID)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE
    [alert] = (tmp_path / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    assert "its process is gone: it was killed, or the machine restarted" in alert


def test_a_run_that_ended_left_no_sign(running, instance, tmp_path):
    running.communicate("")
    run = instance.get_run_by_id(RUN_ID)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert list((tmp_path / "running").iterdir()) == []
    assert not has_died(tmp_path, RUN_ID)


def test_a_run_that_could_not_have_the_warehouse_leaves_no_sign(running, instance, tmp_path):
    @dg.asset
    def touches(warehouse: Warehouse) -> None: ...

    hurried = Warehouse(path=str(tmp_path / "warehouse.duckdb"), wait_seconds=0.1)
    definitions = dg.Definitions(
        assets=[touches],
        jobs=[dg.define_asset_job("refresh", executor_def=dg.in_process_executor)],
        resources={"warehouse": hurried},
    )
    second = RUN_ID[:-1] + "2"
    assert not run_here(definitions.resolve_job_def("refresh"), instance, second).success
    assert [file.name for file in (tmp_path / "running").iterdir()] == [RUN_ID]
