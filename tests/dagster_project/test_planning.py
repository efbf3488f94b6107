"""Planning as a step: an error of the optimiser ends the run in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.company.load import load_company
from dagster_project.defs.planning import _stop
from dagster_project.planning.coverage import unfit_to_publish
from dagster_project.transform.build import build_models, failing_records
from dagster_project.transform.check import create_empty_sources
from dagster_project.warehouse.duckdb_file import Warehouse
from optimization.errors import InfeasibleError, Shortfall


def test_a_planning_error_becomes_a_failed_step_that_is_not_tried_again():
    error = InfeasibleError([Shortfall("hours over the limit", "rep E1", 12.0, "hours", "Unlock.")])
    failure = _stop(error)
    assert not failure.allow_retries
    assert "published plan stays as it is" in failure.description
    assert "rep E1" in failure.description
    assert "rep E1" in str(failure.metadata["shortfalls"].value)


def test_tables_of_two_plans_are_not_published_together(warehouse, demo_company):
    create_empty_sources(warehouse)
    with warehouse.connect() as connection:
        connection.execute(
            "insert into plan.plan_changes (plan_id, account_id) values ('old', 'A1')"
        )
    assert unfit_to_publish(warehouse, load_company(demo_company), "new") == [
        "plan.plan_changes belongs to plan old, not to new"
    ]


@pytest.fixture
def tested(tmp_path: Path) -> Callable[[str, str], list[str]]:
    """What a dbt test says of a warehouse made by a script: ``tested(name, script)``."""

    def run(name: str, script: str) -> list[str]:
        made = Warehouse(path=str(tmp_path / "warehouse.duckdb"))
        create_empty_sources(made)
        with made.connect() as connection:
            connection.execute("create schema intermediate; create schema marts;" + script)
        [result] = build_models(["--select", name], tmp_path / "target", Path(made.path))
        assert result.status == "warn"
        with made.connect() as connection:
            return failing_records(connection, result)[1]

    return run


def test_a_certification_rule_that_no_rep_fulfils_is_named_with_accounts_and_fix(tested):
    hard, soft = tested(
        "warn_certification_rules_cannot_be_met",
        "create table marts.coverage_coverers as "
        "select * from (values ('R1', 'rep'), ('P1', 'partner')) as t (rep_id, coverer_type);"
        # A leaver's certificate and a partner's help nobody.
        "create table intermediate.int_reps__certificates as select * from (values "
        "('R1', 'held'), ('GONE', 'safety'), ('P1', 'safety')) as t (rep_id, certification);"
        "create table intermediate.int_accounts__certificates as select * from (values "
        "('A1', 'held', 'hard'), ('A2', 'licence', 'soft'), "
        "('A8', 'safety', 'hard'), ('A7', 'safety', 'hard'), ('A6', 'safety', 'hard'), "
        "('A5', 'safety', 'hard'), ('A4', 'safety', 'hard'), ('A3', 'safety', 'hard')) "
        "as t (account_id, certification, mode)",
    )
    assert hard.startswith(
        "no rep holds 'safety', which a hard rule asks for 6 accounts (A3, A4, A5, A6, A7, ...): "
        "no rep may cover them. Certify somebody"
    )
    assert "soft rule asks for 1 account (A2): whoever covers them costs" in soft


def test_an_override_that_does_not_count_is_named_with_author_and_fix(tested):
    assert tested(
        "warn_overrides_do_not_count",
        "insert into raw.overrides (account_id, action, author, reason, expires_on) values "
        "('A1', 'release', 'Ann', 'open', '2026-06-30'), "
        "('A2', 'release', 'Ann', 'old', '2026-06-29'),"
        " ('A9', 'release', 'Bob', 'typo', '2026-12-31');"
        "create table intermediate.int_company__calendar as select date '2026-06-30' as as_of_on;"
        "create table marts.coverage_accounts as "
        "select * from (values ('A1'), ('A2')) as t (account_id)",
    ) == [
        "override on A2 (release, by Ann: old) does not count: it expired on 2026-06-29; renew or "
        "remove it",
        "override on A9 (release, by Bob: typo) does not count: no such account; correct or "
        "remove it",
    ]
