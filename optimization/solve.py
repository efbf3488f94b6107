"""One way to run HiGHS through CVXPY, and one policy on what its statuses mean."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from types import MappingProxyType

import cvxpy as cp

from optimization.errors import SolveLimitError, SolverFaultError

SOLVER = "HiGHS"
# A run stopped by the clock is still published when its proven gap is within this multiple of
# the gap asked for; beyond it the last good plan is the better one.
ACCEPTED_GAP_MULTIPLE = 10.0
_ADVICE = "Give it more time (solve_seconds) or accept a wider gap (mip_gap)."
_FEASIBLE_POINT = 2  # HighsInfo.primal_solution_status of a point that keeps every constraint


class SolveStatus(StrEnum):
    """What a finished solve proves."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True)
class SolveOutcome:
    """What the solver proved, in the units of the problem's own objective.

    Attributes:
        status: ``optimal`` (within the gap asked for), ``feasible`` (stopped by the clock
            within the accepted gap) or ``infeasible`` (numbers below are NaN).
        objective: Value of the solution found.
        bound: Proven bound on any solution's value (above for a maximisation).
        gap: ``relative_gap`` of the two.
        seconds: Solver's own wall seconds.
        solver: Solver's name.
        solver_version: Solver's version.
        options: Options handed to the solver.
    """

    status: SolveStatus
    objective: float
    bound: float
    gap: float
    seconds: float
    solver: str
    solver_version: str
    options: Mapping[str, float]


def relative_gap(objective: float, bound: float) -> float:
    """How far a solution may be from the best, as a share of the bound (of 1 where that is less).

    The one definition: of the exact model, of the search, of the certificate.
    """
    return abs(bound - objective) / max(abs(bound), 1.0)


def solve(
    problem: cp.Problem,
    *,
    seconds: float,
    mip_gap: float,
    seed: int,
    accepted_gap: float | None = None,
    nodes: int | None = None,
) -> SolveOutcome:
    """Solve a linear or mixed-integer problem and apply the status policy.

    CVXPY reports a time-out without any solution as ``user_limit`` with value 0.0 and an
    all-zero array, so neither the status nor ``value is not None`` is a safe test: the
    solver's own record of a feasible point decides.

    Args:
        problem: The problem; its variables hold the solution afterwards.
        seconds: Wall seconds the solver may take.
        mip_gap: Relative gap at which a mixed-integer solve may stop.
        seed: Random seed of the solver.
        accepted_gap: Largest gap accepted from a solve stopped by the clock; default ten
            times ``mip_gap``.
        nodes: Most nodes of the search tree: a limit that stops every machine at the same
            place, unlike seconds. Judged like a stop by the clock.

    Returns:
        The outcome; infeasibility is an outcome, left to the caller to diagnose.

    Raises:
        SolveLimitError: The clock stopped the solver without an acceptable solution.
        SolverFaultError: Unbounded, inaccurate or failed: a fault of the model or solver.
    """
    options: dict[str, float] = {
        "time_limit": seconds,
        "mip_rel_gap": mip_gap,
        "threads": 1,
        "random_seed": seed,
    }
    if nodes is not None:
        options["mip_max_nodes"] = nodes
    with warnings.catch_warnings():
        # "Solution may be inaccurate" is CVXPY's word for a time-out; judged below.
        warnings.simplefilter("ignore", UserWarning)
        try:
            problem.solve(solver=cp.HIGHS, **options)
        except cp.SolverError as error:
            raise SolverFaultError(f"{SOLVER} failed: {error}") from error

    if problem.status in (cp.INFEASIBLE, cp.settings.INFEASIBLE_OR_UNBOUNDED):
        return _outcome(SolveStatus.INFEASIBLE, math.nan, math.nan, problem, options)
    objective, bound = _objective_and_bound(problem)
    if problem.status == cp.OPTIMAL:
        return _outcome(SolveStatus.OPTIMAL, objective, bound, problem, options)
    if problem.status == cp.settings.USER_LIMIT:
        limit = ACCEPTED_GAP_MULTIPLE * mip_gap if accepted_gap is None else accepted_gap
        _require_acceptable(problem, relative_gap(objective, bound), limit, seconds)
        return _outcome(SolveStatus.FEASIBLE, objective, bound, problem, options)
    raise SolverFaultError(f"{SOLVER} ended with status '{problem.status}'")


def _objective_and_bound(problem: cp.Problem) -> tuple[float, float]:
    """Read value and proven bound; CVXPY keeps HiGHS' info, which always minimises."""
    objective = float(problem.value) if problem.value is not None else math.nan
    if not problem.is_mixed_integer():
        return objective, objective
    info = problem.solver_stats.extra_stats
    slack = float(info.objective_function_value) - float(info.mip_dual_bound)
    maximises = isinstance(problem.objective, cp.Maximize)
    return objective, objective + slack if maximises else objective - slack


def _require_acceptable(problem: cp.Problem, gap: float, limit: float, seconds: float) -> None:
    info = problem.solver_stats.extra_stats
    if not (int(info.primal_solution_status) == _FEASIBLE_POINT and problem.is_mixed_integer()):
        raise SolveLimitError(f"no solution within {seconds:g} s. {_ADVICE}")
    if not gap <= limit:
        raise SolveLimitError(_too_wide(gap, limit, seconds))


def require_gap(gap: float, wanted: float, seconds: float) -> None:
    """Refuse a plan stopped by the clock whose gap is beyond ten times the one asked for.

    Raises:
        SolveLimitError: The last good plan is the better one.
    """
    limit = ACCEPTED_GAP_MULTIPLE * wanted
    if not gap <= limit:
        raise SolveLimitError(_too_wide(gap, limit, seconds))


def _too_wide(gap: float, limit: float, seconds: float) -> str:
    return f"after {seconds:g} s the proven gap is {gap:.2%}, accepted are {limit:.2%}. {_ADVICE}"


def _outcome(
    status: SolveStatus,
    objective: float,
    bound: float,
    problem: cp.Problem,
    options: dict[str, float],
) -> SolveOutcome:
    return SolveOutcome(
        status=status,
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        seconds=float(problem.solver_stats.solve_time or 0.0),
        solver=SOLVER,
        solver_version=version("highspy"),
        options=MappingProxyType(dict(options)),
    )
