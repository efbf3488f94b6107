"""Exact improvement of part of a plan: a few coverers' accounts anew, by a small integer model.

Belongs here: which accounts and pairs are freed, the small problem with what the rest leaves of
the rows, one solve. Does not belong here: how often, or how the first plan was found.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp

from optimization.coverage.model import build_model
from optimization.coverage.rows import CouplingRows, FloatArray, IntArray, PairProblem
from optimization.errors import SolveLimitError
from optimization.solve import SolveStatus, solve

SECONDS = 30.0  # a stop for the worst case only: nodes are what limits a neighbourhood


def part_of(
    pairs: PairProblem, choice: IntArray, load: FloatArray, accounts: IntArray, free: IntArray
) -> PairProblem:
    """The problem of some accounts, everyone else staying where they are.

    Args:
        pairs: The whole problem.
        choice: Chosen pair per account, shape (A,).
        load: Units used of each row, shape (M,).
        accounts: Accounts that may change, sorted.
        free: Pairs to choose from, sorted, at least one for each of these accounts.
    """
    rows = pairs.rows
    uses = rows.uses[free]
    touched = np.unique(uses.indices)
    rest = load - np.asarray(rows.uses[choice[accounts]].sum(axis=0)).reshape(-1)
    owner = np.searchsorted(pairs.first, free, side="right") - 1
    first = np.searchsorted(owner, np.append(accounts, pairs.account_count))
    column = np.full(rows.count, -1, dtype=np.int64)
    column[touched] = np.arange(len(touched))
    small = sp.csr_array(
        (uses.data, column[uses.indices], uses.indptr), shape=(len(free), len(touched))
    )
    return PairProblem(
        first=first.astype(np.int64),
        value=pairs.value[free],
        tie=pairs.tie[free],
        rows=CouplingRows(
            labels=rows.labels.iloc[touched].reset_index(drop=True),
            uses=small,
            limit=(rows.limit - rest)[touched],
            slack_limit=rows.slack_limit[touched],
            slack_price=rows.slack_price[touched],
        ),
        candidate=free,
        coverer=pairs.coverer[free],
    )


def best_choice(part: PairProblem, *, seed: int, nodes: int, gap: float) -> IntArray | None:
    """Pairs of the whole problem that the small model chooses, None if it finds no plan."""
    model = build_model(part)
    try:
        outcome = solve(
            model.problem,
            seconds=SECONDS,
            mip_gap=gap,
            seed=seed,
            accepted_gap=math.inf,
            nodes=nodes,
        )
    except SolveLimitError:
        return None
    if outcome.status is SolveStatus.INFEASIBLE:
        return None
    return part.candidate[model.chosen(part)]
