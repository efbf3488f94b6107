"""The code location: everything the UI shows is explained, and nothing runs that should not."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import pytest
from dagster._core.execution.api import create_execution_plan

from dagster_project.backtest.tables import BACKTEST_TABLES
from dagster_project.company.load import load_company
from dagster_project.definitions import build_definitions
from dagster_project.publishing.tables import published_tables
from dagster_project.runtime.settings import Settings
from dagster_project.warehouse.contract import LANDING

PUBLISH_STEP = "published__plan"
CHECK_OF_PUBLISHED = "published_files"


@pytest.fixture(scope="module")
def graph(definitions):
    return definitions.resolve_asset_graph()


@pytest.fixture(scope="module")
def job(definitions):
    return definitions.resolve_job_def("refresh")


@pytest.fixture(scope="module")
def waits_for(job):
    """Per step all steps that must have succeeded before it."""
    direct = create_execution_plan(job).get_executable_step_deps()
    before: dict[str, set[str]] = {}

    def collect(step: str) -> set[str]:
        if step not in before:
            before[step] = set(direct[step]).union(*(collect(other) for other in direct[step]))
        return before[step]

    for step in direct:
        collect(step)
    return before


def keys(*names: str) -> set[dg.AssetKey]:
    return {dg.AssetKey(name.split("/")) for name in names}


def test_the_code_location_loads_and_all_its_references_resolve(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_the_groups_are_the_stations_a_plan_goes_through(graph):
    groups = {node.group_name for node in graph.asset_nodes}
    assert groups == {
        *("crm", "hr", "policy", "gates", "staging", "intermediate", "marts"),
        *("history", "strength", "planning", "review", "backtest", "published", "exposures"),
    }


def test_every_asset_is_described_owned_and_marked_with_its_kinds(graph):
    bare = [
        node.key.to_user_string()
        for node in graph.asset_nodes
        if not (node.description and node.owners and node.kinds and node.group_name)
    ]
    assert bare == []
    assert {owner for node in graph.asset_nodes for owner in node.owners} == {
        "team:sales-operations"
    }


def test_no_two_assets_of_a_group_share_a_description(graph):
    seen: dict[tuple[str, str], str] = {}
    shared = []
    for node in graph.asset_nodes:
        place = (node.group_name, node.description)
        if place in seen:
            shared.append((seen[place], node.key.to_user_string()))
        seen[place] = node.key.to_user_string()
    assert shared == []


def test_every_table_of_the_landing_contract_is_pulled_and_accepted(graph):
    pulled = keys(*(f"{table.system}/{table.name}" for table in LANDING.values()))
    accepted = keys(*(f"raw/{name}" for name in LANDING))
    assert pulled | accepted <= graph.get_all_asset_keys()


def test_no_asset_waits_for_something_that_nothing_makes(graph):
    """Readers outside are at the end, and nothing waits for them."""
    outside = [node for node in graph.asset_nodes if not node.is_materializable]
    assert {node.group_name for node in outside} == {"exposures"}
    assert {key for node in outside for key in node.child_keys} == set()


def test_the_job_makes_every_asset_but_the_back_test_and_runs_every_check(job, graph, definitions):
    monthly = definitions.resolve_job_def("backtest").asset_layer.executable_asset_keys
    assert {key.path[-1] for key in monthly} == set(BACKTEST_TABLES)
    made = {node.key for node in graph.asset_nodes if node.is_materializable}
    assert job.asset_layer.executable_asset_keys == made - monthly
    assert job.asset_layer.asset_graph.asset_check_keys == graph.asset_check_keys
    assert len(graph.asset_check_keys) > 100


def test_a_run_stays_in_one_process_because_the_warehouse_has_one_writer(job):
    assert job.executor_def.name == "in_process"


def test_pulls_are_tried_again_and_nothing_else_is(job):
    pulls = {f"{table.system}__{table.name}" for table in LANDING.values()}
    retried = {node.name for node in job.graph.node_defs if node.retry_policy is not None}
    assert retried == pulls


def test_nothing_is_accepted_before_every_blocking_gate_on_a_pull_has_passed(graph, waits_for):
    pulled = keys(*(f"{table.system}/{table.name}" for table in LANDING.values()))
    gates = {
        f"gate_{check.asset_key.path[-1]}"
        for check in graph.asset_check_keys
        if check.asset_key in pulled and graph.get_check_spec(check).blocking
    }
    assert {"gate_accounts", "gate_opportunities", "gate_employees"} <= gates
    assert gates <= waits_for["accepted_tables"]


def test_nothing_is_planned_before_the_marts_have_passed_their_gates(waits_for):
    coverage = {f"gate_coverage_{name}" for name in ("accounts", "coverers")}
    assert {"dbt_before_planning", *coverage} <= waits_for["coverage_plan"]
    quotas = {"gate_goals", "gate_rep_months", "gate_seasonality"}
    assert {"coverage_plan", *quotas} <= waits_for["quota_plan"]


def test_strengths_are_estimated_between_two_builds_of_dbt(waits_for):
    assert "dbt_before_strength" in waits_for["strengths"]
    assert "dbt_before_planning" not in waits_for["strengths"]
    assert "strengths" in waits_for["dbt_before_planning"]


def test_nothing_is_published_before_every_check_has_been_judged(job, graph, waits_for):
    """Blocking ones stop it, and the run's history counts those that warn."""
    plan = create_execution_plan(job)
    steps = {
        step.key: {output.properties.asset_check_key for output in step.step_outputs} - {None}
        for step in plan.steps
    }
    blocking = {c for c in graph.asset_check_keys if graph.get_check_spec(c).blocking}
    judging = {key for key, checks in steps.items() if checks & blocking}
    assert {"gate_accounts", "gate_coverage_pairs", "gate_quota_allocations"} <= judging
    assert len([key for key in judging if "plan_keeps_every_rule" in key]) == 1
    assert len([key for key in judging if "quota_plan_adds_up" in key]) == 1
    assert judging <= waits_for[PUBLISH_STEP]
    assert {"dbt_before_planning", "dbt_after_planning"} <= waits_for[PUBLISH_STEP]
    # Nothing can wait for a gate that only warns; it is ready with the pulls, and publishing last.
    warning = {key for key, checks in steps.items() if checks} - judging - {CHECK_OF_PUBLISHED}
    for step in warning:
        assert waits_for[step] < waits_for[PUBLISH_STEP]
        assert priority(plan, step) > priority(plan, PUBLISH_STEP)
    assert PUBLISH_STEP in waits_for[CHECK_OF_PUBLISHED]


