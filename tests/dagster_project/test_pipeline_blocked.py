"""The whole job on bad input and bad plans: it stops and leaves everything as it was.

Slow: what goes wrong is tried out on one copy of the finished demo home.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dagster_project.contract import LANDING
from dagster_project.plan_tables import PLAN_TABLES
from dagster_project.policy_tables import POLICY_TABLES
from dagster_project.published import PUBLISHED

pytestmark = pytest.mark.whole_job

Rows = list[dict[str, str]]
# Everything a plan consists of; only the histories grow when the same plan is made again.
PLAN_CONTENT = sorted(set(PUBLISHED) - {"plan_runs", "data_quality_history"})


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

# The solver's answer is tampered with, as a fault in the optimiser would.
WRONG_PLAN = """
import sys
from optimization.coverage import plan

solve = plan.solve_coverage

def solve_wrongly(*arguments):
    made = solve(*arguments)
    made.assignments.loc[0, "value_amount"] += 1000.0
    return made

plan.solve_coverage = solve_wrongly
from dagster_project.refresh import main
sys.exit(main())
"""


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


@pytest.fixture(scope="module")
def trials(
    demo_run: Any, run_refresh: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """On a copy of the demo home: spoilt inputs, a wrong plan, and at last the mended input."""
    home = tmp_path_factory.mktemp("trials") / "home"
    shutil.copytree(demo_run.home, home, symlinks=True)
    data = home / "demo" / "demo"

    def stopped(before: dict[str, str], raw: dict[str, Any], *arguments: Any) -> Stopped:
        run = run_refresh(demo_run.company, home, *arguments)
        return Stopped(run, before, readable_state(home), raw, raw_state(run))

    before, raw = readable_state(home), raw_state(demo_run)
    ended: dict[str, Any] = {}
    for case, (file, spoil) in SPOILT_INPUTS.items():
        with spoilt(data / file, spoil):
            ended[case] = stopped(before, raw)
    ended["wrong_plan"] = stopped(before, raw, ("-c", WRONG_PLAN))
    ended["mended"] = run_refresh(demo_run.company, home)
    return ended


@pytest.mark.parametrize("case", [*SPOILT_INPUTS, "wrong_plan"])
def test_a_stopped_run_leaves_the_published_plan_as_it_was(trials, case):
    stopped = trials[case]
    assert stopped.run.code == 1
    assert "published/coverage.duckdb" in stopped.before
    assert stopped.after == stopped.before
    assert f"The last good plan is still in {stopped.run.published_path}" in stopped.run.verdict


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


def test_the_mended_input_gives_the_same_plan_again_to_the_byte(demo_run, trials):
    mended = trials["mended"]
    assert mended.code == 0, mended.verdict
    assert mended.manifest["plan_id"] == demo_run.manifest["plan_id"]
    assert mended.manifest["input_hashes"] == demo_run.manifest["input_hashes"]
    hashes, first = mended.manifest["tables"], demo_run.manifest["tables"]
    different = [name for name in PLAN_CONTENT if hashes[name] != first[name]]
    assert different == []
    assert set(PLAN_TABLES) < set(PLAN_CONTENT)


def test_only_published_runs_enter_the_history(demo_run, trials):
    runs = trials["mended"].published("select run_id, plan_id from plan_runs")
    assert len(runs) == len(set(runs)) == 2
    assert set(demo_run.published("select run_id, plan_id from plan_runs")) < set(runs)
