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
            "coverer_type": "rep",
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


def waterfall(groups, reps, won=0.0, convert=lambda table: table):
    targets = pd.DataFrame(
        {
            "group_id": [f"G{number}" for number in range(groups)] * 2,
            "target_amount": 1e5,
            "quota_amount": 1.1e5,
        }
    )
    quota = 2 * groups * 1.1e5
    allocations = pd.DataFrame(
        {"rep_id": [f"R{number}" for number in range(reps)], "quota_amount": quota / max(reps, 1)}
    )
    company = pd.DataFrame(
        {
            "revenue_type": ["new"],
            "goal_amount": [2e5 * groups],
            "buffer_amount": [won / 10],
            "won_amount": [won],
            "target_amount": [2e5 * groups],
            "quota_amount": [quota],
            "unallocated_amount": [-won * 0.9],
        }
    )
    return quotas.quota_waterfall(*map(convert, (targets, allocations, company)))


def outlook(groups):
    rows = [
        (level, entity, rate / 20, 0.4 + rate / 50, rate == 2)
        for level, entity in [("company", "company"), *(("group", f"G{g}") for g in range(groups))]
        for rate in range(5)
    ]
    columns = ["level", "entity_id", "over_assignment_rate", "probability", "is_default"]
    return pd.DataFrame(rows, columns=columns)


def gaps(groups):
    months = pd.date_range("2026-07-01", periods=12, freq="MS")
    rows = [
        (f"G{group}", month, 500.0 + 60 * group, 600.0, 20.0, group > 1)
        for group in range(groups)
        for month in months
    ]
    columns = [
        "group_id",
        "month",
        "needed_hours",
        "available_hours",
        "open_head_hours",
        "is_short",
    ]
    return pd.DataFrame(rows, columns=columns)


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
    "quotas": lambda: waterfall(5, 30),
    "quotas of many groups": lambda: waterfall(40, 3000),
    "quotas of no group": lambda: waterfall(0, 0),
    "quotas within the year": lambda: waterfall(3, 8, won=1e5),
    "chances": lambda: quotas.chance_by_buffer(outlook(5)),
    "chances of many groups": lambda: quotas.chance_by_buffer(outlook(40)),
    "hours of few groups": lambda: quotas.capacity_by_month(gaps(3)),
    "hours of many groups": lambda: quotas.capacity_by_month(gaps(40)),
    "hours of no group": lambda: quotas.capacity_by_month(gaps(0)),
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

    def exact(table):
        return table.apply(
            lambda column: (
                column.map(lambda cell: Decimal(str(round(cell, 2))))
                if column.dtype == float
                else column
            )
        )

    assert waterfall(3, 5, convert=exact) == waterfall(3, 5)


def test_markdown_carries_the_picture_itself():
    text = canvas.as_markdown(b"\x89PNG", "Gap per run")
    assert text == "![Gap per run](data:image/png;base64,iVBORw==)"
