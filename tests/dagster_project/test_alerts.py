"""Alerts: what is sent and where to, and which runs send one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.remote_origin import RegisteredCodeLocationOrigin

from dagster_project.company.load import load_company
from dagster_project.definitions import build_definitions
from dagster_project.runtime import alerts
from dagster_project.runtime.run_here import EndedRun, run_here
from dagster_project.runtime.settings import LOCATION_NAME, UI_VARIABLE, WORKSPACE, Settings


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


def test_what_a_chat_would_obey_is_escaped_on_its_way_there(tmp_path, monkeypatch):
    posted = []

    class Answer:
        def __enter__(self) -> None: ...
        def __exit__(self, *details: object) -> None: ...

    monkeypatch.setattr(alerts, "urlopen", lambda r, timeout: posted.append(r.data) or Answer())
    monkeypatch.setenv(alerts.WEBHOOK_VARIABLE, "https://hooks.example.com/sales")
    path = alerts.send(tmp_path, "Run failed", ["account <!channel>", "\x1b[2J"])
    assert json.loads(posted[0])["text"] == "Run failed\naccount &lt;!channel&gt;\n\\x1b[2J"
    assert json.loads(path.read_text("utf-8"))["text"] == "Run failed\naccount <!channel>\n\\x1b[2J"


@dg.asset
def pulled_accounts() -> None:
    pass


@dg.asset_check(asset=pulled_accounts)
def owner_is_present() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description="Jane Doe's accounts have no owner",
        metadata={"failed_rows": 7, "failing_keys": [f"A{n}" for n in range(7)], "rule": "Mend."},
    )


@dg.asset_check(asset=pulled_accounts)
def name_is_present() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset_check(asset=pulled_accounts, blocking=True)
def account_id_is_unique() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=False,
        metadata={
            "failed_rows": 4,
            "failing_keys": ["A1\x1b[2J"],
            "why": "Accounts would count twice.",
            "fix": "Take doubles out of the export.",
        },
    )


@dg.asset
def broken_pull() -> None:
    raise dg.Failure("the file has no column account_id", allow_retries=False)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


@pytest.fixture
def run_small(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a few steps in this process, as the command does."""
    monkeypatch.delenv(alerts.WEBHOOK_VARIABLE, raising=False)

    def run(*parts: Any) -> EndedRun:
        small = dg.Definitions(
            assets=[part for part in parts if type(part) is dg.AssetsDefinition],
            asset_checks=[part for part in parts if type(part) is not dg.AssetsDefinition],
            jobs=[dg.define_asset_job("small", executor_def=dg.in_process_executor)],
        )
        return run_here(small.resolve_job_def("small"), instance, str(uuid.uuid4()))

    return run


def sent(home: Path) -> list[dict[str, str]]:
    file = home / "alerts.jsonl"
    return (
        [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    )


def test_an_alert_of_a_blocked_run_says_rule_record_fix_and_where_to_look(
    run_small, instance, tmp_path, monkeypatch
):
    monkeypatch.setenv(UI_VARIABLE, "https://dagster.example.com/")
    run = run_small(pulled_accounts, account_id_is_unique, owner_is_present)
    assert alerts.alert_once(run.run_id, instance, tmp_path)
    [alert] = sent(tmp_path)
    assert alert["title"] == "small failed; the published plan stays as it is."
    assert alert["text"].splitlines()[1:] == [
        "pulled_accounts: account_id_is_unique failed for 4 rows (e.g. A1\\x1b[2J). "
        "Accounts would count twice. Fix: Take doubles out of the export.",
        f"Run: https://dagster.example.com/runs/{run.run_id}",
    ]


def test_an_alert_of_a_failed_step_gives_its_words_and_no_stack(run_small, instance, tmp_path):
    run = run_small(broken_pull)
    assert alerts.alert_once(run.run_id, instance, tmp_path)
    [alert] = sent(tmp_path)
    assert alert["text"].splitlines()[1:] == [
        "the file has no column account_id",
        f"Run: http://127.0.0.1:3000/runs/{run.run_id}",
    ]


def test_a_failed_warning_is_told_by_ids_although_the_run_succeeded(run_small, instance, tmp_path):
    run = run_small(pulled_accounts, owner_is_present, name_is_present)
    assert run.success
    assert alerts.alert_once(run.run_id, instance, tmp_path)
    [alert] = sent(tmp_path)
    assert alert["title"] == "small succeeded with a failed warning."
    line = "pulled_accounts: owner_is_present failed for 7 rows (e.g. A0, A1, A2, A3, A4). Mend."
    assert alert["text"].splitlines()[1] == line
    assert "Jane" not in alert["text"]


def test_a_run_whose_checks_all_passed_sends_no_alert(run_small, instance, tmp_path):
    run = run_small(pulled_accounts, name_is_present)
    assert not alerts.alert_once(run.run_id, instance, tmp_path)
    assert sent(tmp_path) == []


def test_a_run_raises_one_alert_however_many_ask_for_it(run_small, instance, tmp_path):
    run = run_small(broken_pull)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: alerts.alert_once(run.run_id, instance, tmp_path), range(8)))
    assert sorted(told) == [False] * 7 + [True]
    assert len(sent(tmp_path)) == 1


