"""Planned hires as coverers of what nobody covers yet, so that they carry a ramped quota.

A quota follows from a book. An open head's is made of its group's accounts that the plan could
give to nobody (the group of the owner of record), worth most an hour first, until the hours of a
full-time rep are filled. Where nothing is uncovered, a hire has no book and carries no quota.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.arrays import ratio
from optimization.errors import DataError
from optimization.frames import require_columns, require_numbers

OPEN_HEAD_TYPE = "open_head"
UNCOVERED_AMOUNTS = ("new_amount", "existing_amount")


@dataclass(frozen=True)
class OpenHead:
    """One planned hire.

    Attributes:
        head_id: Name its rows carry.
        group_id: Group it joins.
        role: Role it will have.
        hours_per_year: Selling hours of the position once it is ramped.
        ramp: Share of full productivity by month of the plan, 0 before the first day.
    """

    head_id: str
    group_id: str
    role: str
    hours_per_year: float
    ramp: tuple[float, ...]


def staff_open_heads(
    book: pd.DataFrame,
    coverers: pd.DataFrame,
    rep_months: pd.DataFrame,
    uncovered: pd.DataFrame,
    heads: Sequence[OpenHead],
    months: Sequence[object],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return book, coverers and rep_months with the open heads and the accounts they will take.

    Args:
        book: One row per account, house accounts included (``QuotaInputs.from_frames``).
        coverers: rep_id, coverer_type, group_id, role.
        rep_months: rep_id, month, ramp_rate.
        uncovered: account_id, group_id (of the owner of record, may be empty), hours a year,
            new_amount, existing_amount: what covered accounts of their kind bring.
        heads: Planned hires, in the order in which they take accounts.
        months: The plan's months.

    Raises:
        DataError: A head is named like a coverer, or an amount is no finite number >= 0.
    """
    if not heads:
        return book, coverers, rep_months
    taken = sorted({head.head_id for head in heads} & set(coverers["rep_id"]))
    if taken:
        raise DataError("an open head is named like a coverer", taken, "Rename the coverer.")
    key = ["account_id"]
    free = require_columns(uncovered, "uncovered", ["account_id", "group_id", "hours",
                           *UNCOVERED_AMOUNTS], key)  # fmt: skip
    for column in ("hours", *UNCOVERED_AMOUNTS):
        free[column] = require_numbers(free, "uncovered", column, key)
    worth = free[list(UNCOVERED_AMOUNTS)].sum(axis=1)
    rate = ratio(worth.to_numpy(), free["hours"].to_numpy(), np.inf)
    free = free.assign(rate=rate).sort_values(["rate", "account_id"], ascending=[False, True])
    taker = _deal_out(free, heads)
    changes = taker.set_index("account_id").assign(is_moved=True)
    staffed = book.set_index("account_id")
    for column in changes.columns:
        staffed.loc[changes.index, column] = changes[column]
    staffed = staffed.reset_index()[list(book.columns)]
    people = pd.DataFrame(
        [(head.head_id, OPEN_HEAD_TYPE, head.group_id, head.role) for head in heads],
        columns=["rep_id", "coverer_type", "group_id", "role"],
    )
    ramps = pd.DataFrame(
        [
            (head.head_id, month, ramp)
            for head in heads
            for month, ramp in zip(months, head.ramp, strict=True)
        ],
        columns=["rep_id", "month", "ramp_rate"],
    )
    ramps["month"] = pd.to_datetime(ramps["month"])
    known = rep_months.assign(month=pd.to_datetime(rep_months["month"]))
    return (
        staffed,
        pd.concat([coverers, people], ignore_index=True),
        pd.concat([known, ramps], ignore_index=True) if len(known) else ramps,
    )


def _deal_out(free: pd.DataFrame, heads: Sequence[OpenHead]) -> pd.DataFrame:
    """Fill each head's hours with accounts of its group, the best an hour first."""
    left = {head.head_id: head.hours_per_year for head in heads}
    rows = []
    hours = free["hours"].to_numpy(dtype=np.float64)
    for account, needed in zip(free.itertuples(index=False), hours.tolist(), strict=True):
        for head in heads:
            if head.group_id == account.group_id and needed <= left[head.head_id]:
                left[head.head_id] -= needed
                rows.append((account.account_id, head.head_id, head.group_id,
                             account.new_amount, account.existing_amount))  # fmt: skip
                break
    return pd.DataFrame(rows, columns=["account_id", "rep_id", "group_id", *UNCOVERED_AMOUNTS])
