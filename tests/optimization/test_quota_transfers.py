"""A plan within the year: quotas in force stay, and follow the accounts that move."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from optimization.errors import DataError
from optimization.quotas.context import QuotaContext
from optimization.tables import QuotaPlan
from tests.optimization.quota_companies import (
    MONTHS,
    POLICY,
    Company,
    cents,
    quotas_in_force,
    rep_cents,
    verified,
)

OPEN = MONTHS[4:]


def company() -> Company:
    return Company(
        books={
            "R1": [(600.0, 300.0, None, False), (300.0, 100.0, None, False)],
            "R2": [(100.0, 200.0, None, False)],
            "R3": [(100.0, 100.0, None, False)],
        },
        group_of={"R1": "east", "R2": "east", "R3": "west"},
        months=OPEN,
    )


def in_force(**amounts: float) -> QuotaContext:
    return QuotaContext(in_force=quotas_in_force(amounts, OPEN))


def total(plan: QuotaPlan) -> int:
    return int(cents(plan.quota_allocations).sum())


def test_nothing_moves_where_no_account_does() -> None:
    plan = company().plan(POLICY, in_force(R1=110.0, R2=55.0, R3=22.0))
    assert rep_cents(plan) == {"R1": 176_000, "R2": 88_000, "R3": 35_200}
    assert plan.quota_transfers.empty


def test_an_account_takes_its_share_of_the_months_left_along_and_totals_stay() -> None:
    moved = company()
    moved.books["R2"].append((300.0, 100.0, None, False))
    del moved.books["R1"][1]
    moved.owners = {"A-R2-1": "R1"}
    plan = moved.plan(POLICY, in_force(R1=110.0, R2=55.0, R3=22.0))
    # A third of the new business (300 of 900) and a quarter of the existing (100 of 400).
    taken = round(8 * 110_00 / 3), round(8 * 110_00 / 4)
    after = rep_cents(plan)
    assert after["R1"] == pytest.approx(176_000 - sum(taken), abs=8)
    assert after["R2"] == pytest.approx(88_000 + sum(taken), abs=8)
    assert after["R3"] == 35_200
    assert total(plan) == 299_200
    rows = plan.quota_transfers.set_index("revenue_type")
    assert rows["from_rep_id"].tolist() == ["R1", "R1"]
    assert cents(rows).tolist() == pytest.approx([taken[1], taken[0]], abs=8)


def test_a_leavers_quota_goes_with_the_accounts_and_that_of_lost_accounts_to_all() -> None:
    left = company()
    left.owners = {"A-R3-0": "GONE"}
    left.books["__house__"] = [(100.0, 100.0, None, False)]
    left.owners["A-__house__-0"] = "GONE"
    plan = left.plan(POLICY, in_force(R1=110.0, R2=55.0, GONE=22.0))
    after = rep_cents(plan)
    assert after["R3"] > 35_200 // 2
    assert sum(after.values()) == pytest.approx(299_200, abs=32)


def test_a_quota_of_a_rep_without_accounts_is_nobodys_and_shown() -> None:
    idle = company()
    idle.books["R4"] = []
    idle.group_of["R4"] = "west"
    before = company().plan(POLICY, in_force(R1=110.0, R2=55.0, R3=22.0))
    plan = idle.plan(POLICY, in_force(R1=110.0, R2=55.0, R3=22.0, R4=40.0))
    assert rep_cents(plan) == {**rep_cents(before), "R4": 0}
    shown = plan.rep_quotas.set_index("rep_id")["idle_quota_amount"]
    assert shown.to_dict() == {"R1": 0.0, "R2": 0.0, "R3": 0.0, "R4": 2 * 8 * 40.0}
    known = in_force(R1=110.0, R2=55.0, R3=22.0, R4=40.0)
    loaded = idle.plan(POLICY, in_force(R1=110.0, R2=55.0, R3=62.0))
    found = verified(loaded, idle.frames(), POLICY, known)
    assert any(
        text.startswith("idle_quota_amount is not what is left of a quota") for text in found
    ), found
    silent = replace(plan, rep_quotas=plan.rep_quotas.assign(idle_quota_amount=0.0))
    found = verified(silent, idle.frames(), POLICY, known)
    assert "idle quotas are not what nobody is asked for" in found
    busy = plan.rep_quotas.assign(idle_quota_amount=[5.0, 0.0, 0.0, 640.0])
    found = verified(replace(plan, rep_quotas=busy), idle.frames(), POLICY, known)
    assert "a quota of a rep with accounts is said to be idle: R1" in found
    found = verified(plan, idle.frames(), POLICY)
    assert "a quota is said to be idle, but none is in force: R4" in found


def test_a_period_of_figures_that_months_do_not_carry_is_refused() -> None:
    known = in_force(R1=110.0, R2=55.0, R3=22.0)
    plan = company().plan(POLICY, known)
    other = {"month": "quarter", "quarter": "month"}
    rows = plan.quota_allocations.assign(
        figure_period=plan.quota_allocations["figure_period"].map(other)
    )
    found = verified(replace(plan, quota_allocations=rows), company().frames(), POLICY, known)
    assert any(" is not what its months carry" in text for text in found), found


def test_a_rep_whose_accounts_all_moved_leaves_what_no_account_takes_along() -> None:
    moved = company()
    moved.books["R2"] = [*moved.books["R2"], (100.0, 0.0, None, True)]
    moved.books["R3"] = []
    moved.owners = {"A-R2-1": "R3"}
    plan = moved.plan(POLICY, in_force(R1=110.0, R2=55.0, R3=22.0))
    # New business goes along with the account; it never had any existing business.
    assert rep_cents(plan) == {"R1": 176_000, "R2": 88_000 + 17_600, "R3": 0}
    assert plan.rep_quotas["idle_quota_amount"].tolist() == [0.0, 0.0, 8 * 22.0]


def test_a_shortfall_of_the_goal_is_shown_and_not_loaded_onto_reps() -> None:
    plan = company().plan(POLICY, in_force(R1=110.0, R2=55.0, R3=22.0))
    rows = plan.company_targets.set_index("revenue_type")
    left = rows["goal_amount"] + rows["buffer_amount"] - rows["won_amount"]
    assert (left - rows["target_amount"] - rows["unallocated_amount"]).abs().max() < 0.005
    assert (rows["unallocated_amount"] > 0).all()


def test_without_quotas_in_force_the_rest_of_the_goal_is_spread_over_the_months_left() -> None:
    plan = company().plan(POLICY)
    assert sorted(plan.quota_allocations["month"].unique()) == OPEN
    sums = plan.group_targets.groupby("revenue_type")["target_amount"].sum().round(2)
    assert sums.to_dict() == {"existing": 60_000.0, "new": 120_000.0}
    assert (plan.company_targets["unallocated_amount"] == 0).all()


def test_bad_quotas_in_force_are_named() -> None:
    context = in_force(R1=-1.0)
    with pytest.raises(DataError, match=r"quotas in force.amount .*R1 / "):
        company().plan(POLICY, context)
    twice = pd.concat([context.in_force, context.in_force])
    with pytest.raises(DataError, match="one row per rep_id, month, revenue_type"):
        company().plan(POLICY, QuotaContext(in_force=twice))
