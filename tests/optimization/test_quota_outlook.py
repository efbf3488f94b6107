"""The outlook on attainment: how likely each goal is, and what a buffer does to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.optimization.quota_companies import POLICY, Company, two_groups


def test_outlook_knows_that_a_buffer_alone_does_not_change_what_customers_buy() -> None:
    company = replace(two_groups(), goals={"new": 4000, "existing": 1500})
    rows = company.plan().attainment_outlook
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
    company = replace(two_groups(), goals={"new": 4000, "existing": 1500})
    rows = company.plan(replace(POLICY, effort_response=0.5)).attainment_outlook
    for level in ("company", "group"):
        for _, entity in rows[rows["level"] == level].groupby("entity_id"):
            assert entity["probability"].is_monotonic_increasing
            assert entity["probability"].iloc[-1] > entity["probability"].iloc[0]


def test_outlook_matches_a_simulation_of_its_own_assumptions() -> None:
    company = Company(
        books={"R1": [(100, 0, None, False)] * 30, "R2": [(250, 0, None, False)] * 8},
        group_of={"R1": "east", "R2": "east"},
        goals={"new": 5500, "existing": 0},
    )
    rows = company.plan().attainment_outlook
    random = np.random.default_rng(7)
    accounts = np.array([100.0] * 30 + [250.0] * 8)
    noise = random.normal(size=(40_000, len(accounts))) * POLICY.account_cv
    shock = random.normal(size=40_000) * POLICY.shared_shock_rate
    total = (accounts * (1 + noise)).sum(axis=1) + accounts.sum() * shock
    stated = rows.loc[(rows["level"] == "company") & rows["is_default"], "probability"].item()
    assert stated == pytest.approx((total >= 5500).mean(), abs=0.01)
