"""What each lock costs: how much more the plan could be worth without it.

Without a lock an account may take a better pair at the same prices, so the worth of any plan rises
by at most

best net score over the pairs allowed without the lock - the same over those allowed with it

(the bound D of ``rows.PairProblem`` grows by exactly this). For the costliest decisions of people
the relaxation is solved again without the lock: that is what it costs, where the first number is
the most it can cost.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.problem.families import unit_pairs
from optimization.coverage.problem.inputs import BoolArray, CoverageInputs, FloatArray, IntArray
from optimization.coverage.report.wording import coverer_name, money
from optimization.coverage.solve.prices import Relaxation, relax
from optimization.policy import CoveragePolicy

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


def lock_costs(
    inputs: CoverageInputs,
    problem: PairProblem,
    relaxation: Relaxation,
    policy: CoveragePolicy,
) -> pd.DataFrame:
    """One row per locked account and per forbidden pair, the costliest lock of an account first.

    Args:
        inputs: The problem.
        problem: The same over all candidates.
        relaxation: The relaxation the prices come from.
        policy: Policy of the plan, for solving again.
    """
    net = problem.value - problem.rows.paid(relaxation.price)
    locked, forbidden = _locked_accounts(inputs), _forbidden_pairs(inputs)
    table = pd.concat([locked, forbidden], ignore_index=True)
    freed = pd.concat(
        [_freed_by_account(inputs, locked), _freed_pairs(inputs, forbidden, len(locked))]
    )
    cost, better = _costs(inputs, net, freed, len(table))
    reps = inputs.coverers["rep_id"].to_numpy(dtype=object)
    table["cost_amount"] = cost
    table["better_rep_id"] = pd.Series(reps[better], dtype=object).where(cost > 0, None)
    table["resolved_cost_amount"] = _resolved(inputs, problem, relaxation, policy, table, freed)
    types = inputs.coverers.set_index("rep_id")["coverer_type"]
    table["sentence"] = [
        _sentence(row, str(types.get(row["better_rep_id"], ""))) for row in table.to_dict("records")
    ]
    text = dict.fromkeys(("rep_id", "lock_source", "lock_reason", "better_rep_id"), "str")
    table = table.sort_values(["account_id", "lock_action", "rep_id"], ignore_index=True)
    return table[LOCK_COLUMNS].astype(text)


def _locked_accounts(inputs: CoverageInputs) -> pd.DataFrame:
    """The locks of accounts, in the order of the accounts."""
    accounts = inputs.accounts
    at = np.flatnonzero(accounts["lock_action"].notna())
    locked = accounts.iloc[at]
    return pd.DataFrame(
        {
            "at": at,
            "account_id": locked["account_id"].to_numpy(),
            "lock_action": locked["lock_action"].to_numpy(),
            "rep_id": locked["lock_rep_id"].fillna(locked["present_rep_id"]).to_numpy(),
            "lock_source": locked["lock_source"].to_numpy(),
            "lock_reason": locked["lock_reason"].to_numpy(),
        }
    )


def _forbidden_pairs(inputs: CoverageInputs) -> pd.DataFrame:
    """The forbidden pairs, in the order of the candidates."""
    pairs = inputs.candidates
    at = np.flatnonzero(pairs["forbidden_reason"].notna())
    reason = pairs["forbidden_reason"].iloc[at]
    return pd.DataFrame(
        {
            "at": at,
            "account_id": pairs["account_id"].iloc[at].to_numpy(),
            "lock_action": FORBID,
            "rep_id": pairs["rep_id"].iloc[at].to_numpy(),
            "lock_source": np.where(reason.str.startswith("override: "), "override", "hard_rule"),
            "lock_reason": reason.to_numpy(),
        }
    )


def _freed_by_account(inputs: CoverageInputs, locked: pd.DataFrame) -> pd.DataFrame:
    """Pairs that each lock of an account alone forbids: columns lock and row."""
    at = locked["at"].to_numpy(dtype=np.int64)
    unbarred = inputs.candidates["forbidden_reason"].isna().to_numpy(dtype=bool)
    row = np.flatnonzero(np.isin(inputs.account_of, at) & unbarred & ~inputs.is_allowed)
    return pd.DataFrame({"lock": np.searchsorted(at, inputs.account_of[row]), "row": row})


def _freed_pairs(inputs: CoverageInputs, forbidden: pd.DataFrame, first: int) -> pd.DataFrame:
    """Each forbidden pair frees itself, unless a lock of its account forbids it too."""
    row = forbidden["at"].to_numpy(dtype=np.int64)
    lock = inputs.accounts.iloc[inputs.account_of[row]]
    target = lock["lock_rep_id"].fillna(lock["present_rep_id"]).to_numpy(dtype=object)
    same = forbidden["rep_id"].to_numpy(dtype=object) == target
    action = lock["lock_action"].to_numpy(dtype=object)
    shut = ((action == "keep") & ~same) | ((action == "remove") & same)
    return pd.DataFrame({"lock": first + np.flatnonzero(~shut), "row": row[~shut]})


def _costs(
    inputs: CoverageInputs, net: FloatArray, freed: pd.DataFrame, locks: int
) -> tuple[FloatArray, IntArray]:
    """Most that freeing its pairs can bring, and the coverer the account would go to, by lock.

    A family's pair scores the sum over its members and is open where every member allows it, so
    freeing one member's pair opens it only where no other member keeps it shut.

    Args:
        inputs: The problem.
        net: Net score of every candidate, shape (N,).
        freed: Columns lock (from 0) and row (of the candidates, none of them allowed today).
        locks: Number of locks L.
    """
    size = np.bincount(inputs.unit_of)
    unit = inputs.unit_of[inputs.account_of]
    keys, key_of = np.unique(unit * len(inputs.coverers) + inputs.coverer_of, return_inverse=True)
    score = np.bincount(key_of, weights=net)
    whole = np.bincount(key_of) == size[keys // len(inputs.coverers)]
    shut = np.bincount(key_of, weights=~inputs.is_allowed)
    held = np.full(len(size), -np.inf)
    open_ = whole & (shut == 0)
    np.maximum.at(held, keys[open_] // len(inputs.coverers), score[open_])

    key = key_of[freed["row"].to_numpy(dtype=np.int64)]
    gains = freed.assign(
        gain=score[key] - held[keys[key] // len(inputs.coverers)],
        coverer=keys[key] % len(inputs.coverers),
    )[whole[key] & (shut[key] == 1)]
    best = gains.sort_values(["lock", "gain", "coverer"], ascending=[True, False, True])
    best = best.drop_duplicates("lock")
    cost, better = np.zeros(locks), np.full(locks, -1, dtype=np.int64)
    cost[best["lock"]] = np.maximum(best["gain"], 0.0)
    better[best["lock"]] = best["coverer"]
    return cost, better


def _resolved(
    inputs: CoverageInputs,
    problem: PairProblem,
    relaxation: Relaxation,
    policy: CoveragePolicy,
    table: pd.DataFrame,
    freed: pd.DataFrame,
) -> FloatArray:
    """Worth that the relaxation gains without the costliest decisions of people; else NaN."""
    cost = np.full(len(table), np.nan)
    if len(problem.value) > MOST_PAIRS_RESOLVED:
        return cost
    asked = table[(table["lock_source"] == "override") & (table["cost_amount"] > 0)]
    asked = asked.sort_values(["cost_amount", "account_id"], ascending=[False, True])
    for lock in asked.index[:MOST_RESOLVED]:
        allowed: BoolArray = inputs.is_allowed.copy()
        allowed[freed.loc[freed["lock"] == lock, "row"]] = True
        unlocked = unit_pairs(problem, replace(inputs, is_allowed=allowed))
        without = relax(unlocked, policy, relaxation.price)
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
