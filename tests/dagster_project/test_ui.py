"""The UI: started as a user does, on a copy of the demo's home, and asked what its pages ask."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, StepMaterializationData

from dagster_project.commands.main import parser
from dagster_project.commands.ui import daemon, webserver
from dagster_project.publishing.tables import published_tables
from dagster_project.runtime.instance import open_instance, prepare_dagster_home
from dagster_project.runtime.settings import Settings
from dagster_project.warehouse.contract import LANDING

# However busy the machine is; each of the two processes imports everything once.
PATIENCE_SECONDS = 300
STALE = dg.AssetKey(["published", "rep_quotas"])


def test_the_ui_listens_on_loopback_unless_told_otherwise() -> None:
    for command in ("ui", "webserver"):
        chosen = parser().parse_args([command])
        assert (chosen.host, chosen.port) == ("127.0.0.1", 3000)
    assert webserver("127.0.0.1", 3999)[-4:] == ["--host", "127.0.0.1", "--port", "3999"]


def test_no_service_is_a_superseded_command() -> None:
    for arguments in (webserver("127.0.0.1", 3999), daemon()):
        shown = subprocess.run(
            [*arguments, "--help"], capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
        assert shown.returncode == 0
        assert "supersed" not in (shown.stdout + shown.stderr).lower()


@dataclass(frozen=True)
class Ui:
    """A running UI."""

    port: int
    log: Path

    def ask(self, query: str) -> dict[str, Any]:
        request = Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": query}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            found = json.load(answer)
        assert "errors" not in found, found
        data: dict[str, Any] = found["data"]
        return data

    def wait(self, query: str, is_there: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask until the answer is there; fail with the log where it never is."""
        answer: object = None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(URLError, ConnectionError):
                answer = self.ask(query)
                if is_there(answer):
                    return answer
            time.sleep(0.5)
        pytest.fail(f"{answer}\n{self.log.read_text(encoding='utf-8')[-4000:]}")


def age(settings: Settings, key: dg.AssetKey, days: float) -> None:
    """Record that a table was last made so many days ago."""
    with open_instance(settings) as instance:
        [run] = instance.get_runs(limit=1)
        instance.report_dagster_event(
            DagsterEvent(
                "ASSET_MATERIALIZATION",
                job_name=run.job_name,
                event_specific_data=StepMaterializationData(dg.AssetMaterialization(key)),
            ),
            run_id=run.run_id,
            timestamp=time.time() - dt.timedelta(days=days).total_seconds(),
        )


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def ui(demo_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """The UI on a copy of the demo's home, in which one published table is a week old."""
    folder = tmp_path_factory.mktemp("ui")
    settings = Settings(demo_run.company, folder / "home")
    shutil.copytree(demo_run.home, settings.home, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DAGSTER_HOME", "COVERAGE_UI_URL"):
            patch.setenv(name, "")
            patch.delenv(name)
        patch.setenv("COVERAGE_COMPANY", str(settings.company_path))
        patch.setenv("COVERAGE_HOME", str(settings.home))
        prepare_dagster_home(settings)
        age(settings, STALE, 7)
        found = Ui(free_port(), folder / "log")
        arguments = ["-m", "dagster_project.commands", "ui", "--port", str(found.port)]
        with found.log.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments], stdout=log, stderr=log, cwd=folder, env=os.environ
            )
    try:
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.whole_job
def test_a_run_of_the_command_stands_in_the_timeline(ui: Ui) -> None:
    query = """{ runsOrError(filter: {tags: [
        {key: ".dagster/repository", value: "__repository__@sales_coverage"}
    ]}) { ... on Runs { results {
        jobName status repositoryOrigin { repositoryName repositoryLocationName }
    } } } }"""
    runs = ui.wait(query, lambda answer: True)["runsOrError"]["results"]
    place = {"repositoryName": "__repository__", "repositoryLocationName": "sales_coverage"}
    assert runs == [{"jobName": "refresh", "status": "SUCCESS", "repositoryOrigin": place}]


NODES = """{ assetNodes { assetKey { path } groupName isMaterializable
    dependencyKeys { path } freshnessStatusInfo { freshnessStatus } } }"""


def named(key: dict[str, Any]) -> str:
    return "/".join(key["path"])


def states(answer: dict[str, Any]) -> dict[str, str]:
    """Freshness by asset, of those that age."""
    return {
        named(node["assetKey"]): node["freshnessStatusInfo"]["freshnessStatus"]
        for node in answer["assetNodes"]
        if node["freshnessStatusInfo"] is not None
    }


