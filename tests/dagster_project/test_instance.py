"""The orchestrator's home: files, or a PostgreSQL database that a variable names."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from dagster_project.commands import main as command
from dagster_project.runtime import instance as home
from dagster_project.runtime.instance import InstanceError, open_instance, prepare_dagster_home
from dagster_project.runtime.run_here import run_here
from dagster_project.runtime.settings import INSTANCE_VARIABLE, REPOSITORY, Settings


@dg.asset
def pulled() -> None:
    pass


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DAGSTER_HOME", "")
    return Settings(tmp_path / "company.yml", tmp_path)


def written(settings: Settings) -> str:
    return (settings.dagster_home / "dagster.yaml").read_text(encoding="utf-8")


def test_the_repository_s_settings_hold_in_every_home(settings, monkeypatch):
    monkeypatch.delenv(INSTANCE_VARIABLE, raising=False)
    prepare_dagster_home(settings)
    found = yaml.safe_load(written(settings))
    asked = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    assert {name: found[name] for name in asked} == asked
    assert set(found) - set(asked) == {"event_log_storage", "run_launcher"}


def test_runs_and_events_go_to_the_database_that_is_named(
    settings: Settings, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INSTANCE_VARIABLE, postgres.url())
    prepare_dagster_home(settings)
    jobs = [dg.define_asset_job("small", executor_def=dg.in_process_executor)]
    job = dg.Definitions(assets=[pulled], jobs=jobs).resolve_job_def("small")
    with open_instance(settings) as instance:
        assert run_here(job, instance, str(uuid.uuid4())).success
    # Another process finds it there, and no file holds it or the password.
    with open_instance(settings) as instance:
        [run] = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.SUCCESS
        assert instance.get_latest_materialization_event(pulled.key) is not None
    assert list(settings.dagster_home.rglob("*.db")) == []
    assert "s3cret" not in written(settings)
    assert INSTANCE_VARIABLE in written(settings)


def test_a_database_that_refuses_is_named_without_the_password(
    settings: Settings, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INSTANCE_VARIABLE, postgres.url().replace("/postgres?", "/nowhere?"))
    prepare_dagster_home(settings)
    with pytest.raises(InstanceError, match=f"{INSTANCE_VARIABLE}: the database cannot") as caught:
        open_instance(settings)
    assert "nowhere" in str(caught.value)
    for secret in ("s3cret", "p%40ss", "p@ss"):
        assert secret not in str(caught.value)


def test_a_missing_driver_is_named_with_what_installs_it(settings, monkeypatch, capsys):
    monkeypatch.setenv(INSTANCE_VARIABLE, "postgresql://host/name")
    monkeypatch.setattr(home, "find_spec", lambda _: None)
    with pytest.raises(InstanceError, match=r"pip install 'sales-coverage\[postgresql\]'"):
        prepare_dagster_home(settings)
    monkeypatch.setenv("COVERAGE_HOME", str(settings.home))
    monkeypatch.setenv("COVERAGE_COMPANY", str(REPOSITORY / "examples" / "demo" / "company.yml"))
    assert command.main(["daemon"]) == 2
    assert INSTANCE_VARIABLE in capsys.readouterr().err
