"""Whether any plan keeps every rule, from the smallest problem that can decide it.

Hardly an account can be part of a contradiction: today's coverage keeps every limit, so only what
locks and rules of eligibility force can break one. A presolve takes the rest away, two steps in
turns until neither finds anything:

a constraint that no choice among the pairs left can break is redundant
    a pair is dominated, and never needed, if another pair of its account uses no more of any
    constraint that is left

Both leave the least shortfall as it is, so what remains decides for the whole company: at a
million accounts often nothing, and the answer is known without a solver.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.solve.model import build_elastic
from optimization.policy import CoveragePolicy
from optimization.solve import SolveStatus, solve

# A constraint counts as broken beyond this share of its size, as in ``PairProblem.broken``.
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class LeastShortfall:
    """The cheapest way to exceed limits, and a plan that exceeds no others.

    Attributes:
        short: Units beyond limit and slack of each constraint, shape (M,).
        choice: Pair per account, shape (A,).
    """

    short: FloatArray
    choice: IntArray


def least_shortfall(
    pairs: PairProblem, short_price: Mapping[str, float], policy: CoveragePolicy
) -> LeastShortfall | None:
    """Find the least that limits must give way, each unit at its rule's price.

    Args:
        pairs: The problem.
        short_price: Price per unit of the rules that may be exceeded; every other rule holds.
        policy: Time, gap and seed of the solver.

    Returns:
        None where no plan keeps the rules that may not be exceeded.
    """
    choice, part, left = _presolved(pairs)
    constraints = pairs.constraints
    short = np.zeros(constraints.count)
    if part is None:
        return LeastShortfall(short, choice)
    model = build_elastic(part, short_price)
    # Any elastic solution is a valid repair, so the gap may be wide when the clock stops it.
    outcome = solve(
        model.problem,
        seconds=policy.solve_seconds,
        mip_gap=policy.mip_gap,
        seed=policy.seed,
        accepted_gap=math.inf,
    )
    if outcome.status is SolveStatus.INFEASIBLE:
        return None
    for rule, amount in model.shortfall.items():
        short[left[part.constraints.of([rule])]] = np.asarray(amount.value, dtype=float)
    taken = part.candidate[model.chosen(part)]
    choice[pairs.account_of[taken]] = taken
    most = (constraints.limit + constraints.slack_limit)[left]
    short[left] = np.where(short[left] > TOLERANCE * np.maximum(1.0, np.abs(most)), short[left], 0)
    return LeastShortfall(short, choice)


def _presolved(pairs: PairProblem) -> tuple[IntArray, PairProblem | None, IntArray]:
    """Take away what cannot be part of a contradiction.

    Returns:
        A pair per account, right wherever the account is not in the part; the part, its
        ``candidate`` being pairs of the whole, or None; constraints of the whole in the part.
    """
    uses = pairs.constraints.uses
    most = pairs.constraints.limit + pairs.constraints.slack_limit
    most += TOLERANCE * np.maximum(1.0, np.abs(np.where(np.isinf(most), 0.0, most)))
    left = np.arange(len(pairs.value), dtype=np.int64)
    can_break = np.isfinite(most)
    account = pairs.account_of
    while True:
        before = (len(left), int(can_break.sum()))
        can_break &= _most_used(uses[left], account[left]) > most
        # Against the pair in the fewest constraints, the present owner's first; then against the
        # last coverer's: the house takes nobody's time.
        for by_size in (True, False):
            of_left = sp.csr_array(uses[left][:, np.flatnonzero(can_break)])
            size = np.diff(of_left.indptr)
            order = (-pairs.tie[left], size) if by_size else (-left,)
            ranked = np.lexsort((*order, account[left]))
            left = left[_undominated(of_left, account[left], ranked)]
        if before == (len(left), int(can_break.sum())):
            break
    ranked = left[np.lexsort((-pairs.tie[left], account[left]))]
    choice = ranked[np.searchsorted(account[ranked], np.arange(pairs.account_count))]
    at = np.flatnonzero(can_break)
    of_left = sp.csr_array(uses[left][:, at])
    touching = np.unique(account[left][np.diff(of_left.indptr) > 0])
    if not touching.size:
        return choice, None, at
    return choice, pairs.part(left[np.isin(account[left], touching)], at), at


def _most_used(uses: sp.csr_array, account: IntArray) -> FloatArray:
    """Most that any choice can use of each constraint, shape (M,)."""
    entries = uses.tocoo()
    pair, constraint = entries.coords
    key = account[pair] * uses.shape[1] + constraint
    order = np.argsort(key, kind="stable")
    if not order.size:
        return np.zeros(uses.shape[1])
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    most = np.maximum.reduceat(np.maximum(entries.data[order], 0.0), starts)
    total = np.bincount(constraint[order][starts], weights=most, minlength=uses.shape[1])
    return np.asarray(total, dtype=np.float64)


def _undominated(uses: sp.csr_array, account: IntArray, order: IntArray) -> BoolArray:
    """Pairs that the first pair of their account in this order does not dominate; shape (N,)."""
    first = np.flatnonzero(np.diff(account[order], prepend=-1))
    best = order[first]
    rival = np.repeat(best, np.diff(np.append(first, len(order))))
    against = np.empty(len(order), dtype=np.int64)
    against[order] = rival
    more = sp.csr_array(uses[against] - uses).tocoo()
    needed = np.zeros(len(order), dtype=np.bool_)
    needed[more.coords[0][more.data > 0]] = True
    needed[best] = True
    return needed
