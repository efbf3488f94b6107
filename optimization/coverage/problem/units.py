"""Families as units: accounts that are covered together become one choice of the problem.

``CoverageProblem`` is stated once, from the tables; solving, proving and explaining read it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.rules import candidate_problem
from optimization.errors import DataError
from optimization.policy import CoveragePolicy


@dataclass(frozen=True, eq=False)
class CoverageProblem:
    """A company's problem: N candidates of accounts, P pairs of a unit and a coverer.

    Attributes:
        inputs: The tables as arrays, with locks and families.
        policy: Policy of the plan.
        scored: The problem over every candidate, those that a lock forbids included: scores and
            prices are shown for all.
        units: The problem over the pairs that every member of a unit has as a candidate, closed
            ones included. Its "accounts" are units; ``candidate`` is the row of a pair's first
            member; value, tie and uses are sums over the members: hours add up, and two members
            that change their rep are two moves.
        unit_pair: Pair of each candidate in ``units``, -1 where it is in none, shape (N,).
        closed_count: Members to whom the pair is forbidden, shape (P,).
        open_pairs: Pairs of ``units`` that nobody's lock closes.
        pairs: The problem over these: what a plan chooses from.
    """

    inputs: CoverageInputs
    policy: CoveragePolicy
    scored: PairProblem
    units: PairProblem
    unit_pair: IntArray
    closed_count: IntArray
    open_pairs: IntArray
    pairs: PairProblem

    @classmethod
    def state(cls, inputs: CoverageInputs, policy: CoveragePolicy) -> CoverageProblem:
        """State the problem of a company.

        Raises:
            DataError: No coverer is allowed for every member of a family.
        """
        scored = candidate_problem(inputs, policy)
        units, unit_pair = _joined(scored, inputs)
        members = np.flatnonzero((unit_pair >= 0) & ~inputs.is_allowed)
        closed_count = np.bincount(unit_pair[members], minlength=len(units.value))
        is_open = closed_count == 0
        has_choice = np.bincount(units.account_of[is_open], minlength=units.account_count) > 0
        _refuse_torn(inputs, np.flatnonzero(~has_choice))
        return cls(
            inputs=inputs,
            policy=policy,
            scored=scored,
            units=units,
            unit_pair=unit_pair,
            closed_count=closed_count,
            open_pairs=np.flatnonzero(is_open).astype(np.int64),
            pairs=units.only_pairs(is_open),
        )

    def candidates_of(self, chosen: IntArray) -> IntArray:
        """Candidate row of each account where these of ``pairs`` are chosen, shape (A,)."""
        is_chosen = np.zeros(len(self.units.value) + 1, dtype=np.bool_)  # the last: in no pair
        is_chosen[self.open_pairs[chosen]] = True
        return np.flatnonzero(is_chosen[self.unit_pair]).astype(np.int64)

    def with_allowed(self, candidates: IntArray) -> PairProblem:
        """What a plan could choose from if these candidates were allowed as well."""
        pair = self.unit_pair[candidates]
        allowed = np.bincount(pair[pair >= 0], minlength=len(self.units.value))
        return self.units.only_pairs(self.closed_count == allowed)

    def unit_scores(self, score: FloatArray) -> FloatArray:
        """Sum of the members' scores of each pair of ``units``; (N,) in, (P,) out."""
        kept = self.unit_pair >= 0
        size = len(self.units.value)
        total = np.bincount(self.unit_pair[kept], weights=score[kept], minlength=size)
        return np.asarray(total, dtype=np.float64)


def _joined(scored: PairProblem, inputs: CoverageInputs) -> tuple[PairProblem, IntArray]:
    """The problem over pairs of units, and the pair of each candidate or -1."""
    size = np.bincount(inputs.unit_of)
    if len(size) == len(inputs.accounts):
        return scored, scored.candidate
    count = len(inputs.coverers)
    key = inputs.unit_of[inputs.account_of] * count + inputs.coverer_of
    keys, head, key_of, members = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    whole = members == size[keys // count]
    place = np.where(whole, np.cumsum(whole) - 1, -1)
    unit_pair = place[key_of].astype(np.int64)
    kept = np.flatnonzero(unit_pair >= 0)
    shape = (int(whole.sum()), len(key))
    add = sp.csr_array((np.ones(len(kept)), (unit_pair[kept], kept)), shape=shape)
    first = np.searchsorted(keys[whole] // count, np.arange(len(size) + 1))
    # Candidates are sorted by account, so the first one of a pair is its first member's.
    candidate = head[whole].astype(np.int64)
    units = PairProblem(
        first=first.astype(np.int64),
        value=np.asarray(add @ scored.value, dtype=np.float64),
        tie=np.asarray(add @ scored.tie, dtype=np.float64),
        constraints=replace(scored.constraints, uses=sp.csr_array(add @ scored.constraints.uses)),
        candidate=candidate,
        coverer=inputs.coverer_of[candidate],
    )
    return units, unit_pair


def _refuse_torn(inputs: CoverageInputs, torn: npt.NDArray[np.intp]) -> None:
    if not torn.size:
        return
    accounts = inputs.accounts
    keys = []
    for unit in torn:
        members = accounts[inputs.unit_of == unit]
        locked = members[members["lock_action"].notna()]
        said = [
            f"{row.account_id} {row.lock_action} {row.lock_rep_id} because of '{row.lock_reason}'"
            for row in locked.itertuples()
        ]
        keys.append(f"{members['family_id'].iloc[0]} ({'; '.join(said)})")
    raise DataError(
        "locks tear a family apart: no coverer is allowed for all its accounts",
        keys,
        "Drop one of the locks, or let the family be independent (coverage.families).",
    )
