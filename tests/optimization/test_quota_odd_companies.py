"""Companies that are not as one expects: each has a clear outcome, a plan or a named refusal."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from optimization.errors import DataError
from optimization.quotas.budget import NO_GROUP, MoneyInputs
from optimization.quotas.context import QuotaContext
from optimization.quotas.pay import CompPlan
from tests.optimization.quota_companies import POLICY, Company, cell_matrix, rep_cents


def two_reps() -> Company:
    return Company(
        books={"R1": [(600, 300, None, False)], "R2": [(400, 200, None, False)]},
        group_of={"R1": "east", "R2": "west"},
    )


def goal_of(group: str, amount: float) -> QuotaContext:
    part = pd.DataFrame(
        [("new", group, None, amount)],
        columns=["revenue_type", "group_id", "month", "target_amount"],
    )
    return QuotaContext(goal_parts=part)


def test_a_group_that_is_listed_and_has_no_reps_gets_no_target_and_takes_none_from_others() -> None:
    company = replace(two_reps(), rates={"north": 0.2, "east": 0.1, "west": 0.1})
    plan = company.plan()
    assert set(plan.group_targets["group_id"]) == {"east", "west"}
    assert plan.group_targets["target_amount"].sum() == pytest.approx(180_000)


def test_a_goal_for_a_group_without_reps_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"nobody covers accounts \(records: new / north"):
        two_reps().plan(context=goal_of("north", 10.0))


def test_reps_of_a_group_without_accounts_carry_nothing_and_a_goal_for_it_is_refused() -> None:
    company = two_reps()
    company.books["R3"] = []
    company.group_of["R3"] = "north"
    plan = company.plan()
    assert rep_cents(plan)["R3"] == 0
    north = plan.group_targets[plan.group_targets["group_id"] == "north"]
    assert len(north) == 24
    assert not north[["target_amount", "quota_amount"]].any(axis=None)
    assert sum(rep_cents(plan).values()) == 19_800_000
    with pytest.raises(DataError, match=r"no such business is expected \(records: north"):
        company.plan(context=goal_of("north", 10.0))


def test_a_vice_president_without_a_group_is_paid_on_the_company_and_counts_apart() -> None:
    company = two_reps()
    people = pd.DataFrame(
        [
            ("R1", "ae", "east", 50_000.0, 1.0, True),
            ("R2", "ae", "west", 50_000.0, 1.0, True),
            *((f"V{n}", "vice_president", None, 100_000.0, 1.0, False) for n in range(3)),
        ],
        columns=["rep_id", "role", "group_id", "base_pay", "paid_share", "is_covering"],
    )
    money = MoneyInputs(
        people=people,
        comp_plans={
            "ae": CompPlan("ae", 0.1),
            # Three of them, each of whom carries the whole.
            "vice_president": CompPlan("vice_president", 0.01, rollup_multiple=3.0),
        },
        budgets={},
        accounts=pd.DataFrame(
            columns=["group_id", "hours", "booking_amount", "contribution_amount"]
        ),
    )
    check = company.plan(context=QuotaContext(money=money)).budget_check.set_index("group_id")
    assert check.loc[NO_GROUP, "people_count"] == 3
    assert check.loc[NO_GROUP, "base_cost_amount"] == 300_000
    # One per cent each of what the two books of 900 and 600 a year bring together.
    assert check.loc[NO_GROUP, "expected_variable_amount"] == pytest.approx(45.0, rel=0.1)


def test_a_company_without_any_history_is_planned_with_the_policys_uncertainty() -> None:
    plan = two_reps().plan(context=QuotaContext(history=None))
    outlook = plan.attainment_outlook
    assert (outlook["low_amount"] < outlook["expected_amount"]).all()
    assert (outlook["expected_amount"] < outlook["high_amount"]).all()
    assert outlook["probability"].isna().all(), "nothing tells whether a chance would be true"
    assert set(outlook["chance_verdict"]) == {"not calibrated: no back-test was made"}
    assert plan.buffer_advice["evidence"].str.contains("from 0 whole years").all()
    assert plan.buffer_advice["sentence"].str.startswith("No chance of making").all()


def test_one_rep_with_one_account_has_a_plan_with_every_sum() -> None:
    company = Company(books={"R1": [(7, 3, None, False)]}, group_of={"R1": "east"})
    plan = company.plan()
    assert rep_cents(plan) == {"R1": 19_800_000}
    assert plan.rep_quotas["quota_amount"].tolist() == [198_000.0]


def test_a_fiscal_year_from_february_has_its_own_months_and_season() -> None:
    months = list(pd.date_range("2027-02-01", periods=12, freq="MS"))
    company = replace(two_reps(), months=months, shares={"(company)": [0.5, 0.5, *[0.0] * 10]})
    rows = cell_matrix(company.plan(POLICY)).sum(axis=0)
    asked = rows[rows > 0].index.get_level_values("month").unique()
    assert asked.tolist() == months[:2]
