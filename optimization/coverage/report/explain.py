"""Why each account has its coverer: parts that add up, the runner-up, the rule that decided."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.problem.validation import PART_COLUMNS
from optimization.coverage.report.sentences import account_sentences

EXPLANATION_COLUMNS = [
    "account_id",
    "rep_id",
    "segment_value_amount",
    "strength_value_amount",
    "cost_to_serve_amount",
    "absence_amount",
    "disruption_amount",
    "soft_rule_amount",
    "hours_price_amount",
    "count_price_amount",
    "move_price_amount",
    "balance_price_amount",
    "other_price_amount",
    "net_score_amount",
    "runner_up_rep_id",
    "runner_up_net_score_amount",
    "score_difference_amount",
    "binding_rule",
    "interval_low_amount",
    "interval_high_amount",
    "sentence",
]
LOSS_COLUMNS = PART_COLUMNS[2:]
Z_90 = 1.645  # two-sided 90 % of a normal distribution
CENT = 0.005
VALUE, WHOLE_ACCOUNTS, ONLY_CANDIDATE = "value", "whole accounts", "only candidate"
MOVE_BUDGET = "move budget"
FAMILY = "family: "
# Published price of each rule; the rules of one column are paid together.
PRICE_COLUMNS = {
    "hours_price_amount": ("hours",),
    "count_price_amount": ("accounts",),
    "move_price_amount": ("moves", "moved_amount", "group_moves", "rep_moves"),
    "balance_price_amount": ("balance_high", "balance_low", "ote_high", "ote_low"),
    "other_price_amount": ("min_hours", "partner_budget"),
}


def explain(problem: CoverageProblem, chosen: IntArray, price: FloatArray) -> pd.DataFrame:
    """Explain every account's coverer.

    net score = segment + strength - cost to serve - absence - disruption - loss by soft rules
    - price of the hours - price of the account's place - price of the move - price of balance
    - price of the other rules, at the relaxation's shadow prices.

    Args:
        problem: The problem.
        chosen: Candidate row per account, shape (A,).
        price: Price of each constraint, shape (M,).
    """
    inputs, scored = problem.inputs, _score(problem, price)
    runner_up = _runner_up(inputs, chosen, scored["net_score_amount"].to_numpy(dtype=float))
    table = scored.iloc[chosen].reset_index(drop=True)
    # Accounts without a second candidate compare with themselves and are blanked below.
    other = scored.iloc[np.where(runner_up < 0, chosen, runner_up)].reset_index(drop=True)
    alone = pd.Series(runner_up < 0)

    table["runner_up_rep_id"] = other["rep_id"].mask(alone)
    table["runner_up_net_score_amount"] = other["net_score_amount"].mask(alone)
    table["score_difference_amount"] = (
        table["net_score_amount"] - table["runner_up_net_score_amount"]
    )
    table["binding_rule"] = _binding_rules(inputs, table, other, alone)
    spread = Z_90 * table["value_sd_amount"]
    table["interval_low_amount"] = table["value_amount"] - spread
    table["interval_high_amount"] = table["value_amount"] + spread
    table["sentence"] = account_sentences(inputs, table, other)
    return table[EXPLANATION_COLUMNS]


def _score(problem: CoverageProblem, price: FloatArray) -> pd.DataFrame:
    """Add prices and net score to every candidate."""
    inputs, constraints = problem.inputs, problem.scored.constraints
    prices = {
        column: sum(constraints.paid(price, rule) for rule in rules)
        for column, rules in PRICE_COLUMNS.items()
    }
    table = inputs.candidates.assign(
        coverer_type=inputs.coverers["coverer_type"].to_numpy()[inputs.coverer_of],
        is_allowed=inputs.is_allowed,
        **prices,
    )
    net = table["segment_value_amount"] + table["strength_value_amount"]
    for column in (*LOSS_COLUMNS, *PRICE_COLUMNS):
        net = net - table[column]
    return table.assign(net_score_amount=net)


def _runner_up(inputs: CoverageInputs, chosen: IntArray, net: FloatArray) -> IntArray:
    """Row of the best other candidate of each account, -1 where there is none; shape (A,)."""
    others = net.copy()
    others[chosen] = -np.inf
    order = np.lexsort((-others, inputs.account_of))
    best = order[inputs.first[:-1]]
    return np.where(np.isneginf(others[best]), -1, best).astype(np.int64)


def _binding_rules(
    inputs: CoverageInputs, table: pd.DataFrame, other: pd.DataFrame, alone: pd.Series[bool]
) -> pd.Series[str]:
    """Name what kept the account from its runner-up."""
    accounts = inputs.accounts
    lock = "lock: " + accounts["lock_reason"].fillna("no reason given")
    lock = ("lock: " + other["forbidden_reason"]).where(other["forbidden_reason"].notna(), lock)
    names = ["hours of ", "accounts of ", MOVE_BUDGET, "balance of ", "limits of "]
    dearer = pd.DataFrame(
        {name: other[c] - table[c] for name, c in zip(names, PRICE_COLUMNS, strict=True)}
    ).idxmax(axis=1)
    priced = dearer.where(dearer == MOVE_BUDGET, dearer + other["rep_id"])
    worse = table["score_difference_amount"] < -CENT
    more_value = table["value_amount"] >= other["value_amount"]
    locked_out = ~other["is_allowed"].astype(bool)
    family = accounts["family_id"]
    torn = worse & pd.Series(np.bincount(inputs.unit_of)[inputs.unit_of] > 1)
    rules = priced.mask(more_value, VALUE).mask(worse, WHOLE_ACCOUNTS)
    rules = rules.mask(torn, FAMILY + family.fillna("")).mask(locked_out, lock)
    is_locked = accounts["lock_action"].notna()
    return rules.mask(alone, lock.where(is_locked, ONLY_CANDIDATE))
