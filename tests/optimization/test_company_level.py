"""The company's level: from all its years, robust to one deal, honest about its own error."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.company_level import company_level, forecast_year, group_spread
from optimization.errors import DataError

SHOCK = 0.10


def years(amounts: dict[str, list[float]], deals: int = 10) -> pd.DataFrame:
    """Won amounts by account, the last year first, each of equal deals."""
    rows = [
        (account, back, "existing", amount, deals, amount**2 / deals, amount / deals, False)
        for account, by_year in amounts.items()
        for back, amount in enumerate(by_year, 1)
        if amount
    ]
    columns = ["account_id", "year_back", "revenue_type", "won_amount", "won_count"]
    columns += ["won_square", "largest_deal_amount", "has_unusual_deal"]
    return pd.DataFrame(rows, columns=columns)


def even(count: int, by_year: list[float]) -> dict[str, list[float]]:
    return {f"A{number:02d}": [amount / count for amount in by_year] for number in range(count)}


def histories(count: int) -> Iterator[np.ndarray]:
    """Six years each of companies of the forecast's own kind, the first first."""
    random = np.random.default_rng(3)
    for _ in range(count):
        stays, goes = 0.1 * np.abs(random.standard_normal(2)) / np.sqrt(2)
        steps = random.normal(0.03, 0.08) + stays * random.standard_normal(6)
        yield 1000 * np.exp(np.cumsum(steps) + goes * random.standard_normal(6))


def test_all_years_foretell_the_next_better_than_the_last_one_does() -> None:
    errors = []
    for totals in histories(300):
        known = totals[:5][::-1]
        found = forecast_year(known, np.full(5, 100.0), SHOCK)
        errors.append(np.log(np.array([found.amount, known[0]]) / totals[5]) ** 2)
    own, last = np.mean(errors, axis=0)
    assert own < 0.8 * last


def test_growth_of_all_years_is_expected_again_and_a_short_one_is_believed_less() -> None:
    grown = 1000 * 1.15 ** -np.arange(6.0)
    squares = np.full(6, 10.0)
    long, short = (forecast_year(grown[:count], squares[:count], SHOCK) for count in (6, 2))
    assert 0.05 < short.growth_rate < long.growth_rate < 0.15
    assert long.error_rate < short.error_rate
    assert long.amount == pytest.approx(1150, rel=0.05)


def test_the_forecast_holds_eighty_percent_of_years_in_worlds_of_its_own_kind() -> None:
    random = np.random.default_rng(4)
    held = 0
    for totals in histories(300):
        found = forecast_year(totals[:5][::-1], np.full(5, 100.0), SHOCK)
        draws = found.amount * found.factors(random, 400)
        low, high = np.quantile(draws, [0.1, 0.9])
        held += low <= totals[5] <= high
    assert 0.72 <= held / 300 <= 0.88


def test_one_huge_deal_stays_with_its_account() -> None:
    usual = even(50, [1000.0, 1000.0, 1000.0])
    before = company_level(years(usual), SHOCK)
    # A deal of two thirds of the year.
    huge = years({"huge": [700.0, 0.0, 0.0]}, deals=1)
    after = company_level(pd.concat([years(usual), huge]), SHOCK)
    level = after.table["level_amount"].sum()
    assert level == pytest.approx(before.table["level_amount"].sum(), rel=0.02)
    own = after.large.set_index("account_id").loc["huge"]
    assert own["own_weight"] == pytest.approx(1 / 3), "one deal does not make a yearly customer"
    assert own["own_amount"] == pytest.approx(700 / 3, rel=0.1)
    assert own["share"] == pytest.approx(0.7 / 1.7)


def test_a_large_customer_of_all_years_is_expected_to_bring_what_it_brought() -> None:
    found = company_level(years({**even(50, [1000.0] * 4), "whale": [600.0] * 4}), SHOCK)
    whale = found.large.set_index("account_id").loc["whale"]
    assert whale["own_weight"] > 0.9
    assert whale["own_amount"] == pytest.approx(600, rel=0.1)


def test_nothing_won_is_no_level_and_draws_still_have_mean_one() -> None:
    found = company_level(years({}), SHOCK)
    assert found.table["level_amount"].eq(0).all()
    assert found.large.empty
    draws = found.others.factors(np.random.default_rng(1), 20_000)
    assert draws.mean() == pytest.approx(1, abs=0.01)


def test_a_groups_share_that_swings_gives_a_wider_spread() -> None:
    totals = np.tile(np.array([[500.0], [500.0]]), (1, 6))
    swing = np.array([1.4, 0.7, 1.3, 0.8, 1.2, 0.6])
    swinging = totals * np.stack([swing, 2 - swing])
    squares = np.full((2, 6), 50.0)
    calm, wild = (group_spread(each, squares, SHOCK).error_rate for each in (totals, swinging))
    assert wild > 2 * calm


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(1.0, 1e9), min_size=1, max_size=8),
    st.floats(0.01, 1000.0),
)
def test_the_unit_of_money_does_not_matter(totals: list[float], unit: float) -> None:
    amounts = np.array(totals)
    one = forecast_year(amounts, amounts**2 / 10, SHOCK)
    other = forecast_year(amounts * unit, (amounts * unit) ** 2 / 10, SHOCK)
    assert other.amount == pytest.approx(one.amount * unit, rel=1e-6)
    assert other.error_rate == pytest.approx(one.error_rate, rel=1e-6)
    assert one.weight.min() >= 0
    assert one.weight.sum() == pytest.approx(1)


def test_a_doubled_year_is_refused_by_name() -> None:
    rows = years({"A": [100.0]})
    with pytest.raises(DataError, match="one row per account_id, year_back, revenue_type"):
        company_level(pd.concat([rows, rows]), SHOCK)
