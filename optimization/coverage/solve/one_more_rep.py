"""The plan again with one more rep: what it is worth at least, and at most.

At least: a plan with the newcomer, found by choosing anew for the accounts in play while all others
stay. At most: what the plan's prices promise. For prices y of today's limits and a price p >= 0 of
the newcomer's H hours the bound (``PairProblem.bound``) rises by

    p H + sum over units of max(0, net of the newcomer's pair - best net today - p x its hours)
    + sum over limits of y x (limit with the newcomer - limit today)

which is least where p is the rate at which the newcomer's hours are full: Dantzig (1957),
Discrete-variable extremum problems, Operations Research 5(2).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.rules import Pairs, coverage_rules, prices_paid
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.solve.part import best_choice, part_of
from optimization.coverage.solve.prices import start_prices
from optimization.values.candidates import pair_table
from optimization.values.pairs import PairValues

# In play are the accounts that fill the newcomer's hours this often at the best rates, and those
# whose coverer is the nearest decision of all: the first that freed hours go to.
TIMES_FILLED = 2.0
NEAREST_UNITS = 60
GAP, NODES = 1e-4, 200


@dataclass(frozen=True, eq=False)
class Replan:
    """The plan with one more rep; A accounts.

    Attributes:
        problem: The problem with the newcomer; of an account that is not in play it lists today's
            coverer, the plan's and nobody.
        plan: Candidate of each account in the plan, shape (A,).
        choice: Candidate of each account in the plan with the newcomer, shape (A,).
        least: Worth that this plan adds.
        most: Worth that no plan with the newcomer adds, as the prices promise.
    """

    problem: CoverageProblem
    plan: IntArray
    choice: IntArray
    least: float
    most: float


def plan_with(
    problem: CoverageProblem,
    rows: IntArray,
    price: FloatArray,
    values: PairValues,
    newcomer: pd.DataFrame,
) -> Replan:
    """Plan again with one more rep.

    Args:
        problem: The problem without it.
        rows: Candidate of each account in the plan, shape (A,).
        price: Price of each constraint, shape (M,).
        values: What any pair is worth, the newcomer's included.
        newcomer: Its row of the coverers.
    """
    name, capacity = newcomer["rep_id"].iloc[0], float(newcomer["capacity_hours"].iloc[0])
    gain, hours = _offers(problem, price, values, name)
    order = np.argsort(-_rate(gain, hours), kind="stable")
    order = order[gain[order] > 0]
    filled = np.cumsum(hours[order])
    beyond = order[filled > capacity]
    hour_price = float(_rate(gain, hours)[beyond[0]]) if beyond.size else 0.0
    most = hour_price * capacity + float(np.maximum(gain - hour_price * hours, 0.0).sum())

    taken = order[filled - hours[order] < TIMES_FILLED * capacity]
    units = np.union1d(taken, _nearest(problem, price))
    larger = _joined(problem, rows, values, newcomer, units, taken)
    inputs = larger.inputs
    planned = problem.inputs.coverers["rep_id"].to_numpy(dtype=object)
    planned = planned[problem.inputs.coverer_of[rows]]
    ids = inputs.coverers["rep_id"].to_numpy(dtype=object)
    plan = np.flatnonzero(ids[inputs.coverer_of] == planned[inputs.account_of]).astype(np.int64)
    choice = _choose(larger, plan, units) if taken.size else plan

    labels = problem.pairs.constraints.labels.assign(shadow_price_amount=price)
    known = start_prices(larger.pairs, labels)
    before = float(price @ problem.pairs.constraints.limit)
    after = before if known is None else float(known @ larger.pairs.constraints.limit)
    most += after - before
    least = larger.scored.worth(choice) - problem.scored.worth(rows)
    # A plan that its gap leaves room for may gain without the newcomer, too.
    return Replan(larger, plan, choice, min(least, most), most)


def _offers(
    problem: CoverageProblem, price: FloatArray, values: PairValues, name: str
) -> tuple[FloatArray, FloatArray]:
    """What each unit nets with the newcomer above its best net today, and its hours; (U,) each."""
    inputs, pairs, unit = problem.inputs, problem.pairs, problem.inputs.unit_of
    account = np.arange(len(inputs.accounts), dtype=np.int64)
    coverer = np.full(len(account), values.model.coverer_id.get_loc(name), dtype=np.int64)
    is_open = values.is_eligible(account, coverer)
    is_open &= inputs.accounts["lock_action"].ne("keep").fillna(True).to_numpy(dtype=np.bool_)
    # Of today's limits a newcomer's pair uses what nobody's does, and moves.
    nobody = np.full(len(account), len(inputs.coverers) - 1, dtype=np.int64)
    none = np.zeros(len(account))
    uses = Pairs(
        account,
        nobody,
        hours=none,
        cost=none,
        is_chosen_move=inputs.has_present & ~inputs.must_move,
    )
    paid = prices_paid(coverage_rules(inputs, problem.policy), price, uses)
    net = np.where(is_open, values.of(account, coverer).value - paid, -np.inf)
    best = np.maximum.reduceat(pairs.value - pairs.constraints.paid(price), pairs.first[:-1])
    gain = np.bincount(unit, net).astype(np.float64) - best
    return gain, np.bincount(unit, values.model.hours).astype(np.float64)


def _rate(gain: FloatArray, hours: FloatArray) -> FloatArray:
    rate: FloatArray = np.divide(gain, hours, out=np.full(len(gain), np.inf), where=hours > 0)
    return rate


def _nearest(problem: CoverageProblem, price: FloatArray) -> IntArray:
    """Units whose two best pairs are nearest to each other."""
    pairs = problem.pairs
    net = pairs.value - pairs.constraints.paid(price)
    ranked = net[np.lexsort((-net, pairs.account_of))]
    several = np.flatnonzero(np.diff(pairs.first) > 1)
    lead = ranked[pairs.first[several]] - ranked[pairs.first[several] + 1]
    return several[np.argsort(lead, kind="stable")[:NEAREST_UNITS]].astype(np.int64)


def _joined(
    problem: CoverageProblem,
    rows: IntArray,
    values: PairValues,
    newcomer: pd.DataFrame,
    units: IntArray,
    taken: IntArray,
) -> CoverageProblem:
    """State the problem with the newcomer: all pairs of the units in play, of others what is."""
    inputs = problem.inputs
    kept = np.isin(inputs.unit_of, units)[inputs.account_of] | inputs.is_house
    kept[rows] = kept[inputs.as_is_rows] = True
    account = np.flatnonzero(np.isin(inputs.unit_of, taken)).astype(np.int64)
    place = values.model.coverer_id.get_indexer(pd.Index(newcomer["rep_id"]))
    added = pair_table(values, account, np.repeat(place, len(account)).astype(np.int64))
    columns = [column for column in inputs.candidates if column in added]
    candidates = pd.concat([inputs.candidates.loc[kept, columns], added[columns]])
    coverers = pd.concat([inputs.coverers, newcomer[[c for c in inputs.coverers if c in newcomer]]])
    return CoverageProblem.state(
        CoverageInputs.from_frames(inputs.accounts, candidates, coverers), problem.policy
    )


def _choose(problem: CoverageProblem, plan: IntArray, units: IntArray) -> IntArray:
    """Candidates of the best plan found for the units in play; the plan's where none is better."""
    pairs = problem.pairs
    choice = np.searchsorted(problem.open_pairs, np.unique(problem.unit_pair[plan]))
    free = np.flatnonzero(np.isin(pairs.account_of, units))
    part = part_of(pairs, choice, pairs.constraints.used(choice), units, free)
    deadline = time.monotonic() + problem.policy.solve_seconds
    found = best_choice(part, seed=problem.policy.seed, nodes=NODES, gap=GAP, deadline=deadline)
    if found is None:
        return plan
    changed = choice.copy()
    changed[units] = found
    return problem.candidates_of(changed if pairs.worth(changed) > pairs.worth(choice) else choice)
