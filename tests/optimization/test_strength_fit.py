"""The fit of effects: hand-computed, planted, and what must not change it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from optimization.errors import DataError
from optimization.strength.deals import Deals
from optimization.strength.fit import Family, fit_effects, variance_between
from optimization.strength.models import age_weight, fit_model, value_model, win_model
from optimization.strength.terms import VALUE_TERMS, WIN_TERMS, Part, Term
from tests.optimization.strength_cases import make_deals

REP = Term("rep", Part.REP, ("rep_id",))


def every(deals: Deals) -> np.ndarray:
    return np.arange(len(deals), dtype=np.int32)


def two_reps(won_by_a: int = 30, won_by_b: int = 10, each: int = 40) -> pd.DataFrame:
    deals = make_deals(1, 2 * each).assign(rep_id=np.repeat(["A", "B"], each))
    wins = [True] * won_by_a + [False] * (each - won_by_a)
    return deals.assign(is_won=wins + [True] * won_by_b + [False] * (each - won_by_b))


def test_one_step_is_what_one_computes_by_hand() -> None:
    # Intercept 0, p = 1/2. Per rep V = 40/4 = 10, G = +-10, z = +-1, a = 10.
    # tau2 = (20 - 0 - 1) / (20 - 200/20) = 1.9; d = 10 / (10 + 1/1.9) = 0.95.
    deals = Deals.from_frame(two_reps())
    fit = fit_effects(
        deals.terms, every(deals), deals.is_won * 1.0, np.ones(80), [REP], Family.BINOMIAL, 1
    )
    assert fit is not None
    found = fit.effects["rep"]
    assert fit.base == pytest.approx(0.0, abs=1e-12)
    assert found.tau2 == pytest.approx(1.9)
    np.testing.assert_allclose(found.effect, [0.95, -0.95])
    np.testing.assert_allclose(found.information, [10, 10])
    np.testing.assert_allclose(found.variance, 1 / (10 + 1 / 1.9))


def test_old_deals_count_less_in_the_effect_and_no_more_in_its_certainty() -> None:
    # All deals one half-life old: V halves, V2 quarters, so a = V^2/V2 and z stay as they were.
    # tau2 stays 1.9; d = 5 / (5 + 1/1.9).
    deals = Deals.from_frame(two_reps())
    weight = age_weight(np.full(80, 365.0), 365)
    fit = fit_effects(
        deals.terms, every(deals), deals.is_won * 1.0, weight, [REP], Family.BINOMIAL, 1
    )
    assert fit is not None
    assert fit.effects["rep"].tau2 == pytest.approx(1.9)
    np.testing.assert_allclose(fit.effects["rep"].effect, np.array([1, -1]) * 5 / (5 + 1 / 1.9))


def test_differences_no_larger_than_chance_shrink_to_nothing() -> None:
    # 22 and 18 of 40: z = +-0.2, sum a z^2 = 0.8 < 1 = k - 1.
    deals = Deals.from_frame(two_reps(22, 18))
    fit = fit_effects(
        deals.terms, every(deals), deals.is_won * 1.0, np.ones(80), [REP], Family.BINOMIAL
    )
    assert fit is not None
    assert fit.effects["rep"].tau2 == 0
    assert (fit.effects["rep"].effect == 0).all()


@pytest.mark.parametrize("a", [[], [3.0]])
def test_fewer_than_two_levels_have_no_spread(a: list[float]) -> None:
    assert variance_between(np.ones(len(a)), np.array(a)) == 0


@pytest.mark.parametrize("family", [Family.BINOMIAL, Family.GAUSSIAN])
def test_with_many_sweeps_the_effects_solve_the_penalised_likelihood(family: Family) -> None:
    # There d / tau2 is the score of each level: no step of any effect would gain anything.
    deals = Deals.from_frame(make_deals(1, 3000))
    is_wins = family is Family.BINOMIAL
    model = win_model(deals) if is_wins else value_model(deals)
    rows = np.flatnonzero(model.is_used).astype(np.int32)
    y, w = model.outcome[rows], age_weight(deals.age_days[rows], 365)
    fit = fit_effects(deals.terms, rows, y, w, model.terms, family, passes=300)
    assert fit is not None
    eta = fit.base + fit.sum_of(deals.terms, rows, *Part)
    mean = expit(eta) if is_wins else eta
    phi = 1.0 if is_wins else (w * (y - mean) ** 2).sum() / w.sum()
    assert sum(found.tau2 > 0 for found in fit.effects.values()) >= 2
    for name, found in fit.effects.items():
        if found.tau2 > 0:
            score = np.bincount(
                deals.terms[name].code[rows], w * (y - mean) / phi, len(found.effect)
            )
            np.testing.assert_allclose(found.effect / found.tau2, score, atol=1e-6)
    assert (w * (y - mean)).sum() == pytest.approx(0, abs=1e-8)


def test_planted_effects_are_found() -> None:
    rng = np.random.default_rng(2)
    deals = make_deals(2, 40_000)
    pair = deals["rep_id"] + deals["industry"]
    skill = pd.Series({rep: rng.normal(0, 0.5) for rep in sorted(deals["rep_id"].unique())})
    niche = pd.Series({name: rng.normal(0, 0.5) for name in sorted(pair.unique())})
    true = deals["rep_id"].map(skill) + pair.map(niche)
    deals["is_won"] = rng.random(len(deals)) < expit(true)
    coded = Deals.from_frame(deals)
    whole = fit_model(coded, win_model(coded), 0).whole
    assert whole is not None
    found = whole.sum_of(coded.terms, every(coded), Part.REP, Part.NICHE)
    slope = np.polyfit(found, true, 1)[0]
    assert np.corrcoef(true, found)[0, 1] > 0.95
    assert slope == pytest.approx(1.0, abs=0.15)
    # Nothing was planted by product.
    assert np.abs(whole.effects["rep_product"].effect).max() < 0.1


def test_the_order_of_the_deals_does_not_matter() -> None:
    deals = make_deals(3, 2000)
    shuffled = deals.sample(frac=1, random_state=1).reset_index(drop=True)
    fits = []
    for frame in (deals, shuffled):
        coded = Deals.from_frame(frame)
        whole = fit_model(coded, win_model(coded), 365).whole
        assert whole is not None
        fits.append(
            {
                (term.name, *key): effect
                for term in whole.terms
                for *key, effect in zip(
                    *(coded.labels(term, column) for column in term.columns),
                    whole.effects[term.name].effect,
                    strict=True,
                )
            }
        )
    assert fits[0].keys() == fits[1].keys()
    np.testing.assert_allclose(
        list(fits[0].values()), [fits[1][key] for key in fits[0]], atol=1e-12
    )


def test_categories_and_text_and_gaps_are_the_same_deals() -> None:
    deals = make_deals(4, 800)
    deals.loc[:50, "product"] = None
    named = deals.fillna({"product": "(unknown)"})
    plain = [
        Deals.from_frame(frame) for frame in (deals, named, named.astype({"product": "category"}))
    ]
    fits = [fit_model(coded, win_model(coded), 365).whole for coded in plain]
    for fit in fits[1:]:
        assert fit is not None
        assert fits[0] is not None
        assert fit.base == pytest.approx(fits[0].base, abs=1e-12)
    assert "(unknown)" in plain[0].features["product"].levels


def test_levels_beyond_the_fitted_deals_have_no_effect_and_the_spread_of_all() -> None:
    deals = Deals.from_frame(make_deals(5, 3000))
    rows = np.flatnonzero(deals.features["rep_id"].code != 0).astype(np.int32)
    fit = fit_effects(
        deals.terms, rows, deals.is_won[rows] * 1.0, np.ones(len(rows)), WIN_TERMS, Family.BINOMIAL
    )
    assert fit is not None
    found = fit.effects["rep"]
    assert not found.is_seen[0]
    assert found.effect[0] == 0
    assert found.tau2 > 0
    assert found.variance[0] == pytest.approx(found.tau2)


@pytest.mark.parametrize("is_won", [True, False])
def test_where_all_deals_end_alike_there_is_an_intercept_and_nothing_else(is_won: bool) -> None:
    deals = Deals.from_frame(make_deals(6, 500).assign(is_won=is_won))
    whole = fit_model(deals, win_model(deals), 365).whole
    assert whole is not None
    assert not whole.is_estimable
    assert whole.base == pytest.approx(35.0 if is_won else -35.0)
    assert all((found.effect == 0).all() for found in whole.effects.values())


def test_lost_deals_and_those_without_an_amount_tell_nothing_of_values() -> None:
    frame = make_deals(8, 600)
    frame.loc[frame.index[frame["is_won"]][:20], "amount"] = 0.0
    deals = Deals.from_frame(frame)
    model = value_model(deals)
    assert model.is_used.sum() == frame["is_won"].sum() - 20
    assert model.terms == VALUE_TERMS
    assert np.isfinite(model.outcome).all()


def test_a_deal_without_outcome_is_refused_by_name() -> None:
    deals = make_deals(9, 20).astype({"is_won": "boolean"})
    deals.loc[7, "is_won"] = pd.NA
    with pytest.raises(DataError, match=r"without is_won \(records: 7\)"):
        Deals.from_frame(deals)
    with pytest.raises(DataError, match="lack columns"):
        Deals.from_frame(deals.drop(columns="group_id"))
