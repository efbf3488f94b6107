"""Recompute every rule of a coverage plan from its tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from optimization.newcomers import Newcomers
from optimization.policy import CoveragePolicy
from optimization.values.pairs import PairValues
from optimization.verify.every_pair import check_every_pair
from optimization.verify.gains import Z_90, check_gains
from optimization.verify.hiring import check_hiring
from optimization.verify.limits import (
    Limit,
    check_limits,
    check_shadow_prices,
    stated_limits,
    units_that_must_move,
    with_owner,
)
from optimization.verify.pairs import SAID, check_uses, check_values
from optimization.verify.proof import (
    check_bound,
    check_certificate,
    check_loads,
    check_lock_costs,
    check_single_moves,
    check_solver,
    check_today,
    paid,
)
from optimization.verify.reports import check_reports
from optimization.verify.tables import HOUSE, differs, report, same, text_ids, where, with_today

if TYPE_CHECKING:
    from optimization.tables import CoveragePlan

PARTS = (
    "segment_value_amount",
    "strength_value_amount",
    "cost_to_serve_amount",
    "absence_amount",
    "disruption_amount",
    "soft_rule_amount",
)
# Rules whose prices an explanation shows in one column.
PRICES = {
    "hours_price_amount": ("hours",),
    "count_price_amount": ("accounts",),
    "move_price_amount": ("moves", "moved_amount", "group_moves", "rep_moves"),
    "balance_price_amount": ("balance_high", "balance_low", "ote_high", "ote_low"),
    "other_price_amount": ("min_hours", "partner_budget"),
}
PAIR = ["account_id", "rep_id"]


def verify_coverage(
    accounts: pd.DataFrame,
    coverers: pd.DataFrame,
    policy: CoveragePolicy,
    plan: CoveragePlan,
    values: PairValues | None = None,
    newcomers: Newcomers | None = None,
) -> list[str]:
    """Check a plan against the tables it was made from.

    Args:
        accounts: Mart ``coverage_accounts``.
        coverers: Mart ``coverage_coverers``.
        policy: Policy the plan was made under.
        plan: The plan's tables.
        values: What any pair is worth. With it the pairs of the plan are valued a second time, and
            the bound is held against every eligible pair.
        newcomers: One in each group of reps; with values, hiring advice is planned by them.

    Returns:
        Violations as sentences with up to five records each; empty when every rule holds.
    """
    accounts, candidates, coverers = map(text_ids, (accounts, plan.pairs, coverers))
    unknown = [*_check_coverers_of_accounts(accounts, candidates, plan)]
    if unknown:
        return unknown  # the rules below would only repeat the fault
    staff, coverers = coverers, with_today(coverers, candidates)
    said = {column: f"{column}_said" for column in SAID}
    pairs = candidates.rename(columns=said).merge(
        accounts, on="account_id", suffixes=("", "_account")
    )
    pairs = with_owner(pairs.sort_values(PAIR, ignore_index=True), coverers)
    made = pd.MultiIndex.from_frame(plan.assignments[PAIR])
    chosen = pd.Series(pd.MultiIndex.from_frame(pairs[PAIR]).isin(made), index=pairs.index)
    rows = (
        plan.assignments.merge(pairs, on=PAIR, suffixes=("", "_mart"))
        .merge(coverers.reset_index(), on="rep_id", suffixes=("", "_coverer"))
        .sort_values("account_id", ignore_index=True)
    )
    limits = stated_limits(pairs, coverers, policy)
    price, certificate = policy.overtime_amount_per_hour, plan.certificate.iloc[0]
    return [
        *_check_copies(rows),
        *check_limits(limits, chosen),
        *_check_eligibility(rows),
        *_check_flags(rows),
        *_check_changes(rows, plan.changes, pairs),
        *_check_explanations(rows, pairs, chosen, limits, plan),
        *check_shadow_prices(limits, chosen, plan.shadow_prices),
        *check_certificate(pairs, chosen, limits, price, certificate),
        *check_today(pairs, limits, certificate),
        *check_bound(pairs, limits, plan),
        *check_solver(certificate, policy.mip_gap),
        *check_single_moves(pairs, chosen, limits, certificate),
        *check_gains(pairs, chosen, limits, plan),
        *check_loads(pairs, chosen, plan.rep_loads),
        *check_lock_costs(pairs, limits, plan),
        *check_reports(accounts, pairs, coverers, limits, policy, plan),
        *check_uses(pairs),
        *_check_values(pairs, limits, plan, values),
        *(
            []
            if values is None
            else check_hiring(accounts, staff, pairs, limits, policy, plan, values, newcomers)
        ),
    ]


def _check_values(
    pairs: pd.DataFrame, limits: list[Limit], plan: CoveragePlan, values: PairValues | None
) -> Iterator[str]:
    """Check what pairs are worth, and that no other pair is worth more."""
    if values is None:
        listed = int((~pairs["is_barred"]).sum())
        said = int(plan.certificate["eligible_count"].iloc[0])
        if said < listed:
            yield f"certificate says eligible_count {said}, {listed} are listed"
        return
    yield from check_values(plan.pairs, values.model.tables, values.model.policy)
    yield from check_every_pair(pairs, limits, plan, values)


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
    for column in ("hours", "value_amount", "new_amount", "existing_amount", "unserved_amount"):
        wrong = differs(rows[column], rows[f"{column}_mart"])
        yield from where(rows, wrong, f"{column} is not the pair's")
    for column in ("coverer_type", "group_id"):
        wrong = ~same(rows[column], rows[f"{column}_coverer"])
        yield from where(rows, wrong, f"{column} is not the coverer's")


def _check_eligibility(rows: pd.DataFrame) -> Iterator[str]:
    yield from where(rows, rows["is_lock_broken"], "lock is not obeyed")
    yield from where(rows, rows["forbidden_reason"].notna(), "pair is forbidden")
    torn = rows[rows.groupby("unit")["rep_id"].transform("nunique") > 1]
    yield from report("family is torn apart", torn["unit"].drop_duplicates())


def _check_flags(rows: pd.DataFrame) -> Iterator[str]:
    yield from where(rows, rows["is_moved"] != rows["is_move"], "is_moved is wrong")
    forced = rows["is_move"] & ~rows["is_chosen_move"]
    yield from where(rows, rows["is_forced_move"] != forced, "is_forced_move is wrong")
    locked = rows["lock_action"].notna()
    yield from where(rows, rows["is_locked"] != locked, "is_locked is wrong")
    for column in ("present_rep_id", "owner_source", "family_id", "lock_reason"):
        wrong = ~same(rows[column], rows[f"{column}_mart"])
        yield from where(rows, wrong, f"{column} is not the account's")
    kept = same(rows["previous_rep_id"], rows["previous_owner_rep_id"])
    yield from where(rows, ~kept, "previous_rep_id is not the owner of record")


def _check_changes(rows: pd.DataFrame, changes: pd.DataFrame, pairs: pd.DataFrame) -> Iterator[str]:
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
    yield from _check_reasons(both, pairs)


def _check_reasons(both: pd.DataFrame, pairs: pd.DataFrame) -> Iterator[str]:
    """What a change gains, what it costs, and why it is made, from the pairs."""
    today = pairs[pairs["is_today"]].set_index("account_id")
    before = both["account_id"].map(today["value_amount"]).astype(float)
    gain = both["value_amount_mart"] - before
    for column, amount in (
        ("value_gain_amount", gain),
        ("disruption_amount_change", both["disruption_amount"]),
    ):
        name = column.removesuffix("_change")
        yield from where(both, differs(both[column], amount), f"{name} is not the change's")
    barred = both["account_id"].map(today["is_barred"] & today["is_present"])
    to_house = both["rep_id"] == HOUSE
    house = pairs[pairs["is_house"]].set_index("account_id")["value_amount"]
    served = pairs[~pairs["is_house"] & ~pairs["is_barred"]].groupby("account_id")["value_amount"]
    worth_serving = both["account_id"].map(served.max() > house.reindex(served.max().index))
    reason = pd.Series("better_match", index=both.index, dtype=object)
    for name, applies in (
        ("capacity", to_house | (gain < 0)),
        ("unprofitable", to_house & ~worth_serving.eq(True)),
        ("family", both["unit"].isin(units_that_must_move(pairs))),
        ("override", barred.astype(bool)),
        ("earlier_plan", same(both["rep_id"], both["present_rep_id_mart"]) & ~to_house),
    ):
        reason = reason.mask(applies, name)
    vacant = both["vacancy_reason"].notna()
    reason = reason.mask(vacant, both["vacancy_reason"])
    yield from where(both, both["reason"] != reason, "reason is not the change's")


def _check_runner_up(
    pairs: pd.DataFrame, chosen: pd.Series[bool], paid_: pd.Series[float], explained: pd.DataFrame
) -> Iterator[str]:
    """The runner-up has the best net score of an account's other pairs, closed ones included."""
    others = pairs.assign(net=pairs["value_amount"] - paid_)[~chosen]
    best = others.groupby("account_id")["net"].max().reindex(explained["account_id"])
    said = explained.set_index("account_id")["runner_up_net_score_amount"]
    wrong = differs(said, best) & ~(said.isna() & best.isna())
    yield from report("the runner-up is not the next best", said.index[wrong])
    named = explained.merge(
        others[["account_id", "rep_id", "net"]],
        left_on=["account_id", "runner_up_rep_id"],
        right_on=["account_id", "rep_id"],
        how="left",
        suffixes=("", "_other"),
    ).set_index("account_id")
    wrong = differs(named["net"], said) & ~(named["net"].isna() & said.isna())
    yield from report("the runner-up does not score that", said.index[wrong])


