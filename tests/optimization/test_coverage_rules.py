"""Rules beyond hours and locks: each shapes the plan; a plan that breaks it is caught."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy

from .cases import violations, with_pairs

HOUSE = "__house__"
FREE = CoveragePolicy(move_budget_rate=1.0, mip_gap=0.0)


def covered(plan):
    return plan.assignments.set_index("account_id")["rep_id"].to_dict()


def test_a_forbidden_pair_is_not_chosen_and_a_plan_with_it_is_caught(tiny_company):
    company = tiny_company.forbid("A0001", "R002")
    plan = solve_coverage(*company.frames, FREE)
    # Without it R002 takes A0002, worth 150 more there instead of A0001's 450.
    assert covered(plan) == {"A0001": "R001", "A0002": "R002", "A0003": "R001"}
    found = violations(company, FREE, with_pairs(plan, company, A0001="R002", A0002="R001"))
    assert "pair is forbidden: A0001" in found


def test_an_owner_who_is_forbidden_loses_the_account_whatever_the_budget(tiny_company):
    company = tiny_company.forbid("A0003", "R001")
    plan = solve_coverage(*company.frames, CoveragePolicy(move_budget_rate=0.0, mip_gap=0.0))
    assert covered(plan) == {"A0001": "R001", "A0002": "R001", "A0003": "R002"}
    assert plan.changes["reason"].tolist() == ["override"]


def test_a_family_goes_to_one_coverer_and_a_torn_one_is_caught(tiny_company):
    company = tiny_company.limit("R002", capacity_hours=20.0).family("F", "A0002", "A0003")
    plan = solve_coverage(*company.frames, FREE)
    # R002 has 20 hours: A0001 alone (+450) beats the family (+150 - 50).
    assert covered(plan) == {"A0001": "R002", "A0002": "R001", "A0003": "R001"}
    assert plan.assignments["family_id"].tolist() == [None, "F", "F"] or (
        plan.assignments["family_id"].isna().tolist() == [True, False, False]
    )
    assert violations(company, FREE, plan) == []
    found = violations(company, FREE, with_pairs(plan, company, A0002="R002"))
    assert "family is torn apart: F" in found


def test_a_family_adds_its_hours_and_moves_up(tiny_company):
    company = tiny_company.limit("R002", capacity_hours=20.0).family("F", "A0001", "A0002")
    plan = solve_coverage(*company.frames, FREE)
    assert covered(plan) == {"A0001": "R002", "A0002": "R002", "A0003": "R001"}
    assert plan.certificate["moved_count"].item() == 2
    one_move = CoveragePolicy(move_budget_rate=0.34, mip_gap=0.0)
    assert set(covered(solve_coverage(*company.frames, one_move)).values()) == {"R001"}


def test_a_member_that_alone_would_go_elsewhere_says_that_its_family_decides(tiny_company):
    company = tiny_company.limit("R002", capacity_hours=20.0).family("F", "A0001", "A0002")
    company = company.forbid("A0002", "R002")
    plan = solve_coverage(*company.frames, FREE)
    explained = plan.explanations.set_index("account_id")
    assert covered(plan)["A0001"] == "R001"
    assert explained.loc["A0001", "binding_rule"] == "family: F"
    assert "its family (F) is covered together" in explained.loc["A0001", "sentence"]


def test_moves_of_earlier_plans_use_up_the_budget(tiny_company):
    policy = CoveragePolicy(move_budget_rate=0.34, mip_gap=0.0)
    assert solve_coverage(*tiny_company.frames, policy).certificate["moved_count"].item() == 1
    plan = solve_coverage(*tiny_company.moved_before("A0003", "g").frames, policy)
    assert plan.certificate[["moved_count", "move_limit"]].iloc[0].tolist() == [0, 0]


def test_a_groups_own_move_budget_is_kept_priced_and_checked(tiny_company):
    policy = replace(FREE, group_move_rates=(("g", 0.0),))
    plan = solve_coverage(*tiny_company.frames, policy)
    assert set(covered(plan).values()) == {"R001"}
    price = plan.shadow_prices.query("rule == 'group_moves'").iloc[0]
    assert (price["group_id"], price["capacity"]) == ("g", 0.0)
    assert price["shadow_price_amount"] == pytest.approx(450, rel=1e-4)
    found = violations(tiny_company, policy, with_pairs(plan, tiny_company, A0001="R002"))
    assert "more moves than the group's budget: g" in found


@pytest.mark.parametrize(
    ("earlier", "limit"), [([], 2), (["h"], 2), (["h", "g"], 1), (["g", "h", "g"], 0)]
)
def test_each_earlier_move_counts_for_the_group_that_handed_over(tiny_company, earlier, limit):
    company = tiny_company.moved_before("A0003", *earlier)
    policy = replace(FREE, group_move_rates=(("g", 0.67),))
    row = solve_coverage(*company.frames, policy).shadow_prices.query("rule == 'group_moves'")
    assert row["capacity"].item() == limit  # and the verifier, asked by every plan, finds the same


@pytest.mark.parametrize("limit", [{"move_budget_amount_rate": 0.0}, {"rep_move_rate": 0.0}])
def test_caps_in_money_and_by_rep_are_kept_priced_and_checked(tiny_company, limit):
    policy = replace(FREE, **limit)
    plan = solve_coverage(*tiny_company.frames, policy)
    assert set(covered(plan).values()) == {"R001"}
    rule = "moved_amount" if "move_budget_amount_rate" in limit else "rep_moves"
    price = plan.shadow_prices.query("rule == @rule and shadow_price_amount > 0").iloc[0]
    per_unit = 450 / 3000 if rule == "moved_amount" else 450
    assert price["capacity"] == 0
    assert price["shadow_price_amount"] == pytest.approx(per_unit, rel=1e-4)
    found = violations(tiny_company, policy, with_pairs(plan, tiny_company, A0001="R002"))
    assert any(text.startswith("more ") for text in found), found


@pytest.mark.parametrize(
    ("rule", "limit", "left"),
    [
        ("moved_amount", {"move_budget_amount_rate": 0.5}, [4_500 - 3_000]),
        ("rep_moves", {"rep_move_rate": 0.67}, [2 - 1, 0]),
    ],
)
def test_earlier_moves_use_up_the_caps_in_money_and_by_rep(tiny_company, rule, limit, left):
    company = tiny_company.moved_before("A0003", "g")  # from its first rep, R001
    plan = solve_coverage(*company.frames, replace(FREE, **limit))
    assert plan.shadow_prices.query("rule == @rule")["capacity"].tolist() == left


def test_without_a_budget_only_what_is_forced_moves(random_company):
    for seed in range(4):
        company = random_company(seed, 20, 4, candidates=4).family("F", "A0001", "A0002", "A0003")
        plan = solve_coverage(*company.frames, CoveragePolicy(move_budget_rate=0.0, mip_gap=0.0))
        moved = plan.assignments.query("is_moved")
        assert moved["is_forced_move"].all()
        assert set(moved["family_id"]) <= {"F"}
        said = plan.certificate[["chosen_move_count", "move_limit"]].iloc[0].tolist()
        assert said == [0, 0]


def test_forced_moves_leave_the_budget_to_others(tiny_company):
    # One move by choice is allowed, and a person asks for another: both are made.
    company = tiny_company.limit("R002", capacity_hours=20.0).lock("A0003", "keep", "R002")
    plan = solve_coverage(*company.frames, CoveragePolicy(move_budget_rate=0.34, mip_gap=0.0))
    assert covered(plan) == {"A0001": "R002", "A0002": "R001", "A0003": "R002"}
    forced = plan.assignments.set_index("account_id")["is_forced_move"]
    assert forced.to_dict() == {"A0001": False, "A0002": False, "A0003": True}


def test_a_partners_budget_is_kept_priced_and_checked(tiny_company):
    company = tiny_company.limit("R002", coverer_type="partner", capacity_hours=None)
    policy = replace(FREE, partner_budgets=(("R002", 100.0), ("P9", 5.0)))
    plan = solve_coverage(*company.frames, policy)
    assert covered(plan) == {"A0001": "R002", "A0002": "R001", "A0003": "R001"}
    price = plan.shadow_prices.query("rule == 'partner_budget'").iloc[0]
    assert (price["used"], price["capacity"], price["unit"]) == (100.0, 100.0, "currency")
    # The next 100 would bring A0002's 150: 1.5 a unit.
    assert price["shadow_price_amount"] == pytest.approx(1.5, rel=1e-4)
    found = violations(company, policy, with_pairs(plan, company, A0002="R002"))
    assert "more margin than the partner's budget and than today: R002" in found


def test_balance_moves_potential_where_it_is_worth_its_price_and_publishes_the_price(tiny_company):
    company = tiny_company.limit("R002", capacity_hours=30.0)
    even = replace(FREE, move_budget_rate=0.34, balance_band_rate=0.0, balance_price_rate=1.0)
    plan = solve_coverage(*company.frames, even)
    rows = plan.shadow_prices[plan.shadow_prices["rule"].str.startswith("balance")]
    # Each rep has half of the hours, so half of the 9,000 of potential.
    high = rows[rows["rule"] == "balance_high"].set_index("rep_id")
    assert high["capacity"].tolist() == [4500.0, 4500.0]
    assert high.loc["R001", "used"] == 6000.0
    assert high.loc["R001", "shadow_price_amount"] == pytest.approx(1.0)
    # 3,150 of value less 1,500 too much with R001 and 1,500 too little with R002.
    assert plan.certificate["objective_amount"].item() == pytest.approx(150.0)
    assert violations(company, even, plan) == []
    dearer = rows.index[rows["shadow_price_amount"] > 0][0]
    table = plan.shadow_prices.copy()
    table.loc[dearer, "shadow_price_amount"] = 2.0
    found = violations(company, even, replace(plan, shadow_prices=table))
    assert any(text.startswith("shadow price is above the price of a soft rule") for text in found)


def test_pay_moves_potential_where_it_is_worth_its_price_and_an_unknown_pay_asks_nothing(
    tiny_company,
):
    roomy = tiny_company.limit("R002", capacity_hours=30.0)
    policy = replace(FREE, move_budget_rate=0.34, ote_price_rate=1.0)
    assert "ote_high" not in set(solve_coverage(*roomy.frames, policy).shadow_prices["rule"])
    ends = roomy.coverers["rep_id"].map({"R001": 4500.0})
    company = replace(
        roomy, coverers=roomy.coverers.assign(lowest_potential=ends, highest_potential=ends)
    )
    plan = solve_coverage(*company.frames, policy)
    rows = plan.shadow_prices[plan.shadow_prices["rule"].str.startswith("ote")].set_index("rule")
    assert set(rows["rep_id"]) == {"R001"}  # of R002 no pay is known
    assert rows["capacity"].to_dict() == {"ote_high": 4500.0, "ote_low": -4500.0}
    assert rows.loc["ote_high", "shadow_price_amount"] == pytest.approx(1.0)
    over = rows.loc["ote_high", "used"] - 4500.0
    worth = plan.assignments["value_amount"].sum() - over
    assert plan.certificate["objective_amount"].item() == pytest.approx(worth)
    assert violations(company, policy, plan) == []
    free = company.coverers.assign(lowest_potential=None, highest_potential=1e9)
    found = violations(replace(company, coverers=free), policy, plan)
    assert any(text.startswith("use or capacity of a limit is wrong") for text in found), found


def test_idle_hours_are_filled_where_their_price_outweighs_the_loss(tiny_company):
    quiet = replace(FREE, move_budget_rate=0.34, min_load_rate=1.0, idle_amount_per_hour=0.0)
    company = tiny_company.forbid("A0001", "R002").forbid("A0002", "R002")
    assert covered(solve_coverage(*company.frames, quiet))["A0003"] == "R001"
    # Moving A0003 loses 50 and fills R002's 10 hours, but empties 10 of R001's.
    company = company.limit("R001", capacity_hours=10.0)
    loud = replace(quiet, overtime_amount_per_hour=0.0, idle_amount_per_hour=6.0)
    plan = solve_coverage(*company.frames, loud)
    assert covered(plan)["A0003"] == "R002"
    row = plan.shadow_prices.query("rule == 'min_hours' and rep_id == 'R002'").iloc[0]
    assert (row["used"], row["capacity"]) == (-10.0, -10.0)


def test_a_missing_certificate_wished_for_costs_its_part_and_says_so(tiny_company):
    candidates = tiny_company.candidates.copy()
    at = (candidates["account_id"] == "A0001") & (candidates["rep_id"] == "R002")
    candidates.loc[at, "soft_rule_amount"] = 100.0
    candidates.loc[at, "value_amount"] -= 100.0
    company = replace(tiny_company, candidates=candidates)
    plan = solve_coverage(*company.frames, FREE)
    row = plan.explanations.iloc[0]
    assert (row["rep_id"], row["soft_rule_amount"]) == ("R002", 100.0)
    assert "and 100 for a missing certificate" in row["sentence"]


def test_a_lock_says_what_it_costs_and_a_resolve_confirms_it(tiny_company):
    company = tiny_company.lock("A0001", "keep", reason="override: agreed")
    company.accounts.loc[0, "lock_source"] = "override"
    plan = solve_coverage(*company.frames, FREE)
    row = plan.lock_costs.iloc[0]
    # R002 takes A0002 (+150) instead of A0001 (+450): the lock costs 300.
    free = solve_coverage(*tiny_company.frames, FREE).certificate["objective_amount"].item()
    real = free - plan.certificate["objective_amount"].item()
    assert real == pytest.approx(300.0)
    assert row["resolved_cost_amount"] == pytest.approx(real, abs=0.1)
    assert row["cost_amount"] >= real - 0.1
    assert row["better_rep_id"] == "R002"
    assert row["sentence"] == (
        "A0001 stays with R001 (override: agreed): costs 300, solved again without it; "
        "by score rep R002 is better."
    )


def test_a_lock_that_changes_nothing_costs_nothing(tiny_company):
    plan = solve_coverage(*tiny_company.lock("A0003", "keep").frames, FREE)
    row = plan.lock_costs.iloc[0]
    assert (row["cost_amount"], row["better_rep_id"]) == (0.0, None) or pd.isna(
        row["better_rep_id"]
    )
    assert "costs nothing" in row["sentence"]
