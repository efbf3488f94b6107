"""What each lock costs: how much more the plan could be worth without it.

Belongs here: the table of locks and forbidden pairs with their cost. Does not belong here: which
locks there are (the marts say so) or whether they are kept (``optimization.verify``).

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

from optimization.coverage.families import unit_pairs
from optimization.coverage.inputs import BoolArray, CoverageInputs, FloatArray, IntArray
from optimization.coverage.prices import Relaxation, relax
from optimization.coverage.rows import PairProblem
from optimization.coverage.wording import coverer_name, money
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
FORBIDDEN = "forbidden"
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
    table = pd.concat([_locked_accounts(inputs), _forbidden_pairs(inputs)], ignore_index=True)
    found = [
        _cost(inputs, net, int(account), freed)
        for account, freed in zip(table["account"], table["freed"], strict=True)
    ]
    reps = inputs.coverers["rep_id"].to_numpy(dtype=object)
    table["cost_amount"] = np.array([cost for cost, _ in found], dtype=np.float64)
    table["better_rep_id"] = [reps[coverer] if cost > 0 else None for cost, coverer in found]
    table["resolved_cost_amount"] = _resolved(inputs, problem, relaxation, policy, table)
    types = inputs.coverers.set_index("rep_id")["coverer_type"]
    table["sentence"] = [
        _sentence(row, str(types.get(row["better_rep_id"], ""))) for row in table.to_dict("records")
    ]
    text = dict.fromkeys(("rep_id", "lock_source", "lock_reason", "better_rep_id"), "str")
    table = table.sort_values(["account_id", "lock_action", "rep_id"], ignore_index=True)
    return table[LOCK_COLUMNS].astype(text)


def _locked_accounts(inputs: CoverageInputs) -> pd.DataFrame:
    """The locks of accounts, each with the pairs that it alone forbids."""
    accounts = inputs.accounts
    at = np.flatnonzero(accounts["lock_action"].notna())
    unbarred = inputs.candidates["forbidden_reason"].isna().to_numpy(dtype=bool)
    locked = accounts.iloc[at]
    return pd.DataFrame(
        {
            "account": at,
            "account_id": locked["account_id"].to_numpy(),
            "lock_action": locked["lock_action"].to_numpy(),
            "rep_id": locked["lock_rep_id"].fillna(locked["present_rep_id"]).to_numpy(),
            "lock_source": locked["lock_source"].to_numpy(),
            "lock_reason": locked["lock_reason"].to_numpy(),
            "freed": [_rows(inputs, int(a))[unbarred[_rows(inputs, int(a))]] for a in at],
        }
    ).astype({"freed": object})


def _forbidden_pairs(inputs: CoverageInputs) -> pd.DataFrame:
    """The forbidden pairs, each with itself as what it forbids, unless a lock forbids it too."""
    pairs = inputs.candidates
    at = np.flatnonzero(pairs["forbidden_reason"].notna())
    reason = pairs["forbidden_reason"].iloc[at]
    lock = inputs.accounts.iloc[inputs.account_of[at]]
    target = lock["lock_rep_id"].fillna(lock["present_rep_id"]).to_numpy(dtype=object)
    same = pairs["rep_id"].iloc[at].to_numpy(dtype=object) == target
    action = lock["lock_action"].to_numpy(dtype=object)
    shut = ((action == "married") & ~same) | ((action == "divorced") & same)
    return pd.DataFrame(
        {
            "account": inputs.account_of[at],
            "account_id": pairs["account_id"].iloc[at].to_numpy(),
            "lock_action": FORBIDDEN,
            "rep_id": pairs["rep_id"].iloc[at].to_numpy(),
            "lock_source": np.where(reason.str.startswith("override: "), "override", "hard_rule"),
            "lock_reason": reason.to_numpy(),
            "freed": [
                np.array([] if closed else [row], dtype=np.int64)
                for row, closed in zip(at, shut, strict=True)
            ],
        }
    ).astype({"freed": object})


def _rows(inputs: CoverageInputs, account: int) -> IntArray:
    return np.arange(inputs.first[account], inputs.first[account + 1], dtype=np.int64)


def _cost(
    inputs: CoverageInputs, net: FloatArray, account: int, freed: IntArray
) -> tuple[float, int]:
    """Most that freeing these pairs of an account can bring, and the coverer it would go to."""
    members = np.flatnonzero(inputs.unit_of == inputs.unit_of[account])
    score = np.zeros(len(inputs.coverers))
    free = np.ones(len(inputs.coverers), dtype=bool)
    held = np.ones(len(inputs.coverers), dtype=bool)
    for member in members:
        rows = _rows(inputs, int(member))
        mine, open_ = np.zeros((2, len(inputs.coverers)), dtype=bool)
        mine[inputs.coverer_of[rows[inputs.is_allowed[rows]]]] = True
        open_[:] = mine
        if member == account:
            open_[inputs.coverer_of[freed]] = True
        part = np.full(len(inputs.coverers), -np.inf)
        part[inputs.coverer_of[rows]] = net[rows]
        score += part
        held &= mine
        free &= open_
    best = int(np.flatnonzero(free)[np.argmax(score[free])])
    return max(0.0, float(score[best] - score[held].max())), best


def _resolved(
    inputs: CoverageInputs,
    problem: PairProblem,
    relaxation: Relaxation,
    policy: CoveragePolicy,
    table: pd.DataFrame,
) -> FloatArray:
    """Worth that the relaxation gains without the costliest decisions of people; else NaN."""
    cost = np.full(len(table), np.nan)
    if len(problem.value) > MOST_PAIRS_RESOLVED:
        return cost
    asked = table[(table["lock_source"] == "override") & (table["cost_amount"] > 0)]
    asked = asked.sort_values(["cost_amount", "account_id"], ascending=[False, True])
    for at, row in asked.head(MOST_RESOLVED).iterrows():
        freed: BoolArray = inputs.is_allowed.copy()
        freed[row["freed"]] = True
        without = relax(
            unit_pairs(problem, replace(inputs, is_allowed=freed)), policy, relaxation.price
        )
        cost[table.index.get_loc(at)] = max(0.0, without.value - relaxation.value)
    return cost


def _sentence(row: dict[Hashable, Any], better_type: str) -> str:
    lock = {"married": "stays with", "divorced": "leaves"}.get(row["lock_action"], "never goes to")
    said = f"{row['account_id']} {lock} {row['rep_id']} ({row['lock_reason']})"
    if row["cost_amount"] < 1:
        return f"{said}: costs nothing, the plan would decide the same."
    other = coverer_name(str(row["better_rep_id"]), better_type)
    if np.isnan(row["resolved_cost_amount"]):
        return f"{said}: costs at most {money(row['cost_amount'])}; by score {other} is better."
    cost = money(row["resolved_cost_amount"])
    return f"{said}: costs {cost}, solved again without it; by score {other} is better."
