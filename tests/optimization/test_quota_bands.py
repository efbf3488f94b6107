"""Last year's quotas and on-target earnings: they pull, limit, and contradictions are named."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from optimization.errors import InfeasibleError
from optimization.quotas.context import QuotaContext
from optimization.quotas.pay import CompPlan
from optimization.tables import QuotaPlan
from tests.optimization.quota_companies import FAIR_POLICY, POLICY, Company, rep_cents


def twins(goal: float = 200_000.0) -> Company:
    return Company(
        books={"A": [(1000.0, 0.0, None, False)], "B": [(1000.0, 0.0, None, False)]},
        group_of={"A": "east", "B": "east"},
        goals={"new": goal, "existing": 0.0},
    )


def last_year(**amounts: float) -> QuotaContext:
    frame = pd.DataFrame(list(amounts.items()), columns=["rep_id", "amount"])
    return QuotaContext(last_quotas=frame)


def quotas(plan: QuotaPlan) -> dict[str, float]:
    return {rep: amount / 100 for rep, amount in rep_cents(plan).items()}


def test_a_quota_moves_with_the_book_and_only_so_far_with_last_years_quota() -> None:
    pulled = quotas(twins().plan(FAIR_POLICY, last_year(A=150_000, B=50_000)))
    assert pulled["A"] == pytest.approx(121_000, abs=1)  # the guard: 10 % off the fair share
    grown = quotas(twins().plan(FAIR_POLICY, last_year(A=60_000, B=60_000)))
    # Everybody's quota rises with the company's goal: that is no ratchet.
    assert grown["A"] == pytest.approx(110_000, abs=1)


def test_a_doubled_book_doubles_what_last_year_allows() -> None:
    company = twins()
    company.books["A"] = [(1000.0, 0.0, None, False), (1000.0, 0.0, None, True)]
    company.owners = {"A-A-1": "GONE"}
    policy = replace(POLICY, year_on_year_band=0.05)
    plan = company.plan(policy, last_year(A=75_000, B=73_000))
    rows = plan.rep_quotas.set_index("rep_id")
    assert rows.loc["A", "book_change_rate"] == pytest.approx(1.0)
    assert rows["year_on_year_verdict"].tolist() == ["within", "within"]
    assert rows.loc["A", "change_rate"] > 0.5


def test_limits_that_no_division_meets_are_named_with_amount_and_repair() -> None:
    policy = replace(POLICY, year_on_year_band=0.10)
    context = last_year(A=80_000, B=80_000)
    with pytest.raises(InfeasibleError) as caught:
        twins().plan(policy, context)
    said = str(caught.value)
    assert "group east" in said
    [shortfall] = caught.value.shortfalls
    assert shortfall.amount == pytest.approx(220_000 - 2 * 88_000)
    width = float(re.findall(r"year_on_year_band to ([0-9.]+)", said)[0])
    assert width == pytest.approx(0.375, abs=1e-4)
    twins().plan(replace(policy, year_on_year_band=width), context)
    cut = float(re.findall(r"target by ([0-9,.]+\d)", said)[0].replace(",", ""))
    twins(200_000 - cut - 0.01).plan(policy, context)


def test_a_fall_beyond_the_band_is_named_too() -> None:
    policy = replace(POLICY, year_on_year_band=0.10)
    with pytest.raises(InfeasibleError, match=r"fall by 10.0% at most for group east"):
        twins(50_000).plan(policy, last_year(A=80_000, B=80_000))


def test_quota_outside_the_roles_band_is_pulled_back_and_flagged() -> None:
    company = twins()
    company.books["A"] = [(3000.0, 0.0, None, False)]
    frames = company.frames()
    frames["coverers"]["role"] = ["ae", "ae", None]
    from optimization.plan_quotas import allocate_quotas

    comp = {"ae": CompPlan("ae", 0.05, ote_amount=20_000.0)}  # 80,000 to 120,000
    plan = allocate_quotas(**frames, policy=FAIR_POLICY, context=QuotaContext(comp_plans=comp))
    rows = plan.rep_quotas.set_index("rep_id")
    assert rows["ote_verdict"].to_dict() == {"A": "above", "B": "below"}
    assert rows.loc["A", "quota_amount"] < rows.loc["A", "fair_share_amount"]
    assert rows.loc["B", "quota_amount"] > rows.loc["B", "fair_share_amount"]
