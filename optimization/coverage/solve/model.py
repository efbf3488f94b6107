"""The exact model of a coverage problem, in CVXPY, of the constraints that all else reads.

maximise   sum of (value + tie) x - slack price x slack
    such that  one_coverer_per_account   each account has exactly one coverer
               a constraint per rule     uses' x <= limit + slack, slack <= slack limit
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem, mean_account

# The objective is scaled so that the mean account is worth OBJECTIVE_SCALE: HiGHS' tolerances
# (1e-7 on reduced costs, 1e-6 on the gap) are absolute and then mean the same everywhere.
OBJECTIVE_SCALE = 1e3
ONE_COVERER = "one_coverer_per_account"


@dataclass(frozen=True, eq=False)
class CoverageModel:
    """A built model.

    Attributes:
        problem: The CVXPY problem.
        assign: One variable per pair.
        constraints: By rule.
        scale: Objective units per unit of company currency.
        shortfall: Units beyond limit and slack by rule; empty unless elastic.
    """

    problem: cp.Problem
    assign: cp.Variable
    constraints: dict[str, cp.Constraint]
    scale: float
    shortfall: dict[str, cp.Variable]

    def chosen(self, pairs: PairProblem) -> IntArray:
        """Pair chosen for each account after a mixed-integer solve, shape (A,)."""
        chosen = np.flatnonzero(self.assign.value > 0.5).astype(np.int64)
        if not np.array_equal(pairs.account_of[chosen], np.arange(pairs.account_count)):
            raise ArithmeticError("the solver's answer does not give one coverer per account")
        return chosen

    def prices(self, pairs: PairProblem) -> FloatArray:
        """Duals in company currency per unit, in their box; after an LP solve; shape (M,)."""
        constraints = pairs.constraints
        found = np.zeros(constraints.count)
        for rule in constraints.rules:
            duals = np.asarray(self.constraints[rule].dual_value, dtype=np.float64).reshape(-1)
            found[constraints.of([rule])] = duals / self.scale
        return constraints.in_box(found)


def build_model(pairs: PairProblem, *, relaxed: bool = False) -> CoverageModel:
    """Build the plan's model, or its linear relaxation for prices and a bound.

    Args:
        pairs: The problem with N pairs.
        relaxed: Allow fractions of accounts; gives duals.
    """
    scale = OBJECTIVE_SCALE / mean_account(pairs.value, pairs.first)
    return _build(pairs, scale, relaxed=relaxed, worth=True, short_price={})


def build_elastic(pairs: PairProblem, short_price: Mapping[str, float]) -> CoverageModel:
    """Build the model in which some rules may be exceeded at a price, to find the cheapest way.

    One coverer per account and the locks stay hard: they are what the limits must serve.

    Args:
        pairs: The problem.
        short_price: Price per unit of the rules that may be exceeded.
    """
    return _build(pairs, 1.0, relaxed=False, worth=False, short_price=short_price)


def _build(
    pairs: PairProblem,
    scale: float,
    *,
    relaxed: bool,
    worth: bool,
    short_price: Mapping[str, float],
) -> CoverageModel:
    constraints = pairs.constraints
    assign = _assign_variable(len(pairs.value), relaxed=relaxed)
    built = {ONE_COVERER: _one_coverer(pairs, assign)}
    objective: Any = (scale * (pairs.value + pairs.tie)) @ assign if worth else 0
    shortfall: dict[str, cp.Variable] = {}
    uses = sp.csr_array(constraints.uses.T)
    for rule in constraints.rules:
        at = np.flatnonzero(constraints.of([rule]))
        bound: Any = constraints.limit[at]
        loose = np.flatnonzero(constraints.slack_limit[at] > 0)
        if loose.size:
            slack = cp.Variable(loose.size, nonneg=True, name=f"slack_{rule}")
            spread = sp.csr_array(
                (np.ones(loose.size), (loose, np.arange(loose.size))), (len(at), loose.size)
            )
            bound = bound + spread @ slack
            if worth:
                objective = objective - (scale * constraints.slack_price[at][loose]) @ slack
            most = constraints.slack_limit[at][loose]
            capped = np.flatnonzero(np.isfinite(most))
            if capped.size:
                label = f"slack_{rule}"
                built[label] = (slack[capped] <= most[capped]).set_label(label)
        if rule in short_price:
            shortfall[rule] = cp.Variable(len(at), nonneg=True, name=f"short_{rule}")
            objective = objective - short_price[rule] * cp.sum(shortfall[rule])
            bound = bound + shortfall[rule]
        built[rule] = (uses[at] @ assign <= bound).set_label(rule)
    problem = cp.Problem(cp.Maximize(objective), list(built.values()))
    return CoverageModel(problem, assign, built, scale, shortfall)


def _assign_variable(size: int, *, relaxed: bool) -> cp.Variable:
    if relaxed:
        return cp.Variable(size, nonneg=True, name="assign")
    return cp.Variable(size, boolean=True, name="assign")


def _one_coverer(pairs: PairProblem, assign: cp.Variable) -> cp.Constraint:
    count = pairs.account_count
    size = len(pairs.value)
    matrix = sp.csr_array((np.ones(size), np.arange(size), pairs.first), shape=(count, size))
    return (matrix @ assign == np.ones(count)).set_label(ONE_COVERER)
