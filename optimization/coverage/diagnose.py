"""Why no plan can keep every rule, in words a sales manager can act on.

Belongs here: arithmetic that names the culprit before solving, and the cheapest repair from the
elastic model after a solve failed. Does not belong here: relaxing a rule on the quiet; the last
good plan stays until somebody decides.
"""

from __future__ import annotations

import math

import numpy as np

from optimization.coverage.inputs import CoverageInputs, IntArray
from optimization.coverage.model import build_elastic
from optimization.coverage.rules import coverage_problem
from optimization.coverage.wording import counted
from optimization.errors import InfeasibleError, Shortfall, SolverFaultError, sample
from optimization.policy import CoveragePolicy
from optimization.solve import SolveStatus, solve

TOLERANCE = 1e-6
# Price of exceeding a limit by one unit: moves are a policy and go first.
SHORT_PRICE = {"hours": 1.0, "accounts": 10.0, "moves": 0.01}


def precheck(inputs: CoverageInputs, policy: CoveragePolicy) -> None:
    """Refuse locks that break a limit on their own.

    Raises:
        InfeasibleError: Names each coverer whose locked accounts exceed its hours or number,
            and the move budget if locks alone need more moves.
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

    moved = rows[inputs.is_move[rows]]
    limit_moves = inputs.move_limit(policy.move_budget_rate)
    if len(moved) > limit_moves:
        unlock = f"Unlock some of {sample(_accounts(inputs, moved))}, or: "
        repair = unlock + _raise_rate(inputs, len(moved))
        short = float(len(moved) - limit_moves)
        found.append(
            Shortfall("move budget below locked moves", "the company", short, "moves", repair)
        )
    if found:
        raise InfeasibleError(found)


def diagnose(inputs: CoverageInputs, policy: CoveragePolicy) -> InfeasibleError:
    """Find the cheapest set of limits to relax, from the elastic model.

    The move budget alone is tried first: it is a policy, the coverers' time is not.
    """
    found = _repair(inputs, policy, frozenset({"moves"}))
    if found is None:
        found = _repair(inputs, policy, frozenset({"moves", "hours", "accounts"}))
    if not found:
        raise SolverFaultError("the model is infeasible, yet its elastic twin finds no repair")
    return InfeasibleError(found)


def _repair(
    inputs: CoverageInputs, policy: CoveragePolicy, soft: frozenset[str]
) -> list[Shortfall] | None:
    """Shortfalls if only the soft limits may be exceeded, None where that does not help."""
    move_limit = inputs.move_limit(policy.move_budget_rate)
    pairs = coverage_problem(inputs, policy).only_pairs(inputs.is_allowed)
    model = build_elastic(pairs, {rule: SHORT_PRICE[rule] for rule in soft})
    # Any elastic solution is a valid repair, so the gap may be wide when the clock stops it.
    outcome = solve(
        model.problem,
        seconds=policy.solve_seconds,
        mip_gap=policy.mip_gap,
        seed=policy.seed,
        accepted_gap=math.inf,
    )
    if outcome.status is SolveStatus.INFEASIBLE:
        return None
    found: list[Shortfall] = []
    rows = pairs.rows
    for rule, shortfall in model.shortfall.items():
        at = rows.of([rule])
        bound = (rows.limit + rows.slack_limit)[at]
        names = rows.labels["rep_id"][at].tolist()
        short = np.asarray(shortfall.value, dtype=float)
        for position in np.flatnonzero(short > TOLERANCE * np.maximum(1.0, bound)):
            amount = float(short[position])
            if rule == "moves":
                found.append(_move_shortfall(inputs, move_limit, math.ceil(amount - TOLERANCE)))
                continue
            name = _entity(inputs, _row_of(inputs, names[position]))
            raised = _raised(float(bound[position]) + amount, rule)
            repair = f"Raise its limit to {raised}, or unlock accounts it must cover."
            found.append(Shortfall(rule, name, amount, rule, repair))
    return found


def _move_shortfall(inputs: CoverageInputs, move_limit: int, extra: int) -> Shortfall:
    repair = _raise_rate(inputs, move_limit + extra)
    return Shortfall("move budget", "the company", float(extra), "moves", repair)


def _raised(limit: float, unit: str) -> str:
    """Size a limit must have, rounded up so that it suffices.

    The size, not the difference: a coverer overloaded today already has more than its limit.
    """
    tenths = math.ceil(limit * 10 - TOLERANCE)
    return f"{tenths / 10:,.1f} {unit}".replace(".0 ", " ")


def _raise_rate(inputs: CoverageInputs, moves: int) -> str:
    rate = math.ceil(moves / int(inputs.has_present.sum()) * 1e4) / 1e4
    return f"Raise coverage.move_budget_rate to at least {rate:g} ({counted(moves, 'move')})."


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
