"""The guard and the half-life: does what was found earlier come true later, and how long."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from optimization.strength.deals import Deals
from optimization.strength.fit import Family, fit_effects
from optimization.strength.guard import guard_table, judge, judge_persistence
from optimization.strength.half_life import HALF_LIVES, chosen_half_life, try_half_lives
from optimization.strength.models import age_weight, fit_model, value_model, win_model
from optimization.strength.terms import Part
from optimization.strength.transport import judge_transport
from tests.optimization.strength_cases import make_deals


@pytest.fixture(scope="module", params=[1, 2])
def deals(request: pytest.FixtureRequest) -> Deals:
    return Deals.from_frame(make_deals(request.param, 3000))


def test_what_persists_is_the_slope_of_later_wins_on_the_advantage(deals: Deals) -> None:
    win = win_model(deals)
    wins = fit_model(deals, win, 365)
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
    found = judge_persistence(deals, win, wins)
    assert found.slope == pytest.approx(best[1], abs=0.01), "but for a prior of deviation 10"
    assert found.is_on == (found.slope > 1.645 * found.slope_se)
    assert found.multiplier == (min(1.0, found.slope) if found.is_on else 0.0)


def test_what_persists_of_values_is_a_least_squares_slope(deals: Deals) -> None:
    value = value_model(deals)
    values = fit_model(deals, value, 365)
    assert values.early is not None
    own = values.early.base + values.early.sum_of(deals.terms, values.later_rows, Part.SEGMENT)
    y = np.log(deals.amount[values.later_rows]) - own
    x = values.early.sum_of(deals.terms, values.later_rows, Part.REP)
    slope = np.polyfit(x, y, 1)[0]
    assert judge_persistence(deals, value, values).slope == pytest.approx(slope, abs=0.01)


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
    # In the one company everybody became another person a year and a half ago.
    now, before = make_deals(1, 6000, skill=1.0), make_deals(2, 6000, skill=1.0)
    steady, changed = (
        Deals.from_frame(now),
        Deals.from_frame(now.where(now["age_days"] < 550, before)),
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
        ({"rep_id": "R1", "group_id": "g1"}, "not_estimable", "A single rep worked on every"),
    ],
)
def test_the_guard_says_why_it_is_off(edit: dict[str, object], signal: str, words: str) -> None:
    deals = Deals.from_frame(make_deals(3, 500, niche=0.0).assign(**edit))
    half_lives = try_half_lives(deals, win_model(deals))
    fits, verdicts = {}, {}
    for name, model in (("win", win_model(deals)), ("value", value_model(deals))):
        fits[name] = fit_model(deals, model, 365)
        along = judge_transport(deals, model, fits[name], 365)
        verdicts[name] = judge(deals, model, fits[name], along)
    verdicts["creation"] = verdicts["value"]
    row = guard_table(deals, fits["win"], verdicts, half_lives).iloc[0]
    assert row["signal"] == signal
    assert words in row["reason"]
    assert not row["is_on"]
    assert verdicts["win"].share <= 0.1, "what is believed before looking"
    assert row["train_deal_count"] + row["holdout_deal_count"] == 500
