"""Open deals on the demo company: their chances against another computation, and in the quotas.

Slow: the demo is refreshed once (see ``tests/conftest.py``).
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.whole_job

MONTH_DAYS = 30.4375
PSEUDO_DEALS = 20.0


def read(run: Any, query: str) -> pd.DataFrame:
    with duckdb.connect(str(run.home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).df()


def age_band(months: float) -> str:
    names = ("below 1 month", "1 to 3 months", "3 to 6 months", "6 to 12 months")
    for limit, name in zip((1, 3, 6, 12), names, strict=True):
        if months < limit:
            return name
    return "12 months and more"


def observations(run: Any) -> pd.DataFrame:
    """Deal by deal and month by month, in Python: where it stood, and what became of it."""
    deals = read(
        run,
        "select opportunity_id, created_on, closed_on, is_won from "
        "intermediate.int_opportunities__profiled where revenue_type = 'new'",
    )
    changes = read(run, "select * from staging.stg_crm__stage_changes")
    stages = {
        key: rows.sort_values(["entered_on", "stage"])
        for key, rows in changes.groupby("opportunity_id")
    }
    as_of = pd.Timestamp(
        read(run, "select as_of_on from intermediate.int_company__calendar").iat[0, 0]
    )
    found = []
    for ago in range(1, 37):
        seen = as_of - pd.DateOffset(months=ago)
        for deal in deals.itertuples(index=False):
            if deal.created_on > seen or (deal.closed_on <= seen):
                continue
            entered = stages.get(deal.opportunity_id)
            if entered is None or not (entered["entered_on"] <= seen).any():
                continue
            stage = entered.loc[entered["entered_on"] <= seen, "stage"].iloc[-1]
            days = np.nan if pd.isna(deal.closed_on) else (deal.closed_on - seen).days
            decided = np.ceil(days / MONTH_DAYS)
            if not decided <= ago:
                decided = np.nan
            band = age_band((seen - deal.created_on).days / MONTH_DAYS)
            found.append((stage, band, ago, decided, bool(deal.is_won)))
    return pd.DataFrame(found, columns=["stage", "age_band", "followed", "decided", "is_won"])


def rates(rows: pd.DataFrame, month: int) -> tuple[int, int, int]:
    at_risk = (rows["followed"] >= month) & ~(rows["decided"] < month)
    now = at_risk & (rows["decided"] == month)
    return int(at_risk.sum()), int((now & rows["is_won"]).sum()), int((now & ~rows["is_won"]).sum())


def test_chances_of_open_deals_equal_another_computation(demo_run):
    seen = observations(demo_run)
    stored = read(
        demo_run, "select * from intermediate.int_pipeline__chances where sample = 'all'"
    ).set_index(["stage", "age_band", "month_ahead"])
    cells = stored.index.droplevel(2).unique()
    assert len(cells) >= 9
    for stage, band in cells:
        undecided, so_far = 1.0, 0.0
        of_stage = seen[seen["stage"] == stage]
        for month in range(1, 14):
            shrunk = []
            levels = (seen, of_stage, of_stage[of_stage["age_band"] == band])
            counts = [rates(rows, month) for rows in levels]
            for outcome in (1, 2):
                value = counts[0][outcome] / counts[0][0] if counts[0][0] else 0.0
                for deals, *decided in counts[1:]:
                    value = (decided[outcome - 1] + PSEUDO_DEALS * value) / (deals + PSEUDO_DEALS)
                shrunk.append(value)
            so_far += undecided * shrunk[0]
            row = stored.loc[(stage, band, month)]
            assert row["chance"] == pytest.approx(undecided * shrunk[0], abs=1e-9)
            assert row["chance_so_far"] == pytest.approx(so_far, abs=1e-9)
            undecided *= 1 - sum(shrunk)


def test_chances_known_a_year_ago_came_true(demo_run):
    [(open_then, expected, won, foretold, came)] = demo_run.published(
        "select held_out_count, held_out_expected_count, held_out_won_count, "
        "held_out_expected_amount, held_out_won_amount "
        "from pipeline_conversions where level = 'all'"
    )
    assert open_then > 50
    # Wins of so many deals scatter by about the square root of their expected number.
    assert abs(won - expected) <= 3 * np.sqrt(expected)
    assert 0.5 <= came / foretold <= 2.0


def test_open_deals_and_deals_yet_to_begin_make_one_years_business(demo_run):
    [(pipeline,)] = demo_run.warehouse("select sum(pipeline_amount) from marts.account_pipeline")
    [(begun,)] = demo_run.warehouse(
        "select sum(1 - created_later_rate) / 12 from marts.new_business_lags "
        "where season_key = '(company)'"
    )
    [(level,)] = demo_run.warehouse("select sum(new_amount) from marts.coverage_accounts")
    # What the cycles leave to deals already begun is what the open ones are expected to bring.
    assert 0.6 <= pipeline / (level * begun) <= 1.6


def test_expected_bookings_hold_the_pipeline_of_covered_accounts(demo_run):
    [(expected, pipeline)] = demo_run.published(
        "select sum(expected_amount), sum(pipeline_amount) from expected_bookings "
        "where revenue_type = 'new'"
    )
    [(covered,)] = demo_run.warehouse(
        "select sum(p.pipeline_amount) from marts.account_pipeline p "
        "inner join plan.coverage_assignments c using (account_id) where c.coverer_type <> 'house'"
    )
    assert 0.7 * covered <= pipeline <= 1.01 * covered + 1
    assert 0 < pipeline < expected


def test_the_planned_hire_carries_a_ramped_quota_from_its_first_month(demo_run):
    rows = demo_run.published(
        "select month, revenue_type, quota_amount from quota_allocations "
        "where rep_id = 'open head europe 1' order by 1"
    )
    assert len(rows) == 24
    by_month = pd.DataFrame(rows, columns=["month", "type", "quota"]).astype({"quota": float})
    asked = by_month.groupby("month")["quota"].sum()
    assert not asked.iloc[:3].any()
    # It carries what its group leaves to nobody, and nothing where everything is covered.
    [(left,)] = demo_run.warehouse(
        "select count(*) from plan.coverage_assignments as made "
        "join marts.coverage_accounts as accounts using (account_id) "
        "where made.coverer_type = 'house' and accounts.owner_group_id = 'europe'"
    )
    assert (asked.iloc[3:] > 0).all() == (left > 0)
    assert demo_run.published(
        "select coverer_type from rep_quotas where rep_id = 'open head europe 1'"
    ) == [("open_head",)]
