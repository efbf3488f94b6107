"""Gates: good tables pass, each kind of damage is named with its rows, its reason and its fix."""

import datetime as dt
import json
import subprocess
import sys

import dagster as dg
import duckdb
import pandas as pd
import pytest

from dagster_project.gates.run import check_specs, run_gate, to_check_results, validate
from expectations import load_suite, suite_names

OPPORTUNITIES = """
    select 'O' || i as opportunity_id, 'A' || i % 7 as account_id, 'R' || i % 3 as rep_id,
        i % 5 < 4 as is_closed, i % 5 < 2 as is_won, 100.0 + i as amount,
        timestamp '2024-01-01' + to_days(i::integer) as created_at,
        case when i % 5 < 4 then timestamp '2024-02-01' + to_days(i::integer) end as closed_at,
        'EUR' as currency, i + 1 as _row
    from range(200) as numbers (i)
"""
EMPLOYEES = """
    select 'R' || i as rep_id, 'account_executive' as role, 'G1' as group_id, 1.0 as fte,
        date '2020-01-01' as hire_date, null::date as termination_date,
        80000.0 as base_pay, null::double as variable_pay
    from range(4) as numbers (i)
"""


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


def gate(con, suite, query, **options):
    con.execute(f"create or replace table gated as {query}")
    return {result.check: result for result in run_gate(con, suite, "gated", **options)}


def damaged(columns):
    return f"select * replace ({columns}) from ({OPPORTUNITIES})"


def failed(results):
    return {check for check, result in results.items() if not result.passed}


def test_a_good_table_passes_every_rule_in_the_suites_order(con):
    results = gate(con, "opportunities", OPPORTUNITIES)
    assert failed(results) == set()
    rules = load_suite("opportunities")["expectations"]
    assert list(results) == [rule["meta"]["check"] for rule in rules]
    assert results["row_count_is_plausible"].observed == 200


def test_a_doubled_id_is_named_with_reason_and_fix(con):
    results = gate(
        con, "opportunities", f"{OPPORTUNITIES} union all select * from ({OPPORTUNITIES}) limit 203"
    )
    assert failed(results) == {"opportunity_id_is_unique"}
    result = results["opportunity_id_is_unique"]
    assert result.is_blocking
    assert result.failed_count == 6
    assert result.sample_keys == ("O0", "O1", "O2")
    assert result.message.startswith(
        "opportunities: opportunity_id_is_unique failed for 6 of 203 rows (e.g. O0, O1, O2). "
    )
    assert result.why in result.message
    assert result.fix in result.message


@pytest.mark.parametrize(
    ("check", "columns"),
    [
        ("account_id_is_present", "case when _row > 150 then account_id end as account_id"),
        ("rep_id_is_present", "case when _row > 150 then rep_id end as rep_id"),
        ("is_closed_is_known", "case when _row > 50 then is_closed end as is_closed"),
        ("outcome_of_closed_deals_is_known", "case when _row > 50 then is_won end as is_won"),
        ("amount_is_not_negative", "case when _row < 50 then -1 else amount end as amount"),
        ("amount_of_won_deals_is_known", "case when _row > 150 then amount end as amount"),
        ("created_at_is_not_ages_ago", "created_at - interval 500 year as created_at"),
        ("created_at_is_not_in_the_future", "created_at + interval 500 year as created_at"),
        ("closed_at_is_present_when_closed", "case when _row > 50 then closed_at end as closed_at"),
        ("closed_at_is_not_in_the_future", "closed_at + interval 500 year as closed_at"),
        ("closed_at_follows_created_at", "closed_at - interval 40 day as closed_at"),
        ("currency_is_single", "case when _row = 9 then 'USD' else currency end as currency"),
        ("closed_deals_exist", "false as is_closed"),
        ("won_deals_exist", "false as is_won"),
    ],
)
def test_each_kind_of_damaged_deals_is_caught(con, check, columns):
    results = gate(con, "opportunities", damaged(columns))
    assert check in failed(results)


