"""The strength model on worlds whose truth is known: a small, pinned part of the benchmark."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.strength import BASE, NULL, assign, estimate, no_priors, score
from benchmarks.strength_world import make_world

SEEDS = (0, 1)


@pytest.fixture(scope="module")
def base():
    return [score(seed, BASE) for seed in SEEDS]


def test_reps_are_ranked_as_they_truly_win(base):
    assert min(found.spearman for found in base) >= 0.5


def test_assigning_by_strength_captures_value_and_promises_no_more_than_it_gives(base):
    assert min(found.captured for found in base) >= 0.40
    assert 0.6 <= np.mean([found.uplift_ratio for found in base]) <= 1.2


def test_intervals_hold_the_truth_about_as_often_as_they_say(base):
    assert 0.85 <= np.mean([found.coverage for found in base]) <= 0.97


def test_the_guard_is_on_with_skill_and_claims_nothing_without(base):
    assert all(found.is_on for found in base)
    null = score(1, NULL)
    assert not null.is_on
    assert null.predicted_uplift == pytest.approx(0.0, abs=1e-12)


def test_a_planted_strength_far_from_home_is_used():
    world = make_world(1, replace(BASE, planted=1.2))
    found = estimate(world)
    mine = assign(found.win_rate) == 0
    in_industry = (world.accounts["industry"] == "industry00000").to_numpy()
    assert in_industry[mine].mean() > 2 * in_industry.mean()


# Judgement.


def rated(rep, effect, level="industry00002"):
    row = (rep, "industry", level, effect, 20.0, True)
    return pd.DataFrame([row], columns=no_priors().columns)


def effect_of(found, rep, level="industry00002"):
    rows = found.strengths
    at = (rows["rep_id"] == rep) & (rows["dimension"] == "industry") & (rows["level"] == level)
    return rows[at].iloc[0]


@pytest.fixture(scope="module")
def newcomer():
    """The base world in which rep 3 has no deal at all."""
    world = make_world(1, BASE)
    deals = world.deals[world.deals["rep_id"] != "R00003"].reset_index(drop=True)
    return replace(world, deals=deals)


def test_without_deals_the_rating_decides_with_many_the_deals_do(newcomer):
    unrated = estimate(newcomer)
    newly_rated = estimate(newcomer, rated("R00003", 0.6))
    assert effect_of(unrated, "R00003")["effect"] == 0.0
    assert effect_of(newly_rated, "R00003")["effect"] == pytest.approx(0.6)
    veteran_rated = estimate(newcomer, rated("R00005", 0.6))
    before, after = effect_of(unrated, "R00005"), effect_of(veteran_rated, "R00005")
    assert after["deals"] > 10
    assert 0 < after["effect"] - before["effect"] < 0.6
    world = make_world(1, replace(BASE, deals_per_rep=2000))
    many = effect_of(estimate(world), "R00005")["effect"]
    many_rated = effect_of(estimate(world, rated("R00005", 0.6)), "R00005")["effect"]
    assert abs(many_rated - many) < 0.5 * (after["effect"] - before["effect"])


def test_a_rating_makes_an_effect_more_certain_and_never_counts_where_strengths_do_not(newcomer):
    plain, sure = estimate(newcomer), estimate(newcomer, rated("R00003", 0.6))
    assert effect_of(sure, "R00003")["effect_sd"] < effect_of(plain, "R00003")["effect_sd"]
    world = make_world(1, NULL)
    off = estimate(world, rated("R00003", 2.0))
    assert not off.is_on
    assert np.ptp(off.win_rate, axis=1).max() == pytest.approx(0.0, abs=1e-12)


def test_a_rep_without_deals_is_worth_what_an_unknown_rep_is(newcomer):
    found = estimate(newcomer)
    place = list(newcomer.rep_months["rep_id"]).index("R00003")
    assert np.abs(found.advantage[:, place]).max() < 0.2
    assert found.advantage_sd[:, place].min() >= found.advantage_sd.mean()
