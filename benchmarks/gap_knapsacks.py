"""Compiled: the cheapest partition of some accounts among agents with little room, or none.

With a multiplier m per account in place of "exactly one agent", agents fall apart into knapsacks:

cost of any partition >= sum of m + sum over agents of
                             min over subsets whose use fits the room of sum of (cost - m).

The knapsacks are solved by tables over whole units of room, which also bound what the accounts
not yet placed can add. A depth-first search that prunes by them settles 80 accounts among 40
agents in a few thousand nodes. Source: Fisher, Jaikumar, Van Wassenhove (1986), A multiplier
adjustment method for the generalized assignment problem, Management Science 32(9).
"""

from __future__ import annotations

import numba
import numpy as np

_compile = numba.njit(cache=True, nogil=True)


@_compile
def _fill(level, table, cost, use, room, multiplier):
    """Fill the tables: least sum of (cost - multiplier) of the accounts from d on, by room left."""
    n, agents = cost.shape
    for k in range(agents):
        for r in range(room[k] + 1):
            table[level[n, k] + r] = 0.0
        for d in range(n - 1, -1, -1):
            out, after = level[d, k], level[d + 1, k]
            if out == after:
                continue  # no pair of these two
            gain, units = cost[d, k] - multiplier[d], use[d, k]
            size = room[k] + 1
            new, old = table[out : out + size], table[after : after + size]
            new[:] = old
            if gain < 0.0:
                for r in range(size - units):
                    new[r + units] = min(old[r + units], old[r] + gain)


@_compile
def _raise_bound(level, table, cost, use, room, multiplier, target, steps, patience):
    """Raise the bound by subgradient steps until it passes the target; returns it.

    The multipliers, changed in place, and the tables end as those of the best bound.
    """
    n, agents = cost.shape
    best, best_multiplier = -np.inf, multiplier.copy()
    pace, in_vain = 1.0, 0
    slope = np.empty(n)
    for _ in range(steps):
        _fill(level, table, cost, use, room, multiplier)
        bound = multiplier.sum()
        for k in range(agents):
            bound += table[level[0, k] + room[k]]
        if bound > best:
            best, in_vain = bound, 0
            best_multiplier[:] = multiplier
        else:
            in_vain += 1
            if in_vain == patience:
                pace, in_vain = pace / 2.0, 0
                multiplier[:] = best_multiplier
        if best > target:
            break
        slope[:] = 1.0
        for k in range(agents):
            r = room[k]
            for d in range(n):
                here, after = level[d, k], level[d + 1, k]
                if here != after and table[here + r] < table[after + r]:
                    slope[d] -= 1.0
                    r -= use[d, k]
        steep = (slope * slope).sum()
        if steep == 0.0:
            break  # the knapsacks agree: their answer is the best partition
        multiplier += pace * max(target - bound, 1e-9 * abs(target)) / steep * slope
    multiplier[:] = best_multiplier
    _fill(level, table, cost, use, room, multiplier)
    return best


@_compile
def partition(level, table, cost, use, room, multiplier, target, least, limits):
    """Find the cheapest partition of n accounts among agents that costs at most ``target``.

    Args:
        level: Where the table of agent k for the accounts from d on begins, shape (n + 1, agents);
            equal to the one of d + 1 where account d has no pair with agent k.
        table: Room for the tables.
        cost: Shape (n, agents).
        use: Whole units, shape (n, agents).
        room: Whole units, shape (agents,).
        multiplier: To start from, shape (n,); changed.
        target: Most cost of a partition worth having.
        least: Least saving of a further partition worth having.
        limits: Steps of the multipliers, steps without a better bound before they are halved,
            nodes of the search.

    Returns:
        Agent of each account, or -1 for each where there is none; nodes it took, 0 where the bound
        alone showed that there is none.
    """
    n, agents = cost.shape
    steps, patience, most_nodes = limits
    taken, found = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    bound = _raise_bound(level, table, cost, use, room, multiplier, target, steps, patience)
    if bound > target:
        return found, 0
    left, spent = room.copy(), np.zeros(n + 1)
    spent[0] = multiplier.sum()
    order, score = np.empty((n, agents), np.int64), np.empty((n, agents))
    count, at = np.zeros(n, np.int64), np.zeros(n, np.int64)
    nodes, d, enters = 0, 0, True
    while d >= 0:
        if enters:
            nodes += 1
            if nodes > most_nodes:
                break
            rest = spent[d]
            for k in range(agents):
                rest += table[level[d + 1, k] + left[k]]
            count[d], at[d] = 0, 0
            for k in range(agents):
                after = level[d + 1, k]
                if level[d, k] == after or use[d, k] > left[k]:
                    continue
                change = table[after + left[k] - use[d, k]] - table[after + left[k]]
                worst = rest + change + cost[d, k] - multiplier[d]
                if worst <= target:
                    place = count[d]
                    while place > 0 and score[d, place - 1] > worst:
                        score[d, place] = score[d, place - 1]
                        order[d, place] = order[d, place - 1]
                        place -= 1
                    score[d, place], order[d, place] = worst, k
                    count[d] += 1
        else:
            left[taken[d]] += use[d, taken[d]]
            at[d] += 1
        if at[d] == count[d] or score[d, at[d]] > target:
            d, enters = d - 1, False
            continue
        k = order[d, at[d]]
        taken[d] = k
        left[k] -= use[d, k]
        spent[d + 1] = spent[d] + cost[d, k] - multiplier[d]
        if d == n - 1:
            found[:] = taken
            target = spent[n] - least
            enters = False
        else:
            d, enters = d + 1, True
    return found, nodes
