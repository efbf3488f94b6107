"""Prices over every eligible pair: column generation.

A plan chooses from a list of candidates. At the prices of the list's limits, a pair outside it that
nets more than its unit's best listed one would raise the bound, so it is listed too and the prices
are found anew, until hardly any is left. The list that the plan chooses from is then made of the
pairs that net most at the last prices. As it holds each unit's best of all, the bound that the
listed pairs prove is the bound over all; as it holds the next best, a whole plan lies near it.
Source: Gilmore & Gomory (1961), A linear programming approach to the cutting-stock problem,
Operations Research 9(6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, IntArray, spread_out
from optimization.coverage.problem.eligible import EveryPair
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.rules import coverage_rules, prices_paid
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.solve.prices import Relaxation, relax, start_prices
from optimization.policy import CoveragePolicy

# Small problems are priced exactly and quickly. Of a large one each round takes the prices a little
# further: a first, coarse round finds nearly all that is missing, the last one hardly any.
ROUNDS = 20
LARGE_STAGES = ((0.1, 0.03, 0.01), (0.01, 0.003), None, None)
PER_UNIT, NET_MOST = 3, 10
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Found:
    """Pairs of units and coverers, as pairs of accounts; F pairs.

    Attributes:
        account: Rows of the accounts, every member of a unit; shape (F,).
        coverer: Rows of the coverers, shape (F,).
        eligible: Number of eligible pairs of account and coverer that they were found among.
    """

    account: IntArray
    coverer: IntArray
    eligible: int


@dataclass(frozen=True, eq=False)
class Priced:
    """A problem whose candidates are the pairs that net most at the relaxation's prices.

    Attributes:
        problem: Stated over these candidates.
        relaxation: Its prices.
        eligible: Number of eligible pairs of account and coverer that they were chosen from.
    """

    problem: CoverageProblem
    relaxation: Relaxation
    eligible: int


def outside(problem: CoverageProblem, every: EveryPair, price: FloatArray) -> Found:
    """Find what is not listed and nets more at these prices than its unit's best listed pair.

    Args:
        problem: The problem over the listed candidates.
        every: Every eligible pair.
        price: Price of each constraint, shape (M,).
    """
    pairs = problem.pairs
    listed = np.maximum.reduceat(pairs.value - pairs.constraints.paid(price), pairs.first[:-1])
    beyond = listed + TOLERANCE * np.maximum(np.abs(listed), 1.0)
    return _best(problem, every, price, PER_UNIT, beyond)


def _best(
    problem: CoverageProblem,
    every: EveryPair,
    price: FloatArray,
    per_unit: int,
    beyond: FloatArray,
) -> Found:
    """Find the pairs of each unit that net most, and more than so much; shape (U,)."""
    rules = coverage_rules(problem.inputs, problem.policy)
    none = np.empty(0, dtype=np.int64)
    account, coverer, eligible = [none], [none], 0
    for block in every.blocks():
        eligible += int(block.is_open.sum())
        net = block.value - prices_paid(rules, price, block.pairs)
        net = block.by_unit(np.where(block.is_open, net, -np.inf))
        count = min(per_unit, net.shape[1])
        # Equals are taken from another place on for each unit: else all would list the same few.
        around = (block.unit[:, None] + np.arange(net.shape[1])) % net.shape[1]
        ranked = np.argpartition(-np.take_along_axis(net, around, axis=1), count - 1, axis=1)
        top = np.take_along_axis(around, ranked[:, :count], axis=1)
        row, place = np.nonzero(np.take_along_axis(net, top, axis=1) > beyond[block.unit][:, None])
        size = np.diff(np.append(block.starts, len(block.pairs.account)))[row]
        account.append(block.pairs.account[spread_out(block.starts[row], size), 0])
        coverer.append(np.repeat(top[row, place], size))
    return Found(np.concatenate(account), np.concatenate(coverer), eligible)


def price_every_pair(
    accounts: pd.DataFrame,
    candidates: pd.DataFrame,
    coverers: pd.DataFrame,
    policy: CoveragePolicy,
    problem: CoverageProblem,
    every: EveryPair,
    last_prices: pd.DataFrame | None,
) -> Priced:
    """Price the problem over every eligible pair, and list those that net most.

    Args:
        accounts: As for ``solve_coverage``.
        candidates: Pairs to begin with.
        coverers: As for ``solve_coverage``.
        policy: Policy of the plan.
        problem: The problem over these candidates.
        every: Every eligible pair.
        last_prices: Prices of the last plan as a start, or None.
    """

    def over(listed: pd.DataFrame) -> CoverageProblem:
        inputs = CoverageInputs.from_frames(accounts, listed, coverers)
        return CoverageProblem.state(inputs, policy)

    start = start_prices(problem.pairs, last_prices)
    is_large = len(problem.pairs.value) > policy.exact_pairs
    rounds: list[tuple[float, ...] | None] = [None] * ROUNDS
    if is_large:
        rounds = [*LARGE_STAGES[0 if start is None else 1 :]]
    relaxation = relax(problem.pairs, policy, start, rounds[0])
    for stages in rounds[1:]:
        found = outside(problem, every, relaxation.price)
        if found.account.size:
            more = every.table(found.account, found.coverer)
            candidates = pd.concat([candidates, more], ignore_index=True)
            candidates = candidates.drop_duplicates(["account_id", "rep_id"], ignore_index=True)
            problem = over(candidates)
        elif not is_large:
            break
        relaxation = relax(problem.pairs, policy, relaxation.price, stages)
    units = np.full(problem.pairs.account_count, -np.inf)
    best = _best(problem, every, relaxation.price, NET_MOST, units)
    problem = over(every.table(best.account, best.coverer))
    if not is_large:  # ties differ by the list, what is added later is compared to this one
        relaxation = Relaxation(relax(problem.pairs, policy).value, relaxation.price)
    return Priced(problem, relaxation, best.eligible)
