"""Chain search: from prices to a plan of whole accounts that keeps every constraint.

bound - worth = sum of regret (best net - net of the chosen pair)
                    + sum of price x units left unused + cost of slack beyond its price

so at good prices only pairs of little regret can be part of a good plan: they are the candidate
list that the search tries. Constraints may be broken on the way at a penalty above their price,
which rises while they stay broken.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.solve.kernels import chain_search

GROW, SHRINK = 1.5, 0.95  # of a penalty after a sweep in which its constraint was broken, kept
LEAST = 1.5  # least penalty, in prices of the constraint
USUAL = 0.01  # least penalty of a constraint without a price, in mean values per mean use
MENDING_SWEEPS = 60
WIDER_AFTER, WIDER = 10, 2.0  # mending sweeps in vain, and how much longer the list is then


@dataclass(frozen=True)
class Schedule:
    """How one round of the search runs.

    Attributes:
        listed: Pairs on the candidate list, per account.
        longest: Most shifts of a chain.
        sweeps: Sweeps of as many chains as there are pairs on the list.
        temperature: First temperature, as a share of the largest regret on the list.
        cooling: Last temperature over the first one.
    """

    listed: float
    longest: int
    sweeps: int
    temperature: float
    cooling: float


@dataclass(frozen=True, eq=False)
class _CandidateList:
    """Pairs that a round tries.

    Attributes:
        first: Pairs of account a are ``pair[first[a]:first[a + 1]]``, shape (A + 1,).
        pair: Shape (K,).
        window: Their largest regret.
        contested: Those of accounts that may change to another one, shape (C,).
        book: These accounts by coverer, see ``_books``.
        crowd: Mean number of these accounts per coverer.
    """

    first: IntArray
    pair: IntArray
    window: float
    contested: IntArray
    book: tuple[IntArray, IntArray, IntArray]
    crowd: float


class Search:
    """A plan under improvement. ``choice`` is the present one, ``best`` the best that is whole.

    Attributes:
        choice: Pair per account, shape (A,).
        best: The best plan so far that keeps every constraint, None before the first.
        best_worth: Its worth.
        regret: Best net of the account less the pair's net at the prices, shape (N,).
    """

    def __init__(self, pairs: PairProblem, price: FloatArray, seed: int) -> None:
        self.pairs = pairs
        self.account = pairs.account_of
        self.regret = _regret(pairs, price, self.account)
        self.best: IntArray | None = None
        self.best_worth = -np.inf
        self._worth = pairs.value + pairs.tie
        self._seed = seed
        self._least = _least_penalty(pairs, price)
        self._penalty = 4.0 / 3.0 * self._least
        constraints = pairs.constraints
        self._most = constraints.limit + constraints.slack_limit
        self._most += 1e-7 * np.maximum(1.0, np.abs(constraints.limit))
        self.begin(self._of_least_regret())

    def candidate_list(self, per_account: float) -> tuple[IntArray, IntArray, float]:
        """Pairs of least regret: first by account (A + 1,), pairs, and the largest regret."""
        count = min(int(per_account * self.pairs.account_count), len(self.regret))
        window = float(np.partition(self.regret, count - 1)[count - 1])
        kept = self.regret <= window
        counts = np.add.reduceat(kept.astype(np.int64), self.pairs.first[:-1])
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return first, np.flatnonzero(kept).astype(np.int64), window

    def begin(self, choice: IntArray) -> None:
        """Go on from a plan."""
        self.choice = choice.copy()
        self.load = self.pairs.constraints.used(choice)
        self._keep_best()

    def broken(self) -> BoolArray:
        """Constraints that the present choice breaks, shape (M,)."""
        return np.asarray(self.load > self._most, dtype=np.bool_)

    def round(self, schedule: Schedule, deadline: float) -> None:
        """Run one schedule from hot to cold, then mend what is still broken."""
        listed = self._listed(schedule.listed)
        for sweep in range(schedule.sweeps):
            if time.monotonic() > deadline:
                break
            share = sweep / max(schedule.sweeps - 1, 1)
            temperature = schedule.temperature * listed.window * schedule.cooling**share
            self._sweep(listed, listed.contested, temperature, schedule.longest)
            broken = self.broken()
            grown, shrunk = self._penalty * GROW, self._penalty * SHRINK
            self._penalty = np.where(broken, grown, np.maximum(shrunk, self._least))
        for mending in range(MENDING_SWEEPS):
            broken = self.broken()
            if not broken.any() or (self.best is not None and time.monotonic() > deadline):
                break
            if mending % WIDER_AFTER == WIDER_AFTER - 1:
                schedule = replace(schedule, listed=1.0 + WIDER * (schedule.listed - 1.0))
                listed = self._listed(schedule.listed)
            self._penalty = np.where(broken, self._penalty * GROW, self._penalty)
            self._sweep(listed, self._of_broken(listed.contested), 0.0, schedule.longest)

    def _listed(self, per_account: float) -> _CandidateList:
        """The candidate list, and the books of the accounts with more than one pair on it."""
        first, pair, window = self.candidate_list(per_account)
        is_contested = np.diff(first) > 1
        is_contested[self.regret[self.choice] > window] = True
        return _CandidateList(
            first,
            pair,
            window,
            contested=pair[is_contested[self.account[pair]]],
            book=_books(self.pairs, self.choice, np.flatnonzero(is_contested)),
            crowd=float(is_contested.sum()) / (int(self.pairs.coverer.max()) + 1),
        )

    def _of_broken(self, pair: IntArray) -> IntArray:
        """Those of these pairs whose accounts use a broken constraint, shape (K,)."""
        use = self.pairs.constraints.uses[self.choice] @ self.broken().astype(np.float64)
        chosen: IntArray = pair[use[self.account[pair]] != 0.0]
        return chosen

    def _sweep(
        self, listed: _CandidateList, proposals: IntArray, temperature: float, longest: int
    ) -> None:
        constraints = self.pairs.constraints
        self._seed += 1
        chain_search(
            self.choice,
            self.load,
            self._worth,
            self.account,
            self.pairs.coverer,
            (listed.first, listed.pair, listed.crowd),
            proposals,
            (constraints.uses.indptr, constraints.uses.indices, constraints.uses.data),
            (constraints.limit, constraints.slack_limit, constraints.slack_price, self._penalty),
            listed.book,
            self._seed,
            temperature,
            longest,
        )
        self._keep_best()

    def _keep_best(self) -> None:
        if self.broken().any():
            return
        worth = self.pairs.worth(self.choice) + float(self.pairs.tie[self.choice].sum())
        if worth > self.best_worth:
            self.best, self.best_worth = self.choice.copy(), worth

    def _of_least_regret(self) -> IntArray:
        """First pair without regret of each account, shape (A,)."""
        at = np.flatnonzero(self.regret <= 0.0)
        places = np.searchsorted(self.account[at], np.arange(self.pairs.account_count))
        return np.asarray(at[places], dtype=np.int64)


def _regret(pairs: PairProblem, price: FloatArray, account: IntArray) -> FloatArray:
    net = pairs.value + pairs.tie - pairs.constraints.paid(price)
    top = np.maximum.reduceat(net, pairs.first[:-1])
    return np.asarray(top[account] - net, dtype=np.float64)


def _least_penalty(pairs: PairProblem, price: FloatArray) -> FloatArray:
    """Least penalty per unit of a broken constraint, above any price it has; shape (M,)."""
    constraints, uses = pairs.constraints, pairs.constraints.uses
    total = np.bincount(uses.indices, np.abs(uses.data), minlength=constraints.count)
    count = np.bincount(uses.indices, minlength=constraints.count)
    mean_use = total / np.maximum(count, 1)
    usual = USUAL * float(np.abs(pairs.value).mean()) / np.maximum(mean_use, 1e-12)
    return np.asarray(np.maximum.reduce([LEAST * price, 1.05 * constraints.slack_price, usual]))


def _books(
    pairs: PairProblem, choice: IntArray, accounts: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Linked list of these accounts by coverer: head (R,), after (A,), before (A,)."""
    coverer = pairs.coverer[choice[accounts]]
    order = np.argsort(coverer, kind="stable")
    coverer, order = coverer[order], accounts[order]
    same = coverer[1:] == coverer[:-1]
    head = np.full(int(pairs.coverer.max()) + 1, -1, dtype=np.int64)
    after = np.full(len(choice), -1, dtype=np.int64)
    before = np.full(len(choice), -1, dtype=np.int64)
    after[order[:-1][same]] = order[1:][same]
    before[order[1:][same]] = order[:-1][same]
    opens = np.append(True, ~same)[: len(order)]
    head[coverer[opens]] = order[opens]
    return head, after, before
