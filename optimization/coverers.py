"""Who may cover accounts, in which order, and which accounts are covered together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.arrays import IntArray

HOUSE = "__house__"
COVERER_TYPES = ("rep", "partner", "house")


def in_order(coverers: pd.DataFrame) -> pd.DataFrame:
    """Sort coverers: reps, partners, the house; each by rep_id."""
    order = coverers["coverer_type"].map({name: i for i, name in enumerate(COVERER_TYPES)})
    by_type = coverers.assign(_order=order).sort_values(["_order", "rep_id"], ignore_index=True)
    return by_type.drop(columns="_order")


def unit_of(accounts: pd.DataFrame) -> IntArray:
    """Number each account's unit: a family that is covered together, or the account on its own.

    Units are numbered by their first account; shape (A,).
    """
    name = accounts["family_id"].fillna("account " + accounts["account_id"].astype(str))
    return np.asarray(pd.factorize(name)[0], dtype=np.int64)


def lock_targets(accounts: pd.DataFrame) -> pd.Series[str]:
    """Rep whom a lock is about: the one it names, else the present owner; one per account."""
    return accounts["lock_rep_id"].fillna(accounts["present_rep_id"])
