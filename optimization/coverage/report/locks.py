"""What each lock costs: how much more the plan could be worth without it.

Without a lock an account may take a better pair at the same prices, so the worth of any plan rises
by at most

best net score over the pairs allowed without the lock - the same over those allowed with it

(the bound D of ``PairProblem.bound`` grows by exactly this). For the costliest decisions of people
the relaxation is solved again without the lock: that is what it costs, where the first number is
the most it can cost.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.report.wording import coverer_name, money
from optimization.coverage.solve.prices import Relaxation, relax
from optimization.coverers import lock_targets

LOCK_COLUMNS = [
    "account_id",
    "lock_action",
    "rep_id",
    "lock_source",
    "lock_reason",
    "better_rep_id",
    "cost_amount",
    "resolved_cost_amount",
    "sentence",
]
FORBID = "forbid"
# Solving again takes as long as the relaxation: only decisions of people, the costliest first.
MOST_RESOLVED = 5
MOST_PAIRS_RESOLVED = 50_000


def lock_costs(problem: CoverageProblem, relaxation: Relaxation) -> pd.DataFrame:
    """One row per locked account and per forbidden pair, the costliest lock of an account first.

    Args:
        problem: The problem.
        relaxation: The relaxation the prices come from.
    """
    inputs = problem.inputs
    locked, forbidden = _locked_accounts(inputs), _forbidden_pairs(inputs)
    table = pd.concat([locked, forbidden], ignore_index=True)
    freed = _freed(inputs)
    cost, better = _costs(problem, relaxation, freed, len(table))
    reps = inputs.coverers["rep_id"].to_numpy(dtype=object)
    table["cost_amount"] = cost
    table["better_rep_id"] = pd.Series(reps[better], dtype=object).where(cost > 0, None)
    table["resolved_cost_amount"] = _resolved(problem, relaxation, table, freed)
    types = inputs.coverers.set_index("rep_id")["coverer_type"]
    table["sentence"] = [
        _sentence(row, str(types.get(row["better_rep_id"], ""))) for row in table.to_dict("records")
    ]
    text = dict.fromkeys(("rep_id", "lock_source", "lock_reason", "better_rep_id"), "str")
    table = table.sort_values(["account_id", "lock_action", "rep_id"], ignore_index=True)
    return table[LOCK_COLUMNS].astype(text)


def _locked_accounts(inputs: CoverageInputs) -> pd.DataFrame:
    """The locks of accounts, in the order of the accounts."""
    locked = inputs.accounts[inputs.accounts["lock_action"].notna()]
    columns = ["account_id", "lock_action", "lock_source", "lock_reason"]
    return locked[columns].assign(rep_id=lock_targets(locked))


def _forbidden_pairs(inputs: CoverageInputs) -> pd.DataFrame:
    """The forbidden pairs, in the order of the candidates."""
    pairs = inputs.candidates[inputs.is_forbidden]
    reason = pairs["forbidden_reason"]
    source = np.where(reason.str.startswith("override: "), "override", "hard_rule")
    return pairs[["account_id", "rep_id"]].assign(
        lock_action=FORBID, lock_source=source, lock_reason=reason
    )


def _freed(inputs: CoverageInputs) -> pd.DataFrame:
    """Candidates that would be allowed without one lock: columns lock and row.

    Locks are numbered as listed: those of accounts, then forbidden pairs. A pair that both close
    is freed by neither alone.
    """
    locks = np.flatnonzero(inputs.accounts["lock_action"].notna())
    out = np.flatnonzero(inputs.is_locked_out & ~inputs.is_forbidden)
    pair = np.flatnonzero(inputs.is_forbidden)
    alone = np.flatnonzero(~inputs.is_locked_out[pair])
    lock = [np.searchsorted(locks, inputs.account_of[out]), len(locks) + alone]
    return pd.DataFrame({"lock": np.concatenate(lock), "row": np.concatenate([out, pair[alone]])})


def _costs(
    problem: CoverageProblem, relaxation: Relaxation, freed: pd.DataFrame, locks: int
) -> tuple[FloatArray, IntArray]:
    """Most that freeing its pairs can bring, and the coverer the account would go to, by lock.

    A family's pair scores the sum over its members and is open where every member allows it, so
    freeing one member's pair opens it only where no other member keeps it closed.

    Args:
        problem: The problem.
        relaxation: The relaxation the prices come from.
        freed: Columns lock (from 0) and row (of the candidates, none of them allowed today).
        locks: Number of locks L.
    """
    scored, units = problem.scored, problem.units
    net = scored.value - scored.constraints.paid(relaxation.price)
    score = problem.unit_scores(net)
    held = np.maximum.reduceat(
        np.where(problem.closed_count == 0, score, -np.inf), units.first[:-1]
    )
    pair = problem.unit_pair[freed["row"].to_numpy(dtype=np.int64)]
    opens = (pair >= 0) & (problem.closed_count[pair] == 1)
    pair = pair[opens]
    gains = freed[opens].assign(
        gain=score[pair] - held[units.account_of[pair]], coverer=units.coverer[pair]
    )
    best = gains.sort_values(["lock", "gain", "coverer"], ascending=[True, False, True])
    best = best.drop_duplicates("lock")
    cost, better = np.zeros(locks), np.full(locks, -1, dtype=np.int64)
    cost[best["lock"]] = np.maximum(best["gain"], 0.0)
    better[best["lock"]] = best["coverer"]
    return cost, better


def _resolved(
    problem: CoverageProblem, relaxation: Relaxation, table: pd.DataFrame, freed: pd.DataFrame
) -> FloatArray:
    """Worth that the relaxation gains without the costliest decisions of people; else NaN."""
    cost = np.full(len(table), np.nan)
    if len(problem.scored.value) > MOST_PAIRS_RESOLVED:
        return cost
    asked = table[(table["lock_source"] == "override") & (table["cost_amount"] > 0)]
    asked = asked.sort_values(["cost_amount", "account_id"], ascending=[False, True])
    for lock in asked.index[:MOST_RESOLVED]:
        unlocked = problem.with_allowed(freed.loc[freed["lock"] == lock, "row"].to_numpy())
        without = relax(unlocked, problem.policy, relaxation.price)
        cost[lock] = max(0.0, without.value - relaxation.value)
    return cost


def _sentence(row: dict[Hashable, Any], better_type: str) -> str:
    lock = {"keep": "stays with", "remove": "leaves"}.get(row["lock_action"], "never goes to")
    said = f"{row['account_id']} {lock} {row['rep_id']} ({row['lock_reason']})"
    if row["cost_amount"] < 1:
        return f"{said}: costs nothing, the plan would decide the same."
    other = coverer_name(str(row["better_rep_id"]), better_type)
    if np.isnan(row["resolved_cost_amount"]):
        return f"{said}: costs at most {money(row['cost_amount'])}; by score {other} is better."
    cost = money(row["resolved_cost_amount"])
    return f"{said}: costs {cost}, solved again without it; by score {other} is better."