def test_failing_rows_are_listed_in_order_up_to_twenty(con):
    table = damaged("case when _row > 150 then rep_id end as rep_id")
    result = gate(con, "opportunities", table)["rep_id_is_present"]
    assert result.failed_count == 150
    assert result.failed_rate == pytest.approx(0.75)
    assert len(result.sample_keys) == 20
    assert list(result.sample_keys) == sorted(result.sample_keys)


def test_rows_within_the_tolerance_pass_and_are_listed_all_the_same(con):
    table = damaged("case when _row <> 8 then amount else -5 end as amount")
    result = gate(con, "opportunities", table)["amount_is_not_negative"]
    assert result.passed
    assert result.failed_count == 1
    assert result.sample_keys == ("O7",)


def test_a_row_without_an_id_is_named_by_its_place_in_the_source(con):
    table = damaged("case when _row > 20 then opportunity_id end as opportunity_id")
    result = gate(con, "opportunities", table)["opportunity_id_is_present"]
    assert not result.passed
    assert result.sample_keys[:2] == ("row 1", "row 10")


def test_a_missing_column_fails_its_own_rules_alone(con):
    results = gate(con, "opportunities", f"select * exclude (closed_at) from ({OPPORTUNITIES})")
    assert failed(results) == {
        "closed_at_is_present_when_closed",
        "closed_at_is_not_in_the_future",
        "closed_at_follows_created_at",
    }
    result = results["closed_at_is_present_when_closed"]
    assert "could not be checked: column closed_has_date, or one it is computed" in result.message
    assert result.observed is None


def test_a_missing_plain_column_is_named(con):
    result = gate(con, "opportunities", f"select * exclude (rep_id) from ({OPPORTUNITIES})")
    assert "column rep_id" in result["rep_id_is_present"].message


def test_an_empty_table_is_refused(con):
    results = gate(con, "opportunities", f"{OPPORTUNITIES} limit 0")
    assert results["row_count_is_plausible"].is_blocking
    assert {"closed_deals_exist", "won_deals_exist"} <= failed(results)


def test_a_missing_table_fails_every_rule(con):
    results = run_gate(con, "employees", "nowhere")
    assert len(results) == len(load_suite("employees")["expectations"])
    assert not any(result.passed for result in results)
    assert "nowhere is missing" in results[0].message


def test_an_optional_table_without_rows_counts_as_not_given(con):
    results = gate(con, "products", "select 'P' as product_id, 1 as list_price limit 0")
    assert failed(results) == set()
    assert "the table is not given" in results["product_id_is_unique"].message


def test_an_optional_table_with_rows_is_checked(con):
    results = gate(
        con, "products", "select 'P' as product_id, 1.0 as list_price, 900.0 as unit_cost"
    )
    assert failed(results) == {"margin_is_plausible"}


def test_nobody_in_a_covering_role_blocks_and_the_company_names_the_roles(con):
    renamed = f"select * replace ('closer' as role) from ({EMPLOYEES})"
    assert failed(gate(con, "employees", renamed)) == {"active_covering_rep_exists"}
    roles = {"covering_roles": ["closer", "it's complicated"]}
    assert failed(gate(con, "employees", renamed, parameters=roles)) == set()


def test_leavers_count_as_active_only_before_they_leave(con):
    left = f"select * replace (date '2024-06-30' as termination_date) from ({EMPLOYEES})"
    before = {"as_of": dt.date(2024, 6, 1)}
    after = {"as_of": dt.date(2024, 7, 1)}
    assert failed(gate(con, "employees", left, parameters=before)) == set()
    assert failed(gate(con, "employees", left, parameters=after)) == {"active_covering_rep_exists"}


def test_hours_a_week_in_the_place_of_a_share_are_a_warning(con):
    results = gate(con, "employees", f"select * replace (40.0 as fte) from ({EMPLOYEES})")
    assert failed(results) == {"fte_is_plausible"}
    assert not results["fte_is_plausible"].is_blocking


