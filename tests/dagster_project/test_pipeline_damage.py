"""The whole job on a damaged state folder: what is lost is named, restored or replaced.

Slow: it works on a copy of the finished demo home.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.whole_job


def cut(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_damaged_warehouse_stops_and_a_lost_one_with_a_damaged_publication_is_made_good(
    demo_run: Any, run_refresh: Any, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo_run.home, home, symlinks=True)
    warehouse, published = home / "warehouse.duckdb", home / "published" / "coverage.duckdb"
    decided = "select account_id, rep_id, sentence from assignment_explanations order by 1"
    before, plan_before = demo_run.published(decided), demo_run.manifest["plan_id"]

    cut(warehouse)
    cut(published)
    stopped = run_refresh(demo_run.company, home)
    assert stopped.code == 1
    assert "The warehouse is damaged. Move it away and refresh again: `mv " in stopped.verdict
    assert f"{published} is damaged, and the next publication replaces it" in stopped.verdict
    assert f"the last good plan is in {stopped.plan_path} (Parquet)" in stopped.verdict

    warehouse.rename(home / "warehouse.damaged")
    made_good = run_refresh(demo_run.company, home)
    assert made_good.code == 0, made_good.verdict
    assert "the warehouse is new: the record of 1 plans" in made_good.stdout
    assert made_good.manifest["plan_id"] == plan_before
    assert made_good.published(decided) == before
    # The history of runs is the old one and this run.
    assert made_good.published("select count(*) from plan_runs") == [(2,)]
