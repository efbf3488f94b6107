"""Exact improvement of part of a plan: a few coverers' accounts anew, by a small integer model."""

from __future__ import annotations

import math
import time

import numpy as np

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.solve.model import build_model
from optimization.coverage.solve.search import Search
from optimization.errors import SolveLimitError
from optimization.solve import SolveStatus, solve

COVERERS = 12
PAIRS = 250
LISTED_PER_ACCOUNT = 4.0
GAP = 1e-5
PATIENCE = 8  # neighbourhoods in a row without a better plan


def part_of(
    pairs: PairProblem, choice: IntArray, load: FloatArray, accounts: IntArray, free: IntArray
) -> PairProblem:
    """The problem of some accounts, everyone else staying where they are.

    Args:
        pairs: The whole problem.
        choice: Chosen pair per account, shape (A,).
        load: Units used of each constraint, shape (M,).
        accounts: Accounts that may change, sorted.
        free: Pairs to choose from, sorted, at least one for each of these accounts.
    """
    constraints = pairs.constraints
    rest = load - constraints.used(choice[accounts])
    touched = np.unique(constraints.uses[free].indices).astype(np.int64)
    return pairs.with_limit(constraints.limit - rest).part(free, touched)


def best_choice(
    part: PairProblem, *, seed: int, nodes: int, gap: float, deadline: float
) -> IntArray | None:
    """Pairs of the whole problem that the small model chooses, None if it finds no plan.

    Nodes limit it; the deadline of the whole run is a stop for the worst case.
    """
    model = build_model(part)
    try:
        outcome = solve(
            model.problem,
            seconds=max(deadline - time.monotonic(), 0.1),
            mip_gap=gap,
            seed=seed,
            accepted_gap=math.inf,
            nodes=nodes,
        )
    except SolveLimitError:
        return None
    if outcome.status is SolveStatus.INFEASIBLE:
        return None
    return part.candidate[model.chosen(part)]


def improve(search: Search, count: int, *, seed: int, nodes: int, deadline: float) -> float:
    """Solve ``count`` neighbourhoods of the best plan, each better one at once the new best.

    Returns:
        Share of them that improved the plan.
    """
    rng = np.random.default_rng(seed)
    first, listed, _ = search.candidate_list(LISTED_PER_ACCOUNT)
    better = tried = in_vain = 0
    for _ in range(count):
        if in_vain >= PATIENCE or time.monotonic() > deadline:
            break
        accounts, free = _draw(search, rng, first, listed)
        if len(accounts) < 2:
            continue
        tried += 1
        before = search.best_worth
        part = part_of(search.pairs, search.choice, search.load, accounts, free)
        found = best_choice(part, seed=seed, nodes=nodes, gap=GAP, deadline=deadline)
        in_vain += 1
        if found is None:
            continue
        choice = search.choice.copy()
        choice[accounts] = found
        search.begin(choice)
        if search.best is not None and search.best_worth <= before:
            search.begin(search.best)
        if search.best_worth > before:
            better, in_vain = better + 1, 0
    return better / max(tried, 1)


def _draw(
    search: Search, rng: np.random.Generator, first: IntArray, listed: IntArray
) -> tuple[IntArray, IntArray]:
    """Accounts of a coverer and of those on most of its accounts' lists, and their pairs."""
    coverer = search.pairs.coverer
    at = coverer[search.choice]
    seed = at[rng.integers(len(at))]
    book = np.flatnonzero(at == seed)
    known = coverer[np.concatenate([listed[first[a] : first[a + 1]] for a in book])]
    others, shared = np.unique(known[known != seed], return_counts=True)
    size = min(COVERERS - 1, len(others))
    friends = rng.choice(others, size, replace=False, p=shared / shared.sum()) if size else others
    inside = np.append(friends, seed)
    accounts, free, total = [], [], 0
    for a in rng.permutation(np.flatnonzero(np.isin(at, inside))):
        pairs = listed[first[a] : first[a + 1]]
        pairs = np.union1d(pairs[np.isin(coverer[pairs], inside)], [search.choice[a]])
        if len(pairs) > 1:
            accounts.append(a)
            free.append(pairs)
            total += len(pairs)
            if total >= PAIRS:
                break
    if not accounts:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    order = np.argsort(accounts)
    chosen = np.concatenate([free[i] for i in order]).astype(np.int64)
    return np.asarray(accounts, dtype=np.int64)[order], chosen
