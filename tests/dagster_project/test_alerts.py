"""Alerts: what is sent and where to, and which runs send one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_project.company.load import load_company
from dagster_project.definitions import build_definitions
from dagster_project.runtime import alerts
from dagster_project.runtime.settings import Settings


def test_an_alert_is_appended_to_a_file_without_any_webhook(tmp_path, monkeypatch):
    monkeypatch.delenv(alerts.WEBHOOK_VARIABLE, raising=False)
    for number in (1, 2):
        path = alerts.send(tmp_path / "home", f"Run {number} failed", ["gate_accounts: 6 rows"])
    sent = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [alert["title"] for alert in sent] == ["Run 1 failed", "Run 2 failed"]
    assert sent[0]["text"] == "Run 1 failed\ngate_accounts: 6 rows"


def test_an_alert_goes_to_the_webhook(tmp_path, monkeypatch):
    posted = []

    class Answer:
        def __enter__(self) -> Answer:
            return self

        def __exit__(self, *details: object) -> None:
            pass

    def urlopen(request: Any, timeout: float) -> Answer:
        posted.append((request.full_url, json.loads(request.data), timeout))
        return Answer()

    monkeypatch.setattr(alerts, "urlopen", urlopen)
    monkeypatch.setenv(alerts.WEBHOOK_VARIABLE, "https://hooks.example.com/sales")
    alerts.send(tmp_path, "Run failed", ["a fact"])
    [(address, body, timeout)] = posted
    assert address == "https://hooks.example.com/sales"
    assert body == {"title": "Run failed", "text": "Run failed\na fact"}
    assert 0 < timeout <= 60


@pytest.mark.parametrize(
    "address", ["http://hooks.example.com/sales", "file:///etc/hostname", "hooks.example.com"]
)
def test_a_webhook_that_is_not_encrypted_is_refused_and_the_alert_kept(
    tmp_path, monkeypatch, address
):
    monkeypatch.setattr(alerts, "urlopen", lambda *_, **__: pytest.fail("sent"))
    monkeypatch.setenv(alerts.WEBHOOK_VARIABLE, address)
    with pytest.raises(OSError, match="must start with https://"):
        alerts.send(tmp_path, "Run failed", [])
    assert "Run failed" in (tmp_path / "alerts.jsonl").read_text(encoding="utf-8")


@dg.asset
def pulled_accounts() -> None:
    pass


@dg.asset_check(asset=pulled_accounts)
def owner_is_present() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.asset_check(asset=pulled_accounts)
def name_is_present() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset
def broken_pull() -> None:
    raise dg.Failure("the file has no column account_id", allow_retries=False)


ENDINGS = {dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE}


@pytest.fixture
def sense(demo_company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a few steps, then a sensor of ours on that run; return what it gave back and sent."""
    company = load_company(demo_company)
    definitions = build_definitions(company, Settings(demo_company, tmp_path))
    monkeypatch.delenv(alerts.WEBHOOK_VARIABLE, raising=False)

    def run(sensor: str, assets: list[Any], checks: list[Any]) -> tuple[Any, list[dict[str, str]]]:
        small = dg.Definitions(
            assets=assets, asset_checks=checks, jobs=[dg.define_asset_job("small")]
        ).resolve_job_def("small")
        with dg.DagsterInstance.ephemeral() as instance:
            result = small.execute_in_process(instance=instance, raise_on_error=False)
            [event] = result.filter_events(lambda event: event.event_type in ENDINGS)
            context = dg.build_run_status_sensor_context(
                sensor_name=sensor,
                dagster_event=event,
                dagster_instance=instance,
                dagster_run=instance.get_run_by_id(result.run_id),
            )
            returned = definitions.resolve_sensor_def(sensor)(
                context if result.success else context.for_run_failure()
            )
        file = tmp_path / "alerts.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return returned, [json.loads(line) for line in lines]

    return run


def test_an_alert_of_a_failed_run_names_its_steps_and_their_first_error_line(sense):
    _, [alert] = sense("failed_runs", [broken_pull], [])
    assert "small failed; the published plan stays as it is" in alert["title"]
    assert "broken_pull: " in alert["text"]
    assert "the file has no column account_id" in alert["text"]
    assert "Stack Trace" not in alert["text"]


def test_a_failed_warning_is_alerted_although_the_run_succeeded(sense):
    _, [alert] = sense("failed_warnings", [pulled_accounts], [owner_is_present, name_is_present])
    assert alert["title"].startswith("1 warning checks failed")
    assert alert["text"].splitlines()[1:] == ["pulled_accounts: owner_is_present"]


def test_a_run_whose_checks_all_passed_sends_no_alert(sense):
    returned, sent = sense("failed_warnings", [pulled_accounts], [name_is_present])
    assert isinstance(returned, dg.SkipReason)
    assert sent == []
