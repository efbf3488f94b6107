"""Contradicting rules are named with amounts and a repair that works."""

from __future__ import annotations

import re

import pytest

from optimization.coverage.plan import solve_coverage
from optimization.errors import InfeasibleError
from optimization.policy import CoveragePolicy

FREE = CoveragePolicy(move_budget_rate=1.0, mip_gap=0.0)


def shortfalls(company, policy):
    with pytest.raises(InfeasibleError) as caught:
        solve_coverage(*company.frames, policy)
    return caught.value.shortfalls, str(caught.value)


def test_locked_hours_over_capacity_name_rep_amount_and_accounts(tiny_company):
    company = tiny_company.limit("R001", capacity_hours=15.0)
    company = company.lock("A0001", "married").lock("A0002", "married")
    found, text = shortfalls(company, FREE)
    assert [(s.rule, s.entity, s.amount, s.unit) for s in found] == [
        ("locked hours over the limit", "rep R001", 5.0, "hours")
    ]
    assert "Unlock some of A0001, A0002, or raise the limit by 5.0 hours." in text


def test_locked_accounts_over_the_maximum_name_the_rep(tiny_company):
    company = tiny_company.limit("R001", max_accounts=1)
    company = company.lock("A0001", "married").lock("A0002", "married")
    found, _ = shortfalls(company, FREE)
    assert [(s.rule, s.entity, s.amount) for s in found] == [
        ("locked accounts over the limit", "rep R001", 1.0)
    ]


def test_locked_moves_over_the_budget_are_named(tiny_company):
    company = tiny_company.lock("A0001", "married", "R002")
    found, text = shortfalls(company, CoveragePolicy(move_budget_rate=0.0))
    assert [(s.rule, s.amount, s.unit) for s in found] == [
        ("move budget below locked moves", 1.0, "moves")
    ]
    assert "Raise coverage.move_budget_rate to at least 0.3334 (1 move)" in text


def test_a_move_budget_too_small_for_overloaded_reps_says_how_many_moves_are_needed(tiny_company):
    company = tiny_company.limit("R001", capacity_hours=10.0)
    found, text = shortfalls(company, CoveragePolicy(move_budget_rate=0.34, mip_gap=0.0))
    assert [(s.rule, s.entity, s.amount) for s in found] == [("move budget", "the company", 1.0)]
    assert "Raise coverage.move_budget_rate to at least 0.6667 (2 moves)" in text
    assert "Over their limits today: rep R001." in text


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_repair_of_the_move_budget_works_and_is_the_cheapest(random_company, seed):
    company = random_company(seed, accounts=30, reps=5, tightness=0.7)
    found, text = shortfalls(company, CoveragePolicy(move_budget_rate=0.02, mip_gap=0.0))
    match = re.search(r"at least ([\d.]+) \((\d+) moves\)", text)
    rate, moves = float(match[1]), int(match[2])
    plan = solve_coverage(*company.frames, CoveragePolicy(move_budget_rate=rate, mip_gap=0.005))
    assert plan.certificate["move_limit"].item() == moves
    owned = company.accounts["present_rep_id"].notna().sum()
    one_less = CoveragePolicy(move_budget_rate=(moves - 1) / owned, mip_gap=0.005)
    assert shortfalls(company, one_less)[0][0].amount == 1
    assert [s.rule for s in found] == ["move budget"]


def test_accounts_that_must_be_covered_beyond_all_hours_name_the_missing_hours(tiny_company):
    company = tiny_company.limit("R001", capacity_hours=15.0).limit("R002", capacity_hours=10.0)
    for account in ("A0001", "A0002", "A0003"):
        company = company.lock(account, "divorced", "__house__", "must be covered")
    found, text = shortfalls(company, FREE)
    assert {s.rule for s in found} == {"hours"}
    assert sum(s.amount for s in found) == pytest.approx(5.0)
    assert "Raise its limit by 5.0 hours" in text
