"""The rules of a coverage plan as constraints: one function per rule.

A new rule is a function here; the model, the prices, the search, the bound and the published
prices take it from there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray
from optimization.coverage.problem.constraints import (
    Constraints,
    PairProblem,
    constraints_by_entity,
    mean_account,
)
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.policy import CoveragePolicy

# Ties go to the present owner, then to the first coverer in order (reps before partners before
# the house, by id). In mean accounts: all ties together shift the plan by at most 1.1e-6 of its
# value, far below any gap asked for, yet each step stays 100 times above HiGHS' tolerance.
TIE_PRESENT = 1e-6
TIE_ORDER = 1e-7


def candidate_problem(inputs: CoverageInputs, policy: CoveragePolicy) -> PairProblem:
    """State a company's problem over all its candidates, those that a lock forbids included."""
    parts = [
        hours_constraints(inputs, policy.overtime_amount_per_hour),
        accounts_constraints(inputs),
        moves_constraints(inputs, policy),
        group_moves_constraints(inputs, policy),
        *balance_constraints(inputs, policy),
        *ote_constraints(inputs, policy),
        min_hours_constraints(inputs, policy),
        partner_budget_constraints(inputs, policy),
    ]
    constraints = Constraints.join([part for part in parts if part.count], len(inputs.candidates))
    tie = mean_account(inputs.value, inputs.first) * _tie_break(inputs)
    every = np.arange(len(inputs.candidates), dtype=np.int64)
    return PairProblem(inputs.first, inputs.value, tie, constraints, every, inputs.coverer_of)


def hours_constraints(inputs: CoverageInputs, overtime_price: float) -> Constraints:
    """Hours of a coverer <= capacity + overtime; overtime <= what it lacks today, at a price."""
    return constraints_by_entity(
        "hours",
        "hours",
        entity_of=inputs.coverer_of,
        use=inputs.hours,
        limit=inputs.capacity_hours,
        labels=inputs.coverers,
        slack_limit=inputs.overtime_hours,
        slack_price=overtime_price,
    )


def accounts_constraints(inputs: CoverageInputs) -> Constraints:
    """Accounts of a coverer <= its maximum."""
    return constraints_by_entity(
        "accounts",
        "accounts",
        entity_of=inputs.coverer_of,
        use=np.ones(len(inputs.candidates)),
        limit=inputs.max_accounts,
        labels=inputs.coverers,
    )


def moves_constraints(inputs: CoverageInputs, policy: CoveragePolicy) -> Constraints:
    """Accounts taken from an active owner <= the company's budget."""
    return constraints_by_entity(
        "moves",
        "moves",
        entity_of=np.zeros(len(inputs.candidates), dtype=np.int64),
        use=inputs.is_move.astype(np.float64),
        limit=np.array([float(inputs.move_limit(policy.move_budget_rate))]),
        labels=COMPANY,
    )


def group_moves_constraints(inputs: CoverageInputs, policy: CoveragePolicy) -> Constraints:
    """Accounts that a group's reps give away <= the group's budget."""
    rates = dict(policy.group_move_rates)
    groups = pd.Index(sorted(rates))
    limit = [float(inputs.move_limit(rates[group], group)) for group in groups]
    owner = groups.get_indexer(pd.Index(inputs.present_group))[inputs.account_of]
    return constraints_by_entity(
        "group_moves",
        "moves",
        entity_of=np.where(inputs.is_move, owner, -1).astype(np.int64),
        use=np.ones(len(inputs.candidates)),
        limit=np.array(limit, dtype=np.float64),
        labels=pd.DataFrame({"rep_id": None, "group_id": groups}).astype("str"),
    )


def balance_constraints(inputs: CoverageInputs, policy: CoveragePolicy) -> list[Constraints]:
    """Potential of a rep within a band around its hours' share of the group's potential; soft.

    The group's potential is today's: what its reps own, and as much again of the vacant accounts.
    """
    if policy.balance_band_rate is None:
        return []
    potential, target = balance_targets(inputs)
    band = policy.balance_band_rate
    low, high = ((1 + sign * band) * target for sign in (-1, 1))
    return _potential_band("balance", inputs, potential, (low, high), policy.balance_price_rate)


