"""Exact improvement where a pair uses one row at most: some accounts anew among all coverers.

Everyone else stays, and the freed accounts share what is then left of the rows. Accounts are
drawn by what they cost beyond the bound, so that those far from it are settled first; as many
are freed as the search can just settle. Where the rows are many, only near pairs are looked at,
which frees twice as many accounts at a time, and every other draw takes whole books: all accounts
of some rows, anew among these rows.
"""

from __future__ import annotations

import time

import numpy as np

from optimization.coverage.problem.constraints import BoolArray, FloatArray, IntArray, PairProblem
from optimization.coverage.solve.knapsacks import partition
from optimization.coverage.solve.search import Search

UNITS = (1.0, 0.5, 0.1, 0.05, 0.01)
FINEST = 1 / 4000  # of the largest limit, where no unit of these divides all uses
STEPS = 40  # of the multipliers
PATIENCE = 3
NODES = 30_000
FREED, LEAST_FREED, MOST_FREED = 50, 10, 400  # accounts at first, at least and at most
GROWTH = 1.02  # of their number after a search that settled them, or did not
FLOOR = 0.05  # least weight in the draw, in mean excess
MANY_ROWS = 40  # from here on only near pairs are looked at
NEAR_PER_ACCOUNT = 3.0


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
        rows = search.pairs.rows
        is_wide = rows.count < MANY_ROWS
        self._window = np.inf if is_wide else search.near(NEAR_PER_ACCOUNT)[2]
        self._draws = (self._draw,) if is_wide else (self._draw, self._draw_books)
        self.freed = [float(min(FREED, search.pairs.account_count))] * len(self._draws)
        unit = _whole_unit(rows.uses.data, rows.limit)
        # A pair without a row gets one more row that never fills.
        self._row = np.full(len(search.regret), rows.count, dtype=np.int64)
        self._units = np.zeros(len(search.regret), dtype=np.int64)
        has_row = np.diff(rows.uses.indptr) > 0
        self._row[has_row] = rows.uses.indices
        self._units[has_row] = np.ceil(rows.uses.data / unit - 1e-6)
        self._limit = np.append(np.floor(rows.limit / unit + 1e-6), 0).astype(np.int64)
        self._cost = -(search.pairs.value + search.pairs.tie)

    def improve(self, count: int, deadline: float) -> int:
        """Partition anew ``count`` times, each better plan at once the new best; returns those."""
        better = 0
        for number in range(count):
            if time.monotonic() > deadline:
                break
            way = number % len(self._draws)
            accounts, open_row = self._draws[way](int(self.freed[way]))
            saved, settled = self._improve_once(accounts, open_row)
            better += saved
            freed = self.freed[way] * (GROWTH if settled else 1.0 / GROWTH)
            most = min(MOST_FREED, self._search.pairs.account_count)
            self.freed[way] = min(max(freed, LEAST_FREED), float(most))
        return better

    def _draw(self, size: int) -> tuple[IntArray, BoolArray]:
        """Accounts by what they cost beyond the bound, sorted, and rows open to them: all."""
        search = self._search
        row = self._row[search.choice]
        share = self._idle() / np.maximum(np.bincount(row, minlength=len(self._limit)), 1)
        key = self._keys(search.regret[search.choice] + share[row])
        drawn = np.argpartition(key, min(size, len(key)) - 1)[:size]
        return np.sort(drawn), np.ones(len(self._limit), dtype=np.bool_)

    def _draw_books(self, size: int) -> tuple[IntArray, BoolArray]:
        """Accounts of rows drawn by what these cost beyond the bound, and these rows."""
        search = self._search
        row = self._row[search.choice]
        rows = len(self._limit)
        excess = np.bincount(row, search.regret[search.choice], rows) + self._idle()
        drawn = np.argsort(self._keys(excess))
        total = np.cumsum(np.bincount(row, minlength=rows)[drawn])
        is_open = np.zeros(rows, dtype=np.bool_)
        is_open[drawn[: max(int(np.searchsorted(total, size)), 2)]] = True
        held = np.flatnonzero(is_open[row])
        return np.sort(self._rng.permutation(held)[:size]), is_open

    def _keys(self, excess: FloatArray) -> FloatArray:
        """Random keys, the smaller the likelier with more excess, shape of ``excess``."""
        weight = excess + max(FLOOR * float(excess.mean()), 1e-12)
        return np.asarray(-np.log(self._rng.random(len(weight))) / weight)

    def _idle(self) -> FloatArray:
        """Worth of each row's room that the plan leaves unused, shape (M + 1,)."""
        search = self._search
        room = np.maximum(search.pairs.rows.limit - search.load, 0.0)
        return np.append(room * self._price, 0.0)

    def _improve_once(self, accounts: IntArray, is_open: BoolArray) -> tuple[bool, bool]:
        """Partition these accounts anew among the open rows if that saves something.

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
        used = np.bincount(self._row[search.choice], self._units[search.choice], len(self._limit))
        used -= np.bincount(self._row[now], self._units[now], len(self._limit))
        room = (self._limit - used.astype(np.int64))[named]
        if (room < 0).any():
            return False, True
        level, size = _levels(pair >= 0, room)
        best = pair[np.arange(len(accounts)), regret.argmin(axis=1)]
        paid = pairs.rows.uses[best] @ self._price
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
        """Pairs that a better plan may have: by account and row, -1 for none; and the rows."""
        search, first = self._search, self._search.pairs.first
        # regret + idle room = cost beyond the bound: no better plan has a pair of more regret.
        excess = float(search.regret[now].sum() + self._idle().sum()) - self._least
        sizes = first[accounts + 1] - first[accounts]
        at = np.repeat(first[accounts] - (np.cumsum(sizes) - sizes), sizes)
        at += np.arange(len(at))
        d = np.repeat(np.arange(len(accounts)), sizes)
        kept = is_open[self._row[at]] & (search.regret[at] <= min(excess, self._window))
        kept |= at == now[d]
        at, d = at[kept], d[kept]
        # Of two pairs with one row only the cheaper is of use: it is written last.
        order = np.argsort(-self._cost[at], kind="stable")
        at, d = at[order], d[order]
        named, k = np.unique(self._row[at], return_inverse=True)
        pair = np.full((len(accounts), len(named)), -1, dtype=np.int64)
        pair[d, k] = at
        return pair, named


def _levels(has_pair: BoolArray, room: IntArray) -> tuple[IntArray, int]:
    """Where the tables of ``knapsacks`` begin, shape (n + 1, rows), and how long they are."""
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