def _check_explanations(
    rows: pd.DataFrame,
    pairs: pd.DataFrame,
    chosen: pd.Series[bool],
    limits: list[Limit],
    plan: CoveragePlan,
) -> Iterator[str]:
    explained = plan.explanations.sort_values("account_id", ignore_index=True)
    yield from where(rows, explained["rep_id"] != rows["rep_id"], "explains another coverer")
    for part in PARTS:
        yield from where(rows, differs(explained[part], rows[part]), f"{part} is not the pair's")
    by_rule = paid(limits, plan.shadow_prices)
    for column, rules in PRICES.items():
        amount = pd.Series(0.0, index=pairs.index)
        for rule in rules:
            amount = amount + by_rule.get(rule, 0.0)
        mine = amount[chosen].reset_index(drop=True)  # pairs and rows are sorted by account
        yield from where(rows, differs(explained[column], mine), f"{column} is not the price paid")
    net = explained["segment_value_amount"] + explained["strength_value_amount"]
    for part in (*PARTS[2:], *PRICES):
        net = net - explained[part]
    wrong = differs(net, explained["net_score_amount"])
    yield from where(rows, wrong, "parts do not add up to the net score")
    lead = explained["net_score_amount"] - explained["runner_up_net_score_amount"]
    alone = explained["runner_up_rep_id"].isna()
    none = pd.Series(0.0, index=pairs.index)
    yield from _check_runner_up(pairs, chosen, sum(by_rule.values(), none), explained)
    reach = Z_90 * rows["value_sd_amount"]
    for column, end in (("interval_low_amount", -reach), ("interval_high_amount", reach)):
        wrong = differs(explained[column], rows["value_amount"] + end)
        yield from where(rows, wrong, f"{column} is not the pair's")
    wrong = differs(lead, explained["score_difference_amount"]) & ~alone
    yield from where(rows, wrong, "score difference is wrong")
