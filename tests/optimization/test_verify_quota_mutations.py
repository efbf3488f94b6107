"""Each published column of a quota plan is changed: the verifier objects, or a reason is given."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from optimization.tables import QuotaPlan

from .cases import changed
from .quota_case import context, in_force, planned, said
from .test_verify_mutations import COLUMNS as COLUMNS_OF_COVERAGE
from .test_verify_mutations import DESCRIPTIVE as OF_COVERAGE

# Columns that no table could refute, and why.
DESCRIPTIVE = {
    ("buffer_advice", "evidence"): "in words: years of history, and what growth was found",
    ("pair_month_values", "sd_amount"): "chance of single deals, whose values no table holds",
}
COLUMNS = [
    (table, column)
    for table, names in {
        "company_targets": "revenue_type goal_amount buffer_amount won_amount target_amount "
        "quota_amount unallocated_amount",
        "group_targets": "group_id month revenue_type target_amount quota_amount",
        "quota_allocations": "rep_id group_id month revenue_type quota_amount figure_period",
        "rep_quotas": "rep_id group_id coverer_type quota_amount idle_quota_amount "
        "fair_share_amount expected_amount sd_amount hardness last_quota_amount change_rate "
        "book_change_rate taken_over_rate first_year_limit_amount year_on_year_verdict "
        "ote_verdict figure_period",
        "expected_bookings": "rep_id group_id month revenue_type expected_amount pipeline_amount",
        "pair_month_values": "account_id rep_id month revenue_type expected_amount sd_amount",
        "quota_transfers": "account_id from_rep_id to_rep_id revenue_type quota_amount",
        "quota_rollups": "rep_id role group_id credit_rate rolled_up_amount quota_amount",
        "attainment_outlook": "level entity_id over_assignment_rate target_amount "
        "expected_amount low_amount high_amount sd_amount probability chance_verdict "
        "top_account_rate effort_response is_default",
        "buffer_advice": "level entity_id company_buffer_rate over_assignment_rate stacked_rate "
        "is_stacked_too_high wanted_probability probability_without_buffer probability "
        "smallest_rate reps_at_quota_rate is_attainment_usual attainment_spread "
        "effort_response evidence sentence",
        "budget_check": "group_id people_count budget_amount base_cost_amount "
        "expected_variable_amount p90_variable_amount hiring_amount partner_margin_amount "
        "training_amount expected_cost_amount p90_cost_amount over_budget_amount "
        "p90_over_budget_amount verdict sentence",
        "budget_cuts": "group_id cut saving_amount margin_cost_amount is_chosen",
    }.items()
    for column in names.split()
]


@pytest.fixture(scope="module")
def plans():
    """A plan of a whole year, and one of quotas in force, each with what was known."""
    return {
        "year": (planned(context()), context()),
        "in force": (planned(in_force()), in_force()),
    }


def test_every_column_of_a_quota_plan_is_tried(plans):
    plan, _ = plans["year"]
    known = {(f.name, c) for f in fields(QuotaPlan) for c in getattr(plan, f.name).columns}
    assert known == set(COLUMNS)
    assert set(DESCRIPTIVE) <= set(COLUMNS)
    told, tried = len(DESCRIPTIVE) + len(OF_COVERAGE), len(COLUMNS) + len(COLUMNS_OF_COVERAGE)
    assert told <= 0.05 * tried


def test_both_plans_are_sound(plans):
    for plan, known in plans.values():
        assert said(plan, known) == []


@pytest.mark.parametrize(("table", "column"), [pair for pair in COLUMNS if pair not in DESCRIPTIVE])
def test_a_changed_cell_of_a_quota_plan_is_refused(plans, table, column):
    plan, known = plans["in force" if table == "quota_transfers" else "year"]
    frame = getattr(plan, table)
    held = frame.index[frame[column].notna()]
    if table == "pair_month_values":
        # What nobody covers is in no other table of the plan.
        held = frame.index[frame["rep_id"] != "__house__"]
    assert len(held), f"{table}.{column} is empty: the company must have cells to change"
    for at in {held[0], held[-1]}:
        broken = frame.copy()
        broken[column] = broken[column].astype(object)
        broken.loc[at, column] = changed(frame.loc[at, column], column)
        tampered = replace(plan, **{table: broken.infer_objects()})
        assert said(tampered, known), f"row {at}"
