"""A book mostly taken over is asked for a multiple of what it brought, and others for the rest."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from optimization.quotas.context import QuotaContext
from tests.optimization.quota_companies import FAIR_POLICY, Company, rep_cents, verified

POLICY = replace(FAIR_POLICY, first_year_multiple=1.5, default_over_assignment_rate=0.0)


def company(**owners: str) -> Company:
    return Company(
        books={
            "A": [(0.0, 60_000.0, None, True)],
            "B": [(0.0, 120_000.0, None, False)],
            "C": [(0.0, 120_000.0, None, False)],
        },
        group_of={"A": "east", "B": "east", "C": "east"},
        goals={"new": 0.0, "existing": 300_000.0},
        owners={"A-A-0": "B", **owners},
    )


def won(amount: float) -> QuotaContext:
    frame = pd.DataFrame([("A-A-0", amount)], columns=["account_id", "won_amount"])
    return QuotaContext(won=frame)


def test_the_rest_goes_to_the_others_of_the_group() -> None:
    plan = company().plan(POLICY, won(30_000.0))
    assert rep_cents(plan) == {"A": 45_000_00, "B": 127_500_00, "C": 127_500_00}
    assert plan.company_targets["unallocated_amount"].tolist() == [0.0, 0.0]
    row = plan.rep_quotas.set_index("rep_id").loc["A"]
    assert (row["taken_over_rate"], row["first_year_limit_amount"]) == (1.0, 45_000.0)
    assert row["fair_share_amount"] == 60_000.0


def test_what_nobody_has_room_for_is_asked_of_nobody_and_stated() -> None:
    plan = company().plan(POLICY, won(10_000.0))
    # B and C may be raised by a tenth: 24,000 of the 45,000 that A is spared.
    quotas = rep_cents(plan)
    assert quotas["A"] == pytest.approx(15_000_00, abs=12)
    assert quotas["B"] == pytest.approx(132_000_00, abs=12)
    left = plan.company_targets.set_index("revenue_type").loc["existing"]
    assert left["unallocated_amount"] == pytest.approx(21_000.0, abs=0.13)
    assert left["target_amount"] + left["unallocated_amount"] == 300_000.0
    assert plan.group_targets["quota_amount"].sum() == pytest.approx(sum(quotas.values()) / 100)
    frames = company().frames()
    assert verified(plan, frames, POLICY, won(10_000.0)) == []
    said = verified(plan, frames, replace(POLICY, first_year_multiple=3.0), won(10_000.0))
    assert any(text.startswith("targets are not in proportion") for text in said), said


def test_a_book_of_one_s_own_or_of_prospects_or_no_wish_has_no_limit() -> None:
    own = company().plan(POLICY, won(0.0))  # nothing was won there: a multiple says nothing
    assert own.rep_quotas["first_year_limit_amount"].isna().all()
    half = company()
    half.books["A"].append((0.0, 70_000.0, None, False))
    assert half.plan(POLICY, won(10_000.0)).rep_quotas["first_year_limit_amount"].isna().all()
    free = company().plan(replace(POLICY, first_year_multiple=None), won(10_000.0))
    assert rep_cents(free)["A"] == 60_000_00
