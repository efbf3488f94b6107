"""The guard and the half-life: does what was found earlier come true later, and how long."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from optimization.strength.deals import Deals
from optimization.strength.fit import Family, fit_effects
from optimization.strength.guard import fit_slope, guard_table, judge_values, judge_wins
from optimization.strength.half_life import HALF_LIVES, chosen_half_life, try_half_lives
from optimization.strength.models import age_weight, fit_model, value_model, win_model
from optimization.strength.terms import Part
from tests.optimization.strength_cases import make_deals


@pytest.fixture(scope="module", params=[1, 2])
def deals(request: pytest.FixtureRequest) -> Deals:
    return Deals.from_frame(make_deals(request.param, 3000))


def test_the_guard_is_the_slope_of_later_wins_on_the_advantage(deals: Deals) -> None:
    wins = fit_model(deals, win_model(deals), 365)
    assert wins.early is not None
    assert (deals.age_days[wins.early_rows] > 180).all()
    assert (deals.age_days[wins.later_rows] <= 180).all()
    own = wins.early.base + wins.early.sum_of(deals.terms, wins.later_rows, Part.SEGMENT)
    advantage = wins.early.sum_of(deals.terms, wins.later_rows, Part.REP, Part.NICHE)
    y = deals.is_won[wins.later_rows] * 1.0

    def loss(theta: np.ndarray) -> float:
        eta = theta[0] + own + theta[1] * advantage
        return float(np.logaddexp(0, eta).sum() - (y * eta).sum())

    best = minimize(loss, np.zeros(2), tol=1e-12).x
    verdict = judge_wins(deals, wins)
    assert verdict.slope == pytest.approx(best[1], abs=1e-4)
    p = 1 / (1 + np.exp(-(best[0] + own + best[1] * advantage)))
    x = np.column_stack([np.ones(len(p)), advantage])
    hessian = x.T @ (x * (p * (1 - p))[:, None])
    assert verdict.slope_se == pytest.approx(np.sqrt(np.linalg.inv(hessian)[1, 1]), rel=1e-4)
    assert verdict.is_on == (verdict.slope > 1.645 * verdict.slope_se)
    assert verdict.multiplier == (min(1.0, verdict.slope) if verdict.is_on else 0.0)


def test_the_value_guard_is_a_least_squares_slope(deals: Deals) -> None:
    values = fit_model(deals, value_model(deals), 365)
    assert values.early is not None
    own = values.early.base + values.early.sum_of(deals.terms, values.later_rows, Part.SEGMENT)
    y = np.log(deals.amount[values.later_rows]) - own
    x = values.early.sum_of(deals.terms, values.later_rows, Part.REP)
    slope, intercept = np.polyfit(x, y, 1)
    verdict = judge_values(deals, values)
    assert verdict.slope == pytest.approx(slope, abs=1e-9)
    left = ((y - intercept - slope * x) ** 2).sum() / (len(x) - 2)
    assert verdict.slope_se == pytest.approx(np.sqrt(left / ((x - x.mean()) ** 2).sum()))


def test_the_guard_is_on_with_skill_and_off_without() -> None:
    on = [
        [
            judge_wins(coded, fit_model(coded, win_model(coded), 0)).is_on
            for coded in (
                Deals.from_frame(make_deals(seed, 3000, skill, skill)) for seed in range(8)
            )
        ]
        for skill in (0.5, 0.0)
    ]
    assert sum(on[0]) == 8
    assert sum(on[1]) <= 2


def test_advantages_that_are_all_alike_tell_nothing() -> None:
    # As where one rep worked on every later deal.
    won = np.repeat([1.0, 0.0], [24, 13])
    verdict = fit_slope(won, np.full(37, 0.1), np.full(37, 0.3))
    assert np.isnan(verdict.slope)
    assert not verdict.is_on
    assert verdict.multiplier == 0.0


def test_a_slope_above_one_does_not_make_effects_larger_than_they_were_found() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, 4000)
    won = (rng.random(4000) < 1 / (1 + np.exp(-2 * x))) * 1.0
    verdict = fit_slope(won, np.zeros(4000), x)
    assert verdict.slope == pytest.approx(2.0, abs=0.2)
    assert verdict.multiplier == 1.0


def test_the_longest_half_life_as_good_as_the_best_is_chosen(deals: Deals) -> None:
    age, won = deals.age_days, deals.is_won
    split = np.quantile(age[age > 180], 0.25)
    older = np.flatnonzero(age > split).astype(np.int32)
    newest = np.flatnonzero((age > 180) & (age <= split)).astype(np.int32)
    losses = {}
    for days in HALF_LIVES:
        weight = age_weight(age[older] - split, days)
        model = win_model(deals)
        fit = fit_effects(
            deals.terms, older, won[older] * 1.0, weight, model.terms, Family.BINOMIAL, 1
        )
        assert fit is not None
        p = 1 / (1 + np.exp(-fit.base - fit.sum_of(deals.terms, newest, *Part)))
        losses[days] = -np.log(np.where(won[newest], p, 1 - p))
    best = min(losses, key=lambda days: float(losses[days].mean()))
    good = [
        days
        for days, loss in losses.items()
        if (loss - losses[best]).mean() <= (loss - losses[best]).std() / np.sqrt(len(newest))
    ]
    tried = try_half_lives(deals, win_model(deals))
    assert chosen_half_life(tried) == max(good, key=lambda days: days or np.inf)
    np.testing.assert_allclose(tried["log_loss"], [losses[days].mean() for days in HALF_LIVES])
    assert (tried["deal_count"] == len(newest)).all()
    assert tried["is_tuned"].all()


def test_old_deals_are_forgotten_only_where_reps_change() -> None:
    # In the one company everybody became another person two years ago.
    now, before = make_deals(1, 6000, skill=1.0), make_deals(2, 6000, skill=1.0)
    steady, changed = (
        Deals.from_frame(now),
        Deals.from_frame(now.where(now["age_days"] < 700, before)),
    )
    assert chosen_half_life(try_half_lives(steady, win_model(steady))) == 0
    assert chosen_half_life(try_half_lives(changed, win_model(changed))) > 0


def test_too_few_deals_to_choose_a_half_life_give_a_year() -> None:
    coded = Deals.from_frame(make_deals(1, 200))
    tried = try_half_lives(coded, win_model(coded))
    assert not tried["is_tuned"].any()
    assert chosen_half_life(tried) == 365
    assert tried["log_loss"].notna().all()


@pytest.mark.parametrize(
    ("edit", "signal", "words"),
    [
        ({"is_won": True}, "not_estimable", "Every closed deal on record is won"),
        ({"is_won": False}, "not_estimable", "No closed deal on record is won"),
        ({"age_days": 400}, "none", "too few deals to test"),
        ({"age_days": 10}, "none", "too few deals to test"),
        ({"rep_id": "R1", "group_id": "g1"}, "none", "too few deals to test"),
    ],
)
def test_the_guard_says_why_it_is_off(edit: dict[str, object], signal: str, words: str) -> None:
    deals = Deals.from_frame(make_deals(3, 500, niche=0.0).assign(**edit))
    half_lives = try_half_lives(deals, win_model(deals))
    wins, values = (fit_model(deals, model(deals), 365) for model in (win_model, value_model))
    table = guard_table(
        deals, wins, judge_wins(deals, wins), judge_values(deals, values), half_lives
    )
    row = table.iloc[0]
    assert row["signal"] == signal
    assert words in row["reason"]
    assert not row["is_on"]
    assert row["multiplier"] == 0.0
    assert row["train_deal_count"] + row["holdout_deal_count"] == 500
