"""Why no plan can keep every rule: which limit is short, and the repair that costs least."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from optimization.arrays import IntArray
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.moves import MOVES, MoveBudget, move_budgets
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.report.wording import counted, money
from optimization.coverage.solve.feasible import TOLERANCE, least_shortfall
from optimization.errors import InfeasibleError, Shortfall, SolverFaultError, sample
from optimization.policy import CoveragePolicy

# Price of exceeding a limit by one unit: moves are a policy and go first.
POLICIES = {"moves": 0.01, "group_moves": 0.01, "rep_moves": 0.01, "moved_amount": 1e-6}
SHORT_PRICE = {**POLICIES, "hours": 1.0, "accounts": 10.0, "partner_budget": 0.1}


def precheck(inputs: CoverageInputs) -> None:
    """Refuse locks that break a limit on their own.

    Raises:
        InfeasibleError: Names each coverer whose locked accounts exceed its hours or number.
    """
    rows = _only_choices(inputs)
    coverer = inputs.coverer_of[rows]
    total = len(inputs.coverers)
    found: list[Shortfall] = []
    for rule, use, limit in (
        ("hours", inputs.hours[rows], inputs.capacity_hours + inputs.overtime_hours),
        ("accounts", np.ones(len(rows)), inputs.max_accounts),
    ):
        excess = np.bincount(coverer, weights=use, minlength=total) - limit
        for index in np.flatnonzero(excess > TOLERANCE):
            locked = _accounts(inputs, rows[coverer == index])
            name = _entity(inputs, int(index))
            amount = float(excess[index])
            raised = _raised(float(limit[index]) + amount, rule)
            repair = f"Unlock some of {sample(locked)}, or raise the limit to {raised}."
            found.append(Shortfall(f"locked {rule} over the limit", name, amount, rule, repair))

    if found:
        raise InfeasibleError(found)


def diagnose(problem: CoverageProblem) -> InfeasibleError:
    """Find the cheapest set of limits to relax.

    The move budget alone is tried first: it is a policy, the coverers' time is not.
    """
    pairs, policy = problem.pairs, problem.policy
    found = least_shortfall(pairs, POLICIES, policy) or least_shortfall(pairs, SHORT_PRICE, policy)
    if found is None or not found.short.any():
        raise SolverFaultError("the model is infeasible, yet its elastic twin finds no repair")
    labels = pairs.constraints.labels.to_dict("records")
    bound = pairs.constraints.limit + pairs.constraints.slack_limit
    return InfeasibleError(
        _shortfall(problem.inputs, policy, labels[m], float(found.short[m]), float(bound[m]))
        for m in np.flatnonzero(found.short)
    )


def _shortfall(
    inputs: CoverageInputs,
    policy: CoveragePolicy,
    label: dict[Hashable, Any],
    amount: float,
    bound: float,
) -> Shortfall:
    """Say which limit is short, by how much, and to what it would have to be raised."""
    rule, wanted = str(label["rule"]), bound + amount
    budget = next((budget for budget in move_budgets(inputs, policy) if budget.rule == rule), None)
    if budget is not None:
        return _short_budget(budget, label, amount, wanted)
    name = _entity(inputs, _row_of(inputs, str(label["rep_id"])))
    raised = _raised(wanted, str(label["unit"]))
    if rule == "partner_budget":
        repair = f"Raise its budget_amount to {raised}, or unlock accounts it must cover."
        return Shortfall("partner budget", name, amount, "currency", repair)
    repair = f"Raise its limit to {raised}, or unlock accounts it must cover."
    return Shortfall(rule, name, amount, str(label["unit"]), repair)


def _raised(limit: float, unit: str) -> str:
    """Size a limit must have, rounded up so that it suffices.

    The size, not the difference: a coverer overloaded today already has more than its limit.
    """
    tenths = math.ceil(limit * 10 - TOLERANCE)
    return f"{tenths / 10:,.1f} {unit}".replace(".0 ", " ")


def _short_budget(
    budget: MoveBudget, label: dict[Hashable, Any], amount: float, wanted: float
) -> Shortfall:
    """Name the setting and the rate at which so much may move."""
    by = next((column for column in ("rep_id", "group_id") if pd.notna(label[column])), None)
    entity = 0 if by is None else int(np.flatnonzero(budget.labels[by] == label[by])[0])
    name = "the company" if by is None else f"{by.removesuffix('_id')} {label[by]}"
    used = float(budget.earlier[entity])
    if budget.unit == MOVES:
        amount, wanted = (float(math.ceil(units - TOLERANCE)) for units in (amount, wanted))
        said = counted(round(wanted + used), "move")
        before = f", {used:,.0f} of them made by earlier plans" if used else ""
    else:
        said = f"{money(wanted + used)} of yearly potential"
        before = f", {money(used)} of it moved by earlier plans" if used else ""
    rate = math.ceil((wanted + used) / max(float(budget.covered[entity]), 1.0) * 1e4) / 1e4
    setting = budget.setting.format(label[by] if by else "")
    repair = f"Raise {setting} to at least {rate:g} ({said}{before})."
    return Shortfall("move budget", name, amount, budget.unit, repair)


def _only_choices(inputs: CoverageInputs) -> IntArray:
    """Pairs that are the only ones allowed for their account."""
    allowed = inputs.account_of[inputs.is_allowed]
    single = np.bincount(allowed, minlength=len(inputs.accounts)) == 1
    return np.flatnonzero(inputs.is_allowed & single[inputs.account_of]).astype(np.int64)


def _accounts(inputs: CoverageInputs, rows: IntArray) -> list[str]:
    return [str(a) for a in inputs.accounts["account_id"].to_numpy()[inputs.account_of[rows]]]


def _row_of(inputs: CoverageInputs, rep_id: str) -> int:
    return int(np.flatnonzero(inputs.coverers["rep_id"] == rep_id)[0])


def _entity(inputs: CoverageInputs, coverer: int) -> str:
    row = inputs.coverers.iloc[coverer]
    return f"{row['coverer_type']} {row['rep_id']}"
