"""Bands and chances of a past year's plan by month, quarter and year, beside what came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from optimization.arrays import FloatArray, ratio
from optimization.quotas.expected import ExpectedBusiness
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.outlook import BAND
from optimization.quotas.simulate import COMPANY_ENTITY, Shocks, draw_cells
from optimization.values.seasons import YEAR_MONTHS

DRAWS = 1000
# By name: months it takes.
PERIODS = {"month": 1, "quarter": 3, "year": YEAR_MONTHS}
COLUMNS = [
    "cut_on",
    "level",
    "entity_id",
    "period_type",
    "period_on",
    "expected_amount",
    "low_amount",
    "high_amount",
    "actual_amount",
    "is_held",
    "score",
    "target_amount",
    "probability",
    "is_reached",
]


@dataclass(frozen=True)
class PastPlan:
    """A plan as it would have been made at a past date; M months.

    Attributes:
        cut_on: Last day that was known.
        inputs: Accounts under whoever worked them then.
        expected: What was expected of them.
        shocks: How unsure that was.
        goal_amount: The company's goal of the months.
        seed: Of the draws.
    """

    cut_on: pd.Timestamp
    inputs: QuotaInputs
    expected: ExpectedBusiness
    shocks: Shocks
    goal_amount: float
    seed: int


def compare(plan: PastPlan, actual: pd.DataFrame) -> pd.DataFrame:
    """Put what a past plan said beside what came.

    A group's target is its share of the goal by what was expected of it, and a rep's its share of
    the group's. Reps without a book, and those who left before the year was over, are left out.

    Args:
        plan: The plan.
        actual: rep_id, group_id, month, amount of every deal won in the plan's months, or sums.

    Returns:
        One row per level, entity and period, COLUMNS; ``score`` is the normal score of what came
        among the draws; target and chance are those of the year and stand in its row alone.
    """
    inputs, expected = plan.inputs, plan.expected
    rng = np.random.default_rng(plan.seed)
    rep = draw_cells(rng, expected, inputs.rep_group, plan.shocks, DRAWS)
    company_year = rep.year[:, None]
    members = np.equal.outer(np.arange(len(inputs.group_ids)), inputs.rep_group).astype(np.float64)
    group = np.einsum("gr,srm->sgm", members, rep.cells)
    uncovered = company_year * inputs.uncovered_amount.sum(axis=0)[None, :]
    company = (group.sum(axis=1) + uncovered)[:, None, :]
    won = _by_month(actual, inputs.months)
    of_rep = won.groupby("rep_id").sum().reindex(list(inputs.rep_ids)).fillna(0.0).to_numpy()
    of_group = won.groupby("group_id").sum().reindex(list(inputs.group_ids)).fillna(0.0).to_numpy()
    of_company = won.to_numpy().sum(axis=0, keepdims=True)
    amount = expected.amount.sum(axis=2)
    shown = np.flatnonzero(expected.has_book)
    total = amount.sum() + inputs.uncovered_amount.sum()
    target = plan.goal_amount * ratio(amount.sum(axis=1), np.full(len(amount), total))
    parts = (
        (COMPANY_ENTITY, (COMPANY_ENTITY,), company, of_company, np.array([plan.goal_amount])),
        ("group", inputs.group_ids, group, of_group, members @ target),
        (
            "rep",
            tuple(inputs.rep_ids[place] for place in shown),
            rep.cells[:, shown],
            of_rep[shown],
            target[shown],
        ),
    )
    frames = list(_frames(plan, parts))
    return pd.concat(frames, ignore_index=True)[COLUMNS]


def _frames(
    plan: PastPlan,
    parts: tuple[tuple[str, tuple[str, ...], FloatArray, FloatArray, FloatArray], ...],
) -> Iterator[pd.DataFrame]:
    for level, entities, cells, actual, target in parts:
        for period, length in PERIODS.items():
            drawn, came = _in_periods(cells, length), _in_periods(actual, length)
            low, high = np.quantile(drawn, BAND, axis=0)
            below = (drawn < came).mean(axis=0) + (drawn == came).mean(axis=0) / 2
            place = (below * DRAWS + 0.5) / (DRAWS + 1)
            count = came.shape[1]
            is_year = period == "year"
            chance = (drawn[:, :, 0] >= target).mean(axis=0)
            yield pd.DataFrame(
                {
                    "cut_on": plan.cut_on,
                    "level": level,
                    "entity_id": np.repeat(entities, count),
                    "period_type": period,
                    "period_on": np.tile(plan.inputs.months[::length], len(entities)),
                    "expected_amount": drawn.mean(axis=0).ravel().round(2),
                    "low_amount": low.ravel().round(2),
                    "high_amount": high.ravel().round(2),
                    "actual_amount": came.ravel().round(2),
                    "is_held": ((low <= came) & (came <= high)).ravel(),
                    "score": norm.ppf(place).ravel(),
                    "target_amount": target.round(2) if is_year else np.nan,
                    "probability": chance if is_year else np.nan,
                    "is_reached": (came[:, 0] >= target) if is_year else None,
                }
            ).astype({"is_reached": "boolean"})


def _by_month(actual: pd.DataFrame, months: pd.DatetimeIndex) -> pd.DataFrame:
    """Sum amounts by rep and group, one column per month."""
    rows = actual.assign(month=pd.to_datetime(actual["month"]).dt.as_unit("us"))
    wide = rows.pivot_table("amount", ["rep_id", "group_id"], "month", "sum", fill_value=0.0)
    return wide.reindex(columns=months, fill_value=0.0)


def _in_periods(months: FloatArray, length: int) -> FloatArray:
    """Sum the last axis in periods of so many months."""
    sums: FloatArray = months.reshape(*months.shape[:-1], -1, length).sum(axis=-1)
    return sums
