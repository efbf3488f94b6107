"""The back-test of a company: made on demand, read by the next refresh, published with it.

Slow: two refreshes and two past plans.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.commands.backtest import run_backtest
from tests.conftest import refresh

pytestmark = pytest.mark.whole_job
YEARS = "select cut_on, level from plan_backtest where period_type = 'year'"


def test_a_chance_is_published_only_after_a_back_test_of_a_level_that_held(
    demo_company: Path, tmp_path: Path
) -> None:
    none = refresh(demo_company, tmp_path, run_backtest)
    assert none.code == 1
    assert "run sales-coverage refresh first" in none.stderr
    first = refresh(demo_company, tmp_path)
    assert first.code == 0, first.stderr
    assert "not calibrated: no back-test was made" in first.stdout
    assert first.published("select count(probability) from attainment_outlook") == [(0,)]
    assert first.published(YEARS) == []
    first_plan = first.manifest["plan_id"]

    made = refresh(demo_company, tmp_path, run_backtest)
    assert made.code == 0, made.stderr
    assert "Company: " in made.stdout
    assert not (tmp_path / "backtest").exists(), "past warehouses hold pay, and are not kept"
    second = refresh(demo_company, tmp_path)
    assert second.code == 0, second.stderr
    assert second.manifest["plan_id"] != first_plan
    cuts = second.published(f"select distinct cut_on from ({YEARS}) order by 1")
    assert [str(cut) for (cut,) in cuts] == ["2024-06-30", "2025-06-30"]
    wrong = second.published(
        "select distinct outlook.level from attainment_outlook as outlook "
        "join plan_backtest_summary as summary on outlook.level = summary.level "
        "where (probability is not null) <> (chance_verdict = 'calibrated') "
        "or (chance_verdict = 'calibrated' and verdict <> 'calibrated')"
    )
    assert wrong == []
    held = second.published(
        "select month_held_rate from plan_backtest_summary where level = 'group'"
    )
    assert 0.72 <= held[0][0] <= 0.88
