"""Check that what reps are expected to book is what their accounts are worth, month by month."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from optimization.verify.tables import HOUSE, report

KEY = ["rep_id", "month", "revenue_type"]
# Bookings are published in whole cents, the values of accounts are not rounded.
HALF_A_CENT = 0.005 + 1e-6


def check_months(
    pair_month_values: pd.DataFrame, expected_bookings: pd.DataFrame, book: pd.DataFrame
) -> Iterator[str]:
    """Check the values of accounts against expected bookings and the book.

    Args:
        pair_month_values: account_id, rep_id, month, revenue_type, expected_amount, sd_amount.
        expected_bookings: rep_id, month, revenue_type, expected_amount.
        book: account_id, rep_id of every account, those with the house included.
    """
    values = pair_month_values.assign(month=pd.to_datetime(pair_month_values["month"]))
    booked = expected_bookings.assign(month=pd.to_datetime(expected_bookings["month"]))
    twice = values.duplicated(["account_id", "month", "revenue_type"])
    yield from report("an account has two values in a month", values.loc[twice, "account_id"])
    low = ~(values["expected_amount"] > 0) | (values["sd_amount"] < 0)
    yield from report("the value of a month is not positive", values.loc[low, "account_id"])
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
