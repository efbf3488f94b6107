"""Every eligible pair of a company, in blocks of whole units: far too many to list.

Listed candidates are what a plan chooses from; this is what it could have chosen from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.rules import Pairs
from optimization.coverers import lock_targets
from optimization.values.candidates import PAIRS_AT_ONCE, candidates_with, open_pairs
from optimization.values.pairs import PairValues


@dataclass(frozen=True, eq=False)
class Block:
    """Some units with every coverer; U units, B accounts, R coverers.

    Attributes:
        unit: Units, shape (U,).
        starts: First account of each unit among the block's, shape (U,).
        pairs: Accounts and coverers as rows of the inputs; shapes (B, 1) and (1, R).
        value: Expected contribution over the horizon, shape (B, R).
        is_open: No rule, decision or lock closes the pair, shape (B, R).
    """

    unit: IntArray
    starts: IntArray
    pairs: Pairs
    value: FloatArray
    is_open: BoolArray

    def by_unit(self, score: FloatArray) -> FloatArray:
        """Sums over the members of each unit; (B, R) in, (U, R) out."""
        return np.asarray(np.add.reduceat(score, self.starts, axis=0), dtype=np.float64)


class EveryPair(Protocol):
    """All eligible pairs, whatever they are valued by."""

    def blocks(self) -> Iterator[Block]:
        """Every unit in exactly one block."""

    def table(self, account: IntArray, coverer: IntArray) -> pd.DataFrame:
        """These pairs and what must be listed beside them, as candidates; shape (N,) each."""


class EligiblePairs:
    """Every pair of a value model, by the rows of the coverage inputs."""

    def __init__(self, values: PairValues, inputs: CoverageInputs) -> None:
        self._values, self._inputs = values, inputs
        self._order = np.argsort(inputs.unit_of, kind="stable")
        self._may_stay = inputs.has_present & ~inputs.must_move
        target = pd.Index(inputs.coverers["rep_id"]).get_indexer(
            pd.Index(lock_targets(inputs.accounts))
        )
        action = inputs.accounts["lock_action"].to_numpy(dtype=object)
        self._kept = np.where(action == "keep", target, -1)
        self._removed = np.where(action == "remove", target, -1)

    def blocks(self) -> Iterator[Block]:
        """Every unit in exactly one block of about PAIRS_AT_ONCE pairs."""
        inputs, coverers = self._inputs, np.arange(len(self._inputs.coverers))[None, :]
        unit = inputs.unit_of[self._order]
        size = max(1, PAIRS_AT_ONCE // coverers.size)
        begin = 0
        while begin < len(unit):
            end = int(np.searchsorted(unit, unit[min(begin + size, len(unit)) - 1], side="right"))
            account = self._order[begin:end][:, None]
            units, starts = np.unique(unit[begin:end], return_index=True)
            yield self._block(units, starts.astype(np.int64), account, coverers)
            begin = end

    def _block(
        self, units: IntArray, starts: IntArray, account: IntArray, coverer: IntArray
    ) -> Block:
        model = self._values.model
        parts = self._values.of(account, coverer)
        is_house = coverer == model.house
        kept, removed = self._kept[account], self._removed[account]
        is_open = open_pairs(self._values, account, coverer)
        is_open &= (kept < 0) | (kept == coverer)
        is_open &= removed != coverer
        return Block(
            unit=units,
            starts=starts,
            pairs=Pairs(
                account=account,
                coverer=coverer,
                hours=np.where(is_house, 0.0, model.hours[account]),
                cost=parts.cost,
                is_chosen_move=self._may_stay[account] & (model.present[account] != coverer),
            ),
            value=parts.value,
            is_open=is_open,
        )

    def table(self, account: IntArray, coverer: IntArray) -> pd.DataFrame:
        """These pairs and what must be listed beside them, as candidates; shape (N,) each."""
        return candidates_with(self._values, account, coverer)
