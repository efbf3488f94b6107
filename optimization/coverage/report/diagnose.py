"""Why no plan can keep every rule: which limit is short, and the repair that costs least."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np

from optimization.arrays import IntArray
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.report.wording import counted
from optimization.coverage.solve.feasible import TOLERANCE, least_shortfall
from optimization.errors import InfeasibleError, Shortfall, SolverFaultError, sample

# Price of exceeding a limit by one unit: moves are a policy and go first.
POLICIES = {"moves": 0.01, "group_moves": 0.01}
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
        _shortfall(problem.inputs, labels[m], float(found.short[m]), float(bound[m]))
        for m in np.flatnonzero(found.short)
    )


def _shortfall(
    inputs: CoverageInputs, label: dict[Hashable, Any], amount: float, bound: float
) -> Shortfall:
    """Say which limit is short, by how much, and to what it would have to be raised."""
    rule, wanted = str(label["rule"]), bound + amount
    if rule in POLICIES:
        moves, extra = math.ceil(wanted - TOLERANCE), float(math.ceil(amount - TOLERANCE))
        group = None if rule == "moves" else str(label["group_id"])
        repair = _raise_rate(inputs, moves, group)
        name = "the company" if group is None else f"group {group}"
        return Shortfall("move budget", name, extra, "moves", repair)
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


def _raise_rate(inputs: CoverageInputs, moves: int, group: str | None) -> str:
    """Name the setting and the rate at which so many moves are allowed."""
    owned = inputs.has_present & (True if group is None else inputs.present_group == group)
    used = inputs.recent_moves(group)
    rate = math.ceil((moves + used) / max(int(owned.sum()), 1) * 1e4) / 1e4
    setting = "coverage.move_budget_rate"
    if group is not None:
        setting = f"groups: {group}: move_budget_rate"
    before = f", {used:,} of them made by earlier plans" if used else ""
    return f"Raise {setting} to at least {rate:g} ({counted(moves + used, 'move')}{before})."


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