def test_a_run_that_is_started_again_with_the_first_one_s_tags_raises_its_own_alert(
    run_small, instance, tmp_path
):
    first, second = run_small(broken_pull), run_small(broken_pull)
    assert alerts.alert_once(first.run_id, instance, tmp_path)
    instance.add_run_tags(second.run_id, instance.get_run_by_id(first.run_id).tags)
    assert alerts.alert_once(second.run_id, instance, tmp_path)
    assert [alert["text"][-36:] for alert in sent(tmp_path)] == [first.run_id, second.run_id]
    assert not alerts.alert_once(second.run_id, instance, tmp_path)


def test_more_failures_than_a_person_reads_are_counted():
    lines = [f"rule {number}" for number in range(45)]
    assert alerts.shortened(lines) == [*lines[:20], "and 25 more"]
    assert alerts.shortened(lines[:20]) == lines[:20]


def test_a_run_of_the_command_belongs_to_the_code_location(run_small, instance):
    """Else neither the sensors nor the UI's timeline know it."""
    run = instance.get_run_by_id(run_small(pulled_accounts).run_id)
    [location] = yaml.safe_load(WORKSPACE.read_text(encoding="utf-8"))["load_from"]
    assert run.remote_job_origin.location_name == location["python_module"]["location_name"]
    place = f"{dg.Definitions().get_repository_def().name}@{LOCATION_NAME}"
    assert [r.run_id for r in instance.get_runs(dg.RunsFilter(tags={".dagster/repository": place}))]


@pytest.mark.parametrize(
    ("sensor", "parts"),
    [
        ("failed_runs", [broken_pull]),
        ("failed_warnings", [pulled_accounts, owner_is_present]),
    ],
)
def test_the_sensors_hear_of_a_run_of_the_command_and_alert_once(
    run_small, instance, demo_company, tmp_path, sensor, parts
):
    company = load_company(demo_company)
    definitions = build_definitions(company, Settings(demo_company, tmp_path))
    repository = definitions.get_repository_def()

    def tick(cursor: str | None) -> str | None:
        """Evaluate the sensor as the daemon does; return its cursor."""
        with dg.SensorEvaluationContext(
            instance_ref=instance.get_ref(),
            last_tick_completion_time=None,
            last_run_key=None,
            cursor=cursor,
            log_key=None,
            repository_name=repository.name,
            repository_def=repository,
            instance=instance,
            sensor_name=sensor,
            code_location_origin=RegisteredCodeLocationOrigin(LOCATION_NAME),
        ) as context:
            return definitions.resolve_sensor_def(sensor).evaluate_tick(context).cursor

    before = tick(None)
    run = run_small(*parts)
    after = tick(before)
    assert after != before
    assert [run.run_id in alert["text"] for alert in sent(tmp_path)] == [True]
    # Whoever started it may have told of it before: then the sensor keeps still.
    tick(before)
    assert len(sent(tmp_path)) == 1
