"""What one more rep would add to each group of reps: as the prices promise, and solved again.

The prediction is price x added limit. As the relaxation's value is concave in its limits, solving
again can only confirm it or fall below. A small company is solved again whole. Beyond
``exact_pairs`` that would take as long as the plan itself, group by group, and the difference of
two smoothed bounds would drown in their smoothing; so only the group's part is solved again:
every account that one of its reps may cover, with all its pairs, the group's limits anew, all
others at the prices they have. Holding prices can only overstate the gain, never below that of
the whole re-solve and never above the prediction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optimization.arrays import BoolArray, FloatArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.problem.inputs import stated_limits
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.report.wording import counted, money
from optimization.coverage.solve.prices import Relaxation, relax

HIRING_COLUMNS = [
    "group_id",
    "added_hours",
    "predicted_gain_amount",
    "resolved_gain_amount",
    "sentence",
]


@dataclass(frozen=True, eq=False)
class _Newcomer:
    """An average rep more in a group.

    Attributes:
        hours: Hours a year.
        added: Units that each limit gains, shape (M,).
        members: Constraints of the group's reps, shape (M,).
    """

    hours: float
    added: FloatArray
    members: BoolArray


def hiring_advice(problem: CoverageProblem, relaxation: Relaxation) -> pd.DataFrame:
    """What one more average rep would add to each group of reps.

    Args:
        problem: The problem.
        relaxation: The relaxation that the prices come from.
    """
    pairs, policy, coverers = problem.pairs, problem.policy, problem.inputs.coverers
    is_rep = (coverers["coverer_type"] == "rep").to_numpy()
    table = []
    for group in sorted(coverers["group_id"][is_rep].dropna().unique()):
        of_group = is_rep & (coverers["group_id"] == group).to_numpy(dtype=bool)
        newcomer = _newcomer(problem, of_group)
        predicted = float(relaxation.price @ newcomer.added)
        if len(pairs.value) > policy.exact_pairs:
            resolved = _gain_of_part(pairs, of_group, newcomer, relaxation.price)
        else:
            larger = pairs.with_limit(pairs.constraints.limit + newcomer.added)
            resolved = relax(larger, policy).value - relaxation.value
        # Neither way is exact in a large company: prices promise the most there is.
        resolved = min(max(resolved, 0.0), predicted)
        sentence = _sentence(str(group), newcomer.hours, predicted, resolved)
        table.append((group, newcomer.hours, predicted, resolved, sentence))
    return pd.DataFrame(table, columns=HIRING_COLUMNS)


def _newcomer(problem: CoverageProblem, of_group: BoolArray) -> _Newcomer:
    """The mean of the group's stated limits, spread over its reps in proportion to theirs.

    What a rep lacks today stays what it may lack.
    """
    coverers, labels = problem.inputs.coverers, problem.pairs.constraints.labels
    ids = coverers["rep_id"]
    members = ids[of_group]
    added, hours = np.zeros(len(labels)), 0.0
    for rule, column in (("hours", "capacity_hours"), ("accounts", "max_accounts")):
        limits = pd.Series(stated_limits(coverers, column), ids)
        # mean of the group x share of the rep in the group = the rep's own limit / size.
        share = limits[members].replace(np.inf, 0.0) / len(members)
        at = (labels["rule"] == rule) & labels["rep_id"].isin(members)
        added[at] = share[labels["rep_id"][at]].to_numpy()
        hours += float(share.sum()) if rule == "hours" else 0.0
    return _Newcomer(hours, added, np.asarray(labels["rep_id"].isin(members), dtype=np.bool_))


def _gain_of_part(
    pairs: PairProblem, of_group: BoolArray, newcomer: _Newcomer, price: FloatArray
) -> float:
    """Gain of the group's part, everyone else's limits at their prices."""
    from optimization.coverage.solve.dual import find_prices

    account = pairs.account_of
    touched = np.unique(account[of_group[pairs.coverer]])
    if not touched.size:
        return 0.0
    own = np.flatnonzero(newcomer.members)
    others = np.where(newcomer.members, 0.0, price)
    part = replace(pairs, value=pairs.value - pairs.constraints.paid(others)).part(
        np.flatnonzero(np.isin(account, touched)), own
    )
    today = find_prices(part, price[own])
    larger = part.with_limit(part.constraints.limit + newcomer.added[own])
    return find_prices(larger, today.price).bound - today.bound


def _sentence(group: str, hours: float, predicted: float, resolved: float) -> str:
    who = f"One more rep in {group} ({counted(round(hours), 'hour')} a year)"
    if resolved < 1:
        return f"{who} would add nothing: time is not what limits this group's plan."
    return (
        f"{who} would add about {money(resolved)} over the planning horizon; "
        f"the prices of today's limits promise at most {money(predicted)}."
    )
