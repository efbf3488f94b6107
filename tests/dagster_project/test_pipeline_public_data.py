"""The whole job on public data: what a plan says where there is little or no evidence.

Slow: each company is refreshed once (see ``tests/conftest.py``).
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.whole_job


def test_without_a_signal_about_reps_no_strength_is_claimed(maven_run):
    assert maven_run.published("select signal, is_on, is_counted from strength_guard") == [
        ("none", False, False)
    ]
    assert (
        maven_run.published(
            "select account_id from assignment_explanations where strength_value_amount <> 0"
        )
        == []
    )
    assert maven_run.published("select 1 from rep_strengths where is_named or effect <> 0") == []
    assert "the plan claims none" in maven_run.stdout


def test_deals_without_an_account_are_set_aside_and_counted(maven_run):
    [(without_account, open_ones)] = maven_run.warehouse(
        "select count(*), count(*) filter (where not is_closed) "
        "from raw.opportunities where account_id is null"
    )
    assert without_account >= 1425
    assert open_ones == without_account
    assert maven_run.published(
        "select row_count from quarantine_summary "
        "where table_name = 'opportunities' and reason = 'account_id_missing'"
    ) == [(without_account,)]


def test_a_rep_without_a_single_deal_can_still_cover(maven_run):
    newcomers = maven_run.warehouse(
        "select rep_id from raw.employees "
        "where rep_id not in (select rep_id from raw.opportunities)"
    )
    assert len(newcomers) == 5
    coverers = maven_run.warehouse("select rep_id from marts.coverage_coverers")
    assert set(newcomers) <= set(coverers)
    [(eligible, accounts)] = maven_run.published(
        "select eligible_count, account_count from plan_certificates"
    )
    assert eligible > 0.9 * accounts * len(coverers), "a sixth of the coverers are newcomers"


def test_where_every_deal_is_won_strengths_are_not_estimable(adventureworks_run):
    assert adventureworks_run.published(
        "select signal, is_on, persistence_slope from strength_guard"
    ) == [("not_estimable", False, None)]
    assert (
        adventureworks_run.published(
            "select account_id from assignment_explanations where strength_value_amount <> 0"
        )
        == []
    )


def test_every_sales_person_with_a_territory_has_a_quota_for_each_month(adventureworks_run):
    reps = adventureworks_run.published(
        "select rep_id, count(distinct month), sum(quota_amount) > 0 from quota_allocations "
        "group by 1"
    )
    assert len(reps) == 14
    assert {(months, has_quota) for _, months, has_quota in reps} == {(12, True)}


def test_adventureworks_has_a_full_quota_table_beside_its_own_quotas(adventureworks_run):
    [(rows, reps, months)] = adventureworks_run.published(
        "select count(*), count(distinct rep_id), count(distinct month) from quota_allocations"
    )
    assert (rows, reps, months) == (14 * 12 * 2, 14, 12)
    assert (
        adventureworks_run.published(
            "select revenue_type from company_targets where unallocated_amount <> 0"
        )
        == []
    )
    [(own, expected)] = adventureworks_run.warehouse(
        "select (select round(sum(amount), 2) from marts.agreed_quotas), "
        "(select round(sum(amount), 2) from raw.quotas semi join "
        "(select rep_id from raw.employees semi join raw.covering_roles using (role)) as reps "
        "using (rep_id))"
    )
    assert own == expected
    # Three managers have quotas, too: theirs are their reps' and load nobody.
    assert adventureworks_run.published(
        "select reason, row_count, amount from quarantine_summary where table_name = 'quotas'"
    ) == [("role_does_not_cover", 24, 2386000.0)]
    compared = adventureworks_run.published(
        "select count(distinct rep_id) from quota_comparison where agreed_last_year_amount > 0"
    )
    assert compared == [(14,)]