def test_a_deal_of_many_usual_years_blocks_until_it_is_accepted(con):
    # Two in five of 200 deals are won, within a year: 80 times the median of about 200.
    usual_year = 80 * 199.5
    for multiple, is_blocked in ((9, False), (11, True)):
        amount = multiple * usual_year
        table = damaged(f"case when _row = 9 then {amount} else amount end as amount")
        assert ("amount_is_usual" in failed(gate(con, "opportunities", table))) is is_blocked
    [result] = [
        r for r in gate(con, "opportunities", table).values() if r.check == "amount_is_usual"
    ]
    assert result.is_blocking
    assert result.sample_keys == ("O8",)
    assert "gates.accepted_deals" in result.message
    for settings in ({"accepted_deals": ["O8"]}, {"max_deal_multiple": 12}):
        assert failed(gate(con, "opportunities", table, parameters=settings)) == set()


def test_amounts_of_another_currency_are_compared_among_themselves(con):
    yen = damaged(
        "case when _row > 100 then 1000000 * amount else amount end as amount, "
        "case when _row > 100 then 'JPY' else currency end as currency"
    )
    assert failed(gate(con, "opportunities", yen)) == {"currency_is_single"}


def test_pay_and_quotas_with_a_lost_decimal_point_are_a_warning(con):
    people = EMPLOYEES.replace(
        "80000.0 as base_pay", "80000.0 * (1 + 99 * (i = 1)::int) as base_pay"
    )
    result = gate(con, "employees", people)["pay_is_usual"]
    assert (result.passed, result.severity, result.sample_keys) == (False, "warning", ("R1",))
    assert "8000000" not in result.message
    quotas = """
        select 'R' || i as rep_id, date '2026-01-01' as starts_on, 12 as month_count,
            case when i = 3 then 60000000.0 else 600000.0 end as amount
        from range(9) as numbers (i)
    """
    result = gate(con, "quotas", quotas)["amount_is_usual"]
    assert (result.passed, result.severity) == (False, "warning")
    assert result.sample_keys == ("R3/2026-01-01",)


def test_an_unknown_parameter_is_refused(con):
    with pytest.raises(ValueError, match="no parameter"):
        gate(con, "employees", EMPLOYEES, parameters={"roles": []})


def test_a_company_may_ask_for_more_rows(con):
    assert failed(gate(con, "employees", EMPLOYEES, min_rows=5)) == {"row_count_is_plausible"}
    assert failed(gate(con, "employees", EMPLOYEES, min_rows=4)) == set()


def test_an_infinite_value_never_reaches_the_optimiser(con):
    results = gate(
        con,
        "coverage_pairs",
        """select 'A' as account_id, 'R' || i as rep_id, 5.0 as hours, 0.0 as disruption_amount,
            case when i = 3 then 'inf'::double else 10.0 end as value_amount,
            1.0 as cost_to_serve_amount, 1.0 as value_sd_amount,
            0.5 as strength_sd_amount
        from range(5) as numbers (i)""",
    )
    assert failed(results) == {"value_is_plausible"}
    assert results["value_is_plausible"].sample_keys == ("A/R3",)


def test_too_many_uncovered_accounts_are_a_warning(con):
    results = gate(
        con,
        "coverage_assignments",
        """select 'A' || i as account_id, 'R' as rep_id, 1.0 as hours, 1.0 as value_amount,
            i = 0 as is_moved, case when i < 3 then 'house' else 'rep' end as coverer_type
        from range(10) as numbers (i)""",
    )
    assert failed(results) == {"accounts_are_covered"}
    assert results["moved_share_is_plausible"].observed == pytest.approx(0.1)


def test_a_frame_is_checked_without_a_data_base():
    frame = pd.DataFrame(
        {"revenue_type": ["new"], "target_amount": [-1.0], "has_enough_months": [1]}
    )
    results = {result.check: result for result in validate(load_suite("goals"), frame)}
    assert failed(results) == {"target_is_not_negative", "targets_exist"}


