"""What moves groups and months beside the company: estimated from past years."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.company_level import forecast_year
from optimization.errors import DataError
from optimization.policy import QuotaPolicy
from optimization.quotas.calibrate import estimate_shocks
from optimization.quotas.history import History
from optimization.quotas.simulate import Shocks

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


def shocks_of(frame: pd.DataFrame) -> Shocks:
    company = forecast_year(np.zeros(0), np.zeros(0), POLICY.shared_shock_rate)
    return estimate_shocks(History.from_frame(frame), company, 0.5, POLICY)


def test_each_shock_is_found_where_it_is_and_not_elsewhere() -> None:
    def found(**shocks: float) -> np.ndarray:
        each = [shocks_of(world(seed, 8, **shocks)) for seed in range(4)]
        rates = [(s.group.error_rate, s.month_rate, s.group_month_rate) for s in each]
        return np.mean(rates, axis=0)

    calm = found(shock=0.0)
    groups = found(shock=0.0, group_shock=0.25)
    months = found(shock=0.0, month_shock=0.4)
    # The policy's prior of .1 leaves a small shock where there is none, and holds back a large one.
    assert calm[0] < 0.12
    assert groups[0] > 2 * calm[0]
    assert months[1] == pytest.approx(0.4, rel=0.4)
    assert months[1] > 3 * max(calm[1], groups[1])
    assert max(calm[2], groups[2], months[2]) < 0.2


def test_a_company_without_history_has_the_policys_shock_and_no_bad_months() -> None:
    shocks = shocks_of(world(1).head(0))
    assert shocks.group.error_rate == pytest.approx(POLICY.shared_shock_rate)
    assert shocks.month_rate == shocks.group_month_rate == 0


def test_bad_history_is_named() -> None:
    rows = world(1, years=1)
    with pytest.raises(DataError, match=r"history.won_amount .*records: a / 2018-01-01"):
        History.from_frame(rows.assign(won_amount=-1.0))
    with pytest.raises(DataError, match="one row per group_id, month, revenue_type"):
        History.from_frame(pd.concat([rows, rows]))
