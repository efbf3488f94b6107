"""Overloaded reps may stay as they are, at a price, and are never loaded further."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.rules import candidate_problem
from optimization.coverage.solve.prices import relax
from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy

from .cases import violations

pytestmark = pytest.mark.slow

EXACT = CoveragePolicy(move_budget_rate=1.0, mip_gap=0.0)
quick = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
companies = {
    "seed": st.integers(0, 10_000),
    "accounts": st.integers(2, 15),
    "reps": st.integers(1, 6),
    "tightness": st.floats(0.1, 1.0),
    "max_accounts": st.sampled_from([None, 1, 4]),
    "price": st.sampled_from([0.0, 120.0, 5000.0]),
}


def load(company, pairs):
    """Hours and accounts of each rep, where pairs are its accounts."""
    reps = company.coverers.query("coverer_type != 'house'")["rep_id"]
    mine = pairs.groupby("rep_id")
    hours, count = mine["hours"].sum(), mine.size()
    return hours.reindex(reps, fill_value=0.0), count.reindex(reps, fill_value=0)


def overtime(company, pairs):
    """Hours that the reps lack together."""
    hours, _ = load(company, pairs)
    capacity = company.coverers.set_index("rep_id")["capacity_hours"].reindex(hours.index)
    return (hours - capacity).clip(lower=0.0).sum()


def present(company):
    return company.candidates[company.candidates["is_present"]]


@quick
@given(**companies)
def test_without_moves_every_present_owner_keeps_every_account_however_overloaded(
    random_company, seed, accounts, reps, tightness, max_accounts, price
):
    company = random_company(seed, accounts, reps, 3, tightness, 1, max_accounts)
    policy = CoveragePolicy(0.0, mip_gap=0.0, overtime_amount_per_hour=price)
    plan = solve_coverage(*company.frames, policy)
    assert violations(company, policy, plan) == []
    owner = company.accounts["present_rep_id"]
    assert plan.assignments.loc[owner.notna(), "rep_id"].tolist() == owner.dropna().tolist()
    lacking = overtime(company, present(company))
    assert plan.certificate["overtime_hours"].item() == pytest.approx(lacking)


@quick
@given(**companies)
def test_nobody_over_a_limit_is_loaded_further(
    random_company, seed, accounts, reps, tightness, max_accounts, price
):
    company = random_company(seed, accounts, reps, 3, tightness, 1, max_accounts)
    policy = CoveragePolicy(1.0, mip_gap=0.001, overtime_amount_per_hour=price)
    plan = solve_coverage(*company.frames, policy)
    (hours, count), (hours_today, count_today) = (
        load(company, pairs) for pairs in (plan.assignments, present(company))
    )
    limits = company.coverers.set_index("rep_id").reindex(hours.index)
    assert (hours <= np.maximum(hours_today, limits["capacity_hours"]) + 1e-5).all()
    places = limits["max_accounts"].astype(float).fillna(np.inf)
    assert (count <= np.maximum(count_today, places)).all()


@pytest.mark.parametrize(("seed", "price"), [(1, 0.0), (2, 120.0), (3, 5000.0)])
def test_the_objective_is_the_value_of_the_rows_less_the_overtime_at_its_price(
    random_company, seed, price
):
    company = random_company(seed, accounts=15, tightness=0.4)
    policy = CoveragePolicy(0.2, mip_gap=0.001, overtime_amount_per_hour=price)
    plan = solve_coverage(*company.frames, policy)
    certificate = plan.certificate.iloc[0]
    lacking = overtime(company, plan.assignments)
    assert lacking > 0
    assert certificate["overtime_hours"] == pytest.approx(lacking)
    assert certificate["overtime_amount"] == pytest.approx(price * lacking)
    worth = plan.assignments["value_amount"].sum() - price * lacking
    assert certificate["objective_amount"] == pytest.approx(worth)
    assert certificate["gain_amount"] >= -2e-3 * abs(worth)  # today's coverage is a plan, too


def test_an_overloaded_rep_gets_no_vacant_account_even_if_overtime_is_free(tiny_company):
    company = tiny_company.vacant(["A0003"]).limit("R001", capacity_hours=10.0)
    company = company.limit("R002", capacity_hours=0.0)
    plan = solve_coverage(*company.frames, replace(EXACT, overtime_amount_per_hour=0.0))
    assert plan.assignments["rep_id"].tolist() == ["R001", "R001", "__house__"]
    # The 20 hours of today are worth having: another 10 would bring 900 instead of 500.
    price = plan.shadow_prices.query("rule == 'hours' and rep_id == 'R001'")
    assert price["shadow_price_amount"].item() == pytest.approx(40, rel=1e-4)


def test_an_hour_of_a_rep_who_lacks_hours_is_worth_what_overtime_costs(tiny_company):
    company = tiny_company.limit("R001", capacity_hours=25.0)
    policy = CoveragePolicy(move_budget_rate=0.0, mip_gap=0.0, overtime_amount_per_hour=7.0)
    prices = solve_coverage(*company.frames, policy).shadow_prices
    hour = prices.query("rule == 'hours' and rep_id == 'R001'")["shadow_price_amount"].item()
    assert hour == pytest.approx(7.0, rel=1e-4)


def test_a_higher_price_relieves_overloaded_reps_if_moves_are_allowed(tiny_company):
    company = tiny_company.limit("R001", capacity_hours=10.0)
    lacking = [
        solve_coverage(
            *company.frames, CoveragePolicy(rate, mip_gap=0.0, overtime_amount_per_hour=price)
        )
        .certificate["overtime_hours"]
        .item()
        # Without a rep an account loses 450: 45 an hour.
        for rate, price in ((1.0, 40.0), (1.0, 50.0), (0.34, 50.0), (0.0, 50.0))
    ]
    assert lacking == [10, 0, 10, 20]


@pytest.mark.parametrize("seed", range(2))
def test_overtime_never_rises_with_its_price(random_company, seed):
    company = random_company(seed, accounts=15, reps=3, tightness=0.6, groups=1)
    lacking = [
        solve_coverage(
            *company.frames, CoveragePolicy(0.5, mip_gap=0.0, overtime_amount_per_hour=price)
        )
        .certificate["overtime_hours"]
        .item()
        for price in (0.0, 300.0, 3000.0)
    ]
    assert lacking == sorted(lacking, reverse=True)
    assert lacking[0] > lacking[-1]


@quick
@given(**companies, wrong=st.tuples(*[st.floats(0.0, 3.0)] * 3))
def test_the_prices_prove_the_relaxations_value_and_wrong_prices_prove_no_less(
    random_company, seed, accounts, reps, tightness, max_accounts, price, wrong
):
    company = random_company(seed, accounts, reps, 3, tightness, 1, max_accounts)
    inputs = CoverageInputs.from_frames(*company.frames)
    policy = CoveragePolicy(0.3, overtime_amount_per_hour=price)
    pairs = candidate_problem(inputs, policy).only_pairs(inputs.is_allowed)
    relaxation = relax(pairs, policy)
    rounding = 1e-5 * np.abs(inputs.value).sum()
    assert pairs.bound(relaxation.price) == pytest.approx(relaxation.value, abs=rounding)
    factor = pairs.constraints.labels["rule"].map(
        dict(zip(("hours", "accounts", "moves"), wrong, strict=True))
    )
    others = relaxation.price * factor.to_numpy(dtype=float)
    assert pairs.bound(others) >= relaxation.value - rounding
