"""The outlook on attainment: how likely each goal is, and what a buffer does to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.optimization import quota_companies
from tests.optimization.quota_companies import Company, two_groups

# Chances are said of accounts whose level is known.
POLICY = replace(quota_companies.POLICY, account_cv=0.0)


def test_outlook_knows_that_a_buffer_alone_does_not_change_what_customers_buy() -> None:
    company = replace(two_groups(), goals={"new": 4000, "existing": 1500})
    rows = company.plan(POLICY).attainment_outlook
    assert not rows.duplicated(["level", "entity_id", "over_assignment_rate"]).any()
    assert (rows.groupby(["level", "entity_id"])["is_default"].sum() == 1).all()
    chances = rows.groupby(["level", "entity_id"])["probability"].nunique()
    assert (chances[["company", "group"]] == 1).all()
    reps = rows[rows["level"] == "rep"]
    assert set(reps["entity_id"]) == {"R1", "R2", "R3"}
    for _, rep in reps.groupby("entity_id"):
        assert rep["probability"].is_monotonic_decreasing
        assert rep["probability"].is_unique
        growth = rep["target_amount"] / (1 + rep["over_assignment_rate"])
        assert growth.max() - growth.min() < 0.02


def test_outlook_of_the_company_rises_with_the_buffer_where_effort_responds() -> None:
    # What nobody covers would reach the goal alone.
    books = {**two_groups().books, "__house__": []}
    company = replace(two_groups(), books=books, goals={"new": 4600, "existing": 1500})
    rows = company.plan(replace(POLICY, effort_response=0.5)).attainment_outlook
    for level in ("company", "group"):
        for _, entity in rows[rows["level"] == level].groupby("entity_id"):
            assert entity["probability"].is_monotonic_increasing
            assert entity["probability"].iloc[-1] > entity["probability"].iloc[0]


def test_bands_and_chances_match_single_deals_drawn_one_by_one() -> None:
    company = Company(
        books={"R1": [(120.0, 0, None, False)] * 30, "R2": [(300.0, 0, None, False)] * 8},
        group_of={"R1": "east", "R2": "east"},
        goals={"new": 6600, "existing": 0},
    )
    policy = replace(POLICY, account_cv=0.0, simulation_count=40_000)
    rows = company.plan(policy).attainment_outlook
    random = np.random.default_rng(7)
    totals = np.zeros(40_000)
    sigma = np.sqrt(np.log1p(0.5**2))
    for value, accounts in ((120.0, 30), (300.0, 8)):
        for _ in range(accounts):
            wins = random.poisson(1.0, len(totals))
            for deal in range(wins.max()):
                drawn = value * np.exp(sigma * random.standard_normal(len(totals)) - sigma**2 / 2)
                totals += np.where(wins > deal, drawn, 0.0)
    # Without a history the policy's shock is all that is known of company and group.
    for _ in ("company", "group"):
        rate = policy.shared_shock_rate
        totals *= np.exp(rate * random.standard_normal(len(totals)) - rate**2 / 2)
    own = rows[(rows["level"] == "company") & rows["is_default"]].iloc[0]
    assert own["probability"] == pytest.approx((totals >= 6600).mean(), abs=0.015)
    low, high = np.quantile(totals, [0.1, 0.9])
    assert own["low_amount"] == pytest.approx(low, rel=0.02)
    assert own["high_amount"] == pytest.approx(high, rel=0.02)


def test_what_nobody_covers_counts_for_the_company_alone() -> None:
    company = two_groups()
    some, more = (
        replace(company, books={**company.books, "__house__": [(9000, amount, "tech", False)]})
        for amount in (0, 6000)
    )
    outlooks = [
        found.plan(POLICY).attainment_outlook.query("is_default").set_index("level")
        for found in (some, more)
    ]
    rep, company_ = (
        [outlook.loc[[level], "expected_amount"].sum() for outlook in outlooks]
        for level in ("rep", "company")
    )
    assert rep[0] == pytest.approx(rep[1])
    assert company_[1] - company_[0] == pytest.approx(6000, rel=0.02), "and no new business"


def test_the_smallest_buffer_reaches_the_wanted_chance_and_a_smaller_one_does_not() -> None:
    books = {**two_groups().books, "__house__": []}
    company = replace(two_groups(), books=books, goals={"new": 4600, "existing": 1500})
    policy = replace(POLICY, effort_response=2.0, wanted_probability=0.5)
    advice = company.plan(policy).buffer_advice.set_index("level").loc["company"]
    smallest = advice["smallest_rate"]
    assert 0 < smallest <= policy.max_over_assignment_rate
    rates = (smallest - 0.002, smallest)
    rows = company.plan(replace(policy, scenario_rates=rates)).attainment_outlook
    chance = rows[rows["level"] == "company"].set_index("over_assignment_rate")["probability"]
    assert chance[smallest] >= 0.5 > chance[smallest - 0.002]
    silent = company.plan(replace(policy, effort_response=0.0)).buffer_advice
    said = silent.set_index("level").loc["company"]
    assert np.isnan(said["smallest_rate"])
    assert "no buffer reaches" in said["sentence"]


def test_layers_of_buffers_are_added_up_and_too_many_are_flagged() -> None:
    policy = replace(POLICY, company_buffer_rate=0.12, default_over_assignment_rate=0.10)
    advice = two_groups().plan(policy).buffer_advice.set_index("entity_id")
    assert advice.loc["east", "stacked_rate"] == pytest.approx(1.12 * 1.05 - 1)
    assert advice.loc["west", "stacked_rate"] == pytest.approx(1.12 * 1.10 - 1)
    assert advice["is_stacked_too_high"][["east", "west"]].tolist() == [False, True]
