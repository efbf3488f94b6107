"""Generalised assignment: chains and exact partitions of a few jobs anew among the agents.

A pair uses one constraint at most here, so that what some freed jobs may use falls apart into
knapsacks (``gap_knapsacks``). A company's rep has hours and a number of accounts, a group its
moves: nothing a company file can say is such a problem, and the product does without this.

Everyone else stays, and the freed accounts share what is then left. Accounts are drawn by what
they cost beyond the bound, so that those far from it are settled first; as many are freed as the
search can just settle. Where agents are many, only candidate lists are looked at, which frees
twice as many accounts at a time, and every other draw takes whole books: all accounts of some
agents, anew among these.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.gap_knapsacks import partition
from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.solve.dual import find_prices
from optimization.coverage.solve.large import CHAINS_PER_ROUND, LEAST_SWEEPS, SCHEDULES
from optimization.coverage.solve.model import build_model
from optimization.coverage.solve.search import Search
from optimization.errors import SolveLimitError
from optimization.solve import SOLVER, SolveStatus, solve
from optimization.threads import on_one_thread

# Share of the time for the exact model; where pairs are many, partitions find better plans.
EXACT_SHARE, EXACT_SHARE_OF_MANY, MANY_PAIRS = 0.4, 0.1, 1_000
MOST_PAIRS = 25_000  # of the exact model
START_GAP = 0.01  # a plan further from the bound is kept; the search begins at the prices instead
ROUNDS = 300
FIRST_CHAINS = 2  # rounds of chains before a round of partitions alone
PARTITIONS_PER_ROUND = 200
UNITS = (1.0, 0.5, 0.1, 0.05, 0.01)
FINEST = 1 / 4000  # of the largest limit, where no unit of these divides all uses
STEPS = 40  # of the multipliers
PATIENCE = 3
NODES = 30_000
FREED, LEAST_FREED, MOST_FREED = 50, 10, 400  # accounts at first, at least and at most
GROWTH = 1.02  # of their number after a search that settled them, or did not
FLOOR = 0.05  # least weight in the draw, in mean excess
MANY_AGENTS = 40  # from here on only candidate lists are looked at
LISTED_PER_ACCOUNT = 3.0


@dataclass(frozen=True, eq=False)
class Found:
    """What was found.

    Attributes:
        choice: Pair per account that keeps every limit, shape (A,); None where none was found.
        bound: Bound on the worth of any plan.
        solver: What found it.
        seconds: Wall seconds by stage.
    """

    choice: IntArray | None
    bound: float
    solver: str
    seconds: dict[str, float]


@on_one_thread
def solve_assignment(
    pairs: PairProblem,
    seconds: float,
    *,
    seed: int = 1,
    exact_pairs: int = MOST_PAIRS,
    rounds: int = ROUNDS,
) -> Found:
    """The exact model for a while, then chains and partitions for the rest of the seconds."""
    begun = time.monotonic()
    spent: dict[str, float] = {}
    choice, bound = None, math.inf
    if len(pairs.value) <= exact_pairs:
        share = EXACT_SHARE_OF_MANY if len(pairs.value) > MANY_PAIRS else EXACT_SHARE
        choice, bound, is_best = _exact(pairs, share * seconds, seed)
        spent["exact"] = time.monotonic() - begun
        if is_best:
            return Found(choice, bound, SOLVER, spent)
    at = time.monotonic()
    price = find_prices(pairs).price
    bound = min(bound, pairs.bound(price))
    spent["prices"] = time.monotonic() - at
    search = Search(pairs, price, seed)
    cheapest = search.choice
    if choice is not None:
        search.begin(choice)
    if not _is_near(search, bound):
        search.begin(cheapest)
    partitions = Repartition(search, price, seed)
    _improve(search, partitions, bound, begun + seconds, rounds, spent)
    return Found(search.best, bound, f"prices, chain search, partitions and {SOLVER}", spent)


def _exact(pairs: PairProblem, seconds: float, seed: int) -> tuple[IntArray | None, float, bool]:
    """Choice, bound, and whether the model proves the choice the best."""
    model = build_model(pairs)
    try:
        outcome = solve(
            model.problem, seconds=seconds, mip_gap=0.0, seed=seed, accepted_gap=math.inf
        )
    except SolveLimitError:
        return None, math.inf, False
    if outcome.status is SolveStatus.INFEASIBLE:
        return None, math.nan, True
    bound = outcome.bound / model.scale
    return model.chosen(pairs), bound, outcome.status is SolveStatus.OPTIMAL


def _is_near(search: Search, bound: float) -> bool:
    if search.best is None:
        return False
    return bound - search.pairs.worth(search.best) <= START_GAP * abs(bound)


def _improve(
    search: Search,
    partitions: Repartition,
    bound: float,
    deadline: float,
    rounds: int,
    spent: dict[str, float],
) -> None:
    """Rounds of partitions; of chains first, and again where partitions find nothing more."""
    spent |= {"search": 0.0, "partitions": 0.0}
    fruitful = True
    for done in range(rounds):
        at = time.monotonic()
        is_best = search.best is not None and search.pairs.worth(search.best) >= bound
        if at > deadline or is_best:
            return
        if not fruitful or done < FIRST_CHAINS:
            schedule = SCHEDULES[done % len(SCHEDULES)]
            listed = (schedule.listed - 1.0) * search.pairs.account_count
            fitting = max(int(CHAINS_PER_ROUND / (2.0 * listed)), LEAST_SWEEPS)
            search.round(replace(schedule, sweeps=min(schedule.sweeps, fitting)), deadline)
            if search.best is not None and _is_near(search, bound):
                search.begin(search.best)
            spent["search"] += time.monotonic() - at
        if search.best is not None and done >= FIRST_CHAINS - 1:
            at = time.monotonic()
            search.begin(search.best)
            fruitful = partitions.improve(PARTITIONS_PER_ROUND, deadline) > 0
            spent["partitions"] += time.monotonic() - at


class Repartition:
    """Partitions of freed accounts for one search.

    Attributes:
        freed: Accounts freed at a time, by the way they are drawn.
    """

    def __init__(self, search: Search, price: FloatArray, seed: int) -> None:
        self._search = search
        self._price = price
        self._rng = np.random.default_rng(seed)
        self._least = _least_saving(search.pairs)
        constraints = search.pairs.constraints
        is_wide = constraints.count < MANY_AGENTS
        self._window = np.inf if is_wide else search.candidate_list(LISTED_PER_ACCOUNT)[2]
        self._draws = (self._draw,) if is_wide else (self._draw, self._draw_books)
        self.freed = [float(min(FREED, search.pairs.account_count))] * len(self._draws)
        unit = _whole_unit(constraints.uses.data, constraints.limit)
        # A pair that uses nothing gets one more agent, who is never full.
        self._agent = np.full(len(search.regret), constraints.count, dtype=np.int64)
        self._units = np.zeros(len(search.regret), dtype=np.int64)
        uses_some = np.diff(constraints.uses.indptr) > 0
        self._agent[uses_some] = constraints.uses.indices
        self._units[uses_some] = np.ceil(constraints.uses.data / unit - 1e-6)
        self._limit = np.append(np.floor(constraints.limit / unit + 1e-6), 0).astype(np.int64)
        self._cost = -(search.pairs.value + search.pairs.tie)

    def improve(self, count: int, deadline: float) -> int:
        """Partition anew ``count`` times, each better plan at once the new best; returns those."""
        better = 0
        for number in range(count):
            if time.monotonic() > deadline:
                break
            way = number % len(self._draws)
            accounts, is_open = self._draws[way](int(self.freed[way]))
            saved, settled = self._improve_once(accounts, is_open)
            better += saved
            freed = self.freed[way] * (GROWTH if settled else 1.0 / GROWTH)
            most = min(MOST_FREED, self._search.pairs.account_count)
            self.freed[way] = min(max(freed, LEAST_FREED), float(most))
        return better

    def _draw(self, size: int) -> tuple[IntArray, BoolArray]:
        """Accounts by what they cost beyond the bound, sorted, and agents open to them: all."""
        search = self._search
        agent = self._agent[search.choice]
        share = self._idle() / np.maximum(np.bincount(agent, minlength=len(self._limit)), 1)
        key = self._keys(search.regret[search.choice] + share[agent])
        drawn = np.argpartition(key, min(size, len(key)) - 1)[:size]
        return np.sort(drawn), np.ones(len(self._limit), dtype=np.bool_)

    def _draw_books(self, size: int) -> tuple[IntArray, BoolArray]:
        """Accounts of agents drawn by what these cost beyond the bound, and these agents."""
        search = self._search
        agent = self._agent[search.choice]
        agents = len(self._limit)
        excess = np.bincount(agent, search.regret[search.choice], agents) + self._idle()
        drawn = np.argsort(self._keys(excess))
        total = np.cumsum(np.bincount(agent, minlength=agents)[drawn])
        is_open = np.zeros(agents, dtype=np.bool_)
        is_open[drawn[: max(int(np.searchsorted(total, size)), 2)]] = True
        owned = np.flatnonzero(is_open[agent])
        return np.sort(self._rng.permutation(owned)[:size]), is_open

    def _keys(self, excess: FloatArray) -> FloatArray:
        """Random keys, the smaller the likelier with more excess, shape of ``excess``."""
        weight = excess + max(FLOOR * float(excess.mean()), 1e-12)
        return np.asarray(-np.log(self._rng.random(len(weight))) / weight)

    def _idle(self) -> FloatArray:
        """Worth of each agent's room that the plan leaves unused, shape (M + 1,)."""
        search = self._search
        room = np.maximum(search.pairs.constraints.limit - search.load, 0.0)
        return np.append(room * self._price, 0.0)

    def _improve_once(self, accounts: IntArray, is_open: BoolArray) -> tuple[bool, bool]:
        """Partition these accounts anew among the open agents if that saves something.

        Returns:
            Whether it did, and whether it was settled that nothing (more) can be saved.
        """
        search, pairs = self._search, self._search.pairs
        now = search.choice[accounts]
        pair, named = self._grid(accounts, now, is_open)
        regret = np.where(pair >= 0, search.regret[pair], np.inf)
        if len(named) > 1:  # the clear ones first
            second = np.partition(regret, 1, axis=1)[:, 1]
            clear = np.argsort(-second, kind="stable")
            accounts, now, pair, regret = accounts[clear], now[clear], pair[clear], regret[clear]
        used = np.bincount(self._agent[search.choice], self._units[search.choice], len(self._limit))
        used -= np.bincount(self._agent[now], self._units[now], len(self._limit))
        room = (self._limit - used.astype(np.int64))[named]
        if (room < 0).any():
            return False, True
        level, size = _levels(pair >= 0, room)
        best = pair[np.arange(len(accounts)), regret.argmin(axis=1)]
        paid = pairs.constraints.uses[best] @ self._price
        cost = self._cost[pair]
        found, nodes = partition(
            level,
            np.empty(size),
            cost,
            self._units[pair],
            room,
            self._cost[best] + paid,
            float(self._cost[now].sum()) - self._least,
            self._least,
            (STEPS, PATIENCE, NODES),
        )
        settled = bool(nodes <= NODES)
        if found[0] < 0:
            return False, settled
        choice = search.choice.copy()
        choice[accounts] = pair[np.arange(len(accounts)), found]
        search.begin(choice)
        return True, settled

    def _grid(
        self, accounts: IntArray, now: IntArray, is_open: BoolArray
    ) -> tuple[IntArray, IntArray]:
        """Pairs that a better plan may have: by account and agent, -1 for none; the agents."""
        search, first = self._search, self._search.pairs.first
        # regret + idle room = cost beyond the bound: no better plan has a pair of more regret.
        excess = float(search.regret[now].sum() + self._idle().sum()) - self._least
        sizes = first[accounts + 1] - first[accounts]
        at = np.repeat(first[accounts] - (np.cumsum(sizes) - sizes), sizes)
        at += np.arange(len(at))
        d = np.repeat(np.arange(len(accounts)), sizes)
        kept = is_open[self._agent[at]] & (search.regret[at] <= min(excess, self._window))
        kept |= at == now[d]
        at, d = at[kept], d[kept]
        # Of two pairs with one agent only the cheaper is of use: it is written last.
        order = np.argsort(-self._cost[at], kind="stable")
        at, d = at[order], d[order]
        named, k = np.unique(self._agent[at], return_inverse=True)
        pair = np.full((len(accounts), len(named)), -1, dtype=np.int64)
        pair[d, k] = at
        return pair, named


def _levels(has_pair: BoolArray, room: IntArray) -> tuple[IntArray, int]:
    """Where the tables of ``gap_knapsacks`` begin, (n + 1, agents), and how long they are."""
    after = np.cumsum(has_pair[::-1], axis=0)[::-1]
    length = (after[0] + 1) * (room + 1)
    base = np.cumsum(length) - length
    none = np.zeros((1, len(room)), dtype=np.int64)
    return base + np.vstack([after, none]) * (room + 1), int(length.sum())


def _whole_unit(uses: FloatArray, limit: FloatArray) -> float:
    """Largest unit of which all uses are multiples, or a fine one that rounds them up."""
    for unit in UNITS:
        if np.allclose(uses / unit, np.rint(uses / unit), rtol=0.0, atol=1e-6):
            return max(unit, FINEST * float(limit.max()))
    return FINEST * float(limit.max())


def _least_saving(pairs: PairProblem) -> float:
    """Least saving worth a partition: just below 1 where all values are whole."""
    worth = pairs.value + pairs.tie
    if np.array_equal(worth, np.rint(worth)):
        return 1.0 - 1e-6
    return 1e-7 * max(float(np.abs(worth).mean()), 1e-9)
