"""Check that what reps are expected to book is what their accounts are worth, month by month."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimization.verify.tables import HOUSE, report

if TYPE_CHECKING:
    from optimization.tables import QuotaPlan

KEY = ["rep_id", "month", "revenue_type"]
# Bookings are published in whole cents, the values of accounts are not rounded.
HALF_A_CENT = 0.005 + 1e-6


def check_months(
    plan: QuotaPlan, book: pd.DataFrame, month_figure_cv: float | None
) -> Iterator[str]:
    """Check the values of accounts against expected bookings, the book and the outlook.

    Args:
        plan: The plan's tables.
        book: account_id, rep_id and group_id of every account, those with the house included.
        month_figure_cv: Largest standard deviation over mean of a month that carries a figure.
    """
    values = plan.pair_month_values
    values = values.assign(month=pd.to_datetime(values["month"]))
    booked = plan.expected_bookings
    booked = booked.assign(month=pd.to_datetime(booked["month"]))
    twice = values.duplicated(["account_id", "month", "revenue_type"])
    yield from report("an account has two values in a month", values.loc[twice, "account_id"])
    low = ~(values["expected_amount"] > 0) | (values["sd_amount"] < 0)
    yield from report("the value of a month is not positive", values.loc[low, "account_id"])
    outside = ~values["month"].isin(booked["month"])
    yield from report("a month's value lies outside the plan", values.loc[outside, "account_id"])
    alone = (values["rep_id"] == HOUSE) & (values["revenue_type"] != "existing")
    yield from report("nobody wins new business", values.loc[alone, "account_id"])
    covers = book.set_index("account_id")["rep_id"]
    stray = values["account_id"].map(covers) != values["rep_id"]
    yield from report("a month's value is with another coverer", values.loc[stray, "account_id"])
    sums = values[values["rep_id"] != HOUSE].groupby(KEY)["expected_amount"].sum()
    said = booked.set_index(KEY)["expected_amount"]
    off = (said.sub(sums, fill_value=0.0)).abs() > HALF_A_CENT
    yield from report(
        "expected bookings are not the sum of their accounts' values",
        [f"{rep} in {month:%Y-%m}, {kind}" for rep, month, kind in off.index[off]],
    )
    yield from _check_concentration(plan, values, book)
    yield from _check_periods(plan, values[values["rep_id"] != HOUSE], month_figure_cv)


def _check_concentration(
    plan: QuotaPlan, values: pd.DataFrame, book: pd.DataFrame
) -> Iterator[str]:
    """Check the share of the largest account in what each entity expects."""
    table = plan.attainment_outlook
    covered = values[values["rep_id"] != HOUSE]
    years = covered.groupby(["account_id", "rep_id"])["expected_amount"].sum().reset_index()
    years["group_id"] = years["account_id"].map(book.set_index("account_id")["group_id"])
    found: dict[tuple[str, str], float] = {}
    for level, entity in (("rep", "rep_id"), ("group", "group_id")):
        by = years.groupby(entity)["expected_amount"]
        found |= {(level, str(name)): float(top) for name, top in (by.max() / by.sum()).items()}
    if len(years):
        amount = years["expected_amount"]
        found["company", "company"] = float(amount.max() / amount.sum())
    keys = list(table[["level", "entity_id"]].itertuples(index=False, name=None))
    right = pd.Series([found.get(key, 0.0) for key in keys], index=table.index)
    off = (table["top_account_rate"] - right).abs() > 0.5e-4 + 1e-9
    yield from report(
        "top_account_rate is wrong",
        [
            f"{level} / {name}"
            for level, name in table.loc[off, ["level", "entity_id"]].itertuples(
                index=False, name=None
            )
        ],
    )


def _check_periods(
    plan: QuotaPlan, values: pd.DataFrame, month_figure_cv: float | None
) -> Iterator[str]:
    """A month whose chance of single deals is large beside what it expects carries no figure."""
    table = plan.quota_allocations
    months = table["month"].nunique()
    for kind, part in [
        *((str(name), rows) for name, rows in table.groupby("revenue_type")),
        ("both types", plan.rep_quotas),
    ]:
        of_kind = values if kind == "both types" else values[values["revenue_type"] == kind]
        mean = of_kind.groupby("rep_id")["expected_amount"].sum() / months
        variance = (of_kind["sd_amount"] ** 2).groupby(of_kind["rep_id"]).sum() / months
        most = mean * (month_figure_cv or np.inf)
        is_small = part["rep_id"].map(variance**0.5 > most).eq(True)
        is_even = part["rep_id"].map((variance**0.5 - most).abs() <= 1e-9 * most).eq(True)
        wanted = is_small.map({True: "quarter", False: "month"})
        wrong = part.loc[(part["figure_period"] != wanted) & ~is_even, "rep_id"].drop_duplicates()
        yield from report(f"figure_period of {kind} is not what its months carry", wrong)
