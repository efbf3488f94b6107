"""What the quota plan refuses: bad records, policies without a meaning, a plan that is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization import plan_quotas as plan_module
from optimization.errors import DataError, VerificationError
from optimization.plan_quotas import allocate_quotas
from optimization.policy import QuotaPolicy
from tests.optimization.quota_companies import MONTHS, POLICY, two_groups


def spoiled(name: str, column: str, row: int, value: object) -> dict[str, Any]:
    frames = two_groups().frames()
    frame = frames[name].astype({column: object})
    frame.loc[row, column] = value
    frames[name] = frame
    return frames


@pytest.mark.parametrize(
    ("name", "column", "row", "value", "message"),
    [
        ("goals", "target_amount", 0, -1.0, r"goals.target_amount .*records: new"),
        ("goals", "target_amount", 1, float("nan"), r"goals.target_amount .*records: existing"),
        ("goals", "target_amount", 1, 1e14, r"goals.target_amount .*records: existing"),
        ("goals", "revenue_type", 0, "upsell", r"unknown revenue types \(records: upsell"),
        ("goals", "revenue_type", 0, "existing", r"one row per revenue_type .*existing"),
        ("book", "new_amount", 0, -5.0, r"book.new_amount .*records: A-R1-0"),
        ("book", "existing_amount", 1, None, r"book.existing_amount .*records: A-R1-1"),
        ("book", "account_id", 1, "A-R1-0", r"one row per account_id .*A-R1-0"),
        ("book", "rep_id", 2, "GHOST", r"coverers that do not exist .*A-R2-0 / GHOST"),
        ("book", "group_id", 2, "west", r"coverer's group .*A-R2-0 / west"),
        ("book", "is_moved", 2, None, r"is_moved .*A-R2-0"),
        ("seasonality", "share", 0, 0.9, r"sum to 1 .*new / \(company\)"),
        ("seasonality", "month_number", 0, 13, r"12 monthly shares"),
        ("sales_cycles", "season_key", 0, "other", r"company's row .*\(company\)"),
        ("sales_cycles", "cycle_months", 1, -1.0, r"cycle_months .*records: tech"),
        ("rep_months", "ramp_rate", 3, 1.5, r"ramp_rate .*records: R1 / 2026-10-01"),
        (
            "rep_months",
            "month",
            3,
            pd.Timestamp("2031-01-01"),
            r"each of the plan's months .*records: R1",
        ),
        ("groups", "over_assignment_rate", 0, 0.26, r"\[0, 0.25\] .*records: east"),
        ("groups", "over_assignment_rate", 0, -0.01, r"\[0, 0.25\] .*records: east"),
        ("coverers", "group_id", 1, None, r"group_id .*records: R2"),
    ],
)
def test_bad_records_are_named(
    name: str, column: str, row: int, value: object, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        allocate_quotas(**spoiled(name, column, row, value), policy=POLICY)


def test_missing_columns_types_and_books_are_named() -> None:
    frames = two_groups().frames()
    with pytest.raises(DataError, match=r"book lacks columns \(records: is_moved"):
        allocate_quotas(
            **{**frames, "book": frames["book"].drop(columns="is_moved")}, policy=POLICY
        )
    with pytest.raises(DataError, match=r"goals lacks revenue types \(records: existing"):
        allocate_quotas(**{**frames, "goals": frames["goals"].head(1)}, policy=POLICY)
    uncovered = frames["book"][frames["book"]["rep_id"] == "__house__"]
    with pytest.raises(DataError, match="nobody covers any account"):
        allocate_quotas(**{**frames, "book": uncovered}, policy=POLICY)


@pytest.mark.parametrize(
    "months", [[*MONTHS, MONTHS[-1] + pd.offsets.MonthBegin()], [], MONTHS[::-1], MONTHS[::2]]
)
def test_months_that_do_not_follow_each_other_within_a_year_are_refused(
    months: list[object],
) -> None:
    with pytest.raises(DataError, match="1 to 12 consecutive first days"):
        allocate_quotas(**{**two_groups().frames(), "months": months}, policy=POLICY)


def test_a_plan_that_fails_verification_is_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_cent_short(*args: Any) -> np.ndarray:
        quotas = whole_cents(*args)
        quotas[0, 0, 0] -= 1
        return quotas

    whole_cents = plan_module._whole_cents
    monkeypatch.setattr(plan_module, "_whole_cents", one_cent_short)
    with pytest.raises(VerificationError, match="rep quotas must sum to their group's quota"):
        two_groups().plan()


@pytest.mark.parametrize(
    "settings",
    [
        {"max_hardness_shift_rate": 1.5},
        {"account_cv": -1.0},
        {"effort_response": -0.1},
        {"scenario_rates": (0.1, -0.1)},
        {"max_over_assignment_rate": 1.1},
    ],
)
def test_policy_refuses_values_without_a_meaning(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        QuotaPolicy(**settings)
