"""What the three coverage tables must satisfy before a model is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from optimization.coverers import COVERER_TYPES, HOUSE
from optimization.errors import DataError

LOCK_ACTIONS = ("keep", "remove")

ACCOUNT_COLUMNS = (
    "account_id",
    "present_rep_id",
    "previous_owner_rep_id",
    "vacancy_reason",
    "owner_source",
    "lock_action",
    "lock_rep_id",
    "lock_reason",
    "lock_source",
    "family_id",
    "recent_move_count",
    "recent_move_group_ids",
    "recent_move_rep_ids",
    "owner_group_id",
    "new_amount",
    "existing_amount",
)
PART_COLUMNS = (
    "segment_value_amount",
    "strength_value_amount",
    "cost_to_serve_amount",
    "absence_amount",
    "disruption_amount",
    "soft_rule_amount",
)
BOOKING_COLUMNS = ("new_amount", "existing_amount", "unserved_amount")
CANDIDATE_NUMBERS = (
    "hours",
    *PART_COLUMNS,
    "value_amount",
    "value_sd_amount",
    "strength_sd_amount",
    *BOOKING_COLUMNS,
)
CANDIDATE_COLUMNS = ("account_id", "rep_id", "is_present", "forbidden_reason", *CANDIDATE_NUMBERS)
COVERER_COLUMNS = ("rep_id", "coverer_type", "group_id", "capacity_hours", "max_accounts")
NOT_NEGATIVE = (
    "hours",
    "cost_to_serve_amount",
    "disruption_amount",
    "soft_rule_amount",
    "value_sd_amount",
    "strength_sd_amount",
    *BOOKING_COLUMNS,
)


def validate_tables(
    accounts: pd.DataFrame, candidates: pd.DataFrame, coverers: pd.DataFrame
) -> None:
    """Refuse tables the model cannot be built from.

    Raises:
        DataError: Names the rule, up to five records and the fix.
    """
    tables: Mapping[str, tuple[pd.DataFrame, Sequence[str], list[str]]] = {
        "coverage_accounts": (accounts, ACCOUNT_COLUMNS, ["account_id"]),
        "candidates": (candidates, CANDIDATE_COLUMNS, ["account_id", "rep_id"]),
        "coverage_coverers": (coverers, COVERER_COLUMNS, ["rep_id"]),
    }
    for name, (table, columns, key) in tables.items():
        missing = [column for column in columns if column not in table.columns]
        if missing:
            raise DataError(f"{name} lacks columns", missing, "Rebuild the mart.")
        if table.empty:
            raise DataError(f"{name} is empty", [name], "Check the pull and its gates.")
        nulls = table[key].isna().any(axis=1)
        _refuse(table, key, nulls, f"{name} has rows without a key", "Give each row its ids.")
        repeated = table.duplicated(key, keep=False)
        _refuse(table, key, repeated, f"{name} repeats a key", "Keep one row per key.")
    _validate_coverers(coverers)
    _validate_candidates(accounts, candidates, coverers)
    _validate_accounts(accounts, candidates)


def _refuse(table: pd.DataFrame, key: list[str], bad: pd.Series[bool], rule: str, fix: str) -> None:
    if bad.any():
        rows = table.loc[bad, key].drop_duplicates().sort_values(key)
        raise DataError(rule, [" / ".join(map(str, row)) for row in rows.to_numpy()], fix)


def not_finite(column: pd.Series[float]) -> pd.Series[bool]:
    """Mark cells that are missing, infinite or not numbers at all."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return pd.Series(~np.isfinite(numbers), index=column.index)


def _validate_coverers(coverers: pd.DataFrame) -> None:
    key = ["rep_id"]
    unknown = ~coverers["coverer_type"].isin(COVERER_TYPES)
    _refuse(coverers, key, unknown, "unknown coverer_type", f"Use one of {COVERER_TYPES}.")
    house = coverers.loc[coverers["coverer_type"] == "house", "rep_id"].tolist()
    if house != [HOUSE]:
        rule = f"there must be exactly one house coverer, '{HOUSE}'"
        raise DataError(rule, house or ["none"], "Add it in the mart coverage_coverers.")
    reps = coverers["coverer_type"] == "rep"
    no_hours = reps & not_finite(coverers["capacity_hours"])
    _refuse(coverers, key, no_hours, "rep without capacity_hours", "Give its yearly hours.")
    for column in ("capacity_hours", "max_accounts"):
        negative = pd.to_numeric(coverers[column], errors="coerce") < 0
        _refuse(coverers, key, negative, f"negative {column}", "Use zero or more.")


def _validate_candidates(
    accounts: pd.DataFrame, candidates: pd.DataFrame, coverers: pd.DataFrame
) -> None:
    key = ["account_id", "rep_id"]
    for column, known in (("account_id", accounts), ("rep_id", coverers)):
        stray = ~candidates[column].isin(known[column])
        _refuse(candidates, key, stray, f"candidate of an unknown {column}", "Rebuild the marts.")
    for column in CANDIDATE_NUMBERS:
        bad = not_finite(candidates[column])
        _refuse(candidates, key, bad, f"{column} is not a finite number", "Mend the mart.")
    for column in NOT_NEGATIVE:
        negative = candidates[column] < 0
        _refuse(candidates, key, negative, f"{column} is negative", "Use zero or more.")
    segment, strength, *losses = (candidates[column] for column in PART_COLUMNS)
    off = (segment + strength - sum(losses) - candidates["value_amount"]).abs()
    wrong = off > 0.01 + 1e-9 * candidates["value_amount"].abs()
    fix = "value_amount = segment + strength - cost to serve - absence - disruption - soft rules."
    _refuse(candidates, key, wrong, "the parts do not add up to value_amount", fix)


def _validate_accounts(accounts: pd.DataFrame, candidates: pd.DataFrame) -> None:
    key = ["account_id"]
    bare = ~accounts["account_id"].isin(candidates["account_id"])
    _refuse(accounts, key, bare, "account without candidates", "Give it the house at least.")
    housed = candidates.loc[candidates["rep_id"] == HOUSE, "account_id"]
    homeless = ~accounts["account_id"].isin(housed)
    _refuse(accounts, key, homeless, f"account without candidate '{HOUSE}'", "Rebuild the mart.")

    pairs = candidates[["account_id", "rep_id", "is_present"]].merge(
        accounts[["account_id", "present_rep_id"]], on="account_id"
    )
    present = pairs["rep_id"] == pairs["present_rep_id"]
    differs = pairs["is_present"].astype(bool) != present.fillna(False).astype(bool)
    fix = "is_present must mark the pair with present_rep_id, and no other."
    _refuse(pairs, ["account_id", "rep_id"], differs, "is_present contradicts the owner", fix)
    kept = accounts["account_id"].isin(pairs.loc[present.fillna(False), "account_id"])
    lost = accounts["present_rep_id"].notna() & ~kept
    fix = "Add the pair, or null present_rep_id if the owner can no longer cover."
    _refuse(accounts, key, lost, "the present owner is no candidate", fix)

    action = accounts["lock_action"]
    odd = action.notna() & ~action.isin(LOCK_ACTIONS)
    _refuse(accounts, key, odd, "unknown lock_action", f"Use one of {LOCK_ACTIONS} or null.")
