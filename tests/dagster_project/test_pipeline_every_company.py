"""The whole job, from files to published tables: what holds for every company.

Slow: each company is refreshed once (see ``tests/conftest.py``).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dagster_project.commands.pictures import draw_pictures
from dagster_project.plots.gallery import PICTURES
from dagster_project.publishing.tables import published_tables
from dagster_project.warehouse.contract import LANDING

pytestmark = pytest.mark.whole_job

HOUSE = "__house__"
PARTS = (
    "segment_value_amount + strength_value_amount - cost_to_serve_amount - absence_amount"
    " - disruption_amount - soft_rule_amount - hours_price_amount - count_price_amount"
    " - move_price_amount - balance_price_amount - other_price_amount"
)
every_company = pytest.mark.parametrize("name", ["demo_run", "maven_run", "adventureworks_run"])


@pytest.fixture
def run(request: pytest.FixtureRequest, name: str) -> Any:
    return request.getfixturevalue(name)


@every_company
def test_a_refresh_prints_what_was_decided(run):
    [(plan_id, sentence)] = run.published("select plan_id, sentence from plan_certificates")
    [(as_of,)] = run.published("select max(as_of_on) from plan_runs")
    assert f"Plan {plan_id}, made as of {as_of}: {sentence}" in run.stdout
    assert str(run.published_path) in run.stdout


@every_company
def test_every_published_table_is_there_in_both_forms_and_of_one_plan(run):
    [(plan_id,)] = run.published("select plan_id from plan_certificates")
    tables = {name for (name,) in run.published("select table_name from duckdb_tables()")}
    assert tables == set(published_tables())
    for table in published_tables():
        assert set(run.published(f"select plan_id from {table}")) <= {(plan_id,)}, table
        in_file, in_folder = run.published(
            f"select count(*) from {table} union all "
            f"select count(*) from read_parquet('{run.plan_path / table}.parquet')"
        )
        assert in_file == in_folder, table
    assert run.plan_path.name == run.manifest["plan_id"] == plan_id


@every_company
def test_no_plan_table_is_empty(run):
    # No faulty rows, or nothing known about reps, is a finding; anything else empty is a fault.
    may_be_empty = {
        *("plan_changes", "quarantine_summary"),
        *("strength_backtest", "strength_calibration", "strength_surprises"),
        # A plan of a whole year, a company within its budgets, no account that is a tenth of it.
        *("quota_transfers", "budget_cuts", "large_accounts"),
        # Made on demand and monthly.
        *("plan_backtest", "plan_backtest_summary"),
        # Nobody without accounts has a pay plan.
        "quota_rollups",
        # No account is worth more with one more rep.
        "hiring_changes",
        # No open deals on record.
        "pipeline_conversions",
        # Nothing to mend, every key spelt right, no lock and no override.
        *("input_fixes", "key_problems", "lock_costs", "override_review"),
        # No deal far beyond the others.
        "unusual_deals",
    }
    for table in sorted(set(published_tables()) - may_be_empty):
        assert run.published(f"select count(*) from {table}") > [(0,)], table


@every_company
def test_the_key_of_every_published_table_is_unique(run):
    for table, published in published_tables().items():
        key = ", ".join(published.key) or "plan_id"
        doubled = run.published(f"select {key} from {table} group by {key} having count(*) > 1")
        assert doubled == [], table


@every_company
def test_every_step_has_one_row_per_grain(run, dbt_manifest):
    """What a model's own SQL sees to, so that no input breaks it; nightly tests judge the rest."""
    grains = {
        f"{node['schema']}.{node['name']}": node["config"]["meta"]["grain"]
        for node in dbt_manifest["nodes"].values()
        if "grain" in node["config"].get("meta", {})
    }
    assert len(grains) > 10
    for table, columns in grains.items():
        key = ", ".join(columns)
        doubled = run.warehouse(f"select {key} from {table} group by all having count(*) > 1")
        assert doubled == [], table


@every_company
def test_deals_and_pairs_name_known_accounts_and_coverers(run):
    for table, column, known in (
        ("staging.stg_crm__opportunities", "account_id", "staging.stg_crm__accounts"),
        ("plan.coverage_pairs", "account_id", "marts.coverage_accounts"),
        ("plan.coverage_pairs", "rep_id", "marts.coverage_coverers"),
    ):
        unknown = f"select {column} from {table} except select {column} from {known}"
        assert run.warehouse(unknown) == [], table


@every_company
def test_every_published_column_says_what_it_means(run):
    silent = run.published(
        "select table_name, column_name from duckdb_columns() "
        "where not internal and coalesce(trim(comment), '') = '' order by all"
    )
    assert silent == []


@every_company
def test_every_staged_account_has_exactly_one_coverer_who_can_cover(run):
    accounts = set(run.warehouse("select account_id from staging.stg_crm__accounts"))
    assert set(run.published("select account_id from coverage_assignments")) == accounts
    coverers = set(run.warehouse("select rep_id, coverer_type from marts.coverage_coverers"))
    chosen = set(run.published("select rep_id, coverer_type from coverage_assignments"))
    assert chosen <= coverers


