"""Contradicting rules are named with amounts and a repair that works."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from optimization.errors import DataError, InfeasibleError
from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy

FREE = CoveragePolicy(move_budget_rate=1.0, mip_gap=0.0)


def shortfalls(company, policy):
    with pytest.raises(InfeasibleError) as caught:
        solve_coverage(*company.frames, policy)
    return caught.value.shortfalls, str(caught.value)


def raised(text):
    """The limit that the error asks for."""
    return float(re.search(r"limit to ([\d.,]+) (?:hours|accounts)", text)[1].replace(",", ""))


def test_overloaded_reps_are_no_contradiction_however_small_the_move_budget(tiny_company):
    company = tiny_company.limit("R001", capacity_hours=5.0, max_accounts=1)
    plan = solve_coverage(*company.frames, CoveragePolicy(move_budget_rate=0.0))
    assert plan.assignments["rep_id"].tolist() == ["R001"] * 3
    company = company.lock("A0001", "keep").lock("A0002", "keep")
    assert not solve_coverage(*company.frames, FREE).assignments.empty


def test_locked_hours_over_capacity_name_rep_amount_and_accounts(tiny_company):
    company = tiny_company.limit("R002", capacity_hours=15.0)
    company = company.lock("A0001", "keep", "R002").lock("A0002", "keep", "R002")
    found, text = shortfalls(company, FREE)
    assert [(s.rule, s.entity, s.amount, s.unit) for s in found] == [
        ("locked hours over the limit", "rep R002", 5.0, "hours")
    ]
    assert "Unlock some of A0001, A0002, or raise the limit to 20 hours." in text


def test_locked_accounts_over_the_maximum_name_the_rep(tiny_company):
    company = tiny_company.limit("R002", capacity_hours=20.0, max_accounts=1)
    company = company.lock("A0001", "keep", "R002").lock("A0002", "keep", "R002")
    found, text = shortfalls(company, FREE)
    assert [(s.rule, s.entity, s.amount) for s in found] == [
        ("locked accounts over the limit", "rep R002", 1.0)
    ]
    assert "or raise the limit to 2 accounts." in text


@pytest.mark.parametrize(
    ("column", "limit", "amount"), [("capacity_hours", 4.0, 10.0), ("max_accounts", 1, 1.0)]
)
def test_a_lock_beyond_todays_overload_asks_for_a_limit_that_suffices(
    tiny_company, column, limit, amount
):
    # R001 has A0001 and A0002 today, more than its limit; the override gives it A0003 as well.
    company = tiny_company.vacant(["A0003"]).limit("R001", **{column: limit})
    for account in ("A0001", "A0002", "A0003"):
        company = company.lock(account, "keep", "R001")
    found, text = shortfalls(company, FREE)
    assert [s.amount for s in found] == [amount]
    enough = raised(text)
    assert enough == {"capacity_hours": 30, "max_accounts": 3}[column]
    plan = solve_coverage(*company.limit("R001", **{column: enough}).frames, FREE)
    assert plan.assignments["rep_id"].tolist() == ["R001"] * 3
    shortfalls(company.limit("R001", **{column: enough - 1}), FREE)


def test_a_decision_of_a_person_is_carried_out_beyond_the_move_budget(tiny_company):
    company = tiny_company.lock("A0001", "keep", "R002")
    plan = solve_coverage(*company.frames, CoveragePolicy(move_budget_rate=0.0))
    assert plan.assignments["rep_id"].tolist() == ["R002", "R001", "R001"]
    counts = ["moved_count", "chosen_move_count", "move_limit"]
    assert plan.certificate[counts].iloc[0].tolist() == [1, 0, 0]


@pytest.mark.parametrize("group", [None, "g"])
def test_a_move_budget_too_small_to_make_room_says_how_many_moves_are_needed(tiny_company, group):
    # R002 is full with A0002; to take A0001 it must hand that over, and nobody asks for that.
    company = tiny_company.owner("A0002", "R002").lock("A0001", "keep", "R002")
    policy = CoveragePolicy(move_budget_rate=0.0, mip_gap=0.0)
    setting = "coverage.move_budget_rate"
    if group:
        policy = CoveragePolicy(1.0, mip_gap=0.0, group_move_rates=((group, 0.0),))
        setting = "groups: g: move_budget_rate"
    found, text = shortfalls(company, policy)
    entity = "group g" if group else "the company"
    assert [(s.rule, s.entity, s.amount) for s in found] == [("move budget", entity, 1.0)]
    assert f"Raise {setting} to at least 0.3334 (1 move)" in text


def test_moves_of_earlier_plans_count_in_the_repair_of_the_move_budget(tiny_company):
    company = tiny_company.owner("A0002", "R002").lock("A0001", "keep", "R002")
    company = company.moved_before("A0003", "g")
    found, text = shortfalls(company, CoveragePolicy(move_budget_rate=0.34, mip_gap=0.0))
    assert [s.amount for s in found] == [1.0]
    assert "at least 0.6667 (2 moves, 1 of them made by earlier plans)" in text


@pytest.mark.parametrize(
    ("rule", "entity", "repair"),
    [
        ("rep_move_rate", "rep R002", "coverage.rep_move_rate to at least 1 (1 move)"),
        (
            "move_budget_amount_rate",
            "the company",
            "coverage.move_budget_amount_rate to at least 0.3334 (3,000 of yearly potential)",
        ),
    ],
)
def test_a_cap_too_small_to_make_room_names_its_setting(tiny_company, rule, entity, repair):
    company = tiny_company.owner("A0002", "R002").lock("A0001", "keep", "R002")
    found, text = shortfalls(company, replace(FREE, **{rule: 0.0}))
    assert [(s.rule, s.entity) for s in found] == [("move budget", entity)]
    assert f"Raise {repair}" in text


def test_a_partners_budget_too_small_for_its_locks_is_named(tiny_company):
    company = tiny_company.limit("R002", coverer_type="partner", capacity_hours=None)
    company = company.lock("A0001", "keep", "R002")
    policy = CoveragePolicy(1.0, partner_budgets=(("R002", 40.0),))
    found, text = shortfalls(company, policy)
    # Its share of A0001 is the cost to serve, 100.
    assert [(s.rule, s.entity, s.amount) for s in found] == [
        ("partner budget", "partner R002", pytest.approx(60.0))
    ]
    assert "Raise its budget_amount to 100 currency" in text


def test_locks_that_tear_a_family_apart_are_named(tiny_company):
    company = tiny_company.family("F", "A0001", "A0002")
    company = company.lock("A0001", "keep", "R001").lock("A0002", "keep", "R002", "said so")
    with pytest.raises(DataError, match="tear a family apart") as caught:
        solve_coverage(*company.frames, FREE)
    assert "F (A0001 keep R001" in str(caught.value)
    assert "A0002 keep R002 because of 'said so'" in str(caught.value)


def test_a_lock_to_a_rep_who_is_not_eligible_names_both_rules(tiny_company):
    company = tiny_company.forbid("A0001", "R002", "no certificate scada")
    company = company.lock("A0001", "keep", "R002", "asked for")
    with pytest.raises(DataError) as caught:
        solve_coverage(*company.frames, FREE)
    assert "A0001: keep R002 because of 'asked for', but 'no certificate scada'" in str(
        caught.value
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_repair_of_the_move_budget_works_and_is_the_cheapest(random_company, seed):
    company = random_company(seed, accounts=30, reps=5, tightness=0.5)
    # Two overrides hand accounts to another rep; all are overloaded, so others must make room.
    other = company.candidates.query("not is_present and rep_id != '__house__'")
    owned = company.accounts["present_rep_id"].notna()
    other = other[other["account_id"].isin(company.accounts.loc[owned, "account_id"])]
    for pair in other.drop_duplicates("account_id").head(2).itertuples():
        company = company.lock(pair.account_id, "keep", pair.rep_id)
    found, text = shortfalls(company, CoveragePolicy(0.5 / owned.sum(), mip_gap=0.0))
    match = re.search(r"at least ([\d.]+) \((\d+) moves?\)", text)
    rate, moves = float(match[1]), int(match[2])
    assert moves > 0
    plan = solve_coverage(*company.frames, CoveragePolicy(move_budget_rate=rate, mip_gap=0.005))
    assert plan.certificate["move_limit"].item() == moves
    one_less = CoveragePolicy(move_budget_rate=(moves - 1) / owned.sum(), mip_gap=0.005)
    assert shortfalls(company, one_less)[0][0].amount == 1
    assert [s.rule for s in found] == ["move budget"]


def test_accounts_that_must_be_covered_beyond_all_hours_name_the_missing_hours(tiny_company):
    company = tiny_company.vacant(["A0001", "A0002", "A0003"])
    company = company.limit("R001", capacity_hours=15.0).limit("R002", capacity_hours=10.0)
    for account in ("A0001", "A0002", "A0003"):
        company = company.lock(account, "remove", "__house__", "must be covered")
    found, text = shortfalls(company, FREE)
    assert {s.rule for s in found} == {"hours"}
    assert sum(s.amount for s in found) == pytest.approx(5.0)
    assert "for rep R001: 5.0 hours. Raise its limit to 20 hours" in text
    plan = solve_coverage(*company.limit("R001", capacity_hours=raised(text)).frames, FREE)
    assert plan.certificate["uncovered_count"].item() == 0


def test_hours_missing_beyond_todays_overload_name_a_limit_that_suffices(tiny_company):
    # R001 needs 20 hours today and has 4; A0003 must be covered, but R002 has no time at all.
    company = tiny_company.vacant(["A0003"]).limit("R001", capacity_hours=4.0)
    company = company.limit("R002", capacity_hours=0.0)
    for account in ("A0001", "A0002"):
        company = company.lock(account, "keep")
    company = company.lock("A0003", "remove", "__house__", "must be covered")
    found, text = shortfalls(company, FREE)
    assert sum(s.amount for s in found) == pytest.approx(10.0)
    rep = re.search(r"for rep (R\d+)", text)[1]
    plan = solve_coverage(*company.limit(rep, capacity_hours=raised(text)).frames, FREE)
    assert plan.certificate["uncovered_count"].item() == 0
