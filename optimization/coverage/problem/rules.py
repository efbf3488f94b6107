"""The rules of a coverage plan: one function per rule, each stated for any pairs.

A new rule is a function here; the model, the prices, the search, the bound over every eligible pair
and the published prices take it from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.coverage.problem.constraints import (
    Constraints,
    PairProblem,
    constraints_by_entity,
    mean_account,
)
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.moves import MoveBudget, move_budgets
from optimization.policy import CoveragePolicy

# Ties go to the present owner or, of a vacant account, to whoever would fill the vacancy; then to
# the first coverer in order (reps before partners before the house, by id). In mean accounts: all
# ties together shift the plan by at most 1.1e-6 of its value, far below any gap asked for, yet each
# step stays 100 times above HiGHS' tolerance.
TIE_PRESENT = 1e-6
TIE_ORDER = 1e-7


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of account and coverer, a list or a block; shapes broadcast.

    Attributes:
        account: Rows of the accounts.
        coverer: Rows of the coverers.
        hours: Hours a year.
        cost: Margin that a partner keeps, over the horizon.
        is_chosen_move: The pair takes the account from an active owner who could keep it.
    """

    account: IntArray
    coverer: IntArray
    hours: FloatArray
    cost: FloatArray
    is_chosen_move: BoolArray


@dataclass(frozen=True, eq=False)
class Rule:
    """One limit per entity: a coverer, a group, or the company.

    Attributes:
        name: The same in every table.
        unit: What is counted.
        entity: Entity of each pair, -1 where the rule does not count it; shapes broadcast.
        use: Units that each pair uses, negative for a rule "at least"; shapes broadcast.
        limit: By entity, ``inf`` for none, shape (E,); negative for a rule "at least".
        labels: rep_id and group_id by entity, E rows.
        slack_limit: Units the limit may be exceeded by: by entity, shape (E,), or one number.
        slack_price: Price of such a unit.
    """

    name: str
    unit: str
    entity: Callable[[Pairs], IntArray]
    use: Callable[[Pairs], FloatArray]
    limit: FloatArray
    labels: pd.DataFrame
    slack_limit: FloatArray | float = 0.0
    slack_price: float = 0.0

    def over(self, pairs: Pairs) -> Constraints:
        """Constraints over a list of pairs, one per entity that has a limit."""
        use = np.broadcast_to(self.use(pairs), pairs.account.shape)
        return constraints_by_entity(
            self.name,
            self.unit,
            entity_of=np.broadcast_to(self.entity(pairs), pairs.account.shape),
            use=use,
            limit=self.limit,
            labels=self.labels,
            slack_limit=self.slack_limit,
            slack_price=self.slack_price,
        )


def coverage_rules(inputs: CoverageInputs, policy: CoveragePolicy) -> list[Rule]:
    """Every rule that limits something in this company, in the order of its constraints."""
    rules = [
        hours_rule(inputs, policy.overtime_amount_per_hour),
        accounts_rule(inputs),
        *move_rules(inputs, policy),
        *balance_rules(inputs, policy),
        *ote_rules(inputs, policy),
        min_hours_rule(inputs, policy),
        partner_budget_rule(inputs, policy),
    ]
    return [rule for rule in rules if np.isfinite(rule.limit).any()]


def candidate_problem(inputs: CoverageInputs, policy: CoveragePolicy) -> PairProblem:
    """State a company's problem over all its candidates, those that a lock forbids included."""
    listed = candidate_pairs(inputs)
    parts = [rule.over(listed) for rule in coverage_rules(inputs, policy)]
    constraints = Constraints.join(parts, len(inputs.candidates))
    tie = mean_account(inputs.value, inputs.first) * _tie_break(inputs)
    every = np.arange(len(inputs.candidates), dtype=np.int64)
    return PairProblem(inputs.first, inputs.value, tie, constraints, every, inputs.coverer_of)


def candidate_pairs(inputs: CoverageInputs) -> Pairs:
    """The candidates as the rules see them, N pairs."""
    return Pairs(
        account=inputs.account_of,
        coverer=inputs.coverer_of,
        hours=inputs.hours,
        cost=inputs.candidates["cost_to_serve_amount"].to_numpy(dtype=np.float64),
        is_chosen_move=inputs.is_chosen_move,
    )


def prices_paid(rules: list[Rule], price: FloatArray, pairs: Pairs) -> FloatArray:
    """What pairs pay at prices per unit of each constraint, shape (M,); shapes broadcast."""
    paid, begin = np.zeros(np.broadcast_shapes(pairs.account.shape, pairs.coverer.shape)), 0
    for rule in rules:
        limited = np.flatnonzero(np.isfinite(rule.limit))
        own = price[begin : begin + len(limited)]
        begin += len(limited)
        if own.any():
            by_entity = np.zeros(len(rule.limit) + 1)  # the last place serves entity -1
            by_entity[limited] = own
            paid += by_entity[rule.entity(pairs)] * rule.use(pairs)
    return paid


def hours_rule(inputs: CoverageInputs, overtime_price: float) -> Rule:
    """Hours of a coverer <= capacity + overtime; overtime <= what it lacks today, at a price."""
    return Rule(
        "hours",
        "hours",
        entity=lambda pairs: pairs.coverer,
        use=lambda pairs: pairs.hours,
        limit=inputs.capacity_hours,
        labels=inputs.coverers,
        slack_limit=inputs.overtime_hours,
        slack_price=overtime_price,
    )


def accounts_rule(inputs: CoverageInputs) -> Rule:
    """Accounts of a coverer <= its maximum."""
    return Rule(
        "accounts",
        "accounts",
        entity=lambda pairs: pairs.coverer,
        use=lambda pairs: np.ones(pairs.coverer.shape),
        limit=inputs.max_accounts,
        labels=inputs.coverers,
    )


