"""Rules of a finished quota plan, recomputed from the frames in whole cents."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import product

import numpy as np
import pandas as pd

from optimization.errors import sample

TYPES = ("existing", "new")
GROUP_KEY = ["group_id", "month", "revenue_type"]
REP_KEY = ["rep_id", "month", "revenue_type"]


def verify_quotas(
    group_targets: pd.DataFrame,
    quota_allocations: pd.DataFrame,
    company_targets: pd.DataFrame,
    *,
    book: pd.DataFrame,
    goals: pd.DataFrame,
    groups: pd.DataFrame,
    coverers: pd.DataFrame,
    months: Iterable[object],
    default_over_assignment_rate: float,
    goal_parts: pd.DataFrame | None = None,
    is_carried: bool = False,
) -> list[str]:
    """Return what the plan breaks, one sentence per rule with sample keys; empty if sound.

    Args:
        group_targets: group_id, month, revenue_type, target_amount, quota_amount.
        quota_allocations: rep_id, group_id, month, revenue_type, quota_amount.
        company_targets: revenue_type, goal_amount, buffer_amount, won_amount, target_amount,
            quota_amount, unallocated_amount.
        book: account_id, rep_id of every covered account.
        goals: revenue_type, target_amount.
        groups: group_id, over_assignment_rate (empty: the default).
        coverers: rep_id, coverer_type, group_id; the house carries no quota.
        months: First days of the plan's months.
        default_over_assignment_rate: Buffer of groups that state none.
        goal_parts: revenue_type, group_id, month, target_amount of parts that bind.
        is_carried: Quotas in force were kept: the goal is not what targets sum to.
    """
    staff = coverers[coverers["coverer_type"] != "house"]
    group_of = dict(zip(staff["rep_id"], staff["group_id"], strict=True))
    calendar = [pd.Timestamp(str(month)) for month in months]

    shape = [
        *_key_violations(
            group_targets, "group_targets", GROUP_KEY, set(group_of.values()), calendar
        ),
        *_key_violations(quota_allocations, "quota_allocations", REP_KEY, set(group_of), calendar),
        *_amount_violations(group_targets, "group_targets", GROUP_KEY, "target_amount"),
        *_amount_violations(group_targets, "group_targets", GROUP_KEY, "quota_amount"),
        *_amount_violations(quota_allocations, "quota_allocations", REP_KEY, "quota_amount"),
    ]
    if shape:
        return shape  # sums over broken rows would only repeat the fault
    return [
        *([] if is_carried else _goal_violations(group_targets, goals)),
        *([] if is_carried else _part_violations(group_targets, goal_parts)),
        *_company_violations(group_targets, quota_allocations, company_targets),
        *_buffer_violations(group_targets, groups, default_over_assignment_rate),
        *_rep_violations(group_targets, quota_allocations, group_of, set(book["rep_id"])),
    ]


def _say(rule: str, keys: Iterable[object]) -> Iterator[str]:
    named = [" / ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in keys]
    if named:
        yield f"{rule}: {sample(named)}"


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
    yield from _say(f"{name} repeats rows", frame.loc[frame.duplicated(key), key[0]])
    yield from _say(f"{name} lacks rows", sorted(wanted - known))
    yield from _say(f"{name} has rows it should not", sorted(known - wanted, key=str))


def _amount_violations(
    frame: pd.DataFrame, name: str, key: list[str], column: str
) -> Iterator[str]:
    amounts = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    finite = np.isfinite(amounts)
    whole = np.zeros(len(frame), dtype=bool)
    whole[finite] = np.round(amounts[finite] * 100) / 100 == amounts[finite]
    keys = np.array([" / ".join(map(str, row)) for row in _keys(frame, key)], dtype=object)
    yield from _say(f"{name}.{column} must be finite", keys[~finite])
    yield from _say(f"{name}.{column} must be whole cents", keys[finite & ~whole])
    yield from _say(f"{name}.{column} must not be negative", keys[finite & (amounts < 0)])


def _goal_violations(group_targets: pd.DataFrame, goals: pd.DataFrame) -> Iterator[str]:
    for kind, goal in zip(goals["revenue_type"], _cents(goals["target_amount"]), strict=True):
        rows = group_targets[group_targets["revenue_type"] == kind]
        total = sum(_cents(rows["target_amount"]))
        if total != goal:
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
    yield from _say("targets must sum to the parts of goals that are given", broken)


def _company_violations(
    group_targets: pd.DataFrame, quota_allocations: pd.DataFrame, company_targets: pd.DataFrame
) -> Iterator[str]:
    for row in company_targets.itertuples(index=False):
        sums = [
            sum(_cents(frame.loc[frame["revenue_type"] == row.revenue_type, column]))
            for frame, column in (
                (group_targets, "target_amount"),
                (quota_allocations, "quota_amount"),
            )
        ]
        target, quota, goal, buffer, won, left = _cents(
            [
                row.target_amount,
                row.quota_amount,
                row.goal_amount,
                row.buffer_amount,
                row.won_amount,
                row.unallocated_amount,
            ]
        )
        if [target, quota] != sums or goal + buffer - won - target != left:
            yield f"the company's targets of {row.revenue_type} do not add up"


def _buffer_violations(
    group_targets: pd.DataFrame, groups: pd.DataFrame, default_rate: float
) -> Iterator[str]:
    stated = groups.dropna(subset=["over_assignment_rate"])
    rates = dict(zip(stated["group_id"], stated["over_assignment_rate"], strict=True))
    broken = []
    for key, target, quota in zip(
        _keys(group_targets, GROUP_KEY),
        _cents(group_targets["target_amount"]),
        _cents(group_targets["quota_amount"]),
        strict=True,
    ):
        factor = 1 + Decimal(str(rates.get(key[0], default_rate)))
        if quota != int((target * factor).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)):
            broken.append(key)
    yield from _say("a group's quota must be (1 + its buffer) x its target", broken)


def _rep_violations(
    group_targets: pd.DataFrame,
    quota_allocations: pd.DataFrame,
    group_of: dict[str, str],
    covering: set[str],
) -> Iterator[str]:
    rows = quota_allocations.assign(cents=_cents(quota_allocations["quota_amount"]))
    strayed = rows["group_id"] != rows["rep_id"].map(group_of)
    yield from _say("a rep's group must be its coverer's", rows.loc[strayed, "rep_id"].unique())
    idle = ~rows["rep_id"].isin(covering) & (rows["cents"] != 0)
    yield from _say("a rep without accounts must have no quota", rows.loc[idle, "rep_id"].unique())
    sums = rows.groupby(GROUP_KEY)["cents"].sum()
    carried = dict(zip(sums.index, sums, strict=True))
    wanted = dict(
        zip(_keys(group_targets, GROUP_KEY), _cents(group_targets["quota_amount"]), strict=True)
    )
    wrong = [key for key, cents in wanted.items() if carried.get(key, 0) != cents]
    yield from _say("rep quotas must sum to their group's quota", wrong)
