"""Small tools of the coverage verifier: ids as text, comparing, reporting, today's load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from optimization.errors import sample

HOUSE = "__house__"
TOLERANCE = 1e-6
IDS = (
    "account_id",
    "rep_id",
    "present_rep_id",
    "previous_owner_rep_id",
    "lock_rep_id",
    "family_id",
    "recent_move_group_ids",
    "recent_move_rep_ids",
    "owner_group_id",
    "repaired_rep_id",
)


def text_ids(table: pd.DataFrame) -> pd.DataFrame:
    """Read every id as text, missing stays missing."""
    ids = [column for column in IDS if column in table.columns]
    return table.assign(**{c: table[c].map(str, na_action="ignore").astype("str") for c in ids})


def report(rule: str, keys: Iterable[object]) -> Iterator[str]:
    """Say which records break a rule, if any; keys of several columns are joined."""
    found = [" / ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in keys]
    if found:
        yield f"{rule}: {sample(found)}"


def where(rows: pd.DataFrame, bad: pd.Series[bool], rule: str) -> Iterator[str]:
    """Say which accounts break a rule, if any."""
    yield from report(rule, rows.loc[bad, "account_id"])


def differs(left: pd.Series[float], right: pd.Series[float]) -> pd.Series[bool]:
    """Mark numbers that are not equal but for rounding, or missing."""
    size = np.maximum(1.0, np.maximum(left.abs(), right.abs()))
    return ~((left - right).abs() <= TOLERANCE * size)


def same(left: pd.Series[str], right: pd.Series[str]) -> pd.Series[bool]:
    """Mark equal texts; two missing ones are equal."""
    return (left == right).fillna(False).astype(bool) | (left.isna() & right.isna())


def numbers(column: pd.Series[float]) -> pd.Series[float]:
    """As floats, missing as NaN: nullable integers would compare to NA."""
    found = pd.to_numeric(column, errors="coerce")
    return pd.Series(found.to_numpy(dtype=float, na_value=np.nan), index=column.index)


def with_today(coverers: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """Index the coverers by rep_id and add what today's accounts allow beyond their limits.

    Returns:
        The coverers with capacity_hours (NaN: no limit, as for the house), overtime_limit (hours
        that today's accounts need beyond it) and account_limit (NaN: no limit).
    """
    present = candidates[candidates["is_present"].astype(bool)].groupby("rep_id")
    table = coverers.set_index("rep_id").sort_index()
    hours = present["hours"].sum().reindex(table.index).fillna(0.0)
    capacity = numbers(table["capacity_hours"]).mask(table.index == HOUSE)
    count = present.size().reindex(table.index).fillna(0)
    return table.assign(
        capacity_hours=capacity,
        overtime_limit=(hours - capacity).clip(lower=0.0).fillna(0.0),
        account_limit=np.maximum(numbers(table["max_accounts"]), count),
    )
