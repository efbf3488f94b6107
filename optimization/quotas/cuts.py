"""The cheapest cuts of a group that is over its budget, and what they cost in expected margin.

A cut names positions, hires and training, never a person.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import cvxpy as cp
import numpy as np
import pandas as pd

from optimization.arrays import ratio
from optimization.errors import SolveLimitError
from optimization.quotas.budget import FEWEST_SHOWN, MoneyInputs

CUT_COLUMNS = ["group_id", "cut", "saving_amount", "margin_cost_amount", "is_chosen"]


def cheapest_cuts(
    costs: pd.DataFrame, money: MoneyInputs, hours_per_position: float
) -> pd.DataFrame:
    """List what each group over its budget could cut, and choose the cheapest set.

    Possible are: training, each planned hire, and one position after the other, whose hours are
    taken from the accounts worth least per hour: the position saves its base pay and the
    commission on what those accounts would have booked. The chosen set loses the least margin
    among those that save enough (a knapsack program); where nothing saves enough, all is chosen.
    Groups whose amounts may not be shown are left out.

    Args:
        costs: From ``group_costs``.
        money: Hires, training, hour prices, accounts.
        hours_per_position: Selling hours of a full-time rep over the plan's months.

    Returns:
        One row per possible cut with CUT_COLUMNS.

    Raises:
        SolveLimitError: The solver ended without an optimal choice.
    """
    frames = [pd.DataFrame(columns=CUT_COLUMNS)]
    for row in costs.to_dict("records"):
        hidden = 0 < row["people_count"] < FEWEST_SHOWN or row["unknown_pay_count"]
        over = row["over_budget_amount"]
        if hidden or not over > 0:
            continue
        options = pd.DataFrame(
            _options(row, money, hours_per_position),
            columns=["cut", "saving_amount", "margin_cost_amount"],
        )
        if options.empty:
            continue
        options.insert(0, "group_id", row["group_id"])
        options["is_chosen"] = _choose(
            options["saving_amount"].to_numpy(), options["margin_cost_amount"].to_numpy(), over
        )
        frames.append(options.round({"saving_amount": 2, "margin_cost_amount": 2}))
    filled = [frame for frame in frames if len(frame)]
    joined = pd.concat(filled, ignore_index=True) if filled else frames[0]
    return joined[CUT_COLUMNS].astype({"is_chosen": bool})


def _options(
    row: Mapping[Hashable, Any], money: MoneyInputs, hours_per_position: float
) -> list[tuple[str, float, float]]:
    name = str(row["group_id"])
    options: list[tuple[str, float, float]] = []
    if row["training_amount"] > 0:
        # Nothing in the data says what training brings; its margin is not guessed.
        options.append(("training", row["training_amount"], 0.0))
    price = money.hour_price.get(name, 0.0)
    number = 0
    for hire in money.hires:
        for _ in range(hire.count if hire.group_id == name else 0):
            number += 1
            options.append((f"planned hire {number}", hire.cost_amount, price * hire.hours))
    accounts = money.accounts[money.accounts["group_id"] == name]
    hours = accounts["hours"].to_numpy(dtype=np.float64)
    worth = accounts["contribution_amount"].to_numpy(dtype=np.float64)
    sellers = int(((money.people["group_id"] == name) & money.people["is_covering"]).sum())
    if not np.isfinite(row["position_cost_amount"]) or not hours.sum():
        return options
    booked = accounts["booking_amount"].to_numpy(dtype=np.float64)
    rate = row["expected_variable_amount"] / max(booked.sum(), 1.0)
    order = np.argsort(ratio(worth, hours, np.inf))
    passed = np.concatenate([[0.0], np.cumsum(hours[order])])
    lost = np.concatenate([[0.0], np.cumsum(np.maximum(worth[order], 0.0))])
    unsold = np.concatenate([[0.0], np.cumsum(booked[order])])
    for position in range(1, max(sellers, 1)):
        span = [(position - 1) * hours_per_position, position * hours_per_position]
        margin = np.diff(np.interp(span, passed, lost))[0]
        commission = rate * np.diff(np.interp(span, passed, unsold))[0]
        saving = row["position_cost_amount"] + commission
        options.append((f"position {position}", float(saving), float(margin)))
    return options


def _choose(saving: np.ndarray, margin: np.ndarray, wanted: float) -> np.ndarray:
    """Choose the set that saves enough and costs least; all of it where nothing is enough."""
    if saving.sum() <= wanted:
        return np.ones(len(saving), dtype=bool)
    take = cp.Variable(len(saving), boolean=True)
    # A cent a cut keeps cuts that cost nothing and are not needed out of the choice.
    cost = (margin + 0.01) @ take
    problem = cp.Problem(cp.Minimize(cost), [saving @ take >= wanted])
    try:
        problem.solve(solver=cp.HIGHS)
    except cp.SolverError as error:
        raise SolveLimitError(f"HiGHS failed on the choice of cuts: {error}") from error
    if problem.status != cp.OPTIMAL:
        raise SolveLimitError(f"HiGHS ended the choice of cuts as {problem.status}")
    chosen: np.ndarray = take.value > 0.5
    return chosen
