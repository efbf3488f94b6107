"""Pay and budget: the terms of a plan, the cost of a group, its cheapest cuts, and privacy."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from optimization.errors import InfeasibleError
from optimization.quotas.budget import Hire, MoneyInputs
from optimization.quotas.context import QuotaContext
from optimization.quotas.pay import CompPlan, rate_of, variable_pay
from optimization.tables import QuotaPlan
from tests.optimization.quota_companies import POLICY, Company

PLANS = {"ae": CompPlan("ae", 0.10), "manager": CompPlan("manager", 0.02)}


def test_pay_follows_rate_accelerators_and_cap() -> None:
    plan = CompPlan("ae", 0.1, accelerators=((1.0, 2.0), (1.5, 3.0)), cap_attainment=2.0)
    bookings = np.array([[50.0], [100.0], [120.0], [160.0], [500.0]])
    pay = variable_pay(plan, np.array([0.1]), bookings, np.array([100.0]))
    assert pay[:, 0] == pytest.approx([5, 10, 14, 10 + 10 + 3, 10 + 10 + 15])
    assert variable_pay(plan, np.array([0.1]), bookings, np.array([0.0]))[:, 0] == pytest.approx(
        [5, 10, 12, 16, 50]
    )


def test_a_rate_left_open_pays_the_variable_part_at_quota_and_is_one_for_the_role() -> None:
    plan = CompPlan("ae", None, ote_amount=100_000.0, variable_share=0.4)
    quotas, year = np.array([300_000.0, 500_000.0, 0.0]), np.ones(3)
    assert rate_of(plan, quotas, year) == pytest.approx(0.1)
    assert rate_of(plan, quotas, year / 2) == pytest.approx(0.05)


def test_a_rate_by_own_quota_pays_everybody_the_variable_part_at_quota() -> None:
    plan = CompPlan("ae", None, is_individual=True, ote_amount=100_000.0, variable_share=0.4)
    quotas, paid = np.array([300_000.0, 500_000.0, 0.0]), np.array([1.0, 0.5, 1.0])
    rates = rate_of(plan, quotas, paid)
    pay = variable_pay(plan, rates, quotas[None], quotas)
    assert pay[0, :2].tolist() == pytest.approx([40_000.0, 20_000.0])
    assert rates[2] == pytest.approx(60_000 / 800_000)  # without a quota: the role's


def test_the_budget_counts_pay_by_own_quota() -> None:
    """Two reps book the same; whose quota is half earns twice the rate, and they cost more."""
    even = company()
    even.books["B"] = [(0.0, 50_000.0, None, False)]
    costs = {}
    for own in (False, True):
        ae = CompPlan("ae", None, is_individual=own, ote_amount=100_000.0, variable_share=0.4)
        inputs = money(comp_plans={"ae": ae}, budgets={"east": 1e9})
        known = QuotaContext(money=inputs, hours_per_position=1000.0)
        plan = even.plan(replace(POLICY, simulation_count=4000), known)
        row = plan.budget_check.set_index("group_id").loc["east"]
        costs[own] = row["expected_variable_amount"]
        quotas = plan.rep_quotas.set_index("rep_id")
    reach = (quotas["expected_amount"] / quotas["quota_amount"])[["A", "B", "C"]]
    assert costs[True] == pytest.approx(40_000 * reach.sum(), rel=0.05)
    assert costs[False] != pytest.approx(costs[True], rel=0.001)


def company() -> Company:
    return Company(
        books={rep: [(0.0, 100_000.0, None, False)] for rep in "ABCD"},
        group_of={"A": "east", "B": "east", "C": "east", "D": "west"},
        goals={"new": 0.0, "existing": 400_000.0},
    )


def money(**changes: object) -> MoneyInputs:
    people = pd.DataFrame(
        [(rep, "ae", group, 50_000.0, 1.0, True) for rep, group in company().group_of.items()]
        + [("M", "manager", "east", 80_000.0, 1.0, False)],
        columns=["rep_id", "role", "group_id", "base_pay", "paid_share", "is_covering"],
    )
    accounts = pd.DataFrame(
        {
            "group_id": ["east"] * 3,
            "hours": [1000.0, 800.0, 1200.0],
            "booking_amount": [100_000.0] * 3,
            "contribution_amount": [90_000.0, 10_000.0, 30_000.0],
        }
    )
    base = MoneyInputs(
        people=people,
        comp_plans=PLANS,
        budgets={"east": 1e9, "west": 1.0},
        accounts=accounts,
        training={"east": 3_000.0},
        hires=(Hire("east", 40_000.0, 600.0, 1),),
        hour_price={"east": 20.0},
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def planned(inputs: MoneyInputs) -> QuotaPlan:
    context = QuotaContext(money=inputs, hours_per_position=1000.0)
    return company().plan(replace(POLICY, simulation_count=4000), context)


def test_cost_counts_managers_hires_and_training_and_the_good_year_costs_more() -> None:
    row = planned(money()).budget_check.set_index("group_id").loc["east"]
    assert row["base_cost_amount"] == 3 * 50_000 + 80_000
    # 10 % of what the three book and 2 % of it for their manager.
    assert row["expected_variable_amount"] == pytest.approx(36_000, rel=0.05)
    assert row["hiring_amount"] == 40_000
    fixed = 230_000 + 40_000 + 3_000
    expected = fixed + row["expected_variable_amount"]
    assert row["expected_cost_amount"] == pytest.approx(expected)
    assert row["p90_cost_amount"] > row["expected_cost_amount"]
    assert row["verdict"] == "within budget"


def test_a_group_of_one_gets_its_verdict_and_no_amount_of_pay() -> None:
    rows = planned(money()).budget_check.set_index("group_id")
    assert rows.loc["west", "verdict"] == "over budget"
    hidden = rows.loc["west"].filter(regex="base_cost|variable|_cost_amount|over")
    assert hidden.isna().all()
    assert "50" not in rows.loc["west", "sentence"]


def test_an_unknown_pay_hides_the_groups_cost() -> None:
    inputs = money()
    inputs.people.loc[0, "base_pay"] = None
    rows = planned(inputs).budget_check.set_index("group_id")
    assert rows.loc["east", "verdict"] == "pay unknown"
    assert np.isnan(rows.loc["east", "expected_cost_amount"])


def test_the_cheapest_cuts_cost_least_among_all_sets_that_save_enough() -> None:
    cost = planned(money()).budget_check.set_index("group_id").loc["east", "expected_cost_amount"]
    plan = planned(money(budgets={"east": cost - 45_000.0}))
    cuts = plan.budget_cuts
    sets = [
        list(chosen)
        for size in range(len(cuts) + 1)
        for chosen in itertools.combinations(cuts.index, size)
        if cuts.loc[list(chosen), "saving_amount"].sum() >= 45_000.0
    ]
    best = min(cuts.loc[chosen, "margin_cost_amount"].sum() for chosen in sets)
    chosen = cuts[cuts["is_chosen"]]
    assert chosen["saving_amount"].sum() >= 45_000.0
    assert chosen["margin_cost_amount"].sum() == pytest.approx(best)
    row = plan.budget_check.set_index("group_id").loc["east"]
    assert row["over_budget_amount"] == pytest.approx(45_000, abs=0.01)
    assert all(name in row["sentence"] for name in chosen["cut"])


def test_an_overspent_budget_that_binds_stops_the_plan_with_amount_and_repair() -> None:
    with pytest.raises(InfeasibleError, match=r"budget for group east: [0-9,.]+ too much") as error:
        planned(money(budgets={"east": 200_000.0}, is_budget_binding=True))
    assert "Raise the budget" in str(error.value)
