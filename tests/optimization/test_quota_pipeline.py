"""Open deals, sales cycles and customers' own years: when business is expected, and only once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimization.errors import DataError
from optimization.quotas.context import QuotaContext
from optimization.quotas.expected import NEW, ExpectedBusiness, expected_business
from optimization.quotas.inputs import QuotaInputs
from optimization.values.pipeline import OpenBusiness
from tests.optimization.quota_companies import MONTHS, POLICY, Company, cell_matrix


def one_rep(cycle: float, moved: bool, ramp: list[float] | None = None) -> Company:
    return Company(
        books={"R1": [(1200.0, 600.0, "slow", moved)]},
        group_of={"R1": "east"},
        cycles={"slow": cycle},
        ramps={"R1": ramp} if ramp else {},
    )


def pipeline(amounts: list[float], account: str = "A-R1-0") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": account,
            "month": MONTHS[: len(amounts)],
            "pipeline_amount": amounts,
            "win_count": 0.5,
            "pipeline_square": [amount * 100 for amount in amounts],
        }
    )


def lags(rates: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (key, month, rate)
            for key in ("(company)", "slow")
            for month, rate in zip(MONTHS, rates, strict=True)
        ],
        columns=["season_key", "month", "created_later_rate"],
    )


def business(company: Company, known: OpenBusiness) -> ExpectedBusiness:
    inputs = QuotaInputs.from_frames(**company.frames(), open_business=known)
    return expected_business(inputs, POLICY)


RATES = [0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, *[1.0] * 5]


def test_open_deals_and_deals_yet_to_begin_are_two_parts_of_one_month() -> None:
    known = OpenBusiness(pipeline=pipeline([90.0, 60.0, 30.0]), lags=lags(RATES))
    found = business(one_rep(2.0, False), known)
    later = 100.0 * np.array(RATES)  # 1,200 a year
    assert found.pipeline_amount[0].tolist() == pytest.approx([90, 60, 30, *[0] * 9])
    assert found.amount[0, :, NEW] == pytest.approx(later + found.pipeline_amount[0])
    assert found.amount[0, :, 1 - NEW] == pytest.approx([50.0] * 12)
    # A company whose history went on as before expects what it always won, from either part.
    steady = pipeline([100.0 * (1 - rate) for rate in RATES])
    again = business(one_rep(2.0, False), OpenBusiness(pipeline=steady, lags=lags(RATES)))
    assert again.amount[0, :, NEW] == pytest.approx([100.0] * 12)


def test_without_records_of_open_deals_everything_follows_from_the_accounts_level() -> None:
    found = business(one_rep(2.0, False), OpenBusiness())
    assert found.amount[0, :, NEW] == pytest.approx([100.0] * 12)
    assert not found.pipeline_amount.any()


def test_a_segment_of_six_months_gives_new_accounts_no_new_business_quota_before_month_six() -> (
    None
):
    company = one_rep(6.0, True)
    company.books["R2"] = [(1200.0, 600.0, "slow", False)]
    company.group_of["R2"] = "east"
    known = OpenBusiness(pipeline=pipeline([90.0, 60.0, 30.0]), lags=lags(RATES))
    plan = company.plan(context=QuotaContext(open_business=known))
    new = cell_matrix(plan).xs("new", axis=1, level="revenue_type")
    assert new.loc["R1"].to_numpy()[:6].tolist() == [0] * 6
    assert (new.loc["R1"].to_numpy()[6:] > 0).all()
    assert (new.loc["R2"].to_numpy()[1:] > 0).all()
    rows = plan.expected_bookings
    handed = rows[(rows["rep_id"] == "R1") & (rows["revenue_type"] == "new")]
    # The open deals of the account are not lost: they land once the new coverer's cycle is over.
    assert handed["pipeline_amount"].tolist() == pytest.approx([0.0] * 6 + [180.0] + [0.0] * 5)


def test_the_cycle_of_somebody_who_starts_later_begins_with_the_first_month_at_work() -> None:
    company = one_rep(3.0, True, [0.0] * 4 + [0.5] * 8)
    found = business(company, OpenBusiness(pipeline=pipeline([90.0])))
    assert (found.amount[0, :, NEW] > 0).tolist() == [False] * 7 + [True] * 5
    assert found.pipeline_amount[0, 7] == pytest.approx(45.0)
    never = business(one_rep(11.0, True, [0.0] * 4 + [1.0] * 8), OpenBusiness())
    assert not never.amount[0, :, NEW].any()


def season(peak: int) -> pd.DataFrame:
    """Customers buy twice as much in one month of their own year; the other months alike."""
    factor = np.ones(12)
    factor[peak - 1] = 2.0
    return pd.DataFrame(
        [
            (kind, month, factor[month - 1])
            for kind in ("new", "existing")
            for month in range(1, 13)
        ],
        columns=["revenue_type", "customer_month", "factor"],
    )


def test_business_moves_to_the_months_in_which_customers_close_their_own_year() -> None:
    company = Company(
        books={"R1": [(0, 1300.0, None, False), (0, 1300.0, None, False), (0, 1300, None, False)]},
        group_of={"R1": "east"},
    )
    starts = pd.DataFrame({"account_id": ["A-R1-0", "A-R1-1"], "year_starts_in": [1, 4]})
    known = OpenBusiness(customer_seasons=season(12), year_starts=starts)
    inputs = QuotaInputs.from_frames(**company.frames(), open_business=known)
    found = expected_business(inputs, POLICY).account_amount[1 - NEW]
    by_account = dict(zip(inputs.account_id, found.tolist(), strict=True))
    # The plan's year is July to June: December is its 6th month, March its 9th.
    assert by_account["A-R1-0"] == pytest.approx([100] * 5 + [200] + [100] * 6)
    assert by_account["A-R1-1"] == pytest.approx([100] * 8 + [200] + [100] * 3)
    assert by_account["A-R1-2"] == pytest.approx([1300 / 12] * 12)  # its year is not known
    flat = business(company, OpenBusiness(year_starts=starts))
    assert flat.amount[0, :, 1 - NEW] == pytest.approx([3 * 1300 / 12] * 12)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.floats(0.1, 5), min_size=12, max_size=12),
    st.lists(st.integers(0, 9), min_size=12, max_size=12).filter(any),
    st.integers(1, 12),
)
def test_a_customers_year_changes_when_it_buys_and_never_how_much(
    factors: list[float], raw: list[int], start: int
) -> None:
    company = Company(
        books={"R1": [(1000.0, 500.0, "tech", False)]},
        group_of={"R1": "east"},
        shares={"tech": [value / sum(raw) for value in raw]},
    )
    seasons = season(1).assign(factor=factors * 2)
    starts = pd.DataFrame({"account_id": ["A-R1-0"], "year_starts_in": [start]})
    known = OpenBusiness(customer_seasons=seasons, year_starts=starts)
    found = business(company, known).amount[0]
    assert found.sum(axis=0) == pytest.approx([1000.0, 500.0])
    assert ((found[:, 0] > 0) == (np.array(raw) > 0)).all()


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (OpenBusiness(pipeline=pipeline([-1.0])), r"pipeline.pipeline_amount .*A-R1-0"),
        (
            OpenBusiness(pipeline=pd.concat([pipeline([1.0])] * 2)),
            r"one row per account_id, month",
        ),
        (OpenBusiness(lags=lags(RATES).iloc[1:]), r"the plan's months \(records: \(company\)"),
        (OpenBusiness(lags=lags([1.5] * 12)), r"created_later_rate must be a number in \[0, 1\]"),
        (OpenBusiness(customer_seasons=season(1).iloc[1:]), "12 factors per revenue type"),
        (
            OpenBusiness(
                year_starts=pd.DataFrame({"account_id": ["A-R1-0"], "year_starts_in": [0]})
            ),
            r"must be a month, 1 to 12 \(records: A-R1-0",
        ),
    ],
)
def test_broken_records_are_named(known: OpenBusiness, message: str) -> None:
    with pytest.raises(DataError, match=message):
        business(one_rep(2.0, False), known)
