"""Exact improvement of part of a plan: a few coverers' accounts anew, by a small integer model."""

from __future__ import annotations

import time

import numpy as np

from optimization.arrays import IntArray
from optimization.coverage.solve.part import best_choice, part_of
from optimization.coverage.solve.search import Search

COVERERS = 12
PAIRS = 250
LISTED_PER_ACCOUNT = 4.0
GAP = 1e-5
PATIENCE = 8  # neighbourhoods in a row without a better plan


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
