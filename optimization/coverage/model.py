"""The coverage model: a generalised assignment problem with a move budget, in CVXPY.

    maximise   sum of value x - overtime price x overtime
    such that  one_coverer_per_account   each account has exactly one coverer
               hours                     hours of a coverer <= its capacity + overtime
               overtime                  overtime of a coverer <= what it lacks today
               accounts                  accounts of a coverer <= its maximum
               moves                     accounts taken from an active owner <= the budget

Belongs here: variables, rows, the tie-break, the elastic twin for diagnosis. Does not belong
here: solving (``optimization.solve``) or words about the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from optimization.coverage.inputs import CoverageInputs, FloatArray, IntArray

# The objective is scaled so that the mean account is worth OBJECTIVE_SCALE: HiGHS' tolerances
# (1e-7 on reduced costs, 1e-6 on the gap) are absolute and then mean the same everywhere.
OBJECTIVE_SCALE = 1e3
# Ties go to the present owner, then to the first coverer in order (reps before partners before
# the house, by id). In mean accounts: all ties together shift the plan by at most 1.1e-6 of its
# value, far below any gap asked for, yet each step stays 100 times above HiGHS' tolerance.
TIE_PRESENT = 1e-6
TIE_ORDER = 1e-7
# Price of exceeding a limit by one unit in the elastic model: moves are a policy and go first.
ELASTIC_WEIGHTS = {"hours": 1.0, "accounts": 10.0, "moves": 0.01}


@dataclass(frozen=True, eq=False)
class LimitRows:
    """Rows ``matrix @ assign <= bound`` of one rule; ``coverer`` is empty for company rules."""

    matrix: sp.csr_array
    bound: FloatArray
    coverer: IntArray


@dataclass(frozen=True, eq=False)
class CoverageModel:
    """A built model.

    Attributes:
        problem: The CVXPY problem.
        assign: One variable per allowed candidate.
        rows: Candidate row of each variable.
        constraints: By label.
        limits: The limits behind the constraints of the same label.
        scale: Objective units per unit of company currency.
        slacks: Shortfall variables by label; empty unless elastic.
    """

    problem: cp.Problem
    assign: cp.Variable
    rows: IntArray
    constraints: dict[str, cp.Constraint]
    limits: dict[str, LimitRows]
    scale: float
    slacks: dict[str, cp.Variable]

    def chosen_rows(self, inputs: CoverageInputs) -> IntArray:
        """Candidate row chosen for each account after a mixed-integer solve, shape (A,)."""
        share = np.zeros(len(inputs.candidates))
        share[self.rows] = self.assign.value
        chosen = np.flatnonzero(share > 0.5).astype(np.int64)
        if not np.array_equal(inputs.account_of[chosen], np.arange(len(inputs.accounts))):
            raise ArithmeticError("the solver's answer does not give one coverer per account")
        return chosen

    def price(self, label: str) -> FloatArray:
        """Duals of a rule in company currency per unit, never negative; after an LP solve."""
        duals = np.asarray(self.constraints[label].dual_value, dtype=float).reshape(-1)
        return np.asarray(np.maximum(duals, 0.0) / self.scale, dtype=np.float64)


def build_model(
    inputs: CoverageInputs, move_limit: int, overtime_price: float, *, relaxed: bool = False
) -> CoverageModel:
    """Build the plan's model, or its linear relaxation for prices and a bound.

    Args:
        inputs: Validated problem with N candidates.
        move_limit: Number of accounts with an active owner that may change coverer.
        overtime_price: Company currency per hour beyond a coverer's capacity.
        relaxed: Allow fractions of accounts; gives duals.
    """
    rows = np.flatnonzero(inputs.is_allowed).astype(np.int64)
    assign = _assign_variable(len(rows), relaxed=relaxed)
    limits = _limit_rows(inputs, rows, move_limit)
    constraints = {"one_coverer_per_account": _one_coverer(inputs, rows, assign)}
    scale = OBJECTIVE_SCALE / _mean_account(inputs)
    weights = scale * inputs.value + OBJECTIVE_SCALE * _tie_break(inputs)
    worth: Any = weights[rows] @ assign
    for label, limit in limits.items():
        bound: Any = limit.bound
        if label == "hours":
            overtime = cp.Variable(len(limit.bound), nonneg=True, name="overtime")
            most = inputs.overtime_hours[limit.coverer]
            constraints["overtime"] = (overtime <= most).set_label("overtime")
            bound = limit.bound + overtime
            worth = worth - scale * overtime_price * cp.sum(overtime)
        constraints[label] = (limit.matrix @ assign <= bound).set_label(label)
    problem = cp.Problem(cp.Maximize(worth), list(constraints.values()))
    return CoverageModel(problem, assign, rows, constraints, limits, scale, {})


def build_elastic(
    inputs: CoverageInputs, move_limit: int, *, soft: frozenset[str]
) -> CoverageModel:
    """Build the model in which some limits may be exceeded at a price, to find the cheapest way.

    One coverer per account and the locks stay hard: they are what the limits must serve.

    Args:
        inputs: Validated problem.
        move_limit: Number of accounts with an active owner that may change coverer.
        soft: Labels of the limits that may be exceeded.
    """
    rows = np.flatnonzero(inputs.is_allowed).astype(np.int64)
    assign = _assign_variable(len(rows), relaxed=False)
    limits = _limit_rows(inputs, rows, move_limit)
    constraints = {"one_coverer_per_account": _one_coverer(inputs, rows, assign)}
    slacks: dict[str, cp.Variable] = {}
    cost: Any = 0
    for label, limit in limits.items():
        bound: Any = limit.bound
        if label == "hours":
            bound = bound + inputs.overtime_hours[limit.coverer]
        if label in soft:
            slacks[label] = cp.Variable(len(limit.bound), nonneg=True, name=f"short_{label}")
            cost = cost + ELASTIC_WEIGHTS[label] * cp.sum(slacks[label])
            bound = bound + slacks[label]
        constraints[label] = (limit.matrix @ assign <= bound).set_label(label)
    problem = cp.Problem(cp.Minimize(cost), list(constraints.values()))
    return CoverageModel(problem, assign, rows, constraints, limits, 1.0, slacks)


def _assign_variable(size: int, *, relaxed: bool) -> cp.Variable:
    if relaxed:  # the upper bound of 1 follows from one coverer per account
        return cp.Variable(size, nonneg=True, name="assign")
    return cp.Variable(size, boolean=True, name="assign")


def _one_coverer(inputs: CoverageInputs, rows: IntArray, assign: cp.Variable) -> cp.Constraint:
    count = len(inputs.accounts)
    matrix = _incidence(inputs.account_of[rows], np.ones(len(rows)), count)
    return (matrix @ assign == np.ones(count)).set_label("one_coverer_per_account")


def _limit_rows(inputs: CoverageInputs, rows: IntArray, move_limit: int) -> dict[str, LimitRows]:
    coverer = inputs.coverer_of[rows]
    total = len(inputs.coverers)
    found: dict[str, LimitRows] = {}
    for label, use, bound in (
        ("hours", inputs.hours[rows], inputs.capacity_hours),
        ("accounts", np.ones(len(rows)), inputs.max_accounts),
    ):
        limited = np.flatnonzero(np.isfinite(bound)).astype(np.int64)
        if limited.size:
            matrix = sp.csr_array(_incidence(coverer, use, total)[limited])
            found[label] = LimitRows(matrix, bound[limited], limited)
    moves = inputs.is_move[rows]
    if moves.any():
        matrix = sp.csr_array(moves.astype(float).reshape(1, -1))
        bound = np.array([float(move_limit)])
        found["moves"] = LimitRows(matrix, bound, np.empty(0, dtype=np.int64))
    return found


def _incidence(row: IntArray, weight: FloatArray, height: int) -> sp.csr_array:
    shape = (height, len(row))
    return sp.csr_array((weight, (row, np.arange(len(row)))), shape=shape)


def _mean_account(inputs: CoverageInputs) -> float:
    best = np.maximum.reduceat(inputs.value, inputs.first[:-1])
    mean = float(np.abs(best).mean())
    return mean if mean > 0 else 1.0


def _tie_break(inputs: CoverageInputs) -> FloatArray:
    """Small bonus per pair, in mean accounts and never negative, so that bounds stay valid."""
    counts = np.diff(inputs.first)
    place = np.arange(len(inputs.candidates)) - inputs.first[inputs.account_of]
    order = 1.0 - place / counts[inputs.account_of]
    return np.asarray(TIE_PRESENT * inputs.is_present + TIE_ORDER * order, dtype=np.float64)
