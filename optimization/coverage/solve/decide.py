"""Which way a coverage problem is solved: exactly where it is small, by prices where it is not."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.solve.model import build_model
from optimization.errors import SolveLimitError
from optimization.policy import CoveragePolicy
from optimization.solve import SOLVER, SolveOutcome, SolveStatus, relative_gap, solve
from optimization.threads import on_one_thread

# Share of the time for the exact model; the rest is for the search where that is not enough.
EXACT_SHARE = 0.4


@dataclass(frozen=True, eq=False)
class Decision:
    """A plan and its proof, whichever way it was found.

    Attributes:
        choice: Pair per account that keeps every constraint, (A,); None where none was found.
        price: Price of each constraint, shape (M,).
        outcome: Worth and bound in company currency; the bound is the lower of the solver's and
            the prices'.
        seconds: Wall seconds by stage.
    """

    choice: IntArray | None
    price: FloatArray
    outcome: SolveOutcome
    seconds: Mapping[str, float]


@on_one_thread
def decide(
    pairs: PairProblem,
    *,
    gap: float,
    seconds: float,
    seed: int,
    exact_pairs: int = CoveragePolicy.exact_pairs,
    price: FloatArray | None = None,
    start_choice: IntArray | None = None,
) -> Decision:
    """Find a plan and prove how good it is.

    Args:
        pairs: The problem.
        gap: Relative gap at which to stop.
        seconds: Wall seconds it may take; a safety stop, the plan is then ``feasible``.
        seed: Seed of solver and search.
        exact_pairs: Pairs up to which the exact model is tried.
        price: Prices found already, shape (M,); None finds them where they are needed.
        start_choice: A plan to start from where it keeps every constraint, such as last night's,
            shape (A,).
    """
    begun = time.monotonic()
    choice, bound = None, math.inf
    if len(pairs.value) <= exact_pairs:
        model = build_model(pairs)
        try:
            outcome = solve(
                model.problem,
                seconds=EXACT_SHARE * seconds,
                mip_gap=gap,
                seed=seed,
                accepted_gap=math.inf,
            )
        except SolveLimitError:
            outcome = None
        exact = {"exact": time.monotonic() - begun}
        if outcome is not None and outcome.status is SolveStatus.INFEASIBLE:
            return Decision(None, np.zeros(pairs.constraints.count), outcome, exact)
        if outcome is not None:
            choice, bound = model.chosen(pairs), outcome.bound / model.scale
            if outcome.status is SolveStatus.OPTIMAL:
                proof = np.zeros(pairs.constraints.count) if price is None else price
                return _decision(pairs, choice, proof, bound, True, outcome.options, exact)
    # Imported here: it brings the compiler, which a small company never needs.
    from optimization.coverage.solve.large import solve_large

    found = solve_large(
        pairs,
        gap=gap,
        seconds=seconds - (time.monotonic() - begun),
        seed=seed,
        price=price,
        start_choice=start_choice if choice is None else choice,
    )
    if found.choice is not None and (
        choice is None or pairs.worth(found.choice) > pairs.worth(choice)
    ):
        choice = found.choice
    options = {"rounds": float(found.rounds), "mip_rel_gap": gap, "time_limit": seconds}
    best = min(bound, found.bound)
    # A search may also run out of rounds: only the gap says whether the plan is what was asked for.
    is_near = choice is not None and relative_gap(pairs.worth(choice), best) <= gap
    return _decision(pairs, choice, found.price, best, is_near, options, found.seconds)


def _decision(
    pairs: PairProblem,
    choice: IntArray | None,
    price: FloatArray,
    bound: float,
    finished: bool,
    options: Mapping[str, float],
    seconds: Mapping[str, float],
) -> Decision:
    worth = math.nan if choice is None else pairs.worth(choice)
    outcome = SolveOutcome(
        status=SolveStatus.OPTIMAL if finished and choice is not None else SolveStatus.FEASIBLE,
        objective=worth,
        bound=bound,
        gap=relative_gap(worth, bound),
        seconds=sum(seconds.values()),
        solver=SOLVER if "exact" in seconds else f"prices, chain search and {SOLVER}",
        solver_version=version("highspy"),
        options=options,
    )
    return Decision(choice, price, outcome, seconds)