def move_rules(inputs: CoverageInputs, policy: CoveragePolicy) -> list[Rule]:
    """What is taken by choice from active owners <= each budget."""

    def rule(budget: MoveBudget) -> Rule:
        return Rule(
            budget.rule,
            budget.unit,
            entity=lambda pairs: np.where(pairs.is_chosen_move, budget.owner[pairs.account], -1),
            use=lambda pairs: budget.use[pairs.account],
            limit=budget.limit,
            labels=budget.labels,
        )

    return [rule(budget) for budget in move_budgets(inputs, policy)]


def balance_rules(inputs: CoverageInputs, policy: CoveragePolicy) -> list[Rule]:
    """Potential of a rep within a band around its hours' share of the group's potential; soft.

    The group's potential is today's: what its reps own, and as much again of the vacant accounts.
    """
    if policy.balance_band_rate is None:
        return []
    potential, target = balance_targets(inputs)
    band = policy.balance_band_rate
    low, high = ((1 + sign * band) * target for sign in (-1, 1))
    return _potential_band("balance", inputs, potential, (low, high), policy.balance_price_rate)


def ote_rules(inputs: CoverageInputs, policy: CoveragePolicy) -> list[Rule]:
    """Potential of a rep within what its on-target earnings ask for; soft.

    Equal pay at equal hardness needs books of like size. The ends of the band stand with the
    coverers, in potential: ``lowest_potential`` and ``highest_potential``, empty for none.
    """
    ends = ("lowest_potential", "highest_potential")
    if policy.ote_price_rate == 0 or not set(ends) <= set(inputs.coverers.columns):
        return []
    low, high = (inputs.coverers[end].to_numpy(dtype=np.float64, na_value=np.nan) for end in ends)
    potential, _ = balance_targets(inputs)
    return _potential_band("ote", inputs, potential, (low, high), policy.ote_price_rate)


def _potential_band(
    name: str,
    inputs: CoverageInputs,
    potential: FloatArray,
    ends: tuple[FloatArray, FloatArray],
    price: float,
) -> list[Rule]:
    """Two soft rules, ``<name>_high`` and ``<name>_low``; NaN ends ask nothing."""

    def side(rule: str, sign: float, end: FloatArray) -> Rule:
        return Rule(
            rule,
            "potential",
            entity=lambda pairs: pairs.coverer,
            use=lambda pairs: sign * potential[pairs.account],
            limit=np.where(np.isnan(end), np.inf, sign * end),
            labels=inputs.coverers,
            slack_limit=np.inf,
            slack_price=price,
        )

    low, high = ends
    return [side(f"{name}_high", 1.0, high), side(f"{name}_low", -1.0, low)]


def balance_targets(inputs: CoverageInputs) -> tuple[FloatArray, FloatArray]:
    """Yearly potential of each account (A,), and each rep's share of its group's, else NaN (R,)."""
    coverers, potential = inputs.coverers, inputs.potential
    is_rep = (coverers["coverer_type"] == "rep").to_numpy() & (inputs.capacity_hours > 0)
    group = coverers["group_id"].where(is_rep)
    owned = inputs.has_present
    today = pd.Series(potential[owned]).groupby(inputs.present_group[owned]).sum()
    spread = potential.sum() / max(float(today.sum()), 1e-9)
    hours = pd.Series(inputs.capacity_hours).where(is_rep)
    share = hours / hours.groupby(group).transform("sum")
    return potential, (share * group.map(today).fillna(0.0) * spread).to_numpy(dtype=np.float64)


def min_hours_rule(inputs: CoverageInputs, policy: CoveragePolicy) -> Rule:
    """Hours of a rep >= a share of its capacity; soft."""
    is_rep = (inputs.coverers["coverer_type"] == "rep").to_numpy()
    wanted = policy.min_load_rate * np.where(is_rep, inputs.capacity_hours, 0.0)
    return Rule(
        "min_hours",
        "hours",
        entity=lambda pairs: pairs.coverer,
        use=lambda pairs: -pairs.hours,
        limit=np.where(wanted > 0, -wanted, np.inf),
        labels=inputs.coverers,
        slack_limit=np.inf,
        slack_price=policy.idle_amount_per_hour,
    )


def partner_budget_rule(inputs: CoverageInputs, policy: CoveragePolicy) -> Rule:
    """Margin that a partner keeps <= its budget, and never less than today's."""
    cost = inputs.candidates["cost_to_serve_amount"].to_numpy(dtype=np.float64)
    today = np.bincount(
        inputs.coverer_of[inputs.is_present],
        weights=cost[inputs.is_present],
        minlength=len(inputs.coverers),
    )
    budget = inputs.coverers["rep_id"].map(dict(policy.partner_budgets)).to_numpy(dtype=np.float64)
    return Rule(
        "partner_budget",
        "currency",
        entity=lambda pairs: pairs.coverer,
        use=lambda pairs: pairs.cost,
        limit=np.where(np.isnan(budget), np.inf, np.maximum(budget, today)),
        labels=inputs.coverers,
    )


def _tie_break(inputs: CoverageInputs) -> FloatArray:
    """Small bonus per pair, in mean accounts and never negative, so that bounds stay valid."""
    counts = np.diff(inputs.first)
    place = np.arange(len(inputs.candidates)) - inputs.first[inputs.account_of]
    order = 1.0 - place / counts[inputs.account_of]
    stays = inputs.is_present.copy()
    stays[inputs.repaired_rows] = True
    return np.asarray(TIE_PRESENT * (stays & ~inputs.is_house) + TIE_ORDER * order)
