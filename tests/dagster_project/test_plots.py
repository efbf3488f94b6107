"""Plots: whatever the frame holds, a small picture comes out, and it shows what it should."""

import io

import pandas as pd
import pytest
from PIL import Image

from dagster_project.plots import canvas, coverage, quotas, strength


def loads(count):
    return pd.DataFrame(
        {
            "rep_id": [f"R{number:03d}" for number in range(count)],
            "capacity_hours": 1200.0,
            "hours_before": [900.0 + number % 7 * 100 for number in range(count)],
            "hours_after": [1000.0 + number % 3 * 50 for number in range(count)],
            "value_before_amount": 1e5,
            "value_after_amount": [1e5 + number * 1e3 for number in range(count)],
        }
    )


def runs(count):
    return pd.DataFrame(
        {
            "finished_at": pd.date_range("2026-01-01 03:00", periods=count, freq="D"),
            "gap_rate": [0.0001 * (number % 5) for number in range(count)],
            "moved_count": [number % 9 for number in range(count)],
            "uncovered_count": [number % 4 for number in range(count)],
        }
    )


def strengths(reps, levels):
    rows = [
        (
            *(f"R{rep:03d}", "industry", f"level {level}"),
            *((rep + level) % 4 * 5, rep / 10 - 0.5, 0.2, rep == 1),
        )
        for rep in range(reps)
        for level in range(levels)
    ]
    columns = ["rep_id", "dimension", "level", "deal_count", "effect", "effect_sd", "is_named"]
    return pd.DataFrame(rows, columns=columns)


def targets(count):
    return pd.DataFrame(
        {
            "group_id": [f"G{number}" for number in range(count)] * 2,
            "target_amount": 1e5,
            "quota_amount": 1.1e5,
        }
    )


PICTURES = {
    "loads of few": lambda: coverage.load_and_value_per_rep(loads(3)),
    "loads of many": lambda: coverage.load_and_value_per_rep(loads(500)),
    "loads of nobody": lambda: coverage.load_and_value_per_rep(loads(0)),
    "gap of one run": lambda: coverage.gap_over_time(runs(1)),
    "gap of many runs": lambda: coverage.gap_over_time(runs(200)),
    "gap not known": lambda: coverage.gap_over_time(runs(2).assign(gap_rate=float("nan"))),
    "moves of one run": lambda: coverage.moves_over_time(runs(1)),
    "moves of many runs": lambda: coverage.moves_over_time(runs(200)),
    "moves of no run": lambda: coverage.moves_over_time(runs(0)),
    "strengths": lambda: strength.strength_heat_map(strengths(10, 6)),
    "strengths of many": lambda: strength.strength_heat_map(strengths(300, 80)),
    "strengths not known": lambda: strength.strength_heat_map(strengths(3, 2).assign(deal_count=0)),
    "quotas": lambda: quotas.quota_waterfall(targets(5)),
    "quotas of many groups": lambda: quotas.quota_waterfall(targets(40)),
    "quotas of no group": lambda: quotas.quota_waterfall(targets(0)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_readable_and_small(name):
    png = PICTURES[name]()
    picture = Image.open(io.BytesIO(png)).convert("L")
    assert min(picture.size) >= 200
    assert max(picture.size) <= 1600
    assert picture.getextrema()[0] < 120
    assert len(png) < 60_000


def test_the_same_frame_gives_the_same_bytes():
    assert coverage.gap_over_time(runs(5)) == coverage.gap_over_time(runs(5))


def test_another_plan_gives_another_picture():
    moved = loads(3).assign(hours_after=300.0)
    assert coverage.load_and_value_per_rep(moved) != coverage.load_and_value_per_rep(loads(3))


def test_what_is_not_known_differs_from_a_strength_of_nothing():
    table = strengths(4, 4).assign(deal_count=5, effect=0.0, is_named=False)
    unknown = table.assign(deal_count=[0, *[5] * 15])
    assert strength.strength_heat_map(unknown) != strength.strength_heat_map(table)


def test_decimals_of_the_warehouse_are_drawn():
    from decimal import Decimal

    table = targets(3)
    exact = table.assign(
        target_amount=[Decimal("100000.00")] * 6, quota_amount=[Decimal("110000.00")] * 6
    )
    assert quotas.quota_waterfall(exact) == quotas.quota_waterfall(table)


def test_markdown_carries_the_picture_itself():
    text = canvas.as_markdown(b"\x89PNG", "Gap per run")
    assert text == "![Gap per run](data:image/png;base64,iVBORw==)"
