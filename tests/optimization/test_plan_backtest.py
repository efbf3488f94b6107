"""Past plans beside what came: bands that hold, and verdicts that say when they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.backtest.compare import PastPlan, compare
from optimization.backtest.verdict import CALIBRATED, PRIOR_SCORES, summarise
from optimization.company_level import forecast_year
from optimization.policy import QuotaPolicy
from optimization.quotas.calibrate import estimate_shocks
from optimization.quotas.chances import MOST_CHANCE_ERROR, Calibration, chance_errors
from optimization.quotas.expected import expected_business
from optimization.quotas.history import History
from optimization.quotas.inputs import QuotaInputs
from tests.optimization.quota_companies import MONTHS, Company

REPS = [f"R{number}" for number in range(8)]
HISTORY = ["group_id", "month", "revenue_type", "won_amount", "won_count", "won_square"]
VALUE_CV = 0.5


def past_plan(seed: int = 1) -> PastPlan:
    company = Company(
        books={rep: [(0.0, 600.0, None, False)] * 20 for rep in REPS},
        group_of={rep: "east" if place < 4 else "west" for place, rep in enumerate(REPS)},
    )
    frames = company.frames()
    frames["book"]["existing_deal_amount"] = 100.0
    inputs = QuotaInputs.from_frames(**frames)
    policy = QuotaPolicy(account_cv=0.2)
    nothing = History.from_frame(pd.DataFrame(columns=HISTORY))
    shocks = estimate_shocks(nothing, forecast_year(np.zeros(0), np.zeros(0), 0.1), 0.5, policy)
    expected = expected_business(inputs, policy)
    return PastPlan(pd.Timestamp("2026-06-30"), inputs, expected, shocks, 96_000.0, seed)


def came(seed: int, factor: float = 1.0) -> pd.DataFrame:
    """Bookings of the plan's own kind: Poisson deals of log-normal values, shared good years."""
    random = np.random.default_rng(seed)
    company = factor * np.exp(0.1 * random.standard_normal())
    groups = {group: np.exp(0.1 * random.standard_normal()) for group in ("east", "west")}
    sigma = np.sqrt(np.log1p(VALUE_CV**2))
    rows = []
    for place, rep in enumerate(REPS):
        group = "east" if place < 4 else "west"
        level = company * groups[group] * random.gamma(25, 1 / 25, 20).mean()
        for month in MONTHS:
            deals = random.poisson(10)
            values = 100 * np.exp(sigma * random.standard_normal(deals) - sigma**2 / 2)
            rows.append((rep, group, month, level * values.sum()))
    return pd.DataFrame(rows, columns=["rep_id", "group_id", "month", "amount"])


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    """The same plan beside forty years that it might have met."""
    frames = [compare(past_plan(seed), came(seed)) for seed in range(40)]
    return pd.concat(
        [
            frame.assign(cut_on=pd.Timestamp("1986-06-30") + pd.DateOffset(years=place))
            for place, frame in enumerate(frames)
        ]
    )


@pytest.mark.parametrize("level", ["company", "group", "rep"])
@pytest.mark.parametrize("period", ["month", "quarter", "year"])
def test_bands_hold_eighty_percent_of_years_of_the_plans_own_kind(
    many: pd.DataFrame, level: str, period: str
) -> None:
    rows = many[(many["level"] == level) & (many["period_type"] == period)]
    if len(rows) >= 80:
        assert 0.70 <= rows["is_held"].mean() <= 0.90
    assert rows["score"].abs().max() < 4


def test_every_period_of_every_entity_stands_once_and_adds_up(many: pd.DataFrame) -> None:
    one = many[many["cut_on"] == many["cut_on"].iloc[0]]
    assert one.groupby(["level", "period_type"]).size().to_dict() == {
        ("company", "month"): 12,
        ("company", "quarter"): 4,
        ("company", "year"): 1,
        ("group", "month"): 24,
        ("group", "quarter"): 8,
        ("group", "year"): 2,
        ("rep", "month"): 96,
        ("rep", "quarter"): 32,
        ("rep", "year"): 8,
    }
    for column in ("expected_amount", "actual_amount"):
        sums = one.groupby(["level", "period_type"])[column].sum()
        assert sums.to_numpy() == pytest.approx(np.full(len(sums), sums.iloc[0]), rel=1e-4)
    years = one[one["period_type"] == "year"]
    assert years.groupby("level")["target_amount"].sum().round().eq(96_000).all()
    assert one.loc[one["period_type"] != "year", "probability"].isna().all()


def test_a_plan_that_holds_is_calibrated_but_few_reps_prove_no_order(many: pd.DataFrame) -> None:
    two = many[many["cut_on"] < pd.Timestamp("1989-01-01")]
    verdict = summarise(two).set_index("level")["verdict"]
    assert verdict["company"] == verdict["group"] == CALIBRATED
    assert verdict["rep"].startswith("not calibrated: too few reps")


def test_one_year_is_too_little_and_years_far_outside_are_refuted() -> None:
    one = compare(past_plan(), came(1))
    assert summarise(one)["verdict"].str.contains("too little history").all()
    off = [
        compare(past_plan(), came(seed, factor)).assign(cut_on=pd.Timestamp(2020 + seed, 6, 30))
        for seed, factor in ((1, 2.2), (2, 0.4), (3, 2.2))
    ]
    found = summarise(pd.concat(off)).set_index("level")
    assert (found["verdict"] == "not calibrated: bands too narrow").all()
    assert (found["spread"] > 1.3).all()


def test_no_past_plan_at_all_says_so() -> None:
    found = summarise(compare(past_plan(), came(1)).head(0))
    assert found["verdict"].str.contains("too little history").all()
    assert found["spread"].eq(1).all()


def test_the_spread_widens_draws_around_their_median_and_keeps_their_mean() -> None:
    draws = np.random.default_rng(1).lognormal(3, 0.2, (4000, 2))
    wide = Calibration(spread={"rep": 1.5}).stretch("rep", draws)
    assert wide.mean(axis=0) == pytest.approx(draws.mean(axis=0))
    assert np.log(wide).std(axis=0) == pytest.approx(1.5 * np.log(draws).std(axis=0))
    assert Calibration().stretch("rep", draws) == pytest.approx(draws)
    assert PRIOR_SCORES > 0


def test_a_chance_is_unsure_where_level_and_target_are_near_and_sure_far_from_it() -> None:
    company = forecast_year(np.array([1000.0, 900.0, 1100.0]), np.full(3, 1000.0), 0.1)
    random = np.random.default_rng(1)
    draws = (1000 * company.factors(random, 4000))[:, None]
    near, far = (
        chance_errors(company, draws, np.array([target]), np.zeros(1), 1)[0]
        for target in (1000.0, 2500.0)
    )
    assert near > MOST_CHANCE_ERROR > far
    said = Calibration(verdict={"company": CALIBRATED}).verdicts("company", np.array([near, far]))
    assert said[0].startswith("unsure")
    assert said[1] == CALIBRATED
