"""The whole job on bad input, bad plans and a bad disk: it stops and leaves everything as it was.

Slow: what goes wrong is tried out on one copy of the finished demo home, which lies on a small disk
of its own where this user may mount one.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_project.commands import refresh
from dagster_project.company.policy_tables import POLICY_TABLES
from dagster_project.definitions import build_definitions
from dagster_project.planning.quota_tables import PLAN_TABLES
from dagster_project.publishing.tables import published_tables
from dagster_project.runtime.outcome import failed_checks, read_events
from dagster_project.runtime.run_here import run_here
from dagster_project.warehouse.contract import LANDING
from optimization import plan_coverage

pytestmark = pytest.mark.whole_job

Rows = list[dict[str, str]]
# Published beside what a plan consists of: histories, which grow when the same plan is made again,
# and two tables that name the first row of the source that is concerned.
NOT_CONTENT = {"plan_runs", "data_quality_history", "quarantine_summary", "input_fixes"}


@dataclass(frozen=True)
class Stopped:
    """A run that should have stopped, with the state before and after it."""

    run: Any
    before: dict[str, str]
    after: dict[str, str]
    raw_before: dict[str, Any]
    raw_after: dict[str, Any]


def read_rows(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def spoilt(path: Path, spoil: Callable[[Rows], Rows]) -> Iterator[None]:
    good = path.read_bytes()
    write_rows(path, spoil(read_rows(path)))
    try:
        yield
    finally:
        path.write_bytes(good)


def without_ids(rows: Rows) -> Rows:
    return [{name: row[name] for name in row if name != "account_id"} for row in rows]


def with_doubles(rows: Rows) -> Rows:
    return rows + rows[:3]


def all_gone(rows: Rows) -> Rows:
    return [row | {"termination_date": "2026-06-29"} for row in rows]


SPOILT_INPUTS = {
    "ids_dropped": ("accounts.csv", without_ids),
    "ids_doubled": ("accounts.csv", with_doubles),
    "everybody_gone": ("employees.csv", all_gone),
}


@contextmanager
def tampered_answers() -> Iterator[None]:
    """Have the optimiser give wrong answers, as a fault in it would."""
    solve = plan_coverage.solve_coverage

    def solve_wrongly(*arguments: Any) -> Any:
        made = solve(*arguments)
        made.assignments.loc[0, "value_amount"] += 1000.0
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan_coverage, "solve_coverage", solve_wrongly)
        yield


def readable_state(home: Path) -> dict[str, str]:
    """What readers can see: every file by its content, every link by its target."""
    state = {}
    for folder in ("published", "plans"):
        for path in sorted((home / folder).rglob("*")):
            name = path.relative_to(home).as_posix()
            if path.is_symlink():
                state[name] = path.readlink().as_posix()
            elif path.is_file():
                state[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return state


def raw_state(run: Any) -> dict[str, Any]:
    """The accepted tables, each by its rows."""
    return {
        table: run.warehouse(f"select count(*), sum(hash(t)) from {table} as t")
        for table in (
            *(f"raw.{name}" for name in (*LANDING, *POLICY_TABLES)),
            "quality.accepted_pulls",
        )
    }


@contextmanager
def publishing_only() -> Iterator[None]:
    """Have the command run nothing but the last step."""

    def publish(company: Any, settings: Any, instance: Any, _: Any) -> Any:
        job = build_definitions(company, settings).resolve_job_def(refresh.JOB)
        made = job.asset_layer.executable_asset_keys
        only = frozenset(key for key in made if key.path[0] == "published")
        return run_here(job.get_subset(asset_selection=only), instance, str(uuid.uuid4()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refresh, "run", publish)
        yield


HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
MIB = 2**20
DISK_CASES = ("full_at_start", "full_on_the_way", "full_at_publishing", "read_only", "published_ro")


def may_mount(*arguments: str | Path) -> bool:
    return not subprocess.run(["mount", *map(str, arguments)], capture_output=True).returncode


@contextmanager
def small_disk(path: Path) -> Iterator[bool]:
    """Mount 300 MiB at a folder, if this user may; root alone may, and not in every container."""
    mounted = bool(shutil.which("mount")) and may_mount(
        "-t", "tmpfs", "-o", "size=300m", "tmpfs", path
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(path)], check=True)


@contextmanager
def filled(disk: Path, free: int) -> Iterator[None]:
    """Leave so many bytes of a disk."""
    filler, state = disk / "filler", os.statvfs(disk)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, state.f_bavail * state.f_frsize - free)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a folder one that root too cannot write."""
    assert may_mount("--bind", folder, folder)
    assert may_mount("-o", "remount,bind,ro", folder)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def held(warehouse: Path) -> Iterator[None]:
    """Have the warehouse open in another program, as a desktop tool does."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(warehouse)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    try:
        yield
    finally:
        holder.communicate("\n", timeout=300)


@pytest.fixture(scope="module")
def trials(
    demo_run: Any, run_refresh: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """On a copy of the demo home: bad disks, spoilt inputs, a wrong plan, at last a good run."""
    disk = tmp_path_factory.mktemp("trials")
    with small_disk(disk) as mounted:
        yield try_all(demo_run, run_refresh, disk, mounted)


def try_all(demo_run: Any, run_refresh: Any, disk: Path, mounted: bool) -> dict[str, Any]:
    home = disk / "home"
    shutil.copytree(demo_run.home, home, symlinks=True)
    data = home / "demo" / "demo"

    def stopped(before: dict[str, str], raw: dict[str, Any]) -> Stopped:
        run = run_refresh(demo_run.company, home)
        return Stopped(run, before, readable_state(home), raw, raw_state(run))

    before, raw = readable_state(home), raw_state(demo_run)
    ended: dict[str, Any] = {}
    if mounted:
        with filled(disk, 3 * MIB), publishing_only():
            ended["full_at_publishing"] = stopped(before, raw)
        with filled(disk, 0):
            ended["full_at_start"] = stopped(before, raw)
        with filled(disk, 4 * MIB):
            ended["full_on_the_way"] = stopped(before, raw)
        with read_only(home):
            ended["read_only"] = stopped(before, raw)
        with read_only(home / "published"):
            ended["published_ro"] = stopped(before, raw)
    with held(home / "warehouse.duckdb"):
        run = run_refresh(demo_run.company, home)
    ended["held"] = Stopped(run, before, readable_state(home), raw, raw_state(run))
    for case, (file, spoil) in SPOILT_INPUTS.items():
        with spoilt(data / file, spoil):
            ended[case] = stopped(before, raw)
    with tampered_answers():
        ended["wrong_plan"] = stopped(before, raw)
    for file in ("accounts.csv", "opportunities.csv", "employees.csv"):
        write_rows(data / file, read_rows(data / file)[::-1])
    ended["mended"] = run_refresh(demo_run.company, home)
    return ended


@pytest.mark.parametrize("case", [*SPOILT_INPUTS, "wrong_plan", "held", *DISK_CASES])
def test_a_stopped_run_leaves_the_published_plan_as_it_was(trials, case):
    stopped = of_disk(trials, case) if case in DISK_CASES else trials[case]
    assert stopped.run.code == 1
    assert "published/coverage.duckdb" in stopped.before
    assert stopped.after == stopped.before
    if case not in DISK_CASES:
        published = stopped.run.published_path
        assert f"The last good plan is still in {published}" in stopped.run.verdict


def of_disk(trials: dict[str, Any], case: str) -> Stopped:
    if case not in trials:
        pytest.skip("this user may not mount a small disk; root may, where the container lets it")
    found: Stopped = trials[case]
    return found


@pytest.mark.parametrize("case", ["full_at_start", "full_on_the_way", "full_at_publishing"])
def test_a_full_disk_is_named_with_what_to_remove(trials, case):
    run = of_disk(trials, case).run
    assert "The disk is full. Free some space, for example old folders of" in run.verdict
    assert str(run.home / "plans") in run.verdict
    assert "Traceback" not in run.verdict


@pytest.mark.parametrize("case", ["read_only", "published_ro"])
def test_a_folder_that_cannot_be_written_is_named_before_anything_is_pulled(trials, case):
    run = of_disk(trials, case).run
    folder = run.home if case == "read_only" else run.home / "published"
    assert f"{folder} cannot be used. The folder cannot be written. Give this user" in run.verdict
    assert "Traceback" not in run.verdict


def test_a_warehouse_open_in_a_desktop_tool_is_named_with_what_to_do(trials):
    verdict = trials["held"].run.verdict
    assert "warehouse.duckdb is open in another program; close it there" in verdict
    assert "BI tools read published/coverage.duckdb instead" in verdict
    assert "Stack Trace" not in verdict


@pytest.mark.parametrize("case", SPOILT_INPUTS)
def test_a_refused_pull_leaves_the_accepted_tables_as_they_were(trials, case):
    stopped = trials[case]
    assert stopped.raw_after == stopped.raw_before


def test_a_missing_key_column_is_named_with_its_file_and_the_fix(trials):
    verdict = trials["ids_dropped"].run.verdict
    assert "accounts.csv" in verdict
    assert "required column 'account_id' has no source" in verdict
    assert "map it under source.tables.accounts.columns" in verdict


def test_doubled_accounts_are_named_with_rule_keys_and_fix(trials):
    verdict = trials["ids_doubled"].run.verdict
    assert "account_id_is_unique" in verdict
    assert "6 of 603 rows (e.g. A00001, A00002, A00003)" in verdict
    assert "Fix: Map account_id to the record's id" in verdict


def test_a_staff_without_anybody_to_cover_is_named_with_rule_and_fix(trials):
    verdict = trials["everybody_gone"].run.verdict
    assert "employees" in verdict
    assert "active_covering_rep_exists" in verdict
    assert "Fix: List the roles that cover accounts under capacity.covering_roles" in verdict


def test_every_run_that_stopped_raised_one_alert_with_rule_record_fix_and_link(trials):
    """Though neither daemon nor sensor is running."""
    home = trials["mended"].home
    lines = (home / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    alerts = [json.loads(line)["text"] for line in lines]
    failed = [alert for alert in alerts if alert.startswith("refresh failed; the published plan")]
    [doubled] = [alert for alert in failed if "account_id_is_unique" in alert]
    assert "failed for 6 rows (e.g. A00001, A00002, A00003)" in doubled
    assert "Fix: Map account_id to the record's id" in doubled
    assert re.search(r"Run: http://127\.0\.0\.1:3000/runs/[0-9a-f-]{36}$", doubled)
    for case, words in {
        "ids_dropped": "required column 'account_id' has no source",
        "everybody_gone": "active_covering_rep_exists",
        "wrong_plan": "coverage_plan_keeps_every_rule",
        "held": "warehouse.duckdb is open in another program",
    }.items():
        assert len([alert for alert in failed if words in alert]) == 1, case
    people = read_rows(home / "demo" / "demo" / "employees.csv")
    assert not [p["rep_id"] for p in people if p["name"] in "".join(alerts)]


def test_a_stopped_run_tells_no_name_and_no_pay_of_an_employee(trials):
    for case in (*SPOILT_INPUTS, "wrong_plan"):
        run = trials[case].run
        people = read_rows(run.home / "demo" / "demo" / "employees.csv")
        said = run.stdout + run.stderr
        for person in people:
            assert person["name"] not in said, case
            assert person["base_pay"] not in said, case


def test_a_plan_that_breaks_a_rule_is_found_out_and_says_which(trials):
    verdict = trials["wrong_plan"].run.verdict
    assert "coverage_plan_keeps_every_rule" in verdict
    [(account,)] = trials["wrong_plan"].run.warehouse(
        "select account_id from plan.coverage_assignments order by 1 limit 1"
    )
    assert account in verdict


def test_the_mended_input_in_another_order_gives_the_same_plan_again_to_the_byte(demo_run, trials):
    mended = trials["mended"]
    assert mended.code == 0, mended.verdict
    assert mended.manifest["plan_id"] == demo_run.manifest["plan_id"]
    assert mended.manifest["input_hashes"] == demo_run.manifest["input_hashes"]
    hashes, first = mended.manifest["tables"], demo_run.manifest["tables"]
    different = [
        name
        for name in sorted(set(published_tables()) - NOT_CONTENT)
        if hashes[name] != first[name]
    ]
    assert different == []
    assert set(PLAN_TABLES) < set(published_tables()) - NOT_CONTENT


def test_the_history_counts_the_warnings_that_the_run_gave(demo_run, trials):
    """Those of the models too: the gates alone would have counted none in a run with some."""
    for run in (demo_run, trials["mended"]):
        with dg.DagsterInstance.from_config(str(run.home / "dagster")) as instance:
            succeeded = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])
            [made] = instance.get_runs(succeeded, limit=1)
            warned = failed_checks(read_events(instance, made.run_id))
        query = "select failed_check_count from plan_runs where run_id = ?"
        counted = run.published(query, made.run_id)
        assert counted == [(len(warned),)]
        assert len(warned) > 0


def test_only_published_runs_enter_the_history(demo_run, trials):
    runs = trials["mended"].published("select run_id, plan_id from plan_runs")
    assert len(runs) == len(set(runs)) == 2
    assert set(demo_run.published("select run_id, plan_id from plan_runs")) < set(runs)
