"""The whole job, from files to published tables: what it decides, and that bad input stops it.

Slow: each company is refreshed once (see ``tests/conftest.py``), and what goes wrong is tried out
on one copy of the finished demo home.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dagster_project.contract import LANDING
from dagster_project.plan_tables import PLAN_TABLES
from dagster_project.policy_tables import POLICY_TABLES
from dagster_project.published import PUBLISHED

pytestmark = pytest.mark.whole_job

HOUSE = "__house__"
PARTS = (
    "segment_value_amount + strength_value_amount - cost_to_serve_amount - disruption_amount"
    " - hours_price_amount - count_price_amount - move_price_amount"
)
Rows = list[dict[str, str]]
# Everything a plan consists of; only the history of runs grows when the same plan is made again.
PLAN_CONTENT = sorted(set(PUBLISHED) - {"plan_runs"})
every_company = pytest.mark.parametrize("name", ["demo_run", "maven_run", "adventureworks_run"])


@pytest.fixture
def run(request: pytest.FixtureRequest, name: str) -> Any:
    return request.getfixturevalue(name)


@pytest.fixture(scope="module")
def planted(demo_run: Any) -> dict[str, Any]:
    path = demo_run.home / "demo" / "demo" / "truth" / "planted.json"
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


# What holds for every company.


@every_company
def test_a_refresh_says_in_words_what_was_decided(run):
    [(plan_id, sentence)] = run.published("select plan_id, sentence from plan_certificates")
    assert f"Plan {plan_id}: {sentence}" in run.stdout
    assert str(run.published_path) in run.stdout


@every_company
def test_every_published_table_is_there_in_both_forms_and_of_one_plan(run):
    [(plan_id,)] = run.published("select plan_id from plan_certificates")
    tables = {name for (name,) in run.published("select table_name from duckdb_tables()")}
    assert tables == set(PUBLISHED)
    for table in PUBLISHED:
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
    may_be_empty = {"plan_changes", "quarantine_summary", "strength_backtest"}
    for table in sorted(set(PUBLISHED) - may_be_empty):
        assert run.published(f"select count(*) from {table}") > [(0,)], table


@every_company
def test_the_key_of_every_published_table_is_unique(run):
    for table, published in PUBLISHED.items():
        key = ", ".join(published.key) or "plan_id"
        doubled = run.published(f"select {key} from {table} group by {key} having count(*) > 1")
        assert doubled == [], table


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
    [(moved, limit, objective, bound, gap)] = run.published(
        "select moved_count, move_limit, objective_amount, bound_amount, gap_rate "
        "from plan_certificates"
    )
    assert run.published("select count(*) from coverage_assignments where is_moved") == [(moved,)]
    assert moved <= limit
    assert run.published("select sum(value_amount) from coverage_assignments")[0][0] > 0
    assert objective <= bound * (1 + 1e-9)
    assert gap == pytest.approx(max(0.0, bound - objective) / bound, abs=1e-9)
    assert gap <= 0.0005


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
    assert judged >= {*LANDING, "coverage_candidates", "coverage_assignments", "goals"}
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


# The demo company: what was planted is found.


def test_the_leavers_accounts_are_covered_again_and_say_so(demo_run, planted):
    leaver, accounts = planted["leaver"]["rep_id"], planted["leaver"]["account_ids"]
    changes = demo_run.published(
        "select account_id, reason, to_rep_id from plan_changes where from_rep_id = ? order by 1",
        leaver,
    )
    assert [account for account, _, _ in changes] == accounts
    assert {reason for _, reason, _ in changes} == {"leaver"}
    covered = [to for _, _, to in changes if to != HOUSE]
    assert len(covered) >= 0.8 * len(accounts)
    assert leaver not in {
        rep for (rep,) in demo_run.published("select rep_id from coverage_assignments")
    }
    assert demo_run.published("select 1 from quota_allocations where rep_id = ?", leaver) == []


def test_accounts_without_a_known_owner_are_named_as_such(demo_run, planted):
    for reason in ("unassigned", "unknown_owner"):
        accounts = demo_run.warehouse(
            "select account_id from marts.coverage_accounts where vacancy_reason = ? order by 1",
            reason,
        )
        assert [account for (account,) in accounts] == planted[f"{reason}_account_ids"]
        others = demo_run.published(
            "select account_id from plan_changes where account_id in (select unnest(?)) "
            "and reason <> ?",
            planted[f"{reason}_account_ids"],
            reason,
        )
        assert others == []


def test_the_planted_strength_is_named(demo_run, planted):
    strength = planted["counter_intuitive_strength"]
    [(is_named, lower, effect, deals)] = demo_run.published(
        "select is_named, effect_lower, effect, deal_count from rep_strengths "
        "where rep_id = ? and dimension = ? and level = ?",
        strength["rep_id"],
        strength["dimension"],
        strength["level"],
    )
    assert is_named
    assert 0 < lower < effect < strength["log_odds"] + 0.5
    assert 0.5 * strength["deal_count"] <= deals <= strength["deal_count"]
    best = demo_run.published(
        "select level from rep_strengths where rep_id = ? and dimension = 'industry' "
        "order by effect desc limit 1",
        strength["rep_id"],
    )
    assert best == [(strength["level"],)]


def test_the_guard_is_on_and_strengths_count_in_the_plan(demo_run):
    assert demo_run.published("select signal, is_on from strength_guard") == [("holds", True)]
    assert demo_run.published(
        "select count(*) > 100 from assignment_explanations where strength_value_amount <> 0"
    ) == [(True,)]


def test_the_starved_group_is_short_of_hours_in_every_month(demo_run, planted):
    short = demo_run.published(
        "select group_id, sum(missing_hours) from capacity_gaps group by 1 order by 2 desc"
    )
    assert short[0][0] == planted["starved_group_id"]
    # Far behind: more than twice as many hours are missing as in any other group.
    assert short[0][1] > 2 * short[1][1]
    months = demo_run.published(
        "select month, is_short, missing_hours, needed_hours - available_hours from capacity_gaps "
        "where group_id = ? order by 1",
        planted["starved_group_id"],
    )
    assert len(months) == 12
    assert all(is_short for _, is_short, _, _ in months)
    assert all(missing == pytest.approx(gap) for _, _, missing, gap in months)


def test_the_overspent_group_and_no_other_is_over_budget(demo_run, planted):
    verdicts = demo_run.published(
        "select group_id, expected_cost_amount - budget_amount, over_budget_amount "
        "from budget_check where verdict = 'over budget'"
    )
    assert [group for group, _, _ in verdicts] == [planted["overspent_group_id"]]
    assert verdicts[0][1] == pytest.approx(verdicts[0][2])
    assert verdicts[0][2] > 0


def test_planted_faults_are_set_aside_with_their_reason(demo_run, planted):
    faults = planted["faults"]
    for fault, reason in (
        ("no_account_opportunity_ids", "account_id_missing"),
        ("closed_before_created_opportunity_ids", "closed_before_created"),
        ("unreadable_amount_opportunity_ids", "cell_unreadable"),
    ):
        aside = demo_run.warehouse(
            "select opportunity_id from staging.quarantined_crm__opportunities "
            "where quarantine_reason = ? order by 1",
            reason,
        )
        assert [opportunity for (opportunity,) in aside] == faults[fault]
    names = demo_run.warehouse(
        "select name from staging.stg_crm__accounts where account_id in (select unnest(?))",
        faults["no_break_space_account_ids"],
    )
    assert len(names) == len(faults["no_break_space_account_ids"])
    assert not any("\u00a0" in name for (name,) in names)


def test_an_override_binds_until_it_expires(demo_run):
    overrides = demo_run.warehouse(
        "select account_id, rep_id, action, expires_on from raw.overrides"
    )
    [(as_of,)] = demo_run.warehouse("select as_of_on from intermediate.int_company__calendar")
    assert {expires < as_of for *_, expires in overrides} == {True, False}
    for account, rep, action, expires in overrides:
        [(chosen, is_locked, why)] = demo_run.published(
            "select rep_id, is_locked, lock_reason from coverage_assignments where account_id = ?",
            account,
        )
        if expires < as_of:
            assert not (why or "").startswith("override"), account
        else:
            assert is_locked, account
            assert why.startswith("override"), account
            assert (chosen == rep) == (action == "married"), account


# Public data: what a plan says where there is little or no evidence.


def test_without_a_signal_about_reps_no_strength_is_claimed(maven_run):
    assert maven_run.published("select signal, is_on, multiplier from strength_guard") == [
        ("none", False, 0.0)
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
    weighed = maven_run.warehouse("select distinct rep_id from marts.coverage_candidates")
    assert set(newcomers) & set(weighed)


def test_where_every_deal_is_won_strengths_are_not_estimable(adventureworks_run):
    assert adventureworks_run.published("select signal, is_on, slope from strength_guard") == [
        ("not_estimable", False, None)
    ]
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


# Bad input and bad plans stop the run and leave everything as it was.


@dataclass(frozen=True)
class Stopped:
    """A run that should have stopped, with the state before and after it."""

    run: Any
    before: dict[str, str]
    after: dict[str, str]
    raw_before: dict[str, Any]
    raw_after: dict[str, Any]


def read_rows(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def spoilt(path: Path, spoil: Callable[[Rows], Rows]) -> Iterator[None]:
    good = path.read_bytes()
    write_rows(path, spoil(read_rows(path)))
    try:
        yield
    finally:
        path.write_bytes(good)


def without_ids(rows: Rows) -> Rows:
    return [{name: row[name] for name in row if name != "account_id"} for row in rows]


def with_doubles(rows: Rows) -> Rows:
    return rows + rows[:3]


def all_gone(rows: Rows) -> Rows:
    return [row | {"termination_date": "2026-06-29"} for row in rows]


SPOILT_INPUTS = {
    "ids_dropped": ("accounts.csv", without_ids),
    "ids_doubled": ("accounts.csv", with_doubles),
    "everybody_gone": ("employees.csv", all_gone),
}

# The solver's answer is tampered with, as a fault in the optimiser would.
WRONG_PLAN = """
import sys
from optimization.coverage import plan

