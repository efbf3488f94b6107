"""Readers of what is known of deals that are already open, and of when customers buy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray
from optimization.errors import DataError
from optimization.frames import labels, require_columns, require_numbers
from optimization.values.seasons import COMPANY_KEY, REVENUE_TYPES, YEAR_MONTHS

PIPELINE_AMOUNTS = ("pipeline_amount", "win_count", "pipeline_square")
UNKNOWN_START = 0


@dataclass(frozen=True)
class OpenBusiness:
    """What is known of deals already open, and of customers' own years.

    Attributes:
        pipeline: account_id, month, pipeline_amount (expected), win_count (expected),
            pipeline_square (sum of chance x amount^2); one row per account and month.
        lags: season_key, month, created_later_rate: the share of a month's new business that
            comes from deals not begun yet. Without it everything does.
        customer_seasons: revenue_type, customer_month (1..12 of the customer's fiscal year),
            factor: what a month's share is multiplied by.
        year_starts: account_id, year_starts_in (1..12): first month of the customer's fiscal
            year, where it is known.
    """

    pipeline: pd.DataFrame | None = None
    lags: pd.DataFrame | None = None
    customer_seasons: pd.DataFrame | None = None
    year_starts: pd.DataFrame | None = None


NOTHING_OPEN = OpenBusiness()


def pipeline_by_account(
    frame: pd.DataFrame | None, accounts: pd.Index, months: pd.DatetimeIndex
) -> FloatArray:
    """Return expected amount, wins and squares; shape (3, A, M). Other accounts are left out."""
    arrays = np.zeros((len(PIPELINE_AMOUNTS), len(accounts), len(months)))
    if frame is None or frame.empty:
        return arrays
    key = ["account_id", "month"]
    rows = require_columns(frame, "pipeline", [*key, *PIPELINE_AMOUNTS], key)
    row = accounts.get_indexer(pd.Index(rows["account_id"]))
    column = months.get_indexer(pd.DatetimeIndex(pd.to_datetime(rows["month"])).as_unit("us"))
    known = (row >= 0) & (column >= 0)
    for place, name in enumerate(PIPELINE_AMOUNTS):
        values = require_numbers(rows, "pipeline", name, key)
        arrays[place, row[known], column[known]] = values[known]
    return arrays


def later_shares(
    frame: pd.DataFrame | None, season_keys: pd.Index, months: pd.DatetimeIndex
) -> FloatArray:
    """Return the share of each month's new business not begun yet; shape (S, M), 1 if unknown."""
    if frame is None or frame.empty:
        return np.ones((len(season_keys), len(months)))
    key = ["season_key", "month"]
    rows = require_columns(frame, "lags", [*key, "created_later_rate"], key)
    rows["created_later_rate"] = require_numbers(rows, "lags", "created_later_rate", key, upper=1.0)
    rows["month"] = pd.to_datetime(rows["month"]).dt.as_unit("us")
    wide = rows.pivot(index="season_key", columns="month", values="created_later_rate")
    wide = wide.reindex(columns=months)
    gaps = wide.index[wide.isna().any(axis=1)]
    if len(gaps) or COMPANY_KEY not in wide.index:
        raise DataError(
            "lags must have the company's row and one for each of the plan's months",
            gaps.tolist() or [COMPANY_KEY],
            "Add the missing rows.",
        )
    filled = wide.reindex(season_keys)
    shares: FloatArray = filled.fillna(wide.loc[COMPANY_KEY]).to_numpy(dtype=np.float64)
    return shares


def year_starts(frame: pd.DataFrame | None, accounts: pd.Index) -> NDArray[np.intp]:
    """Return the first month of each account's fiscal year, UNKNOWN_START where unknown."""
    if frame is None or frame.empty:
        return np.full(len(accounts), UNKNOWN_START, dtype=np.intp)
    key = ["account_id"]
    rows = require_columns(frame, "year_starts", [*key, "year_starts_in"], key)
    start = require_numbers(rows, "year_starts", "year_starts_in", key, upper=YEAR_MONTHS)
    odd = (start != np.floor(start)) | (start < 1)
    if odd.any():
        raise DataError(
            "year_starts_in must be a month, 1 to 12", labels(rows[odd], key), "Correct it."
        )
    known = pd.Series(start, index=pd.Index(rows["account_id"])).reindex(accounts)
    return known.fillna(UNKNOWN_START).to_numpy(dtype=np.float64).astype(np.intp)


def customer_factors(frame: pd.DataFrame | None, year_begins: int) -> FloatArray:
    """Return what a share is multiplied by, by type, first month of the customer's year, month.

    Args:
        frame: ``OpenBusiness.customer_seasons``.
        year_begins: First month of the company's fiscal year, 1 to 12.

    Returns:
        Shape (2, 13, 12): position 0 of the second axis is an unknown start; the third axis is
        the company's fiscal year.
    """
    factors = np.ones((len(REVENUE_TYPES), YEAR_MONTHS + 1, YEAR_MONTHS))
    if frame is None or frame.empty:
        return factors
    key = ["revenue_type", "customer_month"]
    rows = require_columns(frame, "customer_seasons", [*key, "factor"], key)
    rows["factor"] = require_numbers(rows, "customer_seasons", "factor", key)
    wide = rows.pivot(index="revenue_type", columns="customer_month", values="factor")
    complete = wide.columns.tolist() == [*range(1, YEAR_MONTHS + 1)]
    if not complete or wide.isna().any(axis=None) or set(wide.index) - set(REVENUE_TYPES):
        raise DataError(
            "customer_seasons must state 12 factors per revenue type", wide.index, "Mend it."
        )
    calendar = (year_begins - 1 + np.arange(YEAR_MONTHS)) % YEAR_MONTHS + 1
    for kind, name in enumerate(REVENUE_TYPES):
        if name in wide.index:
            for start in range(1, YEAR_MONTHS + 1):
                customer_month = (calendar - start) % YEAR_MONTHS
                factors[kind, start] = wide.loc[name].to_numpy()[customer_month]
    return factors


def shift_shares(
    shares: FloatArray,
    factors: FloatArray,
    key: NDArray[np.intp],
    start: NDArray[np.intp],
) -> tuple[FloatArray, NDArray[np.intp]]:
    """Combine the season of an account's industry with that of its own fiscal year.

    Each profile still sums to 1 over a whole year: a customer buys at other times, not more.

    Args:
        shares: Share of a year by type, season key and month; shape (2, S, 12).
        factors: From ``customer_factors``.
        key: Season key of each account; shape (A,).
        start: First month of each account's fiscal year; shape (A,).

    Returns:
        Profiles by type, shape (2, P, 12), and each account's profile, shape (A,).
    """
    if (factors == 1).all():
        return shares, key
    pairs, profile = np.unique(np.stack([key, start], axis=1), axis=0, return_inverse=True)
    shifted = shares[:, pairs[:, 0]] * factors[:, pairs[:, 1]]
    total = shifted.sum(axis=2, keepdims=True)
    profiles = np.divide(shifted, total, out=shares[:, pairs[:, 0]].copy(), where=total > 0)
    return profiles, profile.ravel()
