"""Chain search: from prices to a plan of whole accounts that keeps every row.

    bound - worth = sum of regret (best net - net of the chosen pair)
                    + sum of price x units left unused + cost of slack beyond its worth

so at good prices only pairs of little regret can be part of a good plan: they are the near pairs
that the search tries. Rows may be broken on the way at a penalty above their price, which rises
while they stay broken.

Belongs here: near pairs, penalties, the schedule of heats. Does not belong here: the compiled
loop (``kernels``), prices (``dual``), or models for a solver (``neighbourhoods``).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from optimization.coverage.kernels import chain_search
from optimization.coverage.rows import BoolArray, FloatArray, IntArray, PairProblem


import os
GROW=float(os.environ.get("GROW","1.15"));SHRINK=float(os.environ.get("SHRINK","0.97"));LEAST=float(os.environ.get("LEAST","1.05"))
class Search:
    def __init__(self, pairs: PairProblem, price: FloatArray, seed: int, near: float = 4.0) -> None:
        self.pairs = pairs
        self.worth = pairs.value + pairs.tie
        self.account = pairs.account_of
        self.price = price
        net = self.worth - pairs.rows.paid(price)
        top = np.maximum.reduceat(net, pairs.first[:-1])
        self.regret = top[self.account] - net
        self.seed = seed
        rows = pairs.rows
        self.uses = (rows.uses.indptr, rows.uses.indices, rows.uses.data)
        # least penalty
        size = float(np.abs(self.worth).mean())
        mean_use = np.asarray(abs(rows.uses).sum(axis=0)).reshape(-1) / np.maximum(
            np.diff(rows.uses.tocsc().indptr), 1
        )
        usual = 0.1 * size / np.maximum(mean_use, 1e-12)
        self.least = np.maximum(np.maximum(LEAST * price, 1.05 * rows.slack_price), usual * 0.1)
        self.penalty = np.maximum(1.5 * price, self.least)
        self.set_near(near)

    def set_near(self, per_account: float) -> None:
        pairs = self.pairs
        count = min(int(per_account * pairs.account_count), len(self.regret))
        window = np.partition(self.regret, count - 1)[count - 1]
        self.window = window
        self.kept = self.regret <= window
        self._near_arrays()

    def _near_arrays(self) -> None:
        kept = self.kept
        counts = np.add.reduceat(kept.astype(np.int64), self.pairs.first[:-1])
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        at = np.flatnonzero(kept).astype(np.int64)
        self.near = (first, at)

    def best_start(self) -> IntArray:
        order = np.lexsort((self.regret, self.account))
        return order[self.pairs.first[:-1]].astype(np.int64)

    def begin(self, choice: IntArray) -> None:
        p = self.pairs
        self.choice = choice.copy()
        self.load = p.rows.used(choice)
        c = p.coverer[choice]
        order = np.lexsort((np.arange(len(c)), c))
        head = np.full(int(p.coverer.max()) + 1, -1, dtype=np.int64)
        after = np.full(len(c), -1, dtype=np.int64)
        before = np.full(len(c), -1, dtype=np.int64)
        same = c[order][1:] == c[order][:-1]
        after[order[:-1][same]] = order[1:][same]
        before[order[1:][same]] = order[:-1][same]
        start = np.concatenate([[True], ~same])
        head[c[order][start]] = order[start]
        self.book = (head, after, before)

    def run(self, heat: float, tries: int, longest: int) -> float:
        rows = self.pairs.rows
        self.seed += 1
        terms = (rows.limit, rows.slack_limit, rows.slack_price, self.penalty)
        return chain_search(self.choice, self.load, self.worth, self.account, self.pairs.coverer,
                            self.near, self.uses, terms, self.book, self.seed, tries, heat, longest)

    def broken(self):
        rows = self.pairs.rows
        most = rows.limit + rows.slack_limit
        return self.load > most + 1e-6 * np.maximum(1.0, np.abs(rows.limit))

    def adapt(self):
        b = self.broken()
        self.penalty = np.where(b, self.penalty * GROW, np.maximum(self.penalty * SHRINK, self.least))
        return b.sum()
