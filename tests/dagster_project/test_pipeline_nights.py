"""Night after night: the last plan counts, a leaver moves one book, contradictions stop the run.

Slow: the nights follow each other on one copy of the finished demo home.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dagster_project.test_pipeline_blocked import read_rows, readable_state, write_rows

pytestmark = pytest.mark.whole_job

HOUSE = "__house__"


def plan_of(run: Any) -> dict[str, str]:
    return dict(run.published("select account_id, rep_id from coverage_assignments"))


@pytest.fixture(scope="module")
def nights(demo_run: Any, run_refresh: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The first plan; a night on which a rep has left; one on which two overrides contradict."""
    home = tmp_path_factory.mktemp("nights") / "home"
    shutil.copytree(demo_run.home, home, symlinks=True)
    first = plan_of(demo_run)
    book = {rep: [a for a, r in first.items() if r == rep] for rep in set(first.values())}
    people = home / "demo" / "demo" / "employees.csv"
    rows = read_rows(people)
    in_office = [row["rep_id"] for row in rows if not row["termination_date"]]
    leaver = max((r for r in in_office if r in book), key=lambda r: (len(book[r]), r))
    for row in rows:
        if row["rep_id"] == leaver:
            row["termination_date"] = "2026-06-15"
    write_rows(people, rows)
    second = run_refresh(demo_run.company, home)
    assert second.code == 0, second.verdict
    changed, published = plan_of(second), readable_state(home)
    reasons = second.published("select account_id, reason from plan_changes")

    # Whatever one rep has in hours, forty of the largest accounts are more.
    folder = Path(tmp_path_factory.mktemp("contradiction")) / "demo"
    shutil.copytree(demo_run.company.parent, folder)
    settings = yaml.safe_load((folder / "company.yml").read_text(encoding="utf-8"))
    assert settings["overrides"] == "overrides.csv"
    rep = next(r for r in sorted(book) if r in in_office and r != leaver)
    large = second.warehouse(
        "select account_id from marts.coverage_accounts where size_band = 'enterprise' "
        "order by account_id limit 40"
    )
    write_rows(
        folder / "overrides.csv",
        [
            {
                "account_id": account,
                "rep_id": rep,
                "action": "keep",
                "author": "Sales operations",
                "reason": "asked for",
                "expires_on": "2027-06-30",
            }
            for (account,) in large
        ],
    )
    stopped = run_refresh(folder / "company.yml", home)
    return {
        "leaver": leaver,
        "book": set(book[leaver]),
        "owned_in_crm": {
            a
            for (a,) in second.published(
                "select account_id from coverage_assignments where previous_rep_id = ?", leaver
            )
        },
        "first": first,
        "second": changed,
        "reasons": dict(reasons),
        "limit": second.published("select moved_count, move_limit from plan_certificates"),
        "stopped": stopped,
        "before": published,
        "after": readable_state(home),
        "overloaded": rep,
    }


def test_only_the_leavers_book_moves_beside_the_move_budget(nights):
    moved = {a for a, rep in nights["second"].items() if rep != nights["first"][a]}
    [(count, limit)] = nights["limit"]
    assert nights["leaver"] not in nights["second"].values()
    assert nights["book"]
    # An account nobody covered may find a rep; everything else counts as a move.
    uncovered = {a for a, rep in nights["first"].items() if rep == HOUSE}
    others = moved - nights["book"] - uncovered
    assert len(others) == count <= limit
    # What the first plan gave the leaver, and the CRM never did, stays with its owner there.
    own = nights["book"] & nights["owned_in_crm"]
    assert own
    assert {nights["reasons"][a] for a in own} == {"leaver"}


def test_accounts_planned_before_stay_where_they_were_planned(nights):
    kept = {a for a, reason in nights["reasons"].items() if reason == "earlier_plan"}
    assert len(kept) > 10
    assert all(nights["second"][a] == nights["first"][a] for a in kept)


def test_contradicting_overrides_name_the_rep_the_amount_and_the_repair(nights):
    stopped = nights["stopped"]
    assert stopped.code == 1
    assert f"rep {nights['overloaded']}" in stopped.verdict
    assert "hours. Unlock some of" in stopped.verdict
    assert "or raise the limit to" in stopped.verdict
    assert nights["after"] == nights["before"]
