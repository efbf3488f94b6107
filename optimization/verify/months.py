"""Check that what reps are expected to book is what their accounts are worth, month by month."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from optimization.verify.tables import HOUSE, report

if TYPE_CHECKING:
    from optimization.tables import QuotaPlan

KEY = ["rep_id", "month", "revenue_type"]
# Bookings are published in whole cents, the values of accounts are not rounded.
HALF_A_CENT = 0.005 + 1e-6


def check_months(plan: QuotaPlan, book: pd.DataFrame) -> Iterator[str]:
    """Check the values of accounts against expected bookings, the book and the outlook.

    Args:
        plan: The plan's tables.
        book: account_id, rep_id and group_id of every account, those with the house included.
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