def test_goals_that_grow_from_too_few_months_block_where_that_is_asked_for(con):
    goals = """
        select kind as revenue_type, 5.0 as goal_amount, 5.0 as target_amount, method, months
            as base_months
        from (values ('new', 'scaled', 7.0), ('existing', 'given', 0.0)) as goals (kind, method,
            months)
    """
    check = "records_cover_what_goals_grow_from"
    assert failed(gate(con, "goals", goals)) == set()
    result = gate(con, "goals", goals, parameters={"fewest_months": 12})[check]
    assert (result.is_blocking, result.sample_keys) == (True, ("new",))
    # Less than a month says nothing of a year.
    assert failed(gate(con, "goals", goals.replace("7.0", "0.5"))) == {check}


def test_a_rule_of_an_unknown_kind_cannot_pass_by_being_dropped():
    suite = load_suite("goals")
    suite["expectations"].append(dict(suite["expectations"][1]))
    suite["expectations"][-1] |= {
        "meta": {"check": "pattern", "why": "Why.", "fix": "Fix."},
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "target_amount", "regex": "("},
    }
    frame = pd.DataFrame({"revenue_type": ["new"], "target_amount": [1.0]})
    assert not validate(suite, frame)[-1].passed


def test_a_rule_without_a_result_fails(con, monkeypatch):
    from great_expectations.datasource.fluent.interfaces import Batch

    original = Batch.validate

    def forgetful(self, *args, **kwargs):
        report = original(self, *args, **kwargs)
        report.results = report.results[1:]
        return report

    monkeypatch.setattr(Batch, "validate", forgetful)
    results = gate(con, "employees", EMPLOYEES)
    assert len(results) == len(load_suite("employees")["expectations"])
    (lost,) = failed(results)
    assert "returned no result" in results[lost].message


def test_an_activity_planned_for_later_is_a_warning(con):
    results = gate(
        con,
        "activities",
        "select 'A' as account_id, 'R' as rep_id, timestamp '2999-01-01' as at",
    )
    assert failed(results) == {"time_is_not_in_the_future"}


def test_a_certification_that_ends_before_it_starts_is_a_warning(con):
    results = gate(
        con,
        "certifications",
        """select 'R' as rep_id, 'C' as certification, date '2024-01-02' as valid_from,
            date '2024-01-01' as valid_to""",
    )
    assert failed(results) == {"end_follows_start"}


@pytest.mark.parametrize("name", suite_names())
def test_every_rule_is_a_kind_great_expectations_knows(name):
    suite = load_suite(name)
    columns = {rule["kwargs"].get("column", "_") for rule in suite["expectations"]}
    frame = pd.DataFrame({column: pd.Series([1.0]) for column in columns})
    messages = [result.message for result in validate(suite, frame)]
    assert not [text for text in messages if "could not be checked" in text]


def test_specs_and_results_agree_and_only_critical_rules_block(con):
    specs = check_specs("employees", ["raw", "employees"])
    results = gate(con, "employees", f"select * replace ('x' as rep_id) from ({EMPLOYEES})")
    recorded = to_check_results(results.values(), ["raw", "employees"])
    assert [spec.name for spec in specs] == [result.check_name for result in recorded]
    assert {spec.asset_key for spec in specs} == {dg.AssetKey(["raw", "employees"])}
    for spec, result in zip(specs, recorded, strict=True):
        assert spec.blocking == (result.severity == dg.AssetCheckSeverity.ERROR)
    unique = {result.check_name: result for result in recorded}["rep_id_is_unique"]
    assert not unique.passed
    assert unique.metadata["failing_keys"].value == ["x"]
    assert unique.metadata["failed_rows"].value == 4
    assert json.loads(specs[0].metadata["limits"]) == {"min_value": 1}


def test_specs_are_made_without_importing_great_expectations():
    code = (
        "import sys; from dagster_project.gates.run import check_specs; "
        "check_specs('accounts', 'a'); "
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
