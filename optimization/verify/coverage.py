"""Recompute every rule of a coverage plan from its tables.

Belongs here: the last gate before a plan is published, written against the contract of the
tables with pandas and numpy alone. Does not belong here: CVXPY, any code of
``optimization.coverage``, or plausibility of the inputs (the gates).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimization.policy import CoveragePolicy
from optimization.verify.proof import (
    check_bound,
    check_certificate,
    check_shadow_prices,
    check_today,
    prices,
)
from optimization.verify.tables import (
    HOUSE,
    TOLERANCE,
    differs,
    report,
    same,
    text_ids,
    where,
    with_today,
)

if TYPE_CHECKING:
    from optimization.coverage.plan import CoveragePlan

PARTS = (
    "segment_value_amount",
    "strength_value_amount",
    "cost_to_serve_amount",
    "disruption_amount",
)
PAIR = ["account_id", "rep_id"]


def verify_coverage(
    accounts: pd.DataFrame,
    candidates: pd.DataFrame,
    coverers: pd.DataFrame,
    policy: CoveragePolicy,
    plan: CoveragePlan,
) -> list[str]:
    """Check a plan against the tables it was made from.

    Args:
        accounts: Mart ``coverage_accounts``.
        candidates: Mart ``coverage_candidates``.
        coverers: Mart ``coverage_coverers``.
        policy: Policy the plan was made under.
        plan: The plan's tables.

    Returns:
        Violations in words with up to five records each; empty when every rule holds.
    """
    accounts, candidates, coverers = map(text_ids, (accounts, candidates, coverers))
    unknown = [*_check_coverers_of_accounts(accounts, candidates, plan)]
    if unknown:
        return unknown  # the rules below would only repeat the fault
    pairs = candidates.merge(accounts, on="account_id", suffixes=("", "_account"))
    rows = (
        plan.assignments.merge(pairs, on=PAIR, suffixes=("", "_mart"))
        .merge(coverers, on="rep_id", suffixes=("", "_coverer"))
        .sort_values("account_id", ignore_index=True)
    )
    owned = rows["present_rep_id"].notna()
    moved = owned & (rows["rep_id"] != rows["present_rep_id"])
    limit = int(np.floor(policy.move_budget_rate * int(owned.sum()) + 1e-9))
    coverers = with_today(coverers, candidates)
    price, certificate = policy.overtime_amount_per_hour, plan.certificate.iloc[0]
    return [
        *_check_copies(rows),
        *_check_limits(rows, moved, limit, coverers),
        *_check_locks(rows),
        *_check_flags(rows, moved),
        *_check_changes(rows, plan.changes),
        *_check_explanations(rows, moved, plan),
        *check_shadow_prices(rows, moved, limit, coverers, plan.shadow_prices),
        *check_certificate(rows, moved, limit, coverers, price, certificate),
        *check_today(pairs, coverers, price, certificate),
        *check_bound(pairs, coverers, price, plan),
    ]


def _check_coverers_of_accounts(
    accounts: pd.DataFrame, candidates: pd.DataFrame, plan: CoveragePlan
) -> Iterator[str]:
    for name, table in (("plan", plan.assignments), ("explanations", plan.explanations)):
        planned = table["account_id"]
        repeated = sorted(set(planned[planned.duplicated()]))
        known = accounts["account_id"]
        yield from report(f"{name}: more than one coverer", repeated)
        yield from report(f"{name}: no coverer", known[~known.isin(planned)])
        yield from report(f"{name}: unknown account", planned[~planned.isin(known)])
        pairs = table[PAIR].merge(candidates[PAIR], on=PAIR, how="left", indicator=True)
        stray = pairs[pairs["_merge"] != "both"]
        yield from report(f"{name}: pair is not eligible", stray["account_id"])


def _check_copies(rows: pd.DataFrame) -> Iterator[str]:
    for column in ("hours", "value_amount", "new_amount", "existing_amount"):
        wrong = differs(rows[column], rows[f"{column}_mart"])
        yield from where(rows, wrong, f"{column} is not the pair's")
    for column in ("coverer_type", "group_id"):
        wrong = ~same(rows[column], rows[f"{column}_coverer"])
        yield from where(rows, wrong, f"{column} is not the coverer's")


def _check_limits(
    rows: pd.DataFrame, moved: pd.Series[bool], limit: int, coverers: pd.DataFrame
) -> Iterator[str]:
    load = rows[rows["rep_id"] != HOUSE].groupby("rep_id", sort=True)
    hours, count = load["hours_mart"].sum(), load.size()
    bound = (coverers["capacity_hours"] + coverers["overtime_limit"]).reindex(hours.index)
    over = hours > bound + TOLERANCE * np.maximum(1.0, bound)  # without a limit: never
    yield from report("more hours than capacity and than today", over.index[over])
    many = count > coverers["account_limit"].reindex(count.index)
    yield from report("more accounts than max_accounts and than today", many.index[many])
    if moved.sum() > limit:
        yield f"move budget: {int(moved.sum())} moves, {limit} allowed"


def _check_locks(rows: pd.DataFrame) -> Iterator[str]:
    target = rows["lock_rep_id"].fillna(rows["present_rep_id"])
    on_target = (rows["rep_id"] == target).fillna(False).astype(bool)
    married = (rows["lock_action"] == "married").fillna(False).astype(bool)
    divorced = (rows["lock_action"] == "divorced").fillna(False).astype(bool)
    yield from where(rows, (married & ~on_target) | (divorced & on_target), "lock is not obeyed")


def _check_flags(rows: pd.DataFrame, moved: pd.Series[bool]) -> Iterator[str]:
    yield from where(rows, rows["is_moved"] != moved, "is_moved is wrong")
    locked = rows["lock_action"].notna()
    yield from where(rows, rows["is_locked"] != locked, "is_locked is wrong")
    kept = same(rows["previous_rep_id"], rows["previous_owner_rep_id"])
    yield from where(rows, ~kept, "previous_rep_id is not the owner of record")


def _check_changes(rows: pd.DataFrame, changes: pd.DataFrame) -> Iterator[str]:
    expected = rows[~same(rows["rep_id"], rows["previous_owner_rep_id"])]
    key = "account_id"
    missing = expected.loc[~expected[key].isin(changes[key]), key]
    yield from report("change is not listed", missing)
    yield from report(
        "change is listed, not made", changes.loc[~changes[key].isin(expected[key]), key]
    )
    yield from report("change is listed twice", changes.loc[changes[key].duplicated(), key])
    both = changes.merge(rows, on=key, suffixes=("_change", ""))
    right = same(both["to_rep_id"], both["rep_id"])
    right &= same(both["from_rep_id"], both["previous_owner_rep_id"])
    yield from where(both, ~right, "change names other coverers than the plan")


def _check_explanations(
    rows: pd.DataFrame, moved: pd.Series[bool], plan: CoveragePlan
) -> Iterator[str]:
    told = plan.explanations.sort_values("account_id", ignore_index=True)
    yield from where(rows, told["rep_id"] != rows["rep_id"], "explains another coverer")
    for part in PARTS:
        yield from where(rows, differs(told[part], rows[part]), f"{part} is not the pair's")
    hours, places, move = prices(plan.shadow_prices)
    expected = {
        "hours_price_amount": rows["rep_id"].map(hours).fillna(0.0) * rows["hours_mart"],
        "count_price_amount": rows["rep_id"].map(places).fillna(0.0),
        "move_price_amount": move * moved.astype(float),
    }
    for part, amount in expected.items():
        yield from where(rows, differs(told[part], amount), f"{part} is not the price paid")
    net = told["segment_value_amount"] + told["strength_value_amount"]
    for part in ("cost_to_serve_amount", "disruption_amount", *expected):
        net = net - told[part]
    wrong = differs(net, told["net_score_amount"])
    yield from where(rows, wrong, "parts do not add up to the net score")
    lead = told["net_score_amount"] - told["runner_up_net_score_amount"]
    alone = told["runner_up_rep_id"].isna()
    wrong = differs(lead, told["score_difference_amount"]) & ~alone
    yield from where(rows, wrong, "score difference is wrong")
