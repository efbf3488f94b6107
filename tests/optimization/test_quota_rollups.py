"""Managers and overlay roles carry what reps carry, once or as many times as stated."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from optimization.quotas.budget import MoneyInputs
from optimization.quotas.context import QuotaContext
from optimization.quotas.pay import CompPlan
from tests.optimization.quota_companies import POLICY, two_groups

PEOPLE = [
    ("M1", "manager", "east"),
    ("S1", "specialist", "west"),
    ("S2", "specialist", "west"),
    ("X2", "assistant", "west"),
    ("V1", "head", None),
    ("X1", "assistant", "east"),
]


def known(multiple: float = 1.0) -> QuotaContext:
    people = pd.DataFrame(PEOPLE, columns=["rep_id", "role", "group_id"]).assign(
        base_pay=50_000.0, paid_share=1.0, is_covering=False
    )
    pay = {role: CompPlan(role, 0.01) for role in ("manager", "head")}
    pay["specialist"] = CompPlan("specialist", 0.01, rollup_multiple=multiple)
    accounts = pd.DataFrame(columns=["group_id", "hours", "booking_amount", "contribution_amount"])
    return QuotaContext(comp_plans=pay, money=MoneyInputs(people, pay, {}, accounts))


def test_shares_of_a_role_in_a_group_sum_to_one_or_to_the_stated_multiple() -> None:
    plan = two_groups().plan(POLICY, known())
    rows = plan.quota_rollups.set_index("rep_id")
    by_group = plan.group_targets.groupby("group_id")["quota_amount"].sum()
    assert list(rows.index) == ["M1", "S1", "S2", "V1"]  # nobody pays the assistant by quota
    assert rows.loc["M1", "quota_amount"] == pytest.approx(by_group["east"], abs=0.001)
    assert rows.loc["V1", "quota_amount"] == pytest.approx(by_group.sum(), abs=0.001)
    assert pd.isna(rows.loc["V1", "group_id"])
    both = rows.loc[["S1", "S2"]]
    assert both["credit_rate"].tolist() == [0.5, 0.5]
    assert both["quota_amount"].sum() == pytest.approx(by_group["west"], abs=0.001)
    twice = two_groups().plan(POLICY, known(2.0)).quota_rollups.set_index("rep_id")
    assert twice.loc["S1", "quota_amount"] == pytest.approx(by_group["west"], abs=0.001)


def test_pay_is_credited_by_the_same_share() -> None:
    one, two = (
        two_groups()
        .plan(replace(POLICY, simulation_count=1000), known(multiple))
        .budget_check.set_index("group_id")
        .loc["west"]
        for multiple in (1.0, 2.0)
    )
    assert one["people_count"] == 3  # so that their pay together may be shown
    assert one["expected_variable_amount"] > 0
    twice = pytest.approx(2 * one["expected_variable_amount"], abs=0.02)
    assert two["expected_variable_amount"] == twice
