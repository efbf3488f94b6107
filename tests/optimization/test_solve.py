"""The status policy: what a finished solve may claim, and which answers are refused."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

from optimization.errors import SolveLimitError, SolverFaultError
from optimization.solve import SolveStatus, solve

# A limit on nodes stops every machine at the same place; a clock would not.
LIMITED = {"seconds": 600, "nodes": 1, "seed": 1}


def hard_problem():
    """A generalised assignment problem that HiGHS does not close at the root of its tree."""
    rng = np.random.default_rng(0)
    value, hours = rng.gamma(2, 1e4, (40, 6)), rng.uniform(5, 40, (40, 6))
    x = cp.Variable((40, 6), boolean=True)
    limits = [cp.sum(x, axis=1) == 1, cp.sum(cp.multiply(hours, x), axis=0) <= 100]
    return cp.Problem(cp.Maximize(cp.sum(cp.multiply(value, x))), limits)


def test_an_optimal_maximisation_reports_objective_and_bound_including_the_constant():
    x = cp.Variable(3, boolean=True)
    problem = cp.Problem(cp.Maximize(np.array([3.0, 2.0, 2.0]) @ x + 10), [cp.sum(x) <= 2])
    outcome = solve(problem, seconds=10, mip_gap=0, seed=1)
    assert outcome.status is SolveStatus.OPTIMAL
    assert outcome.objective == pytest.approx(15)
    assert outcome.bound == pytest.approx(15)
    assert outcome.gap == pytest.approx(0)
    assert outcome.options["mip_rel_gap"] == 0
    assert outcome.options["threads"] == 1


def test_the_bound_of_a_minimisation_lies_below_its_objective():
    problem = hard_problem()
    costs = cp.Problem(cp.Minimize(-problem.objective.expr), problem.constraints)
    outcome = solve(costs, mip_gap=0, accepted_gap=10, **LIMITED)
    assert outcome.bound < outcome.objective


def test_a_linear_problem_is_its_own_bound():
    x = cp.Variable(2, nonneg=True)
    outcome = solve(cp.Problem(cp.Maximize(cp.sum(x)), [x <= 2]), seconds=10, mip_gap=0.1, seed=1)
    assert outcome.objective == outcome.bound == pytest.approx(4)


def test_a_stop_without_a_solution_is_refused():
    with pytest.raises(SolveLimitError, match="no solution within"):
        solve(hard_problem(), mip_gap=0, **LIMITED | {"nodes": 0})


def test_a_stop_with_too_wide_a_gap_is_refused():
    with pytest.raises(SolveLimitError, match="proven gap"):
        solve(hard_problem(), mip_gap=1e-9, **LIMITED)


def test_a_stop_within_the_accepted_gap_is_labelled_feasible():
    outcome = solve(hard_problem(), mip_gap=0, accepted_gap=10, **LIMITED)
    assert outcome.status is SolveStatus.FEASIBLE
    assert outcome.bound > outcome.objective > 0
    assert 0 < outcome.gap <= 10


def test_infeasibility_is_an_outcome_left_to_the_caller():
    x = cp.Variable(2, boolean=True)
    outcome = solve(
        cp.Problem(cp.Maximize(cp.sum(x)), [cp.sum(x) >= 3]), seconds=10, mip_gap=0, seed=1
    )
    assert outcome.status is SolveStatus.INFEASIBLE
    assert np.isnan(outcome.objective)


def test_an_unbounded_model_is_a_fault():
    x = cp.Variable(2, nonneg=True)
    with pytest.raises(SolverFaultError, match="unbounded"):
        solve(cp.Problem(cp.Maximize(cp.sum(x)), [x[0] <= 1]), seconds=10, mip_gap=0, seed=1)
