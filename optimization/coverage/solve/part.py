"""Part of a plan anew, everything else staying where it is: one small integer model."""

from __future__ import annotations

import math
import time

import numpy as np

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.solve.model import build_model
from optimization.errors import SolveLimitError
from optimization.solve import SolveStatus, solve


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
