"""Solve a coverage problem of any size: prices, whole plan, exact improvement, certificate.

1. prices by the smoothed dual: a bound that anyone can recompute
    2. a restricted model: the pairs of least regret as an integer model in CVXPY, where few are
       left (a small move budget leaves few; the moves are then chosen exactly)
    3. chain search over candidate lists, rounds of several schedules
    4. neighbourhoods: some coverers' accounts anew, each a small integer model in CVXPY

Steps 2 to 4 stop at the gap asked for, after ``rounds`` rounds, or at the clock. Counts stop the
same way on every machine; a plan stopped by the clock is labelled ``feasible``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.solve.dual import find_prices
from optimization.coverage.solve.neighbourhoods import improve
from optimization.coverage.solve.part import best_choice
from optimization.coverage.solve.search import Schedule, Search
from optimization.solve import relative_gap

# Loose limits and many accounts; tight limits, uses alike; tight limits, uses far apart.
SCHEDULES = (
    Schedule(listed=2.0, longest=4, sweeps=40, temperature=0.25, cooling=1e-3),
    Schedule(listed=4.0, longest=4, sweeps=150, temperature=0.03, cooling=0.01),
    Schedule(listed=4.0, longest=8, sweeps=100, temperature=0.5, cooling=0.02),
)
RESTRICTED_PER_ACCOUNT = 1.5
RESTRICTED_PAIRS = 10_000
RESTRICTED_NODES = 200
ROUNDS = 30
OPEN_PER_CONSTRAINT = 10
# A plan further from the bound is kept to fall back on; the search begins at the prices instead.
START_GAP = 0.01
CHAINS_PER_ROUND = 1_000_000
LEAST_SWEEPS = 8
NEIGHBOURHOODS_PER_ROUND = 40
NEIGHBOURHOOD_NODES = 100
# Neighbourhoods go on while this share of the last round's improved the plan.
WORTHWHILE = 0.02


@dataclass(frozen=True, eq=False)
class LargePlan:
    """What was found, and what bounds it.

    Attributes:
        choice: Pair per account that keeps every constraint, (A,); None where none was found.
        price: Price of each constraint, shape (M,).
        bound: Bound that the prices prove.
        gap: ``relative_gap`` of worth and bound; ``inf`` without a plan.
        rounds: Rounds run.
        seconds: Wall seconds by stage.
    """

    choice: IntArray | None
    price: FloatArray
    bound: float
    gap: float
    rounds: int
    seconds: dict[str, float] = field(default_factory=dict)


def solve_large(
    pairs: PairProblem,
    *,
    gap: float,
    seconds: float,
    seed: int,
    price: FloatArray | None = None,
    start_choice: IntArray | None = None,
    rounds: int = ROUNDS,
) -> LargePlan:
    """Find prices and a plan.

    Args:
        pairs: The problem.
        gap: Relative gap at which to stop.
        seconds: Wall seconds after which to stop; a safety, see the module.
        seed: Seed of the search.
        price: Prices found already, shape (M,); None finds them.
        start_choice: A plan to start from where it keeps every constraint, shape (A,).
        rounds: Most rounds of search.
    """
    clock = _Clock(seconds)
    with clock.stage("prices"):
        price = find_prices(pairs).price if price is None else price
        bound = pairs.bound(price)
    with clock.stage("start"):
        search = Search(pairs, price, seed)
        cheapest = search.choice
        if start_choice is not None:
            search.begin(start_choice)

    def reached() -> bool:
        return _gap(bound, search) <= gap

    with clock.stage("restricted_model"):
        restricted = int(RESTRICTED_PER_ACCOUNT * pairs.account_count)
        if restricted <= RESTRICTED_PAIRS and not reached():
            _choose_restricted(search, gap, seed, clock.deadline)
    if _gap(bound, search) > START_GAP:
        search.begin(cheapest)
    done, fruitful = 0, True
    while done < rounds and not clock.over and not reached():
        with clock.stage("search"):
            search.round(_sized(SCHEDULES[done % len(SCHEDULES)], pairs), clock.deadline)
            if search.best is not None and _gap(bound, search) <= START_GAP:
                search.begin(search.best)
        if search.best is not None and fruitful and done % len(SCHEDULES) == 0:
            with clock.stage("neighbourhoods"):
                share = improve(
                    search,
                    NEIGHBOURHOODS_PER_ROUND,
                    seed=seed + done,
                    nodes=NEIGHBOURHOOD_NODES,
                    deadline=clock.deadline,
                )
                fruitful = share >= WORTHWHILE
        done += 1
    return LargePlan(
        choice=search.best,
        price=price,
        bound=bound,
        gap=_gap(bound, search),
        rounds=done,
        seconds=clock.seconds,
    )


def _sized(schedule: Schedule, pairs: PairProblem) -> Schedule:
    """Shorter lists where accounts outnumber the constraints, fewer sweeps where each is long.

    A best fractional plan splits about one account per constraint: the more accounts one has, the
    smaller the share of them whose choice is open at good prices.
    """
    open_count = min(pairs.account_count, OPEN_PER_CONSTRAINT * pairs.constraints.count)
    alternatives = (schedule.listed - 1.0) * open_count
    fitting = int(CHAINS_PER_ROUND / max(2.0 * alternatives, 1.0))
    return replace(
        schedule,
        listed=1.0 + alternatives / pairs.account_count,
        sweeps=min(schedule.sweeps, max(fitting, LEAST_SWEEPS)),
    )


def _choose_restricted(search: Search, gap: float, seed: int, deadline: float) -> None:
    """Choose among the pairs of least regret by an integer model, everything else left out."""
    _, pair, _ = search.candidate_list(RESTRICTED_PER_ACCOUNT)
    kept = np.zeros(len(search.regret), dtype=np.bool_)
    kept[pair] = True
    part = search.pairs.only_pairs(kept)
    found = best_choice(part, seed=seed, nodes=RESTRICTED_NODES, gap=gap / 2, deadline=deadline)
    if found is not None:
        search.begin(pair[np.searchsorted(search.pairs.candidate[pair], found)])


def _gap(bound: float, search: Search) -> float:
    if search.best is None:
        return math.inf
    return relative_gap(search.pairs.worth(search.best), bound)


class _Clock:
    """Wall seconds by stage, and the safety stop."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.seconds: dict[str, float] = {}

    @property
    def over(self) -> bool:
        return time.monotonic() > self.deadline

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - begun