@pytest.mark.whole_job
def test_a_week_old_table_is_red_and_fresh_ones_are_green(ui: Ui) -> None:
    answer = ui.wait(NODES, lambda answer: "UNKNOWN" not in states(answer).values())
    found = states(answer)
    assert found.pop(STALE.to_user_string()) == "DEGRADED"  # the UI draws it red
    assert set(found.values()) == {"HEALTHY"}
    pulls = {f"{table.system}/{table.name}" for table in LANDING.values()}
    published = {f"published/{name}" for name in published_tables()}
    assert {STALE.to_user_string(), *found} == pulls | published


@pytest.mark.whole_job
def test_the_graph_shows_each_published_table_with_its_source_and_readers(ui: Ui) -> None:
    nodes = ui.wait(NODES, lambda answer: bool(answer["assetNodes"]))["assetNodes"]
    parents = {
        "/".join(node["assetKey"]["path"]): {
            "/".join(key["path"]) for key in node["dependencyKeys"]
        }
        for node in nodes
    }
    assert parents["published/rep_loads"] == {"plan/rep_loads"}
    assert "published/coverage_assignments" in parents["exposures/coverage_review"]
    assert {node["groupName"] for node in nodes if not node["isMaterializable"]} == {"exposures"}


def lineage_of(ui: Ui, *path: str) -> dict[str, list[tuple[str, str]]]:
    """What the page of an asset shows of its columns: asset and column of each one's sources."""
    query = """{ assetNodeOrError(assetKey: {path: %s}) { ... on AssetNode {
        assetMaterializations(limit: 1) { metadataEntries {
            ... on TableColumnLineageMetadataEntry { lineage { columnName
                columnDeps { assetKey { path } columnName } } } } } } } }"""
    node = ui.wait(query % json.dumps(path), lambda answer: True)["assetNodeOrError"]
    [made] = node["assetMaterializations"]
    [lineage] = [entry["lineage"] for entry in made["metadataEntries"] if "lineage" in entry]
    return {
        column["columnName"]: [
            (named(source["assetKey"]), source["columnName"]) for source in column["columnDeps"]
        ]
        for column in lineage
    }


@pytest.mark.whole_job
def test_a_published_column_is_followed_to_the_source_s_cell(ui: Ui) -> None:
    """Through the tables of the plan, and through dbt's models."""
    assert lineage_of(ui, "published", "rep_loads")["rep_id"] == [("plan/rep_loads", "rep_id")]
    asset, column = "published/account_segments", "industry"
    seen = []
    while not asset.startswith("raw/"):
        sources = lineage_of(ui, *asset.split("/"))[column]
        asset, column = sources[0]
        seen.append(asset)
    assert seen[0] == "marts/account_segments"
    assert (asset, column) == ("raw/accounts", "industry")


@pytest.mark.whole_job
def test_a_published_table_shows_that_readers_find_it(ui: Ui) -> None:
    query = """{ assetNodeOrError(assetKey: {path: ["published", "rep_loads"]}) {
        ... on AssetNode { assetChecksOrError { ... on AssetChecks { checks { name
            executionForLatestMaterialization { status } } } } } } }"""
    node = ui.wait(query, lambda answer: True)["assetNodeOrError"]
    [check] = node["assetChecksOrError"]["checks"]
    assert check["name"] == "readers_find_the_plan"
    assert check["executionForLatestMaterialization"]["status"] == "SUCCEEDED"


@pytest.mark.whole_job
def test_every_daemon_runs_and_nothing_is_warned_of(ui: Ui) -> None:
    query = """{ instance { daemonHealth { allDaemonStatuses {
        daemonType required healthy lastHeartbeatErrors { message } } } } }"""

    def statuses(answer: dict[str, Any]) -> list[dict[str, Any]]:
        found = answer["instance"]["daemonHealth"]["allDaemonStatuses"]
        return [status for status in found if status["required"]]

    answer = ui.wait(query, lambda found: all(status["healthy"] for status in statuses(found)))
    running = {status["daemonType"] for status in statuses(answer)}
    assert {"SCHEDULER", "SENSOR", "FRESHNESS_DAEMON", "MONITORING"} <= running
    log = ui.log.read_text(encoding="utf-8")
    assert re.findall(r".*(?:WARNING|Warning:|supersed).*", log) == []
