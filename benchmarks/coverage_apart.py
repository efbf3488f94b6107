"""CP-SAT and CBC on a coverage problem, for comparison; both come with the ``bench`` extra.

Belongs here: the problem in their own form. Does not belong here: anything that loads CVXPY, as
OR-tools carries a HiGHS of its own that cannot live in one process with highspy's.
"""

from __future__ import annotations

import math

import numpy as np

from optimization.arrays import IntArray
from optimization.coverage.problem.constraints import PairProblem

WHOLE = 100  # CP-SAT takes whole numbers: hundredths of a unit


def cp_sat(pairs: PairProblem, seconds: float) -> IntArray | None:
    """OR-tools' CP-SAT, numbers rounded to hundredths."""
    from ortools.sat.python import cp_model

    model, constraints = cp_model.CpModel(), pairs.constraints
    assign = [model.new_bool_var("") for _ in pairs.value]
    for begin, end in zip(pairs.first[:-1], pairs.first[1:], strict=True):
        model.add_exactly_one(assign[begin:end])
    worth = sum(round(v * WHOLE) * x for v, x in zip(pairs.value, assign, strict=True))
    columns = constraints.uses.tocsc()
    for m in range(constraints.count):
        at = slice(columns.indptr[m], columns.indptr[m + 1])
        used = sum(
            round(u * WHOLE) * assign[j]
            for j, u in zip(columns.indices[at], columns.data[at], strict=True)
        )
        limit = math.floor(constraints.limit[m] * WHOLE)
        if constraints.slack_limit[m] > 0:
            most = min(constraints.slack_limit[m], float(np.abs(columns.data[at]).sum()))
            slack = model.new_int_var(0, math.floor(most * WHOLE), "")
            model.add(used <= limit + slack)
            # Value is in hundredths, slack in hundredths of a unit: price x slack is, too.
            worth = worth - constraints.slack_price[m] * slack
        else:
            model.add(used <= limit)
    model.maximize(worth)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return np.flatnonzero([solver.boolean_value(x) for x in assign]).astype(np.int64)


def cbc(pairs: PairProblem, seconds: float) -> IntArray | None:
    """CBC through PuLP."""
    import pulp

    problem, constraints = pulp.LpProblem("coverage", pulp.LpMaximize), pairs.constraints
    assign = [pulp.LpVariable(f"x{j}", cat="Binary") for j in range(len(pairs.value))]
    worth = list(zip(assign, pairs.value.tolist(), strict=True))
    columns = constraints.uses.tocsc()
    for begin, end in zip(pairs.first[:-1], pairs.first[1:], strict=True):
        problem += pulp.LpAffineExpression([(x, 1) for x in assign[begin:end]]) == 1
    for m in range(constraints.count):
        at = slice(columns.indptr[m], columns.indptr[m + 1])
        terms = [(assign[j], float(u)) for j, u in
                 zip(columns.indices[at], columns.data[at], strict=True)]  # fmt: skip
        if constraints.slack_limit[m] > 0:
            most = (
                None if np.isinf(constraints.slack_limit[m]) else float(constraints.slack_limit[m])
            )
            slack = pulp.LpVariable(f"s{m}", 0, most)
            terms.append((slack, -1.0))
            worth.append((slack, -float(constraints.slack_price[m])))
        problem += pulp.LpAffineExpression(terms) <= float(constraints.limit[m])
    problem.setObjective(pulp.LpAffineExpression(worth))
    problem.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=seconds, threads=2))
    taken = np.flatnonzero([(x.value() or 0.0) > 0.5 for x in assign]).astype(np.int64)
    whole = len(taken) == pairs.account_count
    return (
        taken
        if whole and np.array_equal(pairs.account_of[taken], np.arange(pairs.account_count))
        else None
    )
