"""A rep whose book is mostly taken over is asked for no more than a multiple of what it brought.

Nobody knows a new book as its owner did. What is beyond the limit goes to the others of the group
who work in that month and type, in proportion to their shares and as far as the guard on shifts
and their own limits let them; what nobody has room for is not asked of anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray, IntArray, ratio
from optimization.policy import QuotaPolicy
from optimization.quotas.cents import with_buffer
from optimization.quotas.inputs import QuotaInputs
from optimization.values.seasons import YEAR_MONTHS

MOSTLY = 0.5


@dataclass(frozen=True)
class FirstYear:
    """What is known of books taken over; R reps.

    Attributes:
        taken_over: Share of the book's business from accounts of other owners of record, NaN
            without a book; shape (R,).
        limit: Most that may be asked in the plan's months in cents, infinite where the rule does
            not apply; shape (R,).
    """

    taken_over: FloatArray
    limit: FloatArray


def first_year(
    inputs: QuotaInputs, book: pd.DataFrame, won: pd.DataFrame | None, policy: QuotaPolicy
) -> FirstYear:
    """Find the reps whose book is mostly taken over, and what it brought.

    Args:
        inputs: Names of reps, and the plan's months.
        book: account_id, rep_id, previous_rep_id, new_amount, existing_amount.
        won: account_id, won_amount: won in the last twelve months, by whomever; None if unknown.
        policy: first_year_multiple.
    """
    reps = list(inputs.rep_ids)
    amount = (book["new_amount"] + book["existing_amount"]).astype(float)
    is_new = book["rep_id"].astype("str") != book["previous_rep_id"].astype("str").fillna("")
    whole = amount.groupby(book["rep_id"]).sum().reindex(reps).fillna(0.0)
    taken = amount.where(is_new, 0.0).groupby(book["rep_id"]).sum().reindex(reps).fillna(0.0)
    share = ratio(np.asarray(taken), np.asarray(whole), np.nan)
    limit = np.full(len(reps), np.inf)
    if policy.first_year_multiple is not None and won is not None:
        brought_by = book["account_id"].map(won.set_index("account_id")["won_amount"])
        by_rep = brought_by.astype(float).fillna(0.0).groupby(book["rep_id"]).sum()
        brought = np.asarray(by_rep.reindex(reps).fillna(0.0))
        is_rep = np.array(inputs.coverer_types) == "rep"
        applies = is_rep & (share > MOSTLY) & (brought > 0)
        months = len(inputs.months) / YEAR_MONTHS
        limit[applies] = (100 * policy.first_year_multiple * months * brought)[applies]
    return FirstYear(share, limit)


def within_first_year(
    fair: FloatArray,
    targets: IntArray,
    rates: tuple[float, ...],
    rep_group: NDArray[np.intp],
    limit: FloatArray,
    upper: FloatArray,
    policy: QuotaPolicy,
) -> tuple[FloatArray, IntArray]:
    """Hand what is beyond a first year's limit to others, and lower targets by what is left.

    Args:
        fair: Fair shares in cents, shape (R, M, 2).
        targets: Group targets in cents, shape (G, M, 2).
        rates: Buffer of each group.
        rep_group: Position of each rep's group; shape (R,).
        limit: First year's limit of each rep, infinite for none; shape (R,).
        upper: Highest quota allowed for other reasons, infinite for none; shape (R,).
        policy: max_hardness_shift_rate, how far others may be raised.

    Returns:
        Shares in cents and group targets in whole cents that they are (1 + buffer) of.
    """
    shares, left = fair.copy(), targets.copy()
    year = fair.sum(axis=(1, 2))
    for group in np.unique(rep_group[year > limit]):
        mine = rep_group == group
        over = mine & (year > limit)
        others = mine & ~over
        shares[over] *= ratio(limit[over], year[over])[:, None, None]
        excess = (fair - shares)[over].sum(axis=0)
        raised = fair[others] * ratio(excess, fair[others].sum(axis=0))
        room = np.minimum(policy.max_hardness_shift_rate * year[others],
                          np.minimum(upper, limit)[others] - year[others])  # fmt: skip
        part = min(1.0, ratio(np.maximum(room, 0.0), raised.sum(axis=(1, 2)), 1.0).min(initial=1.0))
        shares[others] += part * raised
        lost = excess - part * raised.sum(axis=0)
        if lost.sum() > 1.0:
            kept = 1 - ratio(lost, fair[mine].sum(axis=0))
            left[group] = np.floor(targets[group] * kept).astype(np.int64)
        # To the cent: shares sum to what reps are asked for.
        asked = [with_buffer(int(cents), rates[group]) for cents in left[group].ravel()]
        total = shares[mine].sum(axis=0)
        shares[mine] *= ratio(np.reshape(np.array(asked, dtype=float), total.shape), total)
    return shares, left
