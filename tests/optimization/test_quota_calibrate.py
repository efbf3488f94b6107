"""The outlook's uncertainty: estimated from the past, tested on months it had not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.errors import DataError
from optimization.policy import QuotaPolicy
from optimization.quotas.calibrate import History, calibrate, estimate_shocks

POLICY = QuotaPolicy(simulation_count=1000)


def world(seed: int, years: int = 6, shock: float = 0.15) -> pd.DataFrame:
    """Deals of four groups with a shock a year, shared by all, and log-normal values."""
    random = np.random.default_rng(seed)
    rows = []
    season = 1 + 0.5 * np.sin(np.arange(12) / 12 * 2 * np.pi)
    for year in range(years):
        company = np.exp(shock * random.standard_normal() - shock**2 / 2)
        for group in "abcd":
            for month in range(12):
                deals = random.poisson(15 * season[month] * company)
                values = 1000 * np.exp(0.5 * random.standard_normal(deals) - 0.125)
                start = pd.Timestamp(2018 + year, month + 1, 1)
                square = float((values**2).sum())
                rows.append((group, start, "existing", float(values.sum()), deals, square))
    columns = ["group_id", "month", "revenue_type", "won_amount", "won_count", "won_square"]
    return pd.DataFrame(rows, columns=columns)


def test_eighty_percent_bands_hold_about_eighty_percent_of_unseen_months() -> None:
    held = pd.concat([calibrate(History.from_frame(world(seed)), 0.5, POLICY) for seed in range(8)])
    assert 0.72 <= held["is_held"].mean() <= 0.88


def test_a_forecast_knows_nothing_of_the_year_it_forecasts() -> None:
    rows = world(3)
    changed = rows.copy()
    last = changed["month"] >= pd.Timestamp("2023-01-01")
    changed.loc[last, ["won_amount", "won_count", "won_square"]] *= 3
    before = calibrate(History.from_frame(rows), 0.5, POLICY)
    after = calibrate(History.from_frame(changed), 0.5, POLICY)
    pd.testing.assert_frame_equal(
        before.drop(columns=["actual_amount", "is_held"]),
        after.drop(columns=["actual_amount", "is_held"]),
    )


def test_wilder_years_give_larger_shocks_and_no_history_gives_the_policys() -> None:
    calm, wild = (
        estimate_shocks(History.from_frame(world(5, 8, shock)), 8, 0.5, POLICY).company_rate
        for shock in (0.0, 0.5)
    )
    assert wild > 2 * calm
    nothing = History.from_frame(world(1).head(0))
    shocks = estimate_shocks(nothing, nothing.year_count, 0.5, POLICY)
    assert shocks.company_rate == pytest.approx(POLICY.shared_shock_rate)
    assert calibrate(nothing, 0.5, POLICY).empty


def test_bad_history_is_named() -> None:
    rows = world(1, years=1)
    with pytest.raises(DataError, match=r"history.won_amount .*records: a / 2018-01-01"):
        History.from_frame(rows.assign(won_amount=-1.0))
    with pytest.raises(DataError, match="one row per group_id, month, revenue_type"):
        History.from_frame(pd.concat([rows, rows]))
