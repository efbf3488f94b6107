"""The back-test's scores are those of their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest

from optimization.strength.backtest import (
    auc,
    backtest_table,
    calibration_table,
    log_loss,
    predict_later,
)
from optimization.strength.deals import Deals
from optimization.strength.models import age_weight, fit_model, win_model
from optimization.strength.terms import Part
from tests.optimization.strength_cases import make_deals

MODELS = ["global_rate", "rep_rate", "segment", "segment_rep", "strength"]


@pytest.fixture(scope="module")
def judged():
    deals = Deals.from_frame(make_deals(1, 4000))
    wins = fit_model(deals, win_model(deals), 365)
    chances = predict_later(deals, wins)
    return deals, wins, chances, backtest_table(deals, wins, chances).set_index("model")


def test_each_model_s_chances_are_made_of_the_early_deals_alone(judged) -> None:
    deals, wins, chances, _ = judged
    early, later = wins.early_rows, wins.later_rows
    assert list(chances) == MODELS
    weight = age_weight(deals.age_days[early] - 180, 365)
    won = deals.is_won[early]
    assert chances["global_rate"] == pytest.approx(
        (weight[won].sum() + 0.5) / (weight.sum() + 1), abs=1e-12
    )
    rep = deals.features["rep_id"].code
    mine = rep[early] == rep[later[0]]
    rate = (weight[mine & won].sum() + 0.5) / (weight[mine].sum() + 1)
    assert chances["rep_rate"][0] == pytest.approx(rate)
    own = wins.early.base + wins.early.sum_of(deals.terms, wins.later_rows, Part.SEGMENT)
    np.testing.assert_allclose(chances["segment"], expit(own))
    every = (
        own
        + wins.early.sum_of(deals.terms, wins.later_rows, Part.REP)
        + wins.early.sum_of(deals.terms, wins.later_rows, Part.NICHE)
    )
    np.testing.assert_allclose(chances["strength"], expit(every))


def test_scores_are_those_of_the_definitions(judged) -> None:
    deals, wins, chances, table = judged
    y = deals.is_won[wins.later_rows]
    for model, p in chances.items():
        row = table.loc[model]
        loss = -np.where(y, np.log(p), np.log(1 - p))
        above = p[y][:, None] - p[~y][None, :]
        assert row["deal_count"] == len(y)
        assert row["log_loss"] == pytest.approx(loss.mean(), abs=1e-12)
        assert row["brier_score"] == pytest.approx(((p - y) ** 2).mean(), abs=1e-12)
        assert row["auc"] == pytest.approx(((above > 0) + 0.5 * (above == 0)).mean(), abs=1e-12)
        tenth = np.minimum(9, (p * 10).astype(int))
        gap = sum(abs((y[tenth == b] - p[tenth == b]).sum()) for b in range(10)) / len(y)
        assert row["calibration_error"] == pytest.approx(gap)
        assert row["predicted_win_rate"] == pytest.approx(p.mean())
        assert row["observed_win_rate"] == pytest.approx(y.mean())
    assert np.isnan(table.loc["global_rate", "calibration_slope"]), "one chance for all"
    assert table.loc["segment_rep", "log_loss"] < table.loc["global_rate", "log_loss"]


def test_a_gain_s_interval_takes_a_rep_s_deals_to_stand_or_fall_together(judged) -> None:
    deals, wins, chances, table = judged
    y = wins.outcome[wins.later_rows]
    difference = log_loss(y, chances["segment"]) - log_loss(y, chances["strength"])
    row = table.loc["segment"]
    assert row["strength_gain"] == pytest.approx(difference.mean())
    # Against a bootstrap of reps.
    rep = deals.features["rep_id"].code[wins.later_rows]
    rng = np.random.default_rng(1)
    sums, counts = np.bincount(rep, difference), np.bincount(rep)
    draws = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), 4000)
    spread = ((draws @ sums) / (draws @ counts)).std()
    reach = (row["strength_gain_upper"] - row["strength_gain_lower"]) / 2
    assert reach == pytest.approx(1.645 * spread, rel=0.15)
    assert np.isnan(table.loc["strength", "strength_gain"])


def test_auc_of_ties_and_of_one_kind_only() -> None:
    assert auc(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.7, 0.7, 0.9, 0.1])) == 0.875
    assert np.isnan(auc(np.ones(3), np.array([0.1, 0.2, 0.3])))


def test_calibration_by_tenths_has_wilson_s_interval(judged) -> None:
    deals, wins, chances, _ = judged
    table = calibration_table(wins, chances)
    y = deals.is_won[wins.later_rows]
    tenth = np.minimum(9, (chances["strength"] * 10).astype(int))
    assert list(table["bin_number"]) == sorted(set(tenth + 1))
    for row in table.itertuples(index=False):
        held = tenth + 1 == row.bin_number
        assert row.deal_count == held.sum()
        assert row.predicted_win_rate == pytest.approx(chances["strength"][held].mean())
        interval = binomtest(int(y[held].sum()), int(held.sum())).proportion_ci(0.9, "wilson")
        assert row.observed_lower == pytest.approx(interval.low, abs=1e-4)
        assert row.observed_upper == pytest.approx(interval.high, abs=1e-4)


@pytest.mark.parametrize("edit", [{"is_won": True}, {"age_days": 400}, {"age_days": 10}])
def test_with_nothing_to_judge_the_tables_are_empty(edit: dict[str, object]) -> None:
    deals = Deals.from_frame(make_deals(2, 300).assign(**edit))
    wins = fit_model(deals, win_model(deals), 365)
    chances = predict_later(deals, wins)
    assert chances == {}
    assert backtest_table(deals, wins, chances).empty
    assert calibration_table(wins, chances).empty
