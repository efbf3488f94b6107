"""Recompute every rule of a quota plan from its tables, sums in whole cents."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimization.policy import QuotaPolicy
from optimization.verify.cells import GROUP_KEY, REP_KEY, TYPES, Cells
from optimization.verify.chances import check_advice, check_outlook
from optimization.verify.known import Known
from optimization.verify.money import check_budget
from optimization.verify.months import check_months
from optimization.verify.rep_quotas import (
    check_expected,
    check_rep_quotas,
    check_transfers,
    stated_wishes,
)
from optimization.verify.rollups import check_rollups
from optimization.verify.shares import check_shares
from optimization.verify.tables import numbers, report

if TYPE_CHECKING:
    from optimization.tables import QuotaPlan


def verify_quotas(
    plan: QuotaPlan,
    *,
    book: pd.DataFrame,
    goals: pd.DataFrame,
    groups: pd.DataFrame,
    coverers: pd.DataFrame,
    rep_months: pd.DataFrame,
    months: Iterable[object],
    policy: QuotaPolicy,
    context: Known,
) -> list[str]:
    """Return what the plan breaks, one sentence per rule with sample keys; empty if sound.

    Args:
        plan: The plan's tables.
        book: Every account: account_id, rep_id, previous_rep_id, new_amount, existing_amount.
        goals: revenue_type, target_amount; goal_amount, buffer_amount, won_amount where known.
        groups: group_id, over_assignment_rate (empty: the default).
        coverers: rep_id, coverer_type, group_id; role where known. The house carries no quota.
        rep_months: rep_id, month, ramp_rate; coverers without a row have no ramp.
        months: First days of the plan's months.
        policy: Policy the plan was made under.
        context: What else the company knows.
    """
    staff = coverers[coverers["coverer_type"] != "house"]
    group_of = dict(zip(staff["rep_id"], staff["group_id"], strict=True))
    calendar = [pd.Timestamp(str(month)) for month in months]
    shape = [
        *_key_violations(
            plan.group_targets, "group_targets", GROUP_KEY, set(group_of.values()), calendar
        ),
        *_key_violations(
            plan.quota_allocations, "quota_allocations", REP_KEY, set(group_of), calendar
        ),
        *_key_violations(
            plan.expected_bookings, "expected_bookings", REP_KEY, set(group_of), calendar
        ),
        *_one_row_each(plan.rep_quotas, "rep_quotas", "rep_id", list(group_of)),
        *_one_row_each(plan.company_targets, "company_targets", "revenue_type", list(TYPES)),
        *_amount_violations(plan.group_targets, "group_targets", GROUP_KEY, "target_amount"),
        *_amount_violations(plan.group_targets, "group_targets", GROUP_KEY, "quota_amount"),
        *_amount_violations(plan.quota_allocations, "quota_allocations", REP_KEY, "quota_amount"),
        *_amount_violations(
            plan.expected_bookings, "expected_bookings", REP_KEY, "expected_amount"
        ),
    ]
    if shape:
        return shape  # sums over broken rows would only repeat the fault
    in_force = context.in_force if context.in_force is not None and len(context.in_force) else None
    cells = Cells.of(plan, book, group_of, calendar)
    table = plan.rep_quotas
    wishes = stated_wishes(cells, table, book, staff, rep_months, context, policy)
    fair = numbers(table.set_index("rep_id")["fair_share_amount"].reindex(cells.rep_ids)) * 100
    said_fair = np.array(fair, dtype=np.float64)
    stated = groups.dropna(subset=["over_assignment_rate"])
    rates = dict.fromkeys(cells.group_ids, policy.default_over_assignment_rate)
    rates |= {
        str(group): float(rate)
        for group, rate in zip(stated["group_id"], stated["over_assignment_rate"], strict=True)
    }
    if in_force is None:
        # A first year's limit may leave a part of a goal short; how much is in check_shares.
        is_short = bool((wishes.first_year < said_fair).any())
        divided = [
            *_goal_violations(plan, goals),
            *([] if is_short else _part_violations(plan.group_targets, context.goal_parts)),
            *check_shares(cells, goals, context.goal_parts, rates, wishes, said_fair, policy),
        ]
    else:
        kept = np.abs(said_fair - cells.quota.sum(axis=(1, 2))) <= 1.0
        kept_ids = [rep for rep, is_kept in zip(cells.rep_ids, kept, strict=True) if not is_kept]
        divided = [*report("fair share is not the quota in force", kept_ids)]
    return [
        *divided,
        *_company_violations(plan, goals),
        *_buffer_violations(plan.group_targets, rates),
        *_rep_violations(plan, group_of, set(book["rep_id"])),
        *check_rep_quotas(cells, wishes, table, book, staff, context),
        *check_expected(cells, plan.expected_bookings),
        *check_months(plan, book, policy.month_figure_cv),
        *check_transfers(cells, plan, book, in_force),
        *check_rollups(cells, plan.quota_rollups, context),
        *check_outlook(cells, wishes.sd, plan.attainment_outlook, rates, policy),
        *check_advice(cells, plan, rates, policy),
        *check_budget(plan, context.money, group_of, context.hours_per_position),
    ]


def _one_row_each(table: pd.DataFrame, name: str, key: str, ids: list[str]) -> Iterator[str]:
    if sorted(table[key].astype(str)) != sorted(map(str, ids)):
        yield f"{name} does not have one row for each {key}"


def _cents(amounts: Iterable[object]) -> list[int]:
    return [round(Decimal(str(amount)) * 100) for amount in amounts]


def _keys(frame: pd.DataFrame, columns: list[str]) -> list[tuple[Hashable, ...]]:
    return list(frame[columns].itertuples(index=False, name=None))


def _key_violations(
    frame: pd.DataFrame, name: str, key: list[str], entities: set[str], calendar: list[pd.Timestamp]
) -> Iterator[str]:
    wanted: set[tuple[Hashable, ...]] = set(product(entities, calendar, TYPES))
    present = _keys(frame, key)
    known = set(present)
    yield from report(f"{name} repeats rows", frame.loc[frame.duplicated(key), key[0]])
    yield from report(f"{name} lacks rows", sorted(wanted - known))
    yield from report(f"{name} has rows it should not", sorted(known - wanted, key=str))


def _amount_violations(
    frame: pd.DataFrame, name: str, key: list[str], column: str
) -> Iterator[str]:
    amounts = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    finite = np.isfinite(amounts)
    whole = np.zeros(len(frame), dtype=bool)
    whole[finite] = np.round(amounts[finite] * 100) / 100 == amounts[finite]
    keys = np.array([" / ".join(map(str, row)) for row in _keys(frame, key)], dtype=object)
    yield from report(f"{name}.{column} must be finite", keys[~finite])
    yield from report(f"{name}.{column} must be whole cents", keys[finite & ~whole])
    yield from report(f"{name}.{column} must not be negative", keys[finite & (amounts < 0)])


def _goal_violations(plan: QuotaPlan, goals: pd.DataFrame) -> Iterator[str]:
    left = plan.company_targets.set_index("revenue_type")["unallocated_amount"]
    for kind, goal in zip(goals["revenue_type"], _cents(goals["target_amount"]), strict=True):
        rows = plan.group_targets[plan.group_targets["revenue_type"] == kind]
        total, open_ = sum(_cents(rows["target_amount"])), max(_cents([left[kind]])[0], 0)
        if total + open_ != goal:
            yield f"targets of {kind} sum to {total} cents, the goal is {goal} cents"


def _part_violations(group_targets: pd.DataFrame, goal_parts: pd.DataFrame | None) -> Iterator[str]:
    if goal_parts is None:
        return
    rows = group_targets.assign(cents=_cents(group_targets["target_amount"]))
    broken = []
    for part in goal_parts.to_dict("records"):
        cells = rows[rows["revenue_type"] == part["revenue_type"]]
        if not pd.isna(part["group_id"]):
            cells = cells[cells["group_id"] == part["group_id"]]
        if not pd.isna(part["month"]):
            cells = cells[pd.to_datetime(cells["month"]) == pd.Timestamp(str(part["month"]))]
            if cells.empty:
                continue  # a month that is past
        if cells["cents"].sum() != _cents([part["target_amount"]])[0]:
            broken.append((part["revenue_type"], part["group_id"], part["month"]))
    yield from report("targets must sum to the parts of goals that are given", broken)


def _company_violations(plan: QuotaPlan, goals: pd.DataFrame) -> Iterator[str]:
    given = goals.set_index("revenue_type")
    for row in plan.company_targets.to_dict("records"):
        kind = row["revenue_type"]
        sums = [
            sum(_cents(frame.loc[frame["revenue_type"] == kind, column]))
            for frame, column in (
                (plan.group_targets, "target_amount"),
                (plan.quota_allocations, "quota_amount"),
            )
        ]
        names = ("target", "quota", "goal", "buffer", "won", "unallocated")
        target, quota, goal, buffer, won, left = _cents(row[f"{name}_amount"] for name in names)
        if [target, quota] != sums or goal + buffer - won - target != left:
            yield f"the company's targets of {kind} do not add up"
        asked = given.at[kind, "target_amount"]
        for column, fallback in (("goal", asked), ("buffer", 0.0), ("won", 0.0)):
            name = f"{column}_amount"
            stated = given.at[kind, name] if name in given else fallback
            if _cents([row[name]]) != _cents([stated]):
                yield f"{name} of {kind} is not the company's"


def _buffer_violations(group_targets: pd.DataFrame, rates: dict[str, float]) -> Iterator[str]:
    broken = []
    for key, target, quota in zip(
        _keys(group_targets, GROUP_KEY),
        _cents(group_targets["target_amount"]),
        _cents(group_targets["quota_amount"]),
        strict=True,
    ):
        factor = 1 + Decimal(str(rates[str(key[0])]))
        if quota != int((target * factor).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)):
            broken.append(key)
    yield from report("a group's quota must be (1 + its buffer) x its target", broken)


def _rep_violations(plan: QuotaPlan, group_of: dict[str, str], covering: set[str]) -> Iterator[str]:
    rows = plan.quota_allocations.assign(cents=_cents(plan.quota_allocations["quota_amount"]))
    strayed = rows["group_id"] != rows["rep_id"].map(group_of)
    yield from report("a rep's group must be its coverer's", rows.loc[strayed, "rep_id"].unique())
    idle = ~rows["rep_id"].isin(covering) & (rows["cents"] != 0)
    yield from report(
        "a rep without accounts must have no quota", rows.loc[idle, "rep_id"].unique()
    )
    sums = rows.groupby(GROUP_KEY)["cents"].sum()
    carried = dict(zip(sums.index, sums, strict=True))
    asked = plan.group_targets
    wanted = dict(zip(_keys(asked, GROUP_KEY), _cents(asked["quota_amount"]), strict=True))
    wrong = [key for key, cents in wanted.items() if carried.get(key, 0) != cents]
    yield from report("rep quotas must sum to their group's quota", wrong)