solve = plan.solve_coverage

def solve_wrongly(*arguments):
    made = solve(*arguments)
    made.assignments.loc[0, "value_amount"] += 1000.0
    return made

plan.solve_coverage = solve_wrongly
from dagster_project.refresh import main
sys.exit(main())
"""


def readable_state(home: Path) -> dict[str, str]:
    """What readers can see: every file by its content, every link by its target."""
    state = {}
    for folder in ("published", "plans"):
        for path in sorted((home / folder).rglob("*")):
            name = path.relative_to(home).as_posix()
            if path.is_symlink():
                state[name] = path.readlink().as_posix()
            elif path.is_file():
                state[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return state


def raw_state(run: Any) -> dict[str, Any]:
    """The accepted tables, each by its rows."""
    return {
        table: run.warehouse(f"select count(*), sum(hash(t)) from raw.{table} as t")
        for table in (*LANDING, *POLICY_TABLES, "_accepted")
    }


@pytest.fixture(scope="module")
def trials(
    demo_run: Any, run_refresh: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """On a copy of the demo home: spoilt inputs, a wrong plan, and at last the mended input."""
    home = tmp_path_factory.mktemp("trials") / "home"
    shutil.copytree(demo_run.home, home, symlinks=True)
    data = home / "demo" / "demo"

    def stopped(before: dict[str, str], raw: dict[str, Any], *arguments: Any) -> Stopped:
        run = run_refresh(demo_run.company, home, *arguments)
        return Stopped(run, before, readable_state(home), raw, raw_state(run))

    before, raw = readable_state(home), raw_state(demo_run)
    ended: dict[str, Any] = {}
    for case, (file, spoil) in SPOILT_INPUTS.items():
        with spoilt(data / file, spoil):
            ended[case] = stopped(before, raw)
    ended["wrong_plan"] = stopped(before, raw, ("-c", WRONG_PLAN))
    ended["mended"] = run_refresh(demo_run.company, home)
    return ended


@pytest.mark.parametrize("case", [*SPOILT_INPUTS, "wrong_plan"])
def test_a_stopped_run_leaves_the_published_plan_as_it_was(trials, case):
    stopped = trials[case]
    assert stopped.run.code == 1
    assert "published/coverage.duckdb" in stopped.before
    assert stopped.after == stopped.before
    assert f"The last good plan is still in {stopped.run.published_path}" in stopped.run.verdict


@pytest.mark.parametrize("case", SPOILT_INPUTS)
def test_a_refused_pull_leaves_the_accepted_tables_as_they_were(trials, case):
    stopped = trials[case]
    assert stopped.raw_after == stopped.raw_before


def test_a_missing_key_column_is_named_with_its_file_and_the_fix(trials):
    verdict = trials["ids_dropped"].run.verdict
    assert "accounts.csv" in verdict
    assert "required column 'account_id' has no source" in verdict
    assert "map it under source.tables.accounts.columns" in verdict


def test_doubled_accounts_are_named_with_rule_keys_and_fix(trials):
    verdict = trials["ids_doubled"].run.verdict
    assert "account_id_is_unique" in verdict
    assert "6 of 603 rows (e.g. A00001, A00002, A00003)" in verdict
    assert "Fix: Map account_id to the record's id" in verdict


def test_a_staff_without_anybody_to_cover_is_named_with_rule_and_fix(trials):
    verdict = trials["everybody_gone"].run.verdict
    assert "employees" in verdict
    assert "active_covering_rep_exists" in verdict
    assert "Fix: List the roles that cover accounts under capacity.covering_roles" in verdict


def test_a_stopped_run_tells_no_name_and_no_pay_of_an_employee(trials):
    for case in (*SPOILT_INPUTS, "wrong_plan"):
        run = trials[case].run
        people = read_rows(run.home / "demo" / "demo" / "employees.csv")
        said = run.stdout + run.stderr
        for person in people:
            assert person["name"] not in said, case
            assert person["base_pay"] not in said, case


def test_a_plan_that_breaks_a_rule_is_found_out_and_says_which(trials):
    verdict = trials["wrong_plan"].run.verdict
    assert "coverage_plan_keeps_every_rule" in verdict
    [(account,)] = trials["wrong_plan"].run.warehouse(
        "select account_id from plan.coverage_assignments order by 1 limit 1"
    )
    assert account in verdict


def test_the_mended_input_gives_the_same_plan_again_to_the_byte(demo_run, trials):
    mended = trials["mended"]
    assert mended.code == 0, mended.verdict
    assert mended.manifest["plan_id"] == demo_run.manifest["plan_id"]
    assert mended.manifest["input_hashes"] == demo_run.manifest["input_hashes"]
    hashes, first = mended.manifest["tables"], demo_run.manifest["tables"]
    different = [name for name in PLAN_CONTENT if hashes[name] != first[name]]
    assert different == []
    assert set(PLAN_TABLES) < set(PLAN_CONTENT)


def test_only_published_runs_enter_the_history(demo_run, trials):
    runs = trials["mended"].published("select run_id, plan_id from plan_runs")
    assert len(runs) == len(set(runs)) == 2
    assert set(demo_run.published("select run_id, plan_id from plan_runs")) < set(runs)
