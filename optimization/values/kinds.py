"""From tables of seasons, cycles and lags to months by kind of account.

Accounts are of one kind where months treat them alike: their industry's seasons, cycle and lags,
and the beginning of their own fiscal year.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, IntArray
from optimization.values.months import Months
from optimization.values.pipeline import (
    OpenBusiness,
    customer_factors,
    later_shares,
    shift_shares,
    year_starts,
)
from optimization.values.seasons import (
    COMPANY_KEY,
    sales_cycle_months,
    season_profiles,
    season_shares,
)


def read_months(
    season_key: pd.Series[str],
    account_id: pd.Index,
    seasonality: pd.DataFrame,
    sales_cycles: pd.DataFrame,
    open_business: OpenBusiness,
    calendar: pd.DatetimeIndex,
    month_number: IntArray,
    ability: FloatArray,
) -> tuple[Months, IntArray]:
    """Return the months by kind, and the kind of each account, shape (A,).

    Args:
        season_key: Industry of each account; one without seasons has the company's.
        account_id: Names, A values.
        seasonality: revenue_type, season_key, month_number (1..12 of the fiscal year), share.
        sales_cycles: season_key, cycle_months.
        open_business: Lags, and customers' fiscal years, where known.
        calendar: First days of the months, in order, length M.
        month_number: Month of the fiscal year, 1 to 12, shape (M,).
        ability: Share of full productivity by coverer and month, shape (R, M).

    Raises:
        DataError: A record breaks a rule; the message names records, rule and fix.
    """
    cycles = sales_cycle_months(sales_cycles)
    profiles = season_profiles(seasonality)
    season_keys = pd.Index(sorted({*cycles.index, *profiles.index.unique("season_key")}))
    key = season_keys.get_indexer(pd.Index(season_key))
    key[key < 0] = season_keys.get_indexer(pd.Index([COMPANY_KEY]))[0]
    year_begins = (int(calendar[0].month) - int(month_number[0])) % 12 + 1
    shares, profile = shift_shares(
        season_shares(profiles, season_keys),
        customer_factors(open_business.customer_seasons, year_begins),
        key,
        year_starts(open_business.year_starts, account_id),
    )
    kinds, kind = np.unique(np.stack([key, profile], axis=1), axis=0, return_inverse=True)
    cycle = np.array([cycles.get(name, cycles[COMPANY_KEY]) for name in season_keys])
    later = later_shares(open_business.lags, season_keys, calendar)
    months = Months(
        share=shares[:, kinds[:, 1]][:, :, month_number - 1],
        later=later[kinds[:, 0]],
        cycle=np.floor(cycle).astype(np.int64)[kinds[:, 0]],
        ability=ability,
    )
    return months, kind.ravel().astype(np.int64)