@every_company
def test_the_parts_of_an_explanation_add_up_to_its_score(run):
    worst = run.published(
        f"select max(abs({PARTS} - net_score_amount)) from assignment_explanations"
    )
    assert worst[0][0] < 1e-6
    apart = run.published(
        "select account_id from coverage_assignments as a join assignment_explanations as e "
        "using (account_id) where a.rep_id <> e.rep_id or e.sentence is null"
    )
    assert apart == []


@every_company
def test_every_change_of_coverer_is_listed_with_a_reason_and_nothing_else_is(run):
    listed = run.published("select account_id, from_rep_id, to_rep_id from plan_changes order by 1")
    changed = run.published(
        "select account_id, previous_rep_id, rep_id from coverage_assignments "
        "where rep_id is distinct from previous_rep_id order by 1"
    )
    # An account without owner that stays without one has changed nothing.
    unchanged = {row for row in changed if row[1] is None and row[2] == HOUSE}
    assert set(changed) - unchanged <= set(listed) <= set(changed)
    assert run.published("select 1 from plan_changes where reason is null") == []


@every_company
def test_the_move_budget_holds_and_the_gap_is_the_certified_one(run):
    [(moved, chosen, limit, objective, bound, gap, solver_gap)] = run.published(
        "select moved_count, chosen_move_count, move_limit, objective_amount, bound_amount, "
        "gap_rate, solver_gap_rate from plan_certificates"
    )
    assert run.published("select count(*) from coverage_assignments where is_moved") == [(moved,)]
    assert chosen <= limit
    assert run.published(
        "select count(*) from coverage_assignments where is_moved and not is_forced_move"
    ) == [(chosen,)]
    assert run.published("select sum(value_amount) from coverage_assignments")[0][0] > 0
    assert objective <= bound * (1 + 1e-9)
    assert gap == pytest.approx(max(0.0, bound - objective) / bound, abs=1e-9)
    assert gap <= 0.01
    assert solver_gap <= 0.0005


@every_company
def test_group_targets_add_up_to_the_company_goal_to_the_cent(run):
    goals = run.warehouse("select revenue_type, target_amount from marts.company_goals order by 1")
    sums = run.published(
        "select revenue_type, sum(target_amount) from group_targets group by 1 order by 1"
    )
    assert [kind for kind, _ in goals] == ["existing", "new"]
    assert sums == goals


@every_company
def test_rep_quotas_add_up_to_the_group_quota_to_the_cent_in_each_of_twelve_months(run):
    groups = run.published(
        "select group_id, month, revenue_type, quota_amount from group_targets "
        "where quota_amount <> 0 order by all"
    )
    reps = run.published(
        "select group_id, month, revenue_type, sum(quota_amount) from quota_allocations "
        "group by 1, 2, 3 having sum(quota_amount) <> 0 order by all"
    )
    assert groups == reps
    months = run.published(
        "select rep_id, revenue_type, count(*), count(distinct month) from quota_allocations "
        "group by 1, 2 having count(*) <> 12 or count(distinct month) <> 12"
    )
    assert months == []
    [(first, last)] = run.published("select min(month), max(month) from quota_allocations")
    assert first.day == last.day == 1
    assert last == dt.date(first.year + (first.month > 1), (first.month + 10) % 12 + 1, 1)


@every_company
def test_no_record_is_lost_between_raw_and_staging(run):
    for table in LANDING.values():
        staged, aside, raw = run.warehouse(
            f"select 1, count(*) from staging.stg_{table.system}__{table.name} union all "
            f"select 2, count(*) from staging.quarantined_{table.system}__{table.name} union all "
            f"select 3, count(*) from raw.{table.name} order by 1"
        )
        assert staged[1] + aside[1] == raw[1], table.name


@every_company
def test_the_quarantine_summary_counts_what_was_set_aside(run):
    for table in LANDING.values():
        aside = run.warehouse(
            f"select quarantine_reason, count(*) "
            f"from staging.quarantined_{table.system}__{table.name} group by 1 order by 1"
        )
        shown = run.published(
            "select reason, row_count from quarantine_summary where table_name = ? order by 1",
            table.name,
        )
        assert shown == aside, table.name


@every_company
def test_every_gate_has_left_its_results_and_no_blocking_rule_failed(run):
    judged = {name for (name,) in run.published("select table_name from data_quality_results")}
    assert judged >= {*LANDING, "coverage_pairs", "coverage_assignments", "goals"}
    assert (
        run.published(
            "select table_name, check_name from data_quality_results "
            "where severity = 'critical' and not is_passed"
        )
        == []
    )


@every_company
def test_no_name_and_no_pay_of_an_employee_is_published(run):
    columns = run.published(
        "select table_name, column_name from duckdb_columns() where not internal"
    )
    personal = {column.name for column in LANDING["employees"].columns if column.is_personal}
    assert personal > {"base_pay", "variable_pay"}
    assert [(table, column) for table, column in columns if column in personal] == []


@every_company
def test_the_plan_can_be_drawn(run, tmp_path):
    files = draw_pictures(run.home, tmp_path / "pictures")
    assert {file.stem for file in files} == set(PICTURES)
    assert {file.read_bytes()[:8] for file in files} == {b"\x89PNG\r\n\x1a\n"}
