"""The rules of a coverage plan as coupling rows: one function per rule.

Belongs here: which pairs a rule counts, in which unit, up to which limit. Does not belong here:
the rows' arithmetic (``rows``), how a plan is found, words about a broken rule (``diagnose``).
A new rule is a function here; the model, the prices, the search, the bound and the published
prices take it from there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.coverage.inputs import CoverageInputs, FloatArray
from optimization.coverage.rows import CouplingRows, PairProblem, mean_account, rows_by_entity
from optimization.policy import CoveragePolicy

# Ties go to the present owner, then to the first coverer in order (reps before partners before
# the house, by id). In mean accounts: all ties together shift the plan by at most 1.1e-6 of its
# value, far below any gap asked for, yet each step stays 100 times above HiGHS' tolerance.
TIE_PRESENT = 1e-6
TIE_ORDER = 1e-7


def coverage_problem(inputs: CoverageInputs, policy: CoveragePolicy) -> PairProblem:
    """State a company's problem over all its candidates, those that a lock forbids included.

    ``only_pairs(inputs.is_allowed)`` is what a plan chooses from; scores and prices are shown for
    all.
    """
    parts = [
        hours_rows(inputs, policy.overtime_amount_per_hour),
        account_rows(inputs),
        move_rows(inputs, policy),
    ]
    rows = CouplingRows.join([part for part in parts if part.count], len(inputs.candidates))
    tie = mean_account(inputs.value, inputs.first) * _tie_break(inputs)
    every = np.arange(len(inputs.candidates), dtype=np.int64)
    return PairProblem(inputs.first, inputs.value, tie, rows, every, inputs.coverer_of)


def hours_rows(inputs: CoverageInputs, overtime_price: float) -> CouplingRows:
    """Hours of a coverer <= capacity + overtime; overtime <= what it lacks today, at a price."""
    return rows_by_entity(
        "hours",
        "hours",
        entity_of=inputs.coverer_of,
        use=inputs.hours,
        limit=inputs.capacity_hours,
        labels=inputs.coverers,
        slack_limit=inputs.overtime_hours,
        slack_price=overtime_price,
    )


def account_rows(inputs: CoverageInputs) -> CouplingRows:
    """Accounts of a coverer <= its maximum."""
    return rows_by_entity(
        "accounts",
        "accounts",
        entity_of=inputs.coverer_of,
        use=np.ones(len(inputs.candidates)),
        limit=inputs.max_accounts,
        labels=inputs.coverers,
    )


def move_rows(inputs: CoverageInputs, policy: CoveragePolicy) -> CouplingRows:
    """Accounts taken from an active owner <= the company's budget."""
    return rows_by_entity(
        "moves",
        "moves",
        entity_of=np.zeros(len(inputs.candidates), dtype=np.int64),
        use=inputs.is_move.astype(np.float64),
        limit=np.array([float(inputs.move_limit(policy.move_budget_rate))]),
        labels=COMPANY,
    )


COMPANY = pd.DataFrame({"rep_id": [None], "group_id": [None]}).astype("str")


def _tie_break(inputs: CoverageInputs) -> FloatArray:
    """Small bonus per pair, in mean accounts and never negative, so that bounds stay valid."""
    counts = np.diff(inputs.first)
    place = np.arange(len(inputs.candidates)) - inputs.first[inputs.account_of]
    order = 1.0 - place / counts[inputs.account_of]
    return np.asarray(TIE_PRESENT * inputs.is_present + TIE_ORDER * order, dtype=np.float64)
