"""The strength model on worlds whose truth is known: a small, pinned part of the benchmark."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.strength import BASE, NULL, assign, estimate, score
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
    assert null.predicted_uplift <= 0.002


def test_a_planted_strength_far_from_home_is_used():
    world = make_world(1, replace(BASE, planted=1.2))
    found = estimate(world)
    mine = assign(found.win_rate) == 0
    in_industry = (world.accounts["industry"] == "industry00000").to_numpy()
    assert in_industry[mine].mean() > 2 * in_industry.mean()


def test_a_rep_without_deals_is_worth_what_an_unknown_rep_is():
    world = make_world(1, BASE)
    deals = world.deals[world.deals["rep_id"] != "R00003"].reset_index(drop=True)
    found = estimate(replace(world, deals=deals))
    place = list(world.reps["rep_id"]).index("R00003")
    assert np.abs(found.advantage[:, place]).max() < 0.2
    assert found.advantage_sd[:, place].min() >= found.advantage_sd.mean()
