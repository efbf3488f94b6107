"""Recompute what the reports around a plan say: loads, locks, prices, sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimization.policy import CoveragePolicy
from optimization.verify.limits import Limit, potential_shares
from optimization.verify.tables import differs, numbers, report, same

if TYPE_CHECKING:
    from optimization.tables import CoveragePlan

UNITS = {
    "hours": "hours",
    "min_hours": "hours",
    "accounts": "accounts",
    "moves": "moves",
    "moved_amount": "currency",
    "group_moves": "moves",
    "rep_moves": "moves",
    "balance_high": "potential",
    "balance_low": "potential",
    "ote_high": "potential",
    "ote_low": "potential",
    "partner_budget": "currency",
}
# A number in a sentence: 1,234 or 12.3, with M for millions, or a rate in percent.
_NUMBER = re.compile(r"(?<![\w.,])-?\d[\d,]*(?:\.\d+)?(?: M\b| %)?")


def check_reports(
    accounts: pd.DataFrame,
    pairs: pd.DataFrame,
    coverers: pd.DataFrame,
    limits: list[Limit],
    policy: CoveragePolicy,
    plan: CoveragePlan,
) -> Iterator[str]:
    """Check everything beside the assignments, their explanations and the proof.

    Args:
        accounts: Mart ``coverage_accounts``.
        pairs: Candidates with their account's columns.
        coverers: By rep_id.
        limits: Every limit.
        policy: Policy of the plan.
        plan: The plan's tables.
    """
    certificate = plan.certificate.iloc[0]
    binding = int((plan.shadow_prices["shadow_price_amount"] > 0).sum())
    for column, count in (
        ("seed", policy.seed),
        ("candidate_count", len(pairs)),
        ("rows_at_bound_count", binding),
    ):
        if certificate[column] != count:
            yield f"certificate says {column} {certificate[column]}, it is {count}"
    yield from _check_units(coverers, plan.shadow_prices)
    yield from _check_loads(coverers, pairs, plan.rep_loads)
    yield from _check_locks(accounts, pairs, plan.lock_costs)
    hours = next(limit for limit in limits if limit.rule == "hours")
    yield from _check_sentences(plan, float(hours.over(pairs["is_today"]).sum()))


def _check_units(coverers: pd.DataFrame, table: pd.DataFrame) -> Iterator[str]:
    wrong = ~same(table["unit"], table["rule"].map(UNITS))
    yield from report("unit of a limit is wrong", table.loc[wrong, "rule"].drop_duplicates())
    of_reps = table[table["rep_id"].notna()]
    wrong = ~same(of_reps["group_id"], of_reps["rep_id"].map(coverers["group_id"]))
    yield from report("group of a limit is not its coverer's", of_reps.loc[wrong, "rep_id"])


def _check_loads(coverers: pd.DataFrame, pairs: pd.DataFrame, loads: pd.DataFrame) -> Iterator[str]:
    said = loads.set_index("rep_id")
    for column in ("coverer_type", "group_id"):
        wrong = ~same(said[column], coverers[column].reindex(said.index))
        yield from report(f"{column} of a load is not the coverer's", said.index[wrong])
    hours = coverers["capacity_hours"].reindex(said.index)
    wrong = differs(numbers(said["capacity_hours"]), hours) & ~(
        said["capacity_hours"].isna() & hours.isna()
    )
    yield from report("capacity_hours of a load is not the coverer's", said.index[wrong])
    wanted = potential_shares(pairs, coverers).reindex(said.index)
    found = numbers(said["potential_share_amount"])
    wrong = differs(found, wanted) & ~(found.isna() & wanted.isna())
    yield from report("potential_share_amount is not the share of hours", said.index[wrong])


def _check_locks(accounts: pd.DataFrame, pairs: pd.DataFrame, locks: pd.DataFrame) -> Iterator[str]:
    of_account = accounts.set_index("account_id")
    forbidden = pairs.set_index(["account_id", "rep_id"])["forbidden_reason"]
    keys = pd.MultiIndex.from_frame(locks[["account_id", "rep_id"]])
    by_pair = pd.Series(forbidden.reindex(keys).to_numpy(dtype=object), index=locks.index)
    is_pair = locks["lock_action"] == "forbid"
    reason = (
        locks["account_id"].map(of_account["lock_reason"]).astype(object).mask(is_pair, by_pair)
    )
    yield from report(
        "reason of a lock is wrong", locks.loc[~same(locks["lock_reason"], reason), "account_id"]
    )
    of_people = by_pair.astype("str").str.startswith("override: ")
    source = locks["account_id"].map(of_account["lock_source"]).astype(object)
    source = source.mask(is_pair & of_people, "override").mask(is_pair & ~of_people, "hard_rule")
    wrong = ~same(locks["lock_source"], source)
    yield from report("source of a lock is wrong", locks.loc[wrong, "account_id"])
    named = locks["better_rep_id"].notna()
    wrong = named != (locks["cost_amount"] > 0)
    known = set(pairs["rep_id"])
    wrong |= named & ~locks["better_rep_id"].isin(known)
    yield from report("better_rep_id of a lock is wrong", locks.loc[wrong, "account_id"])
    resolved = numbers(locks["resolved_cost_amount"])
    # Two linear programmes, each solved to its own tolerance.
    size = 1e-4 * np.maximum(1.0, locks["cost_amount"].abs())
    is_kept = (resolved >= -size) & (resolved <= locks["cost_amount"] + size)
    wrong = locks["resolved_cost_amount"].notna() & ~is_kept
    yield from report("a lock costs more solved again than at most", locks.loc[wrong, "account_id"])


def _check_sentences(plan: CoveragePlan, lacking_today: float) -> Iterator[str]:
    """Every number in a sentence is a number of its row, as it is written there."""
    of_today = pd.DataFrame([{"lacking": lacking_today}])
    for name, table, key in (
        ("certificate", plan.certificate, "status"),
        ("gains", plan.gains, "baseline"),
        ("bridge", plan.bridge, "step"),
        ("hiring advice", plan.hiring_advice, "group_id"),
    ):
        known_beside: set[str] = set()
        if name == "certificate":
            known_beside = _written(plan.gains) | _written(of_today)
        wrong = [
            row[key]
            for row in table.to_dict("records")
            # A name may hold a number, too.
            if not _numbers(str(row["sentence"]).replace(str(row[key]), ""))
            <= _written(pd.DataFrame([row])) | known_beside
        ]
        yield from report(f"a sentence of {name} holds a number that its row does not", wrong)


# Numbers that stand in sentences by themselves: "nine times in ten" is in words, this is not.
_FIXED = {"0.001 %", "0"}


def _numbers(sentence: str) -> set[str]:
    return set(_NUMBER.findall(sentence)) - _FIXED


def _written(table: pd.DataFrame) -> set[str]:
    """How the numbers of some rows may be written, their signs left out as well."""
    found: set[str] = set()
    for column in table.select_dtypes("number").columns:
        for value in table[column].dropna().astype(float):
            for signed in (value, -value):
                found |= {_amount(signed), f"{round(signed):,}"}
            found |= {f"{value:.2%}".replace("%", " %"), f"{value:.3%}".replace("%", " %")}
    return found


def _amount(amount: float) -> str:
    size = abs(amount)
    if size >= 999_500:
        return f"{amount / 1e6:,.1f} M"
    digits = -2 if size >= 9_950 else -1 if size >= 995 else 0
    return f"{round(amount, digits) + 0.0:,.0f}"
