"""Goals by part: what is given holds to the cent, what contradicts is named with its amounts."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimization.errors import DataError
from optimization.quotas.cents import to_cents
from optimization.quotas.context import QuotaContext
from optimization.quotas.goals import parts_left
from tests.optimization.quota_companies import MONTHS, POLICY, Company, cents, two_groups

Part = tuple[str, str | None, pd.Timestamp | None, float]


def parts(*rows: Part) -> pd.DataFrame:
    return pd.DataFrame(
        list(rows), columns=["revenue_type", "group_id", "month", "target_amount"]
    ).astype({"group_id": object})


def flat_company() -> Company:
    return Company(
        books={rep: [(1000.0 * (n + 1), 500.0, None, False)] for n, rep in enumerate("PQRS")},
        group_of={"P": "east", "Q": "east", "R": "west", "S": "north"},
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 3_000_000), min_size=4, max_size=4), st.integers(0, 11))
def test_given_groups_months_and_cells_hold_to_the_cent(amounts: list[int], month: int) -> None:
    given_parts = parts(
        ("new", "east", None, amounts[0] / 100),
        ("new", None, MONTHS[month], amounts[1] / 100),
        ("new", None, MONTHS[(month + 5) % 12], amounts[2] / 100),
        ("new", "west", MONTHS[(month + 7) % 12], amounts[3] / 100),
    )
    plan = flat_company().plan(POLICY, QuotaContext(goal_parts=given_parts))
    rows = plan.group_targets[plan.group_targets["revenue_type"] == "new"]
    rows = rows.assign(cents=cents(rows, "target_amount"))
    assert rows["cents"].sum() == 12_000_000
    assert rows.loc[rows["group_id"] == "east", "cents"].sum() == amounts[0]
    by_month = rows.groupby("month")["cents"].sum()
    assert by_month[MONTHS[month]] == amounts[1]
    assert by_month[MONTHS[(month + 5) % 12]] == amounts[2]
    cell = rows[(rows["group_id"] == "west") & (rows["month"] == MONTHS[(month + 7) % 12])]
    assert cell["cents"].tolist() == [amounts[3]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("new", "nowhere", None, 1.0)], r"nobody covers accounts \(records: new / nowhere"),
        ([("new", "east", None, -1.0)], r"must be a number in .*records: new / east"),
        ([("new", "east", None, 1.0)] * 2, r"given twice \(records: new / east"),
        ([("new", "east", None, 120_000.5)], r"120,000.50, the goal is 120,000.00: 0.50 too much"),
        (
            [("new", group, None, 30_000.0) for group in ("east", "west", "north")],
            r"90,000.00, the goal is 120,000.00: 30,000.00 too little",
        ),
        (
            [("new", "east", None, 10.0), ("new", "east", MONTHS[0], 11.0)],
            r"months of a new goal sum to more .*east: 11.00 of 10.00",
        ),
    ],
)
def test_parts_that_cannot_hold_are_named(rows: list[Part], message: str) -> None:
    with pytest.raises(DataError, match=message):
        flat_company().plan(POLICY, QuotaContext(goal_parts=parts(*rows)))


def test_a_goal_where_no_such_business_is_expected_is_refused() -> None:
    company = flat_company()
    company.books["S"] = [(0.0, 500.0, None, False)]
    with pytest.raises(DataError, match=r"no such business is expected \(records: north"):
        company.plan(POLICY, QuotaContext(goal_parts=parts(("new", "north", None, 5.0))))


def test_group_and_month_goals_that_exclude_each_other_are_refused() -> None:
    company = replace(two_groups(), shares={"(company)": [1.0, *[0.0] * 11]}, cycles={}, ramps={})
    company.books = {"R1": [(9.0, 9.0, None, False)], "R3": [(9.0, 9.0, None, False)]}
    company.group_of = {"R1": "east", "R3": "west"}
    rows = parts(
        ("new", "east", None, 100_000.0),
        ("new", None, MONTHS[0], 90_000.0),
        ("new", "west", MONTHS[0], 50_000.0),
    )
    with pytest.raises(DataError, match=r"new goal|contradict"):
        company.plan(POLICY, QuotaContext(goal_parts=rows))


def test_what_is_left_of_parts_loses_what_the_group_won_and_never_exceeds_the_goal() -> None:
    stated = parts(
        ("new", "east", None, 700.0), ("new", "west", None, 300.0), ("new", None, MONTHS[0], 50.0)
    )
    won = pd.DataFrame({"revenue_type": ["new"], "group_id": ["east"], "amount": [900.0]})
    goals = pd.DataFrame({"revenue_type": ["new", "existing"], "target_amount": [100.0, 0.0]})
    left = parts_left(stated, won, goals, ["east", "west"], pd.DatetimeIndex(MONTHS[3:]), 0.0)
    assert left["target_amount"].tolist() == [0.0, 100.0]
    assert sum(map(to_cents, left["target_amount"])) == 10_000
