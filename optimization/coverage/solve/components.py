"""Groups whose pairs do not overlap are separate problems: found here, solved side by side.

Two accounts belong together where a row counts pairs of both. A row that no choice can use up
joins nobody. A row of the whole company, such as its move budget, would join everybody: it is
divided instead. Each part gets what a plan known to keep every rule uses there, and of the rest a
share by what its accounts take at the company's prices. The plans of the parts together then keep
every row, and the bound stays that of the company's prices: what the division loses is part of
the gap, for everyone to see, and the search over the whole goes on where the gap asked for is not
reached.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import scipy.sparse as sp

from optimization.coverage.problem.constraints import BoolArray, FloatArray, IntArray, PairProblem
from optimization.coverage.solve.feasible import most_used

# Components are put together until they reach this size: each solve has a fixed cost.
LEAST_PAIRS = 5_000
# From here on a process of its own, which takes seconds to begin, pays.
PROCESS_PAIRS = 100_000

# Part, prices of its rows and a plan that keeps them: a plan at least as good.
Solve = Callable[[PairProblem, FloatArray, IntArray], IntArray]


def parts_of(pairs: PairProblem, price: FloatArray, known: IntArray) -> list[PairProblem]:
    """Divide a problem into parts that share no row; one part where nothing divides it.

    Args:
        pairs: The problem.
        price: Price of each row, shape (M,).
        known: A plan that keeps every row, shape (A,).

    Returns:
        Problems whose ``candidate`` is the pair's place in the whole; every account is in one.
    """
    can_bind = most_used(pairs.rows.uses, pairs.account_of) > pairs.rows.limit
    divided = can_bind & _company_rows(pairs)
    label = _labels(pairs, can_bind & ~divided)
    if not label.any():
        return [pairs]
    limits = _limits(pairs, price, known, label, divided)
    parts = []
    for part, limit in enumerate(limits):
        at = np.flatnonzero(label[pairs.account_of] == part)
        rows = np.unique(pairs.rows.uses[at].indices).astype(np.int64)
        parts.append(pairs.with_limit(limit).part(at, rows))
    return parts


def solve_apart(
    pairs: PairProblem,
    parts: list[PairProblem],
    price: FloatArray,
    known: IntArray,
    solve: Solve,
) -> IntArray:
    """Plans of the parts, put together; shape (A,).

    Args:
        pairs: The problem.
        parts: Its parts.
        price: Price of each row, shape (M,).
        known: A plan that keeps every row, shape (A,).
        solve: Solves a part; a function of a module, so that other processes find it.
    """
    choice = known.copy()
    tasks = []
    for part in parts:
        accounts = np.unique(pairs.account_of[part.candidate])
        rows = np.unique(pairs.rows.uses[part.candidate].indices)
        tasks.append((part, price[rows], np.searchsorted(part.candidate, known[accounts])))
    if len(pairs.value) < PROCESS_PAIRS:
        found = [solve(*task) for task in tasks]
    else:
        # Threads of the orchestrator forbid forking; the answers do not depend on how many.
        workers = min(os.cpu_count() or 1, len(tasks))
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(solve, *zip(*tasks, strict=True)))
    for part, chosen in zip(parts, found, strict=True):
        taken = part.candidate[chosen]
        choice[pairs.account_of[taken]] = taken
    return choice


def _company_rows(pairs: PairProblem) -> BoolArray:
    """Hard rows that are about no coverer and no group, shape (M,)."""
    labels = pairs.rows.labels
    of_nobody = (labels["rep_id"].isna() & labels["group_id"].isna()).to_numpy()
    return np.asarray(of_nobody & (pairs.rows.slack_limit == 0), dtype=np.bool_)


def _labels(pairs: PairProblem, joins: BoolArray) -> IntArray:
    """Part of each account where these rows join accounts, numbered in their order; (A,)."""
    entries = pairs.rows.uses.tocoo()
    pair, row = entries.coords
    kept = joins[row]
    size = pairs.account_count + pairs.rows.count
    ends = (pairs.account_of[pair[kept]], pairs.account_count + row[kept])
    graph = sp.coo_array((np.ones(int(kept.sum())), ends), shape=(size, size))
    found = sp.csgraph.connected_components(graph, directed=False)[1][: pairs.account_count]
    _, first, component = np.unique(found, return_index=True, return_inverse=True)
    component = np.argsort(np.argsort(first))[component]
    count = np.bincount(component, weights=np.diff(pairs.first))
    bundle = (np.cumsum(count) - count) // LEAST_PAIRS
    part_of = np.unique(bundle, return_inverse=True)[1]
    return np.asarray(part_of[component], dtype=np.int64)


def _limits(
    pairs: PairProblem, price: FloatArray, known: IntArray, label: IntArray, divided: BoolArray
) -> list[FloatArray]:
    """Limits of the rows for each part, the divided ones adding up to what there is; (M,) each."""
    count = int(label.max()) + 1
    limits = [pairs.rows.limit.copy() for _ in range(count)]
    net = pairs.value + pairs.tie - pairs.rows.paid(price)
    wanted = np.lexsort((-net, pairs.account_of))[pairs.first[:-1]]
    for row in np.flatnonzero(divided):
        use = np.asarray(pairs.rows.uses[:, [row]].todense()).reshape(-1)
        least, most = (
            np.bincount(label, weights=use[plan], minlength=count) for plan in (known, wanted)
        )
        left = pairs.rows.limit[row] - least.sum()
        weight = np.maximum(most - least, 0.0)
        if not weight.any():  # nobody is short of it: by who could use it at all
            weight = np.bincount(label[pairs.account_of], weights=np.abs(use), minlength=count)
        share = left * weight / weight.sum()
        if np.array_equal(use, np.round(use)):  # moves: whole ones, the largest remainders first
            whole = np.floor(share)
            spare = int(left - whole.sum() + 1e-9)
            whole[np.argsort(whole - share, kind="stable")[:spare]] += 1.0
            share = whole
        for part in range(count):
            limits[part][row] = least[part] + share[part]
    return limits
