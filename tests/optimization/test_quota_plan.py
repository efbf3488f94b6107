"""Quotas: every sum holds to the cent, and a rep's share follows the book, its months and risk."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from optimization.backtest.verdict import CALIBRATED
from optimization.plan_quotas import allocate_quotas
from optimization.policy import QuotaPolicy
from optimization.quotas.cents import to_cents
from optimization.quotas.expected import expected_business
from optimization.quotas.inputs import QuotaInputs
from optimization.tables import QuotaPlan
from tests.optimization.quota_companies import (
    FAIR_POLICY,
    MONTHS,
    POLICY,
    Account,
    Company,
    cell_matrix,
    cents,
    companies,
    rep_cents,
    two_groups,
    verified,
)

GROUP_KEY = ["group_id", "month", "revenue_type"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(companies())
def test_every_sum_of_a_random_company_holds_to_the_cent(company: Company) -> None:
    plan = company.plan()
    targets, quotas = plan.group_targets, plan.quota_allocations
    goal = {kind: to_cents(amount) for kind, amount in company.goals.items()}
    assert cents(targets, "target_amount").groupby(targets["revenue_type"]).sum().to_dict() == goal
    by_group = cents(quotas).groupby([quotas[key] for key in GROUP_KEY]).sum()
    stated = cents(targets).groupby([targets[key] for key in GROUP_KEY]).sum()
    assert by_group.to_dict() == stated.to_dict()
    assert (quotas["quota_amount"] >= 0).all()
    empty = [rep for rep, book in company.books.items() if not book]
    assert (quotas.loc[quotas["rep_id"].isin(empty), "quota_amount"] == 0).all()
    outlook = plan.attainment_outlook
    is_said = outlook["chance_verdict"] == CALIBRATED
    assert (outlook["probability"].notna() == is_said).all()
    assert outlook.loc[is_said, "probability"].between(0, 1).all()
    frames = company.frames()
    assert verified(plan, frames, POLICY) == []


def test_plan_has_the_published_columns_sorted_by_key() -> None:
    plan = two_groups().plan()
    assert list(plan.group_targets.columns) == [
        "group_id",
        "month",
        "revenue_type",
        "target_amount",
        "quota_amount",
    ]
    quotas = plan.quota_allocations
    assert list(quotas.columns) == [
        "rep_id",
        "group_id",
        "month",
        "revenue_type",
        "quota_amount",
        "figure_period",
    ]
    assert len(quotas) == 4 * 12 * 2
    assert quotas["month"].unique().tolist() == MONTHS
    ordered = quotas.sort_values(["rep_id", "month", "revenue_type"], ignore_index=True)
    pd.testing.assert_frame_equal(quotas, ordered)


def test_group_carries_its_own_buffer_or_the_default() -> None:
    rows = two_groups().plan().group_targets
    sums = rows.groupby("group_id")[["target_amount", "quota_amount"]].sum()
    ratio = sums["quota_amount"] / sums["target_amount"]
    assert ratio.round(5).to_dict() == {"east": 1.05, "west": 1.10}


def test_targets_follow_expected_business() -> None:
    company = Company(
        books={"R1": [(300, 10, None, False)], "R2": [(100, 30, None, False)]},
        group_of={"R1": "east", "R2": "west"},
    )
    rows = company.plan().group_targets
    sums = rows.groupby(["group_id", "revenue_type"])["target_amount"].sum().round(2)
    assert sums.to_dict() == {
        ("east", "existing"): 15_000,
        ("east", "new"): 90_000,
        ("west", "existing"): 45_000,
        ("west", "new"): 30_000,
    }


def test_new_coverage_carries_no_new_business_quota_before_its_sales_cycle() -> None:
    company = two_groups()
    company.books = {
        "R1": [(1000, 600, "slow", True)],
        "R2": [(1000, 600, "slow", False)],
    }
    company.group_of = {"R1": "east", "R2": "east"}
    company.cycles = {"slow": 6.9}
    company.ramps = {}
    matrix = cell_matrix(company.plan())
    new = matrix.xs("new", axis=1, level="revenue_type")
    assert (new.loc["R1"] > 0).tolist() == [False] * 6 + [True] * 6
    assert (new.loc["R2"] > 0).all()
    assert (matrix.xs("existing", axis=1, level="revenue_type").loc["R1"] > 0).all()


def test_ramping_rep_carries_less() -> None:
    company = Company(
        books={"R1": [(1000, 0, None, False)], "R2": [(1000, 0, None, False)]},
        group_of={"R1": "east", "R2": "east"},
        ramps={"R1": [0.5] * 6 + [1.0] * 6},
    )
    new = cell_matrix(company.plan(FAIR_POLICY)).xs("new", axis=1, level="revenue_type")
    ratio = (new.loc["R1"] / new.loc["R2"]).round(4).tolist()
    assert ratio == [0.5] * 6 + [1.0] * 6


@pytest.mark.parametrize("cycles", [{}, {"unseen": 0.0}])
def test_segment_without_a_profile_follows_the_company(cycles: dict[str, float]) -> None:
    company = Company(
        books={"R1": [(1000, 700, "unseen", False)]},
        group_of={"R1": "east"},
        cycles=cycles,
        shares={"(company)": [0.25, 0.75, *[0.0] * 10]},
    )
    matrix = cell_matrix(company.plan())
    assert matrix.loc["R1"].tolist()[:5] == [1_650_000, 3_300_000, 4_950_000, 9_900_000, 0]


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(companies())
def test_equal_books_get_equal_quotas_to_the_cent(company: Company) -> None:
    twin = next(rep for rep, book in company.books.items() if book)
    company.books["ZZ"] = list(reversed(company.books[twin]))
    company.group_of["ZZ"] = company.group_of[twin]
    company.ramps["ZZ"] = company.ramps.get(twin, [1.0] * 12)
    matrix = cell_matrix(company.plan())
    assert (matrix.loc["ZZ"] - matrix.loc[twin]).abs().max() <= 1


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(companies())
def test_doubled_book_gets_the_doubled_quota_at_any_hardness_weight(company: Company) -> None:
    twin = next(rep for rep, book in company.books.items() if book)
    doubled = [(2 * new, 2 * old, *rest) for new, old, *rest in company.books[twin]]
    company.books["ZZ"] = doubled
    company.group_of["ZZ"] = company.group_of[twin]
    company.ramps["ZZ"] = company.ramps.get(twin, [1.0] * 12)
    # Nor can a book of which nothing is expected, whatever the others bring.
    if not any(new + old for new, old, *_ in company.books[twin]):
        company.books["ZZ"] = [(2.0, 2.0, None, False)]
        company.books[twin] = [(1.0, 1.0, None, False)]
    if not any(company.ramps["ZZ"]):
        company.ramps = {}
    # A book that pays nothing this year cannot be doubled: everything is split evenly then.
    company.cycles = {}
    matrix = cell_matrix(company.plan(replace(POLICY, hardness_weight=1.0)))
    assert (matrix.loc["ZZ"] - 2 * matrix.loc[twin]).abs().max() <= 2


def test_doubled_book_gets_the_doubled_quota_of_a_type_that_is_a_trifle_beside_the_other() -> None:
    company = Company(
        books={"R1": [(1, 1, None, False)], "R2": [(2, 2, None, False)]},
        group_of={"R1": "east", "R2": "east"},
        goals={"new": 32_807_551.13, "existing": 2},
    )
    matrix = cell_matrix(company.plan(replace(POLICY, hardness_weight=1.0)))
    assert (matrix.loc["R2"] - 2 * matrix.loc["R1"]).abs().max() <= 2


def test_hardness_evens_out_the_standardised_distance_within_its_guard() -> None:
    company = Company(
        books={
            "BIG": [(10_000, 0, None, False)] * 400,
            "SMALL": [(10_000, 0, None, False)] * 4,
        },
        group_of={"BIG": "east", "SMALL": "east"},
        goals={"new": 4_040_000, "existing": 0},
    )
    # Chances are said of accounts whose level is known.
    fair = company.plan(replace(FAIR_POLICY, account_cv=0.0))
    even = company.plan(replace(POLICY, account_cv=0.0))

    def chances(plan: QuotaPlan) -> dict[str, float]:
        rows = plan.attainment_outlook
        own = rows[(rows["level"] == "rep") & rows["is_default"]]
        return own.set_index("entity_id")["probability"].to_dict()

    before, after = chances(fair), chances(even)
    assert abs(after["BIG"] - after["SMALL"]) < abs(before["BIG"] - before["SMALL"])
    shift = rep_cents(even)["SMALL"] / rep_cents(fair)["SMALL"] - 1
    assert 0 < shift <= POLICY.max_hardness_shift_rate + 1e-4
    tight = company.plan(replace(POLICY, account_cv=0.0, max_hardness_shift_rate=0.001))
    assert rep_cents(tight)["SMALL"] / rep_cents(fair)["SMALL"] - 1 == pytest.approx(
        0.001, rel=0.01
    )


@pytest.mark.parametrize("policy", [POLICY, FAIR_POLICY])
def test_account_that_changes_rep_takes_its_share_of_quota_along(policy: QuotaPolicy) -> None:
    account: Account = (500, 100, None, False)
    company = Company(
        books={
            "R1": [(1000, 200, None, False), account],
            "R2": [(1500, 300, None, False)],
            "R3": [(400, 0, None, False)],
        },
        group_of={"R1": "east", "R2": "east", "R3": "west"},
    )
    before = rep_cents(company.plan(policy))
    company.books["R1"].remove(account)
    company.books["R2"].append(account)
    after = rep_cents(company.plan(policy))
    assert sum(after.values()) == sum(before.values())
    assert after["R3"] == before["R3"]
    assert after["R1"] + after["R2"] == before["R1"] + before["R2"]
    moved = before["R1"] - after["R1"]
    if policy is FAIR_POLICY:
        share = 120_000 * 110 * 500 / 3400 + 60_000 * 110 * 100 / 600
        assert moved == pytest.approx(share, abs=24)
    else:
        assert moved > 0


def test_a_goal_without_expected_business_of_its_type_follows_the_other_type() -> None:
    company = Company(
        books={"R1": [(300, 0, None, False)], "R2": [(100, 0, None, False)]},
        group_of={"R1": "east", "R2": "east"},
        goals={"new": 0, "existing": 4800},
    )
    assert rep_cents(company.plan()) == {"R1": 396_000, "R2": 132_000}


def test_a_company_that_expects_nothing_splits_evenly_over_reps_with_a_book() -> None:
    company = Company(
        books={"R1": [(0, 0, None, False)], "R2": [(0, 0, None, False)], "R3": []},
        group_of={"R1": "east", "R2": "west", "R3": "west"},
        goals={"new": 2400, "existing": 0},
    )
    assert rep_cents(company.plan()) == {"R1": 132_000, "R2": 132_000, "R3": 0}


def test_goal_zero_gives_a_plan_of_zeros() -> None:
    company = replace(two_groups(), goals={"new": 0, "existing": 0})
    assert set(rep_cents(company.plan()).values()) == {0}


def test_one_rep_carries_the_whole_goal_and_its_buffer() -> None:
    company = Company(books={"R1": [(7, 3, None, False)]}, group_of={"R1": "east"})
    assert rep_cents(company.plan()) == {"R1": 19_800_000}


def test_order_of_input_rows_does_not_matter_to_the_last_bit() -> None:
    company = two_groups()
    amounts = np.random.default_rng(3).lognormal(9, 2, size=(2, 200))
    company.books["R1"] = [(new, old, "tech", False) for new, old in amounts.T]
    frames = company.frames()
    turned = {
        name: frame.iloc[::-1] if isinstance(frame, pd.DataFrame) else frame
        for name, frame in frames.items()
    }
    expected, again = (
        expected_business(QuotaInputs.from_frames(**given_frames), POLICY)
        for given_frames in (frames, turned)
    )
    assert expected.amount.tolist() == again.amount.tolist()
    assert expected.square.tolist() == again.square.tolist()
    first, second = (allocate_quotas(**each, policy=POLICY) for each in (frames, turned))
    pd.testing.assert_frame_equal(first.quota_allocations, second.quota_allocations)
    pd.testing.assert_frame_equal(first.group_targets, second.group_targets)
    pd.testing.assert_frame_equal(first.attainment_outlook, second.attainment_outlook)
