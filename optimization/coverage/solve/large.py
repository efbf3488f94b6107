"""Solve a coverage problem of any size: prices, whole plan, exact improvement, certificate.

1. prices by the smoothed dual: a bound that anyone can recompute
    2. a near-tie model: the pairs of least regret as an integer model in CVXPY, where few are left
       (a small move budget leaves few; the moves are then chosen exactly)
    3. chain search over near pairs, rounds of several schedules
    4. neighbourhoods: some coverers' accounts anew, each a small integer model in CVXPY

Where each pair uses one hard row at most, compiled partitions of some accounts (``repartition``)
do the work of steps 2 and 4, and chains only begin and shake the plan.

Steps 2 to 4 stop at the gap asked for, after ``rounds`` rounds, or at the clock. Counts stop the
same way on every machine; a plan stopped by the clock is labelled ``feasible``.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np

from optimization.coverage.problem.constraints import FloatArray, IntArray, PairProblem
from optimization.coverage.solve.dual import find_prices
from optimization.coverage.solve.neighbourhoods import best_choice, improve
from optimization.coverage.solve.repartition import Repartition
from optimization.coverage.solve.search import Schedule, Search

# Loose rows and many accounts; tight rows, uses alike; tight rows, uses far apart.
SCHEDULES = (
    Schedule(near=2.0, longest=4, sweeps=40, heat=0.25, cooling=1e-3),
    Schedule(near=4.0, longest=4, sweeps=150, heat=0.03, cooling=0.01),
    Schedule(near=4.0, longest=8, sweeps=100, heat=0.5, cooling=0.02),
)
NEAR_TIE_PER_ACCOUNT = 1.5
NEAR_TIE_PAIRS = 10_000
NEAR_TIE_NODES = 200
ROUNDS = 30
ROUNDS_OF_PARTITIONS = 10  # times as many where a round is partitions: each is short
OPEN_PER_ROW = 10
# A plan further from the bound is kept to fall back on; the search begins at the prices instead.
START_GAP = 0.01
CHAINS_PER_ROUND = 1_000_000
LEAST_SWEEPS = 8
FIRST_CHAINS = 2  # rounds of chains before a round of partitions alone
PARTITIONS_PER_ROUND = 200
NEIGHBOURHOODS_PER_ROUND = 40
NEIGHBOURHOOD_NODES = 100
# Neighbourhoods go on while this share of the last round's improved the plan.
WORTHWHILE = 0.02


@dataclass(frozen=True, eq=False)
class LargePlan:
    """What was found, and what bounds it.

    Attributes:
        choice: Pair per account that keeps every row, shape (A,); None where none was found.
        price: Price of each row, shape (M,).
        bound: Bound that the prices prove.
        gap: (bound - worth) / |bound|; ``inf`` without a plan.
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
        start_choice: A plan to start from where it keeps every row, such as last night's, (A,).
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

    def go_on_from_best() -> None:
        if search.best is not None and _gap(bound, search) <= START_GAP:
            search.begin(search.best)

    partitions = Repartition(search, price, seed) if pairs.has_one_use else None
    with clock.stage("near_ties"):
        near_ties = int(NEAR_TIE_PER_ACCOUNT * pairs.account_count)
        if partitions is None and near_ties <= NEAR_TIE_PAIRS and not reached():
            _choose_near_ties(search, gap, seed, clock.deadline)
    if _gap(bound, search) > START_GAP:
        search.begin(cheapest)
    if partitions is not None:
        rounds *= ROUNDS_OF_PARTITIONS
    done, fruitful = 0, True
    while done < rounds and not clock.over and not reached():
        if partitions is None or not fruitful or done < FIRST_CHAINS:
            with clock.stage("search"):
                search.round(_sized(SCHEDULES[done % len(SCHEDULES)], pairs), clock.deadline)
                go_on_from_best()
        if partitions is not None:
            if search.best is not None and done >= FIRST_CHAINS - 1:
                search.begin(search.best)
                with clock.stage("partitions"):
                    fruitful = partitions.improve(PARTITIONS_PER_ROUND, clock.deadline) > 0
        elif search.best is not None and fruitful and done % len(SCHEDULES) == 0:
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
    """Fewer alternatives where accounts outnumber the rows, fewer sweeps where each is long.

    A best fractional plan splits about one account per row: the more accounts a row has, the
    smaller the share of them whose choice is open at good prices.
    """
    open_count = pairs.account_count
    if not pairs.has_one_use:
        open_count = min(open_count, OPEN_PER_ROW * pairs.rows.count)
    alternatives = (schedule.near - 1.0) * open_count
    fitting = int(CHAINS_PER_ROUND / max(2.0 * alternatives, 1.0))
    return replace(
        schedule,
        near=1.0 + alternatives / pairs.account_count,
        sweeps=min(schedule.sweeps, max(fitting, LEAST_SWEEPS)),
    )


def _choose_near_ties(search: Search, gap: float, seed: int, deadline: float) -> None:
    """Choose among the pairs of least regret by an integer model, everything else left out."""
    _, pair, _ = search.near(NEAR_TIE_PER_ACCOUNT)
    kept = np.zeros(len(search.regret), dtype=np.bool_)
    kept[pair] = True
    part = search.pairs.only_pairs(kept)
    found = best_choice(part, seed=seed, nodes=NEAR_TIE_NODES, gap=gap / 2, deadline=deadline)
    if found is not None:
        search.begin(pair[np.searchsorted(search.pairs.candidate[pair], found)])


def _gap(bound: float, search: Search) -> float:
    if search.best is None:
        return math.inf
    return (bound - search.pairs.worth(search.best)) / max(abs(bound), 1.0)


class _Clock:
    """Wall seconds by stage, and the safety stop."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.seconds: dict[str, float] = {}

    @property
    def over(self) -> bool:
        return time.monotonic() > self.deadline

    def stage(self, name: str) -> _Stage:
        return _Stage(self.seconds, name)


class _Stage:
    def __init__(self, seconds: dict[str, float], name: str) -> None:
        self._seconds, self._name = seconds, name

    def __enter__(self) -> None:
        self._begun = time.monotonic()

    def __exit__(self, *_: object) -> None:
        spent = time.monotonic() - self._begun
        self._seconds[self._name] = self._seconds.get(self._name, 0.0) + spent
