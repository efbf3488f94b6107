"""Months too small to carry a figure are told apart, and no cent of a sum changes by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from .quota_companies import POLICY, Company, verified


def company():
    """R1 wins three deals a month and R2 one in half a year, of one size; R3 has nothing."""
    many = [(10_000.0, 0.0, None, False)] * 36
    few = [(180_000.0, 0.0, None, False)] * 2
    orders = [(0.0, 600.0, None, False)] * 60
    return Company(
        books={"R1": many, "R2": [*few, *orders], "R3": []},
        group_of={"R1": "east", "R2": "east", "R3": "east"},
    )


def periods(plan):
    table = plan.quota_allocations
    return table.groupby(["rep_id", "revenue_type"])["figure_period"].unique().map(list).to_dict()


def test_a_rep_with_few_deals_has_figures_of_quarters_and_one_with_many_of_months():
    plan = company().plan(POLICY)
    found = periods(plan)
    assert found["R1", "new"] == ["month"]
    assert found["R2", "new"] == ["quarter"]
    # Five orders a month, whatever its new business does; both together hang on the two deals.
    assert found["R2", "existing"] == ["month"]
    assert plan.rep_quotas["figure_period"].tolist() == ["month", "quarter", "month"]


def test_the_setting_decides_and_no_cent_moves():
    usual = company().plan(POLICY)
    months = company().plan(replace(POLICY, month_figure_cv=None))
    quarters = company().plan(replace(POLICY, month_figure_cv=0.01))
    assert set(months.quota_allocations["figure_period"]) == {"month"}
    assert set(periods(quarters)["R1", "new"]) == {"quarter"}
    columns = ["rep_id", "month", "revenue_type", "quota_amount"]
    for other in (months, quarters):
        pd.testing.assert_frame_equal(
            usual.quota_allocations[columns], other.quota_allocations[columns]
        )


def test_drawn_months_scatter_as_the_rule_says():
    rng = np.random.default_rng(3)
    plan = company().plan(POLICY)
    for rep, count, amount in (("R1", 36, 10_000.0), ("R2", 2, 180_000.0)):
        drawn = rng.poisson(count / 12, 20_000) * amount
        unsure = drawn.std() > drawn.mean()
        assert periods(plan)[rep, "new"] == ["quarter" if unsure else "month"]
        quarter = rng.poisson(count / 4, 20_000) * amount
        assert quarter.std() / quarter.mean() == pytest.approx(
            drawn.std() / drawn.mean() / np.sqrt(3), rel=0.05
        )


@pytest.mark.parametrize("table", ["quota_allocations", "rep_quotas"])
def test_a_period_that_months_do_not_bear_out_is_refused(table):
    frames = company().frames()
    plan = company().plan(POLICY)
    rows = getattr(plan, table).copy()
    at = rows.index[rows["rep_id"] == "R2"][-1]
    rows.loc[at, "figure_period"] = "month" if rows.loc[at, "figure_period"] == "quarter" else "day"
    found = verified(replace(plan, **{table: rows}), frames, POLICY)
    assert any(text.startswith("figure_period of ") and "R2" in text for text in found), found


def test_a_limit_of_nothing_has_no_meaning():
    with pytest.raises(ValueError, match="month_figure_cv must be positive"):
        replace(POLICY, month_figure_cv=0.0)