def ote_constraints(inputs: CoverageInputs, policy: CoveragePolicy) -> list[Constraints]:
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
) -> list[Constraints]:
    """Two soft constraints a coverer, ``<name>_high`` and ``<name>_low``; NaN ends ask nothing."""
    low, high = ends
    return [
        constraints_by_entity(
            rule,
            "potential",
            entity_of=inputs.coverer_of,
            use=sign * potential[inputs.account_of],
            limit=np.where(np.isnan(end), np.inf, sign * end),
            labels=inputs.coverers,
            slack_limit=np.inf,
            slack_price=price,
        )
        for rule, sign, end in ((f"{name}_high", 1.0, high), (f"{name}_low", -1.0, low))
    ]


def balance_targets(inputs: CoverageInputs) -> tuple[FloatArray, FloatArray]:
    """Yearly potential of each account (A,), and each rep's share of its group's, else NaN (R,)."""
    accounts, coverers = inputs.accounts, inputs.coverers
    potential = (accounts["new_amount"] + accounts["existing_amount"]).to_numpy(dtype=np.float64)
    is_rep = (coverers["coverer_type"] == "rep").to_numpy() & (inputs.capacity_hours > 0)
    group = coverers["group_id"].where(is_rep)
    owned = inputs.has_present
    today = pd.Series(potential[owned]).groupby(inputs.present_group[owned]).sum()
    spread = potential.sum() / max(float(today.sum()), 1e-9)
    hours = pd.Series(inputs.capacity_hours).where(is_rep)
    share = hours / hours.groupby(group).transform("sum")
    return potential, (share * group.map(today).fillna(0.0) * spread).to_numpy(dtype=np.float64)


def min_hours_constraints(inputs: CoverageInputs, policy: CoveragePolicy) -> Constraints:
    """Hours of a rep >= a share of its capacity; soft."""
    is_rep = (inputs.coverers["coverer_type"] == "rep").to_numpy()
    wanted = policy.min_load_rate * np.where(is_rep, inputs.capacity_hours, 0.0)
    return constraints_by_entity(
        "min_hours",
        "hours",
        entity_of=inputs.coverer_of,
        use=-inputs.hours,
        limit=np.where(wanted > 0, -wanted, np.inf),
        labels=inputs.coverers,
        slack_limit=np.inf,
        slack_price=policy.idle_amount_per_hour,
    )


def partner_budget_constraints(inputs: CoverageInputs, policy: CoveragePolicy) -> Constraints:
    """Margin that a partner keeps <= its budget, and never less than today's."""
    cost = inputs.candidates["cost_to_serve_amount"].to_numpy(dtype=np.float64)
    today = np.bincount(
        inputs.coverer_of[inputs.is_present],
        weights=cost[inputs.is_present],
        minlength=len(inputs.coverers),
    )
    budget = inputs.coverers["rep_id"].map(dict(policy.partner_budgets)).to_numpy(dtype=np.float64)
    return constraints_by_entity(
        "partner_budget",
        "currency",
        entity_of=inputs.coverer_of,
        use=cost,
        limit=np.where(np.isnan(budget), np.inf, np.maximum(budget, today)),
        labels=inputs.coverers,
    )


COMPANY = pd.DataFrame({"rep_id": [None], "group_id": [None]}).astype("str")


def _tie_break(inputs: CoverageInputs) -> FloatArray:
    """Small bonus per pair, in mean accounts and never negative, so that bounds stay valid."""
    counts = np.diff(inputs.first)
    place = np.arange(len(inputs.candidates)) - inputs.first[inputs.account_of]
    order = 1.0 - place / counts[inputs.account_of]
    return np.asarray(TIE_PRESENT * inputs.is_present + TIE_ORDER * order, dtype=np.float64)
