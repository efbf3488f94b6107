"""Readers of the company's goals: totals by revenue type, and parts that bind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from optimization.errors import DataError
from optimization.frames import labels, require_columns, require_numbers
from optimization.quotas.cents import MAX_GOAL_CENTS, apportion, to_cents
from optimization.values.seasons import REVENUE_TYPES

PART_KEY = ["revenue_type", "group_id", "month"]


@dataclass(frozen=True)
class GoalPart:
    """A part of a goal that binds: of one group, of one month, or of one group's month.

    Attributes:
        kind: Position in REVENUE_TYPES.
        group: Position of the group, None for every group together.
        month: Position of the month, None for all months together.
        cents: The amount.
    """

    kind: int
    group: int | None
    month: int | None
    cents: int


def read_goal_cents(goals: pd.DataFrame) -> tuple[int, ...]:
    """Return the company's goal per revenue type in cents, in the order of REVENUE_TYPES.

    Raises:
        DataError: A type is unknown, missing or doubled, or an amount is no finite number >= 0.
    """
    rows = require_columns(goals, "goals", ["revenue_type", "target_amount"], ["revenue_type"])
    unknown = rows.loc[~rows["revenue_type"].isin(REVENUE_TYPES), "revenue_type"]
    if not unknown.empty:
        raise DataError(
            "goals has unknown revenue types", unknown, f"Use {' or '.join(REVENUE_TYPES)}."
        )
    absent = [kind for kind in REVENUE_TYPES if kind not in set(rows["revenue_type"])]
    if absent:
        raise DataError("goals lacks revenue types", absent, "State 0 where there is no goal.")
    require_numbers(rows, "goals", "target_amount", ["revenue_type"], upper=MAX_GOAL_CENTS / 100)
    target = rows.set_index("revenue_type")["target_amount"]
    return tuple(to_cents(target[kind]) for kind in REVENUE_TYPES)


def read_goal_parts(
    parts: pd.DataFrame | None, groups: pd.Index, calendar: pd.DatetimeIndex
) -> tuple[GoalPart, ...]:
    """Return the parts of goals that bind.

    Args:
        parts: revenue_type, group_id (empty: all groups), month (empty: all months),
            target_amount; None where only company totals are given.
        groups: Groups with coverers.
        calendar: The plan's months. Parts of other months are left out: they are past.

    Raises:
        DataError: A part is doubled, names no known group or has an impossible amount.
    """
    if parts is None or parts.empty:
        return ()
    rows = parts[[*PART_KEY, "target_amount"]].reset_index(drop=True)
    twice = rows.duplicated(PART_KEY)
    if twice.any():
        raise DataError(
            "a part of a goal is given twice", labels(rows[twice], PART_KEY), "Keep one of them."
        )
    homeless = rows["group_id"].notna() & ~rows["group_id"].isin(groups)
    if homeless.any():
        raise DataError(
            "a goal names a group in which nobody covers accounts",
            labels(rows[homeless], PART_KEY),
            f"Use one of {', '.join(map(str, groups))}, or give the group a coverer.",
        )
    rows["target_amount"] = require_numbers(
        rows, "goals", "target_amount", PART_KEY, upper=MAX_GOAL_CENTS / 100
    )
    months = pd.DatetimeIndex(pd.to_datetime(rows["month"])).as_unit("us")
    position = calendar.get_indexer(months)
    group = groups.get_indexer(pd.Index(rows["group_id"]))
    return tuple(
        GoalPart(
            kind=REVENUE_TYPES.index(str(row["revenue_type"])),
            group=int(group[place]) if group[place] >= 0 else None,
            month=None if pd.isna(months[place]) else int(position[place]),
            cents=to_cents(row["target_amount"]),
        )
        for place, row in enumerate(rows.to_dict("records"))
        if pd.isna(months[place]) or position[place] >= 0
    )


def parts_left(
    parts: pd.DataFrame,
    won: pd.DataFrame,
    goals: pd.DataFrame,
    groups: Collection[str],
    calendar: pd.DatetimeIndex,
    buffer_rate: float,
) -> pd.DataFrame:
    """Return what is left of parts of goals: grown by the company's buffer, less what was won.

    Parts that name every group (or month), or more than is left, are scaled to what is left of
    the whole goal: what one group won beyond its part is not asked of the others.

    Args:
        parts: revenue_type, group_id, month, target_amount as the company states them.
        won: group_id, revenue_type, amount won in the months of the year that are past.
        goals: revenue_type, target_amount: what is left of the whole goals.
        groups: Groups with coverers.
        calendar: The plan's months.
        buffer_rate: The company's own buffer.

    Returns:
        The same columns; parts of past months are left out.
    """
    frame = parts[[*PART_KEY, "target_amount"]].copy()
    frame["month"] = pd.to_datetime(frame["month"]).astype("datetime64[us]")
    frame = frame[frame["month"].isna() | frame["month"].isin(calendar)].reset_index(drop=True)
    past = won.groupby(["revenue_type", "group_id"])["amount"].sum()
    is_changed = buffer_rate > 0 or bool(past.sum() > 0)
    if not is_changed:
        return frame
    left = goals.set_index("revenue_type")["target_amount"]
    grown = frame["target_amount"].astype(float) * (1 + buffer_rate)
    is_group = frame["month"].isna() & frame["group_id"].notna()
    key = pd.MultiIndex.from_frame(frame[["revenue_type", "group_id"]])
    grown = grown - past.reindex(key).fillna(0).to_numpy(dtype=float) * is_group
    frame["target_amount"] = grown.clip(lower=0).round(2)
    for kind in REVENUE_TYPES:
        for rows, whole in (
            (frame[is_group & (frame["revenue_type"] == kind)], len(groups)),
            (
                frame[frame["group_id"].isna() & (frame["revenue_type"] == kind)],
                len(calendar),
            ),
        ):
            amounts = rows["target_amount"].to_numpy(dtype=float)
            goal = to_cents(left[kind])
            if amounts.sum() > 0 and (len(rows) == whole or amounts.sum() * 100 > goal):
                frame.loc[rows.index, "target_amount"] = apportion(goal, amounts) / 100
    return frame
