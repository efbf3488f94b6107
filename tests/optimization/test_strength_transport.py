"""What comes along to other accounts, and what stays with the accounts a rep has."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from optimization.estimate_strengths import estimate_strengths
from optimization.strength.deals import Deals
from optimization.strength.fit import Family
from optimization.strength.guard import judge
from optimization.strength.half_life import chosen_half_life
from optimization.strength.models import fit_model, win_model
from optimization.strength.slopes import fit_slopes
from optimization.strength.transport import added_by_rep, judge_transport, posterior
from tests.optimization.strength_cases import make_case, make_deals

DIMENSIONS = ("overall", "industry", "geography", "size_band", "product")


def verdicts(**how: float) -> list[str]:
    found = []
    for seed in range(4):
        deals = Deals.from_frame(make_deals(seed, 4000, **how))
        model = win_model(deals)
        fits = fit_model(deals, model, 0)
        verdict = judge(deals, model, fits, judge_transport(deals, model, fits, 0))
        found.append(verdict.signal)
    return found


def test_skill_that_shows_on_accounts_of_others_transports() -> None:
    assert verdicts(lent=0.4) == ["transports"] * 4


def test_where_owners_keep_their_accounts_nobody_can_tell_whose_the_difference_is() -> None:
    # Twelve or thirteen accounts a rep: their luck alone makes reps differ, and lasts.
    assert set(verdicts(lent=0.0, skill=0.5)) == {"not_tested"}
    assert "transports" not in verdicts(lent=0.0, skill=0.0, niche=0.0)


def test_what_does_not_come_along_stays_with_the_account() -> None:
    case = make_case(make_deals(1, 3000, lent=0.0))
    found = estimate_strengths(**case.frames())
    along = found.strength_transport.query("model == 'win'").set_index("dimension")["multiplier"]
    assert along.drop("product").max() < 0.2, "not one deal could tell"
    deals = Deals.from_frame(case.deals)
    days = chosen_half_life(found.strength_half_lives)
    fits = fit_model(deals, win_model(deals), days)
    assert fits.whole is not None
    added = added_by_rep(fits.whole, deals, fits.whole_rows, DIMENSIONS)
    stays = added @ (1 - along[list(DIMENSIONS)].to_numpy())
    account = deals.terms["account"].code
    mean = np.bincount(account, fits.whole_weight * stays) / np.bincount(account, fits.whole_weight)
    wanted = dict(
        zip(
            deals.features["account_id"].levels,
            fits.whole.effects["account"].effect + mean,
            strict=True,
        )
    )
    effects = found.effects.query("model == 'win' and term == 'account'").set_index("level")
    assert effects["effect"].to_dict() == pytest.approx(wanted)


def test_the_posterior_is_bayes_rule_over_two_explanations() -> None:
    for slope, error in ((0.9, 0.2), (0.4, 0.4), (0.1, 0.15), (0.0, 5.0)):

        def along(common: float, slope: float = slope, error: float = error) -> float:
            density = norm.pdf(slope, common, np.hypot(error, 0.25))
            return float(7 * common**6 * density)

        def pulled(common: float, slope: float = slope, error: float = error) -> float:
            weight = 0.25**2 / (0.25**2 + error**2)
            return along(common) * (common + weight * (slope - common))

        nothing = 0.9 * norm.pdf(slope, 0, error)
        something = 0.1 * quad(along, 0, 1)[0]
        mean, _, chance = posterior(np.array([slope]), np.array([[error**2]]))
        # The product sums a grid of twenty steps.
        assert chance == pytest.approx(something / (nothing + something), abs=0.02)
        wanted = 0.1 * quad(pulled, 0, 1)[0] / (nothing + something)
        assert mean[0] == pytest.approx(wanted, abs=0.02)


def test_without_information_what_is_believed_before_looking_counts_and_no_more() -> None:
    mean, _, chance = posterior(np.array([0.3, 0.6]), 400.0 * np.eye(2))
    assert chance == pytest.approx(0.1, abs=0.01)
    assert (mean < 0.1).all()


def test_slopes_are_those_of_the_likelihood_and_errors_take_an_account_together() -> None:
    rng = np.random.default_rng(3)
    account = np.repeat(np.arange(60), 20)
    column = rng.normal(0, 1, len(account))
    control = rng.normal(0, 1, len(account))
    shared = rng.normal(0, 1.2, 60)[account]
    eta = 0.3 + 0.7 * column - 0.5 * control + shared
    won = (rng.random(len(eta)) < 1 / (1 + np.exp(-eta))) * 1.0
    offset = np.full(len(eta), 0.2)

    def loss(theta: np.ndarray) -> float:
        at = offset + theta[0] + theta[1] * column + theta[2] * control
        return float(np.logaddexp(0, at).sum() - (won * at).sum())

    best = minimize(loss, np.zeros(3), tol=1e-12).x
    accounts = account.astype(np.int32)
    found = fit_slopes(
        won, offset, column[:, None], accounts, Family.BINOMIAL, controls=control[:, None]
    )
    assert found.slope[0] == pytest.approx(best[1], abs=1e-3)
    # An account-wide column is told by 60 accounts, not by 1,200 deals.
    wide = rng.normal(0, 1, 60)[account][:, None]
    together = fit_slopes(won, offset, wide, accounts, Family.BINOMIAL)
    alone = np.arange(len(won), dtype=np.int32)
    apart = fit_slopes(won, offset, wide, alone, Family.BINOMIAL)
    assert together.error[0] > 1.3 * apart.error[0]


def test_a_column_without_spread_and_a_handful_of_accounts_test_nothing() -> None:
    won = np.tile([0.0, 1.0], 20)
    account = np.arange(40, dtype=np.int32)
    flat = np.full((40, 1), 0.2)
    assert not fit_slopes(won, 0 * won, flat, account, Family.BINOMIAL).is_tested.any()
    column = np.linspace(-1, 1, 40)[:, None]
    few = (account % 9).astype(np.int32)
    assert not fit_slopes(won, 0 * won, column, few, Family.BINOMIAL).is_tested.any()
    assert fit_slopes(won, 0 * won, column, account, Family.BINOMIAL).is_tested.all()


def test_deals_that_are_all_won_by_the_better_reps_keep_slopes_finite() -> None:
    column = np.repeat([-1.0, 1.0], 30)[:, None]
    won = np.repeat([0.0, 1.0], 30)
    account = np.arange(60, dtype=np.int32)
    found = fit_slopes(won, 0 * won, column, account, Family.BINOMIAL)
    assert np.isfinite(found.slope).all()
    assert found.slope[0] > 2
    assert np.isfinite(found.error).all()
