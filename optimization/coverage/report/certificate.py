"""The proof that comes with a plan: its value, a bound on any plan's value, and the gap."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.moves import move_budgets
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.report.wording import counted, money
from optimization.solve import SolveOutcome, relative_gap

CERTIFICATE_COLUMNS = [
    "objective_amount",
    "bound_amount",
    "gap_rate",
    "solver_bound_amount",
    "solver_gap_rate",
    "status",
    "solver",
    "solver_version",
    "seed",
    "options",
    "account_count",
    "candidate_count",
    "eligible_count",
    "moved_count",
    "chosen_move_count",
    "move_limit",
    "uncovered_count",
    "overtime_hours",
    "overtime_amount",
    "as_is_objective_amount",
    "gain_amount",
    "rows_at_bound_count",
    "sentence",
]
# The solver keeps constraints within 1e-6, so a plan may beat a bound by rounding alone.
ROUNDING = 1e-6


def certify(
    problem: CoverageProblem,
    chosen: IntArray,
    price: FloatArray,
    outcome: SolveOutcome,
    gains: pd.DataFrame,
    eligible: int,
) -> pd.DataFrame:
    """Build the certificate of a plan.

    The bound is the one that the published shadow prices prove to anybody. Where the solver's own
    on the integer model is lower (valid as the tie-break is never negative), it is given as its
    word.

    Args:
        problem: The problem.
        chosen: Chosen pair per unit, shape (U,).
        price: Price of each constraint, shape (M,).
        outcome: What the decision proved, in company currency.
        gains: Table ``plan_gains``.
        eligible: Number of eligible pairs that no plan beats the bound with.
    """
    inputs, policy, pairs = problem.inputs, problem.policy, problem.pairs
    objective = pairs.worth(chosen)
    bound = _not_below(pairs.bound(price), objective)
    solver_bound = _not_below(min(outcome.bound, bound), objective)
    rows = problem.candidates_of(chosen)
    overtime, overtime_price = inputs.overtime(rows), policy.overtime_amount_per_hour
    overtime_today = inputs.overtime(inputs.as_is_rows)
    as_is = problem.scored.worth(inputs.as_is_rows)
    moved = int(inputs.is_move[rows].sum())
    uncovered = int(inputs.is_house[rows].sum())
    by_choice = int(inputs.is_chosen_move[rows].sum())
    company = move_budgets(inputs, policy)[0]
    row: dict[str, Any] = {
        "objective_amount": objective,
        "bound_amount": bound,
        "gap_rate": relative_gap(objective, bound),
        "solver_bound_amount": solver_bound,
        "solver_gap_rate": relative_gap(objective, solver_bound),
        "status": str(outcome.status),
        "solver": outcome.solver,
        "solver_version": outcome.solver_version,
        "seed": policy.seed,
        "options": json.dumps(dict(outcome.options), sort_keys=True),
        "account_count": len(inputs.accounts),
        "candidate_count": len(inputs.candidates),
        "eligible_count": eligible,
        "moved_count": moved,
        "chosen_move_count": by_choice,
        "move_limit": int(company.limit[0]),
        "uncovered_count": uncovered,
        "overtime_hours": overtime,
        "overtime_amount": overtime_price * overtime,
        "as_is_objective_amount": as_is,
        "gain_amount": objective - as_is,
        "rows_at_bound_count": int(np.sum(price > 0)),
    }
    row["sentence"] = _sentence(row, gains[gains["is_default"]].iloc[0], overtime_today)
    return pd.DataFrame([row], columns=CERTIFICATE_COLUMNS)


def _not_below(bound: float, objective: float) -> float:
    """Lift a bound that lies below the plan by rounding alone."""
    is_rounding = objective - ROUNDING * max(abs(objective), 1.0) <= bound < objective
    return objective if is_rounding else bound


def _sentence(row: dict[str, Any], headline: pd.Series[Any], overtime_today: float) -> str:
    over = f"over all {row['eligible_count']:,} eligible pairs of account and coverer"
    proof = (
        f"which its prices prove to be the best possible to within 0.001 % {over}"
        if row["gap_rate"] < 1e-5
        else f"at most {_percent(row['gap_rate'])} below the best possible, as its prices prove "
        f"{over}"
    )
    if _percent(row["solver_gap_rate"]) != _percent(row["gap_rate"]) and row["gap_rate"] >= 1e-5:
        proof += f" (the solver's word on the pairs weighed: {_percent(row['solver_gap_rate'])})"
    gain = headline["gain_amount"]
    change = f"{money(abs(gain))} {'more' if gain > 0 else 'less'} than"
    if abs(gain) < 0.5:
        change = "as much as"
    ends = money(headline["gain_low_amount"]), money(headline["gain_high_amount"])
    return (
        f"This plan is worth {money(row['objective_amount'])} over the planning horizon, {proof}. "
        f"That is {change} today's coverage with its vacancies filled, scored alike (nine times in "
        f"ten between {ends[0]} and {ends[1]}; {money(row['gain_amount'])} over today's as it is). "
        f"It moves {_moves(row)} "
        f"and leaves {counted(row['uncovered_count'], 'account')} without a rep."
        f"{_overtime(row, round(overtime_today))}"
    )


def _moves(row: dict[str, Any]) -> str:
    forced = row["moved_count"] - row["chosen_move_count"]
    moved, allowed = (
        counted(row["moved_count"], "account"),
        f"at most {row['move_limit']:,} allowed",
    )
    if not forced:
        return f"{moved} ({allowed})"
    return (
        f"{moved}, {row['chosen_move_count']:,} by choice ({allowed}) and the others because a "
        "decision, a rule or a family asks for it,"
    )


def _overtime(row: dict[str, Any], before: int) -> str:
    after = round(row["overtime_hours"])
    if after:
        return (
            f" Its reps lack {counted(after, 'hour')} a year, which takes "
            f"{money(row['overtime_amount'])} off its worth; today they lack {before:,}."
        )
    return f" Its reps lack no hours; today they lack {before:,} a year." if before else ""


def _percent(rate: float) -> str:
    return f"{rate:.2%}".replace("%", " %") if rate >= 1e-4 else f"{rate:.3%}".replace("%", " %")
