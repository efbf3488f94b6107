"""What one more hour, account or move is worth, and what one more rep would add.

Belongs here: duals of the linear relaxation, the bound they prove, hiring advice checked by a
re-solve. Does not belong here: the integer plan. A mixed-integer model has no duals, hence the
relaxation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.coverage.inputs import CoverageInputs, FloatArray, IntArray, stated_limits
from optimization.coverage.model import EXACT_PAIRS, build_model
from optimization.coverage.rows import PairProblem
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
    "slack_limit",
    "slack_price_amount",
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
class Relaxation:
    """The solved relaxation.

    Attributes:
        outcome: What the solver proved.
        value: Worth in company currency, ties included.
        price: Price per unit of each row, shape (M,).
    """

    outcome: SolveOutcome
    value: float
    price: FloatArray

    @property
    def is_feasible(self) -> bool:
        """Whether fractions of accounts at least could keep every rule."""
        return self.outcome.status is not SolveStatus.INFEASIBLE


def relax(pairs: PairProblem, policy: CoveragePolicy) -> Relaxation:
    """Solve the linear relaxation for its value and shadow prices.

    Beyond EXACT_PAIRS the smoothed dual takes its place: its bound lies a little above the
    relaxation's value, and whether a plan exists is left to the search.
    """
    if len(pairs.value) > EXACT_PAIRS:
        from optimization.coverage.dual import find_prices  # brings the compiler

        dual = find_prices(pairs)
        proven = SolveOutcome(
            SolveStatus.OPTIMAL, dual.bound, dual.bound, 0.0, 0.0, "prices", "1", {}
        )
        return Relaxation(proven, dual.bound, dual.price)
    model = build_model(pairs, relaxed=True)
    outcome = solve(
        model.problem, seconds=policy.solve_seconds, mip_gap=policy.mip_gap, seed=policy.seed
    )
    price = np.zeros(pairs.rows.count)
    if outcome.status is not SolveStatus.INFEASIBLE:
        price = model.prices(pairs)
    return Relaxation(outcome, outcome.objective / model.scale, price)


def shadow_prices(pairs: PairProblem, price: FloatArray, chosen: IntArray) -> pd.DataFrame:
    """One row per limit: its price, what the plan uses of it, its size and its slack.

    Args:
        pairs: The problem.
        price: Price of each row, shape (M,).
        chosen: Chosen pair per account, shape (A,).
    """
    rows = pairs.rows
    table = rows.labels.assign(
        shadow_price_amount=price,
        used=rows.used(chosen),
        capacity=rows.limit,
        slack_limit=rows.slack_limit,
        slack_price_amount=rows.slack_price,
    )
    return table[SHADOW_PRICE_COLUMNS].sort_values(["rule", "rep_id"], ignore_index=True)


def hiring_advice(
    inputs: CoverageInputs, pairs: PairProblem, relaxation: Relaxation, policy: CoveragePolicy
) -> pd.DataFrame:
    """What one more average rep would add to each group of reps.

    The newcomer's hours (and room for accounts) are the mean of the group's stated limits, spread
    over the group's reps in proportion to theirs; what a rep lacks today stays what it may lack.
    The prediction is price x added amount; as the relaxation's value is concave in its limits,
    the re-solve can only confirm it or fall below.
    """
    coverers = inputs.coverers
    is_rep = (coverers["coverer_type"] == "rep").to_numpy()
    stated = {
        "hours": pd.Series(stated_limits(coverers, "capacity_hours"), coverers["rep_id"]),
        "accounts": pd.Series(stated_limits(coverers, "max_accounts"), coverers["rep_id"]),
    }
    labels = pairs.rows.labels
    rows = []
    for group in sorted(coverers["group_id"][is_rep].dropna().unique()):
        members = coverers["rep_id"][is_rep & (coverers["group_id"] == group).to_numpy(dtype=bool)]
        added = np.zeros(pairs.rows.count)
        hours = 0.0
        for rule, limits in stated.items():
            # mean of the group x share of the rep in the group = the rep's own limit / size.
            share = limits[members].replace(np.inf, 0.0) / len(members)
            at = (labels["rule"] == rule) & labels["rep_id"].isin(members)
            added[at] = share[labels["rep_id"][at]].to_numpy()
            hours += float(share.sum()) if rule == "hours" else 0.0
        predicted = float(relaxation.price @ added)
        larger = pairs.with_limit(pairs.rows.limit + added)
        resolved = relax(larger, policy).value - relaxation.value
        words = _hiring_sentence(str(group), hours, predicted, resolved)
        rows.append((group, hours, predicted, resolved, words))
    return pd.DataFrame(rows, columns=HIRING_COLUMNS)


def _hiring_sentence(group: str, hours: float, predicted: float, resolved: float) -> str:
    who = f"One more rep in {group} ({counted(round(hours), 'hour')} a year)"
    if resolved < 1:
        return f"{who} would add nothing: time is not what limits this group's plan."
    return (
        f"{who} would add about {money(resolved)} over the planning horizon; "
        f"the prices of today's limits promise at most {money(predicted)}."
    )
