"""What one more hour, account or move is worth: the prices of a company's limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.solve.model import build_model
from optimization.errors import SolverFaultError
from optimization.policy import CoveragePolicy
from optimization.solve import SolveStatus, solve

SHADOW_PRICE_COLUMNS = [
    "rule",
    "rep_id",
    "group_id",
    "shadow_price_amount",
    "used",
    "capacity",
    "slack_limit",
    "slack_price_amount",
    "unit",
]


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The solved relaxation.

    Attributes:
        value: Worth in company currency, ties included.
        price: Price per unit of each constraint, shape (M,).
    """

    value: float
    price: FloatArray


def relax(
    pairs: PairProblem,
    policy: CoveragePolicy,
    start: FloatArray | None = None,
    stages: tuple[float, ...] | None = None,
) -> Relaxation:
    """Solve the linear relaxation for its value and shadow prices.

    Beyond ``exact_pairs`` the smoothed dual takes its place: its bound lies a little above the
    relaxation's value.

    Args:
        pairs: The problem; some plan must keep its rules.
        policy: Policy of the plan.
        start: Prices to start from, such as last night's, shape (M,); for the dual alone, as a
            linear programme that is solved exactly ends the same wherever it starts.
        stages: Of the dual alone (``find_prices``); None goes to the end.
    """
    if len(pairs.value) > policy.exact_pairs:
        from optimization.coverage.solve.dual import find_prices

        dual = find_prices(pairs, start, stages)
        return Relaxation(dual.bound, dual.price)
    model = build_model(pairs, relaxed=True)
    outcome = solve(
        model.problem, seconds=policy.solve_seconds, mip_gap=policy.mip_gap, seed=policy.seed
    )
    if outcome.status is SolveStatus.INFEASIBLE:
        raise SolverFaultError("the relaxation is infeasible, yet a plan keeps every rule")
    return Relaxation(outcome.objective / model.scale, model.prices(pairs))


def start_prices(pairs: PairProblem, last: pd.DataFrame | None) -> FloatArray | None:
    """Prices of an earlier plan as a start for this one's, 0 for a new constraint; shape (M,).

    Args:
        pairs: The problem.
        last: rule, rep_id, group_id and shadow_price_amount of the earlier plan, or None.
    """
    if last is None or last.empty:
        return None
    key = ["rule", "rep_id", "group_id"]
    known = last[[*key, "shadow_price_amount"]].astype(dict.fromkeys(key, "str"))
    labels = pairs.constraints.labels[key].astype("str")
    price = labels.merge(known.drop_duplicates(key), on=key, how="left")["shadow_price_amount"]
    return pairs.constraints.in_box(price.fillna(0.0).to_numpy(dtype=np.float64))


def shadow_prices(pairs: PairProblem, price: FloatArray, chosen: IntArray) -> pd.DataFrame:
    """One row per limit: its price, what the plan uses of it, its size and its slack.

    Args:
        pairs: The problem.
        price: Price of each constraint, shape (M,).
        chosen: Chosen pair per account, shape (A,).
    """
    constraints = pairs.constraints
    table = constraints.labels.assign(
        shadow_price_amount=price,
        used=constraints.used(chosen),
        capacity=constraints.limit,
        slack_limit=constraints.slack_limit,
        slack_price_amount=constraints.slack_price,
    )
    return table[SHADOW_PRICE_COLUMNS].sort_values(["rule", "rep_id"], ignore_index=True)
