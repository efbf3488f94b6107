"""Families as units: accounts that are covered together become one choice of the problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.problem.inputs import CoverageInputs, IntArray
from optimization.errors import DataError


def unit_pairs(problem: PairProblem, inputs: CoverageInputs) -> PairProblem:
    """State the problem per unit over the pairs that every member allows.

    Value, tie and uses of a unit's pair are the sums over its members: hours add up, and two
    members that change their rep are two moves.

    Args:
        problem: The problem over all candidates, one account each.
        inputs: The same with locks and families.

    Returns:
        The problem with an "account" per unit; ``candidate`` is the row of its first member.

    Raises:
        DataError: No coverer is allowed for every member of a family.
    """
    allowed = np.flatnonzero(inputs.is_allowed)
    if len(np.unique(inputs.unit_of)) == len(inputs.accounts):
        return problem.only_pairs(inputs.is_allowed)
    unit = inputs.unit_of[inputs.account_of[allowed]]
    size = np.bincount(inputs.unit_of)
    key = unit * len(inputs.coverers) + inputs.coverer_of[allowed]
    keys, pair_of, members = np.unique(key, return_inverse=True, return_counts=True)
    whole = members == size[keys // len(inputs.coverers)]
    _refuse_torn(inputs, keys[whole] // len(inputs.coverers))

    place = np.full(len(keys), -1, dtype=np.int64)
    place[whole] = np.arange(int(whole.sum()))
    kept = place[pair_of] >= 0
    rows, pairs = allowed[kept], place[pair_of[kept]]
    count = int(whole.sum())
    add = sp.csr_array((np.ones(len(rows)), (pairs, rows)), shape=(count, len(problem.value)))
    # Sorted by account, so the first row of a pair is its first member's.
    first_row = np.full(count, len(problem.value), dtype=np.int64)
    np.minimum.at(first_row, pairs, rows)
    first = np.searchsorted(keys[whole] // len(inputs.coverers), np.arange(len(size) + 1))
    return PairProblem(
        first=first.astype(np.int64),
        value=add @ problem.value,
        tie=add @ problem.tie,
        rows=replace(problem.rows, uses=sp.csr_array(add @ problem.rows.uses)),
        candidate=first_row,
        coverer=inputs.coverer_of[first_row],
    )


def candidate_rows(inputs: CoverageInputs, heads: IntArray) -> IntArray:
    """Take choices for units apart into one candidate row per account, shape (A,).

    Args:
        inputs: The problem.
        heads: Candidate row of each unit's first member, shape (U,).
    """
    coverer = inputs.coverer_of[heads][inputs.unit_of]
    keys = inputs.account_of * len(inputs.coverers) + inputs.coverer_of
    wanted = np.arange(len(inputs.accounts)) * len(inputs.coverers) + coverer
    return np.searchsorted(keys, wanted).astype(np.int64)


def _refuse_torn(inputs: CoverageInputs, covered: IntArray) -> None:
    torn = np.setdiff1d(np.unique(inputs.unit_of), covered)
    if not torn.size:
        return
    accounts = inputs.accounts
    keys = []
    for unit in torn:
        members = accounts[inputs.unit_of == unit]
        locked = members[members["lock_action"].notna()]
        said = [
            f"{row.account_id} {row.lock_action} {row.lock_rep_id} because of '{row.lock_reason}'"
            for row in locked.itertuples()
        ]
        keys.append(f"{members['family_id'].iloc[0]} ({'; '.join(said)})")
    raise DataError(
        "locks tear a family apart: no coverer is allowed for all its accounts",
        keys,
        "Drop one of the locks, or let the family be independent (coverage.families).",
    )
