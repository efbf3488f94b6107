"""The outlook's uncertainty: estimated from the past, tested on months it had not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.errors import DataError
from optimization.policy import QuotaPolicy
from optimization.quotas.calibrate import calibrate, calibration_summary, estimate_shocks
from optimization.quotas.history import History

POLICY = QuotaPolicy(simulation_count=500)


def world(
    seed: int,
    years: int = 6,
    shock: float = 0.15,
    group_shock: float = 0.0,
    month_shock: float = 0.0,
) -> pd.DataFrame:
    """Deals of four groups, log-normal values, shocks of year, group's year and month."""
    random = np.random.default_rng(seed)
    rows = []
    season = 1 + 0.5 * np.sin(np.arange(12) / 12 * 2 * np.pi)
    for year in range(years):
        company = np.exp(shock * random.standard_normal() - shock**2 / 2)
        months = np.exp(month_shock * random.standard_normal(12) - month_shock**2 / 2)
        for group in "abcd":
            own = np.exp(group_shock * random.standard_normal() - group_shock**2 / 2)
            for month in range(12):
                deals = random.poisson(15 * season[month] * company * own * months[month])
                values = 1000 * np.exp(0.5 * random.standard_normal(deals) - 0.125)
                start = pd.Timestamp(2018 + year, month + 1, 1)
                square = float((values**2).sum())
                rows.append((group, start, "existing", float(values.sum()), deals, square))
    columns = ["group_id", "month", "revenue_type", "won_amount", "won_count", "won_square"]
    return pd.DataFrame(rows, columns=columns)


def test_eighty_percent_bands_hold_about_eighty_percent_of_unseen_months() -> None:
    for group_shock, month_shock in ((0.0, 0.0), (0.25, 0.25)):
        worlds = (world(seed, 5, 0.15, group_shock, month_shock) for seed in range(6))
        rows = pd.concat([calibrate(History.from_frame(frame), 0.5, POLICY) for frame in worlds])
        held = calibration_summary(rows).set_index(["level", "period_type"])["held_rate"]
        # The company's periods share a year's shock: these years are too few to judge them.
        assert 0.72 <= held["group", "month"] <= 0.88
        assert 0.70 <= held["group", "quarter"] <= 0.90


def test_each_shock_is_found_where_it_is_and_not_elsewhere() -> None:
    def found(**shocks: float) -> np.ndarray:
        each = [
            estimate_shocks(History.from_frame(world(seed, 8, **shocks)), 8, 0.5, POLICY)
            for seed in range(4)
        ]
        return np.mean([(s.group_rate, s.month_rate, s.group_month_rate) for s in each], axis=0)

    calm = found(shock=0.0)
    groups = found(shock=0.0, group_shock=0.4)
    months = found(shock=0.0, month_shock=0.4)
    # A level is last year's: the shocks of two years part what was forecast and what came.
    assert groups[0] == pytest.approx(0.4 * np.sqrt(2), rel=0.4)
    assert groups[0] > 3 * calm[0]
    assert months[1] == pytest.approx(0.4, rel=0.4)
    assert months[1] > 3 * max(calm[1], groups[1])
    assert max(calm[2], groups[2], months[2]) < 0.2


def test_a_group_that_began_within_the_year_is_forecast_as_if_it_had_sold_all_year() -> None:
    rows = world(2, years=3, shock=0.0)
    late = (rows["group_id"] == "d") & (rows["month"] < pd.Timestamp("2019-10-01"))
    history = History.from_frame(rows[~late])
    forecast = history.forecast(2).sum(axis=(1, 2))
    assert forecast[3] == pytest.approx(forecast[:3].mean(), rel=0.35)
    young = calibrate(history, 0.5, POLICY).groupby("entity_id")["is_young"].mean()
    assert young.to_dict() == {"a": 0, "b": 0, "c": 0, "company": 0, "d": 1}


def test_the_summary_counts_by_level_and_period_and_says_what_proves_nothing() -> None:
    rows = calibrate(History.from_frame(world(1)), 0.5, POLICY)
    summary = calibration_summary(rows).set_index(["level", "period_type"])
    assert summary["period_count"].to_dict() == {
        ("company", "month"): 48,
        ("company", "quarter"): 16,
        ("company", "year"): 4,
        ("group", "month"): 192,
        ("group", "quarter"): 64,
        ("group", "year"): 16,
    }
    assert summary.loc[("company", "year"), "band_verdict"] == "too few to tell"
    outside = summary["above_count"] + summary["below_count"]
    assert (summary["held_count"] + outside == summary["period_count"]).all()
    narrow = rows.assign(is_held=False)
    assert "too narrow" in set(calibration_summary(narrow)["band_verdict"])


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
