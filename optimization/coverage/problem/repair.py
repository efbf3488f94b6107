"""Today's coverage with its vacancies filled and nothing else changed.

It is what a plan is compared with, and where an account without an owner goes if nobody is known to
bring more.
"""

from __future__ import annotations

import numpy as np

from optimization.arrays import IntArray
from optimization.coverage.problem.inputs import CoverageInputs


def repair(inputs: CoverageInputs) -> IntArray:
    """Cover vacant accounts again with the fewest moves.

    Accounts without an owner who may keep them, largest first, go to whoever of the owner's group
    brings most and has the hours and the place free; to nobody where there is no such coverer.
    Accounts of whose owner no group is known may go to any group.

    Returns:
        Candidate row of each account, shape (A,).
    """
    rows = inputs.as_is_rows.copy()
    is_open = ~inputs.has_present | inputs.owner_is_barred
    house = np.flatnonzero(inputs.is_house)  # one per account, in order
    rows[is_open] = house[is_open]
    is_kept = ~inputs.is_house[rows]
    count = len(inputs.coverers)
    hours = np.bincount(inputs.coverer_of[rows[is_kept]], inputs.hours[rows[is_kept]], count)
    held = np.bincount(inputs.coverer_of[rows[is_kept]], minlength=count)
    group_of = inputs.coverers["group_id"].to_numpy(dtype=object)
    owner_group = inputs.accounts["owner_group_id"].to_numpy(dtype=object)
    size = np.maximum.reduceat(inputs.value, inputs.first[:-1])
    for account in sorted(np.flatnonzero(is_open), key=lambda a: (-size[a], a)):
        pairs = np.arange(inputs.first[account], inputs.first[account + 1])
        at = inputs.coverer_of[pairs]
        fits = inputs.is_allowed[pairs] & ~inputs.is_house[pairs]
        fits &= hours[at] + inputs.hours[pairs] <= inputs.capacity_hours[at] + 1e-9
        fits &= held[at] + 1 <= inputs.max_accounts[at]
        if isinstance(owner_group[account], str):
            fits &= group_of[at] == owner_group[account]
        fits &= inputs.value[pairs] > inputs.value[house[account]]
        if not fits.any():
            continue
        best = pairs[fits][np.argmax(inputs.value[pairs[fits]])]
        rows[account] = best
        hours[inputs.coverer_of[best]] += inputs.hours[best]
        held[inputs.coverer_of[best]] += 1
    return rows
