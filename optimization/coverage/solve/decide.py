"""Which way a coverage problem is solved: exactly where it is small, by prices where it is not."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import numpy as np

from optimization.coverage.problem.constraints import FloatArray, IntArray, PairProblem
from optimization.coverage.solve.components import parts_of, solve_apart
from optimization.coverage.solve.model import build_model
from optimization.errors import SolveLimitError
from optimization.policy import CoveragePolicy
from optimization.solve import SOLVER, SolveOutcome, SolveStatus, solve

# Share of the time for the exact model; the rest is for the search where that is not enough.
EXACT_SHARE = 0.4
# The same where rows are bare knapsacks and not few: partitions find better plans there.
KNAPSACK_SHARE, KNAPSACK_PAIRS = 0.1, 1_000
# Share of the time for parts on their own; the rest is for the search over the whole.
PARTS_SHARE = 0.7


@dataclass(frozen=True, eq=False)
class Decision:
    """A plan and its proof, whichever way it was found.

    Attributes:
        choice: Pair per account that keeps every row, shape (A,); None where none was found.
        price: Price of each row, shape (M,).
        bound: Bound on any plan's worth: the lower of the solver's and the prices'.
        outcome: The same in the form of a solve, in company currency.
        seconds: Wall seconds by stage.
    """

    choice: IntArray | None
    price: FloatArray
    bound: float
    outcome: SolveOutcome
    seconds: Mapping[str, float]


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
        start_choice: A plan to start from where it keeps every row, such as last night's, (A,).
    """
    begun = time.monotonic()
    choice, bound = None, math.inf
    if len(pairs.value) <= exact_pairs:
        model = build_model(pairs)
        has_partitions = pairs.has_one_use and len(pairs.value) > KNAPSACK_PAIRS
        try:
            outcome = solve(
                model.problem,
                seconds=(KNAPSACK_SHARE if has_partitions else EXACT_SHARE) * seconds,
                mip_gap=gap,
                seed=seed,
                accepted_gap=math.inf,
            )
        except SolveLimitError:
            outcome = None
        exact = {"exact": time.monotonic() - begun}
        if outcome is not None and outcome.status is SolveStatus.INFEASIBLE:
            return Decision(None, np.zeros(pairs.rows.count), math.nan, outcome, exact)
        if outcome is not None:
            choice, bound = model.chosen(pairs), outcome.bound / model.scale
            if outcome.status is SolveStatus.OPTIMAL:
                proof = np.zeros(pairs.rows.count) if price is None else price
                return _decision(pairs, choice, proof, bound, True, outcome.options, exact)
    # Imported here: they bring the compiler, which a small company never needs.
    from optimization.coverage.solve.dual import find_prices
    from optimization.coverage.solve.large import solve_large

    spent: dict[str, float] = {}
    start = start_choice if choice is None else choice
    if len(pairs.value) > exact_pairs and start is not None and not pairs.broken(start).any():
        price = find_prices(pairs).price if price is None else price
        spent["prices"] = time.monotonic() - begun
        parts = parts_of(pairs, price, start)
        if len(parts) > 1:
            left = PARTS_SHARE * (seconds - (time.monotonic() - begun))
            part = partial(_plan_part, gap / 2, left / len(pairs.value), seed, exact_pairs)
            start = solve_apart(pairs, parts, price, start, part)
            spent["parts"] = time.monotonic() - begun - spent["prices"]
    found = solve_large(
        pairs,
        gap=gap,
        seconds=seconds - (time.monotonic() - begun),
        seed=seed,
        price=price,
        start_choice=start,
    )
    spent = {**found.seconds, **spent}
    if found.choice is not None and (
        choice is None or pairs.worth(found.choice) > pairs.worth(choice)
    ):
        choice = found.choice
    options = {"rounds": float(found.rounds), "mip_rel_gap": gap, "time_limit": seconds}
    best = min(bound, found.bound)
    # A search may also run out of rounds: only the gap says whether the plan is what was asked for.
    is_near = choice is not None and best - pairs.worth(choice) <= gap * max(abs(best), 1.0)
    return _decision(pairs, choice, found.price, best, is_near, options, spent)


def _plan_part(
    gap: float,
    seconds_per_pair: float,
    seed: int,
    exact_pairs: int,
    part: PairProblem,
    price: FloatArray,
    known: IntArray,
) -> IntArray:
    """Plan of a part, the known one where the time brings none better."""
    found = decide(
        part,
        gap=gap,
        seconds=seconds_per_pair * len(part.value),
        seed=seed,
        exact_pairs=exact_pairs,
        price=price,
        start_choice=known,
    ).choice
    return known if found is None else found


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
        gap=(bound - worth) / max(abs(bound), 1.0),
        seconds=sum(seconds.values()),
        solver=SOLVER if "exact" in seconds else f"prices, chain search and {SOLVER}",
        solver_version=version("highspy"),
        options=options,
    )
    return Decision(choice, price, bound, outcome, seconds)
