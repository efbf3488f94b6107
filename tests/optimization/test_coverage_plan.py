"""The plan is the best there is, the same every time, and keeps every rule."""

from __future__ import annotations

import pandas as pd
import pytest

from optimization.errors import SolveLimitError
from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy

HOUSE = "__house__"
EXACT = CoveragePolicy(move_budget_rate=1.0, mip_gap=0.0)
TABLES = (
    "assignments",
    "explanations",
    "changes",
    "certificate",
    "shadow_prices",
    "hiring_advice",
    "lock_costs",
)


def assert_same_plan(left, right):
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(left, table), getattr(right, table))


def test_the_tiny_company_gets_the_optimum_computed_by_hand(tiny_company):
    plan = solve_coverage(*tiny_company.frames, EXACT)
    assert plan.assignments["rep_id"].tolist() == ["R002", "R001", "R001"]
    certificate = plan.certificate.iloc[0]
    assert certificate["objective_amount"] == pytest.approx(3150)
    assert certificate["bound_amount"] == pytest.approx(3150, rel=1e-5)
    assert certificate["as_is_objective_amount"] == pytest.approx(2700)
    assert certificate["gain_amount"] == pytest.approx(450)
    assert certificate["status"] == "optimal"
    assert (certificate["moved_count"], certificate["move_limit"]) == (1, 3)
    hours = plan.shadow_prices.query("rule == 'hours'").set_index("rep_id")
    # R002's next 10 hours would bring A0002's 150: 15 an hour. R001 has hours to spare.
    assert hours.loc["R002", "shadow_price_amount"] == pytest.approx(15, rel=1e-4)
    assert hours.loc["R001", "shadow_price_amount"] == pytest.approx(0, abs=1e-3)


def test_the_change_says_from_whom_to_whom_and_what_it_gains(tiny_company):
    changes = solve_coverage(*tiny_company.frames, EXACT).changes
    assert changes.to_dict("records") == [
        {
            "account_id": "A0001",
            "from_rep_id": "R001",
            "to_rep_id": "R002",
            "reason": "better_match",
            "value_gain_amount": 450.0,
            "disruption_amount": 50.0,
        }
    ]


def test_no_move_is_made_without_a_budget(tiny_company):
    policy = CoveragePolicy(move_budget_rate=0.0, mip_gap=0.0)
    plan = solve_coverage(*tiny_company.frames, policy)
    assert plan.assignments["rep_id"].tolist() == ["R001"] * 3
    assert plan.changes.empty
    move_price = plan.shadow_prices.query("rule == 'moves'")["shadow_price_amount"].item()
    assert move_price == pytest.approx(450, rel=1e-4)


def test_equal_values_leave_an_account_with_its_owner_and_vacant_ones_with_the_first_id(
    random_company,
):
    company = random_company(2, accounts=8, reps=4, candidates=4, tightness=9.0)
    equal = company.candidates.assign(
        segment_value_amount=500.0,
        strength_value_amount=0.0,
        cost_to_serve_amount=0.0,
        disruption_amount=0.0,
        value_amount=500.0,
    )
    plan = solve_coverage(company.accounts, equal, company.coverers, EXACT)
    expected = company.accounts["present_rep_id"].fillna("R001").tolist()
    assert plan.assignments["rep_id"].tolist() == expected
    assert not plan.assignments["is_moved"].any()


def test_locks_are_kept_and_reported(tiny_company):
    company = tiny_company.lock("A0003", "keep", "R002", "same board").lock("A0001", "remove")
    plan = solve_coverage(*company.frames, EXACT)
    assert plan.assignments["rep_id"].tolist() == [HOUSE, "R001", "R002"]
    assert plan.assignments["is_locked"].tolist() == [True, False, True]
    assert plan.changes["reason"].tolist() == ["override", "override"]
    assert plan.certificate["uncovered_count"].item() == 1


def test_an_account_goes_to_the_house_for_want_of_hours(tiny_company):
    plan = solve_coverage(*tiny_company.limit("R001", capacity_hours=10.0).frames, EXACT)
    assert plan.changes["reason"].tolist() == ["better_match", "capacity"]
    assert plan.assignments["rep_id"].tolist().count(HOUSE) == 1


def test_a_limit_on_the_number_of_accounts_is_kept_and_priced(tiny_company):
    company = tiny_company.limit("R002", capacity_hours=100.0, max_accounts=1)
    plan = solve_coverage(*company.frames, EXACT)
    assert plan.assignments["rep_id"].tolist().count("R002") == 1
    price = plan.shadow_prices.query("rule == 'accounts' and rep_id == 'R002'")
    # The second account would bring 1050 instead of 900 with R001.
    assert price["shadow_price_amount"].item() == pytest.approx(150, rel=1e-4)


def test_a_crowded_book_takes_no_further_account(tiny_company):
    company = tiny_company.limit("R001", max_accounts=1).limit("R002", capacity_hours=0.0)
    plan = solve_coverage(*company.vacant(["A0003"]).frames, EXACT)
    assert plan.assignments["rep_id"].tolist() == ["R001", "R001", HOUSE]
    price = plan.shadow_prices.query("rule == 'accounts' and rep_id == 'R001'").iloc[0]
    assert (price["used"], price["capacity"]) == (2, 2)
    # The third account would bring 900 instead of 500 with the house.
    assert price["shadow_price_amount"] == pytest.approx(400, rel=1e-4)


def test_a_partner_without_stated_limits_may_take_any_number_of_accounts(tiny_company):
    company = tiny_company.limit("R002", coverer_type="partner", capacity_hours=None)
    plan = solve_coverage(*company.frames, EXACT)
    assert plan.assignments["rep_id"].tolist() == ["R002", "R002", "R001"]


def test_a_leavers_book_is_covered_again_without_counting_as_moves(tiny_company):
    company = tiny_company.limit("R002", capacity_hours=25.0).leaves("R001")
    policy = CoveragePolicy(move_budget_rate=0.0, mip_gap=0.0)
    plan = solve_coverage(*company.frames, policy)
    assert plan.assignments["rep_id"].tolist() == ["R002", "R002", HOUSE]
    assert plan.assignments["previous_rep_id"].tolist() == ["R001"] * 3
    assert not plan.assignments["is_moved"].any()
    assert plan.changes["reason"].tolist() == ["leaver"] * 3
    # Nobody covers the book today, so the gain is over the house: 1400 - 500 and 1100 - 500.
    assert plan.changes["value_gain_amount"].tolist() == [900.0, 600.0, 0.0]


def test_rows_in_another_order_give_the_same_plan(random_company):
    company = random_company(11, accounts=30, reps=5)
    policy = CoveragePolicy(move_budget_rate=0.5)
    first = solve_coverage(*company.frames, policy)
    assert_same_plan(first, solve_coverage(*company.shuffled(1).frames, policy))
    assert_same_plan(first, solve_coverage(*company.shuffled(2).frames, policy))


def test_two_solves_give_the_same_plan(random_company):
    company = random_company(12, accounts=25, reps=5, tightness=0.9, max_accounts=7)
    policy = CoveragePolicy(move_budget_rate=0.6)
    first = solve_coverage(*company.frames, policy)
    assert_same_plan(first, solve_coverage(*company.frames, policy))


def test_a_time_limit_too_short_for_any_plan_is_refused(random_company):
    company = random_company(13, accounts=60, reps=8, tightness=0.8)
    policy = CoveragePolicy(move_budget_rate=0.8, solve_seconds=1e-6)
    with pytest.raises(SolveLimitError, match="solve_seconds"):
        solve_coverage(*company.frames, policy)
