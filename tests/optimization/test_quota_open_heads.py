"""Planned hires: a ramped quota from accounts nobody covers yet, and sums that still hold."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimization.errors import DataError
from optimization.plan_quotas import allocate_quotas
from optimization.quotas.cents import to_cents
from optimization.quotas.open_heads import OPEN_HEAD_TYPE, OpenHead, staff_open_heads
from optimization.tables import QuotaPlan
from tests.optimization.quota_companies import (
    POLICY,
    Company,
    cell_matrix,
    companies,
    rep_cents,
    verified,
)

RAMP = (0.0, 0.0, 0.0, 0.3, 0.5, 0.7, *[1.0] * 6)
GROUP_KEY = ["group_id", "month", "revenue_type"]


def head(group: str = "east", number: int = 1, hours: float = 100.0) -> OpenHead:
    return OpenHead(f"open head {group} {number}", group, "ae", hours, RAMP)


def company() -> Company:
    return Company(
        books={
            "R1": [(1000, 500, "slow", False)],
            "R2": [(700, 300, "slow", False)],
            "__house__": [(0, 0, "slow", False), (0, 0, "slow", False), (0, 0, "slow", False)],
        },
        group_of={"R1": "east", "R2": "west"},
        cycles={"slow": 2.5},
    )


def uncovered(group: str | None = "east") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": [f"A-__house__-{number}" for number in range(3)],
            "group_id": group,
            "hours": [60.0, 50.0, 40.0],
            "new_amount": [600.0, 100.0, 200.0],
            "existing_amount": [0.0, 400.0, 300.0],
        }
    )


def staffed(base: Company, free: pd.DataFrame, heads: list[OpenHead]) -> dict[str, Any]:
    frames = base.frames()
    frames["coverers"]["role"] = "ae"
    frames["book"], frames["coverers"], frames["rep_months"] = staff_open_heads(
        frames["book"], frames["coverers"], frames["rep_months"], free, heads, frames["months"]
    )
    return frames


def test_an_open_head_takes_the_accounts_worth_most_an_hour_and_carries_a_ramped_quota() -> None:
    frames = staffed(company(), uncovered(), [head()])
    book = frames["book"].set_index("account_id")
    # 12.5, 10 and 10 an hour: the third and the first fill its 100 hours.
    taken = book[book["rep_id"] == "open head east 1"]
    assert sorted(taken.index) == ["A-__house__-0", "A-__house__-2"]
    assert book.loc["A-__house__-1", "rep_id"] == "__house__"
    plan = allocate_quotas(**frames, policy=POLICY)
    rows = cell_matrix(plan).loc["open head east 1"]
    existing = rows.xs("existing", level="revenue_type").to_numpy()
    new = rows.xs("new", level="revenue_type").to_numpy()
    assert (existing > 0).tolist() == [False] * 3 + [True] * 9
    assert existing[3] < existing[4] < existing[6]
    assert (new > 0).tolist() == [False] * 5 + [True] * 7  # the cycle begins with the first day
    quotas = plan.rep_quotas.set_index("rep_id")
    assert quotas["coverer_type"].to_dict() == {
        "R1": "rep",
        "R2": "rep",
        "open head east 1": OPEN_HEAD_TYPE,
    }
    assert verified(plan, frames, POLICY) == []


def test_a_group_with_a_hire_is_asked_for_more_and_the_company_for_the_same() -> None:
    without = allocate_quotas(**staffed(company(), uncovered(), []), policy=POLICY)
    with_head = allocate_quotas(**staffed(company(), uncovered(), [head()]), policy=POLICY)

    def targets(plan: QuotaPlan) -> dict[str, float]:
        rows = plan.group_targets
        return rows.groupby("group_id")["target_amount"].sum().to_dict()

    before, after = targets(without), targets(with_head)
    assert after["east"] > before["east"]
    assert after["west"] < before["west"]
    assert sum(after.values()) == pytest.approx(sum(before.values()))


@pytest.mark.parametrize("group", ["west", None])
def test_where_nothing_of_its_group_is_uncovered_a_hire_carries_no_quota(
    group: str | None,
) -> None:
    frames = staffed(company(), uncovered(group), [head()])
    plan = allocate_quotas(**frames, policy=POLICY)
    assert rep_cents(plan)["open head east 1"] == 0
    assert verified(plan, frames, POLICY) == []


def test_an_open_head_named_like_a_coverer_is_refused() -> None:
    clash = OpenHead("R1", "east", "ae", 100.0, RAMP)
    with pytest.raises(DataError, match=r"named like a coverer \(records: R1"):
        staffed(company(), uncovered(), [clash])


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(companies(), st.integers(1, 3), st.floats(1, 300))
def test_sums_of_a_random_company_with_hires_hold_to_the_cent(
    base: Company, count: int, hours: float
) -> None:
    group = base.group_of[next(iter(base.group_of))]
    base.books["__house__"] = [(0.0, 0.0, "tech", False)] * 3
    heads = [head(group, number, hours) for number in range(count)]
    frames = staffed(base, uncovered(group), heads)
    plan = allocate_quotas(**frames, policy=POLICY)
    assert verified(plan, frames, POLICY) == []
    quotas = plan.quota_allocations
    by_group = quotas["quota_amount"].map(to_cents).groupby([quotas[k] for k in GROUP_KEY]).sum()
    rows = plan.group_targets
    stated = rows["quota_amount"].map(to_cents).groupby([rows[k] for k in GROUP_KEY]).sum()
    assert by_group.to_dict() == stated.to_dict()