def priority(plan, step):
    return int(plan.get_step_by_key(step).tags.get("dagster/priority", 0))


def published(*names: str) -> set[dg.AssetKey]:
    return {dg.AssetKey(["published", name]) for name in names}


def test_every_published_table_is_an_asset_that_follows_from_the_table_it_is_copied_from(graph):
    nodes = [node for node in graph.asset_nodes if node.group_name == "published"]
    assert {node.key for node in nodes} == published(*published_tables())
    for node in nodes:
        [parent] = node.parent_keys
        table = published_tables()[node.key.path[-1]]
        if table.schema != "quality" and table.name != "plan_runs":
            assert parent == dg.AssetKey([table.schema, table.name])


def test_one_step_publishes_all_tables_so_that_none_is_ahead_of_the_others(job):
    [step] = [step for step in create_execution_plan(job).steps if step.key == PUBLISH_STEP]
    made = {output.properties.asset_key for output in step.step_outputs}
    assert made == published(*published_tables())


def test_who_reads_a_published_table_stands_after_it(graph):
    readers = {
        node.key.path[-1]: node for node in graph.asset_nodes if node.key.path[0] == "exposures"
    }
    assert {"coverage_review", "quota_review", "data_quality_report"} == set(readers)
    assert readers["data_quality_report"].parent_keys == published(
        "quarantine_summary", "input_fixes"
    )


def test_pulls_and_published_tables_age_and_nothing_between_them(graph):
    ageing = {node.group_name for node in graph.asset_nodes if node.freshness_policy is not None}
    assert ageing == {"crm", "hr", "published"}
    ages = {
        (policy.warn_window.to_timedelta(), policy.fail_window.to_timedelta())
        for node in graph.asset_nodes
        if (policy := node.freshness_policy) is not None
    }
    [(warn, fail)] = ages
    assert dt.timedelta(days=1) < warn < fail < dt.timedelta(days=7)


@pytest.mark.parametrize(
    ("name", "job", "when"),
    [("nightly_refresh", "refresh", "0 2 * * *"), ("monthly_backtest", "backtest", "0 4 2 * *")],
)
def test_schedules_keep_the_companys_time_and_are_off_until_switched_on(
    definitions, name, job, when
):
    schedule = definitions.resolve_schedule_def(name)
    assert (schedule.job_name, schedule.cron_schedule) == (job, when)
    assert schedule.execution_timezone == "America/New_York"
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def test_alerts_on_failed_runs_and_on_failed_warnings_are_on(definitions):
    status = {sensor.name: sensor.default_status for sensor in definitions.sensors}
    assert status == {
        "failed_runs": dg.DefaultSensorStatus.RUNNING,
        "failed_warnings": dg.DefaultSensorStatus.RUNNING,
    }


def test_every_gate_check_says_why_it_is_there_and_how_to_fix_it(graph):
    specs = [graph.get_check_spec(check) for check in graph.asset_check_keys]
    gates = [spec for spec in specs if spec.metadata and "suite" in spec.metadata]
    assert len(gates) > 80
    assert [spec.key for spec in gates if " Fix: " not in (spec.description or "")] == []


OTHER_COMPANY = """
company: {id: acme, name: Acme, timezone: Europe/Berlin, owner: "team:revenue"}
source: {kind: demo}
"""


def test_owner_and_time_zone_are_the_companys_own_beside_another_company(definitions, tmp_path):
    path = tmp_path / "company.yml"
    path.write_text(OTHER_COMPANY, encoding="utf-8")
    loaded = build_definitions(load_company(path), Settings(path, tmp_path / "home"))
    dg.Definitions.validate_loadable(loaded)
    assert loaded.resolve_schedule_def("nightly_refresh").execution_timezone == "Europe/Berlin"
    assert owners_of(loaded) == {"team:revenue"}
    assert owners_of(definitions).isdisjoint(owners_of(loaded))


def owners_of(loaded: dg.Definitions) -> set[str]:
    return {owner for node in loaded.resolve_asset_graph().asset_nodes for owner in node.owners}
