"""What one more hour, account or move is worth, and what one more rep would add.

Belongs here: duals of the linear relaxation, the bound they prove, hiring advice checked by a
re-solve. Does not belong here: the integer plan. A mixed-integer model has no duals, hence the
relaxation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optimization.coverage.inputs import CoverageInputs, FloatArray, IntArray, stated_limits
from optimization.coverage.model import build_model
from optimization.coverage.wording import counted, money
from optimization.policy import CoveragePolicy
from optimization.solve import SolveOutcome, SolveStatus, solve

SHADOW_PRICE_COLUMNS = [
    "rule",
    "rep_id",
    "group_id",
    "shadow_price_amount",
    "used",
    "capacity",
    "unit",
]
HIRING_COLUMNS = [
    "group_id",
    "added_hours",
    "predicted_gain_amount",
    "resolved_gain_amount",
    "sentence",
]


@dataclass(frozen=True, eq=False)
class Prices:
    """Shadow prices, all >= 0, in company currency.

    Attributes:
        hours: Value of one more hour a year per coverer, shape (R,).
        accounts: Value of room for one more account per coverer, shape (R,).
        moves: Value of one more move of the budget.
    """

    hours: FloatArray
    accounts: FloatArray
    moves: float

    def bound(self, inputs: CoverageInputs, move_limit: int, overtime_price: float) -> float:
        """Bound on any plan's value net of overtime that these prices prove (Lagrangian dual).

        sum over accounts of the best (value - prices paid) + sum of price x limit + sum of
        overtime allowed x what an hour is worth beyond its price; valid for any prices >= 0, so
        nobody has to trust the solver for it.
        """
        paid = self.hours[inputs.coverer_of] * inputs.hours
        paid = paid + self.accounts[inputs.coverer_of] + self.moves * inputs.is_move
        net = np.where(inputs.is_allowed, inputs.value - paid, -np.inf)
        best = np.maximum.reduceat(net, inputs.first[:-1])
        worth = _times(self.hours, inputs.capacity_hours) + _times(
            self.accounts, inputs.max_accounts
        )
        overtime = np.maximum(self.hours - overtime_price, 0.0) @ inputs.overtime_hours
        return float(best.sum() + worth + overtime + self.moves * move_limit)


@dataclass(frozen=True)
class Relaxation:
    """The solved relaxation: its status, value in company currency (ties included), prices."""

    outcome: SolveOutcome
    value: float
    prices: Prices

    @property
    def is_feasible(self) -> bool:
        """Whether fractions of accounts at least could keep every rule."""
        return self.outcome.status is not SolveStatus.INFEASIBLE


def relax(inputs: CoverageInputs, move_limit: int, policy: CoveragePolicy) -> Relaxation:
    """Solve the linear relaxation for its value and shadow prices."""
    model = build_model(inputs, move_limit, policy.overtime_amount_per_hour, relaxed=True)
    outcome = solve(
        model.problem, seconds=policy.solve_seconds, mip_gap=policy.mip_gap, seed=policy.seed
    )
    per_coverer = {label: np.zeros(len(inputs.coverers)) for label in ("hours", "accounts")}
    moves = 0.0
    if outcome.status is not SolveStatus.INFEASIBLE:
        for label, limit in model.limits.items():
            if label == "moves":
                moves = float(model.price(label)[0])
            else:
                per_coverer[label][limit.coverer] = model.price(label)
    prices = Prices(per_coverer["hours"], per_coverer["accounts"], moves)
    return Relaxation(outcome, outcome.objective / model.scale, prices)


def shadow_prices(
    inputs: CoverageInputs, prices: Prices, chosen: IntArray, move_limit: int
) -> pd.DataFrame:
    """One row per limit: its price, what the plan uses of it and its size.

    Args:
        inputs: The problem.
        prices: Prices of its relaxation.
        chosen: Candidate row per account in the plan, shape (A,).
        move_limit: The move budget, in accounts.
    """
    total = len(inputs.coverers)
    coverer = inputs.coverer_of[chosen]
    frames = []
    for rule, price, capacity, use in (
        ("hours", prices.hours, inputs.capacity_hours, inputs.hours[chosen]),
        ("accounts", prices.accounts, inputs.max_accounts, np.ones(len(chosen))),
    ):
        limits = inputs.coverers[["rep_id", "group_id"]].assign(
            rule=rule,
            shadow_price_amount=price,
            used=np.bincount(coverer, weights=use, minlength=total),
            capacity=capacity,
            unit=rule,
        )
        frames.append(limits[np.isfinite(capacity)])
    moves = {
        "rule": "moves",
        "rep_id": None,
        "group_id": None,
        "shadow_price_amount": prices.moves,
        "used": float(inputs.is_move[chosen].sum()),
        "capacity": float(move_limit),
        "unit": "moves",
    }
    frames.append(pd.DataFrame([moves]).astype({"rep_id": "str", "group_id": "str"}))
    table = pd.concat(frames)[SHADOW_PRICE_COLUMNS]
    return table.sort_values(["rule", "rep_id"], ignore_index=True)


def hiring_advice(
    inputs: CoverageInputs, relaxation: Relaxation, move_limit: int, policy: CoveragePolicy
) -> pd.DataFrame:
    """What one more average rep would add to each group of reps.

    The newcomer's hours (and room for accounts) are the mean of the group's stated limits, spread
    over the group's reps in proportion to theirs; what a rep lacks today stays what it may lack.
    The prediction is price x added amount; as the relaxation's value is concave in its limits,
    the re-solve can only confirm it or fall below.
    """
    is_rep = (inputs.coverers["coverer_type"] == "rep").to_numpy()
    groups = inputs.coverers["group_id"]
    rows = []
    for group in sorted(groups[is_rep].dropna().unique()):
        members = is_rep & (groups == group).to_numpy(dtype=bool)
        # mean of the group x share of the rep in the group = the rep's own limit / size.
        share = members / members.sum()
        added_hours = _added(share, inputs.capacity_hours)
        added_accounts = _added(share, stated_limits(inputs.coverers, "max_accounts"))
        predicted = float(
            relaxation.prices.hours @ added_hours + relaxation.prices.accounts @ added_accounts
        )
        larger = replace(
            inputs,
            capacity_hours=inputs.capacity_hours + added_hours,
            max_accounts=inputs.max_accounts + added_accounts,
        )
        resolved = relax(larger, move_limit, policy).value - relaxation.value
        hours = float(added_hours.sum())
        words = _hiring_sentence(str(group), hours, predicted, resolved)
        rows.append((group, hours, predicted, resolved, words))
    return pd.DataFrame(rows, columns=HIRING_COLUMNS)


def _added(share: FloatArray, limit: FloatArray) -> FloatArray:
    return np.where(np.isfinite(limit) & (share > 0), share, 0.0) * np.nan_to_num(limit, posinf=0.0)


def _times(price: FloatArray, limit: FloatArray) -> float:
    """Price x limit, where a missing limit has price 0."""
    return float(price @ np.nan_to_num(limit, posinf=0.0))


def _hiring_sentence(group: str, hours: float, predicted: float, resolved: float) -> str:
    who = f"One more rep in {group} ({counted(round(hours), 'hour')} a year)"
    if resolved < 1:
        return f"{who} would add nothing: time is not what limits this group's plan."
    return (
        f"{who} would add about {money(resolved)} over the planning horizon; "
        f"the prices of today's limits promise at most {money(predicted)}."
    )
