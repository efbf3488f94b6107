"""Planning as a step: an error of the optimiser ends the run in words."""

from __future__ import annotations

from dagster_project.company.load import load_company
from dagster_project.defs.planning import _stop
from dagster_project.planning.coverage import unfit_to_publish, unmet_certifications
from dagster_project.transform.check import create_empty_sources
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


def test_a_certification_rule_that_no_rep_fulfils_is_named_with_accounts_and_fix(warehouse):
    with warehouse.connect() as connection:
        connection.execute(
            "create schema intermediate; create schema marts;"
            "create table marts.coverage_coverers as "
            "select * from (values ('R1', 'rep'), ('P1', 'partner')) as t (rep_id, coverer_type);"
            # A leaver's certificate and a partner's help nobody.
            "create table intermediate.int_reps__certificates as select * from (values "
            "('R1', 'held'), ('GONE', 'safety'), ('P1', 'safety')) as t (rep_id, certification);"
            "create table intermediate.int_accounts__certificates as select * from (values "
            "('A1', 'held', 'hard'), ('A2', 'licence', 'soft'), "
            "('A8', 'safety', 'hard'), ('A7', 'safety', 'hard'), ('A6', 'safety', 'hard'), "
            "('A5', 'safety', 'hard'), ('A4', 'safety', 'hard'), ('A3', 'safety', 'hard')) "
            "as t (account_id, certification, mode)"
        )
    hard, soft = unmet_certifications(warehouse)
    assert hard.startswith(
        "no rep holds 'safety', which a hard rule asks for 6 accounts (A3, A4, A5, A6, A7, ...): "
        "no rep may cover them. Certify somebody"
    )
    assert "soft rule asks for 1 account (A2): whoever covers them costs" in soft
