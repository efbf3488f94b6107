"""What else solves a coverage problem, for comparison: greedy, HiGHS alone, CP-SAT, CBC.

Belongs here: greedy and HiGHS, and who they are. Does not belong here: measuring, or the two that
need a process of their own (``coverage_apart``).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from benchmarks.coverage_apart import cbc, cp_sat
from optimization.arrays import IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.solve.model import build_model
from optimization.errors import SolveLimitError
from optimization.solve import SolveStatus, solve


def greedy(pairs: PairProblem, seconds: float) -> IntArray | None:
    """Give each account, the most valuable first, the best pair that keeps every upper limit."""
    constraints = pairs.constraints
    most = constraints.limit + np.where(
        np.isinf(constraints.slack_limit), math.inf, constraints.slack_limit
    )
    upper = constraints.limit >= 0  # least hours cannot be judged account by account
    load = np.zeros(constraints.count)
    choice = np.zeros(pairs.account_count, dtype=np.int64)
    best = np.maximum.reduceat(pairs.value, pairs.first[:-1])
    for account in np.argsort(-best, kind="stable"):
        begin, end = pairs.first[account], pairs.first[account + 1]
        order = begin + np.argsort(-pairs.value[begin:end], kind="stable")
        choice[account] = order[-1]
        for pair in order:
            at = slice(constraints.uses.indptr[pair], constraints.uses.indptr[pair + 1])
            used, use = constraints.uses.indices[at], constraints.uses.data[at]
            if np.all((load[used] + use <= most[used]) | ~upper[used]):
                choice[account] = pair
                break
        at = slice(
            constraints.uses.indptr[choice[account]], constraints.uses.indptr[choice[account] + 1]
        )
        load[constraints.uses.indices[at]] += constraints.uses.data[at]
    return choice


def highs(pairs: PairProblem, seconds: float) -> IntArray | None:
    """The exact model as it is."""
    model = build_model(pairs)
    try:
        outcome = solve(model.problem, seconds=seconds, mip_gap=0.0, seed=1, accepted_gap=math.inf)
    except SolveLimitError:
        return None
    return None if outcome.status is SolveStatus.INFEASIBLE else model.chosen(pairs)


# Rival, the package it comes with, and how to run it.
RIVALS: dict[str, tuple[str, Callable[[PairProblem, float], IntArray | None]]] = {
    "greedy": ("numpy", greedy),
    "HiGHS MIP": ("highspy", highs),
    "CP-SAT": ("ortools", cp_sat),
    "CBC": ("pulp", cbc),
}
