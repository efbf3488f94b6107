"""Readers of the month profiles: seasonality and the length of the sales cycle by season key."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray
from optimization.errors import DataError
from optimization.frames import require_columns, require_numbers

REVENUE_TYPES = ("new", "existing")
NEW, EXISTING = range(2)
YEAR_MONTHS = 12
COMPANY_KEY = "(company)"


def season_profiles(seasonality: pd.DataFrame) -> pd.DataFrame:
    """Return shares with one row per revenue type and season key, one column per month."""
    key = ["revenue_type", "season_key", "month_number"]
    rows = require_columns(seasonality, "seasonality", [*key, "share"], key)
    rows["share"] = require_numbers(rows, "seasonality", "share", key, upper=1.0)
    wide = rows.pivot(index=key[:2], columns="month_number", values="share")
    complete = set(rows["month_number"]) == set(range(1, YEAR_MONTHS + 1))
    broken = wide.isna().any(axis=1) | ((wide.sum(axis=1) - 1).abs() > 1e-6)
    if not complete or broken.any():
        raise DataError(
            "seasonality must state 12 monthly shares that sum to 1 per revenue type and key",
            [" / ".join(pair) for pair in wide.index[broken]] or ["month_number"],
            "Mend or remove the profile.",
        )
    absent = [kind for kind in REVENUE_TYPES if (kind, COMPANY_KEY) not in wide.index]
    if absent:
        raise DataError(
            f"seasonality must have a {COMPANY_KEY} profile per revenue type", absent, "Add it."
        )
    return wide


def season_shares(profiles: pd.DataFrame, season_keys: pd.Index) -> FloatArray:
    """Return shares per type, key and month; keys without a profile get the company's."""
    shares = []
    for kind in REVENUE_TYPES:
        of_kind = profiles.xs(kind, level="revenue_type").reindex(season_keys)
        shares.append(of_kind.fillna(of_kind.loc[COMPANY_KEY]).to_numpy(dtype=np.float64))
    return np.stack(shares)


def sales_cycle_months(sales_cycles: pd.DataFrame) -> pd.Series[float]:
    """Return months by season key, the company's own among them."""
    rows = require_columns(
        sales_cycles, "sales_cycles", ["season_key", "cycle_months"], ["season_key"]
    )
    months = pd.Series(
        require_numbers(rows, "sales_cycles", "cycle_months", ["season_key"]),
        index=pd.Index(rows["season_key"]),
    )
    if COMPANY_KEY not in months.index:
        raise DataError("sales_cycles must have the company's row", [COMPANY_KEY], "Add it.")
    return months
