"""The kept-connection event log stores what the stock one stores, where the stock one looks."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from dagster_project.runtime import event_log
from dagster_project.runtime.event_log import PooledEventLog
from dagster_project.runtime.instance import prepare_dagster_home
from dagster_project.runtime.settings import Settings


@dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset="fact")])
def fact():
    yield dg.MaterializeResult(metadata={"rows": 3})
    yield dg.AssetCheckResult(passed=True)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    made = Settings(company_path=tmp_path / "company.yml", home=tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(made.dagster_home))
    prepare_dagster_home(made)
    return made


def test_events_are_read_back_by_the_stock_storage(settings: Settings) -> None:
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, PooledEventLog)
        result = dg.materialize([fact], instance=instance)
        written = [
            record.event_log_entry for record in instance.get_records_for_run(result.run_id).records
        ]
    stock = SqliteEventLogStorage(str(settings.dagster_home / "history" / "runs"))
    read = [record.event_log_entry for record in stock.get_records_for_run(result.run_id).records]
    assert [e.dagster_event_type for e in read] == [e.dagster_event_type for e in written]
    assert dg.DagsterEventType.ASSET_MATERIALIZATION in {e.dagster_event_type for e in read}
    latest = stock.get_latest_materialization_events([dg.AssetKey("fact")])
    assert latest[dg.AssetKey("fact")].run_id == result.run_id
    stock.dispose()


def test_a_second_run_and_a_second_instance_see_the_first(settings: Settings) -> None:
    with dg.DagsterInstance.get() as instance:
        dg.materialize([fact], instance=instance)
    with dg.DagsterInstance.get() as instance:
        dg.materialize([fact], instance=instance)
        events = instance.fetch_materializations(dg.AssetKey("fact"), limit=10).records
    assert len(events) == 2


def test_preparing_again_leaves_a_current_file_alone(settings: Settings) -> None:
    file = settings.dagster_home / "dagster.yaml"
    before = file.stat().st_mtime_ns
    prepare_dagster_home(settings)
    assert file.stat().st_mtime_ns == before
    assert "enabled: false" in file.read_text(encoding="utf-8")


def test_a_closed_instance_holds_no_file_of_its_home(settings: Settings) -> None:
    with dg.DagsterInstance.get() as instance:
        for _ in range(2):
            dg.materialize([fact], instance=instance)
    held = [path for path in open_files() if path.startswith(str(settings.home))]
    assert held == []


def test_a_reader_of_many_runs_keeps_a_few_databases_open(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "KEPT_ENGINES", 2)
    with dg.DagsterInstance.get() as instance:
        runs = [dg.materialize([fact], instance=instance).run_id for _ in range(4)]
        assert all(instance.get_records_for_run(run).records for run in runs)
        opened = {path for path in open_files() if path.endswith(".db") and "runs/" in path}
        assert len(opened) <= 2


def open_files() -> list[str]:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("this system does not list a process's open files")
    return [str(link.readlink()) for link in folder.iterdir() if link.is_symlink()]
