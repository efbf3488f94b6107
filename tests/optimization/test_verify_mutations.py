"""Each published column of a plan is changed in turn: the verifier objects, or says why not."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy
from optimization.tables import CoveragePlan

from .cases import changed, violations

POLICY = CoveragePolicy(
    move_budget_rate=0.4, mip_gap=0.0, balance_band_rate=0.2, balance_price_rate=0.01
)
# Columns that no table could refute, and why.
DESCRIPTIVE = {
    ("certificate", "solver"): "name of the program, a fact of the run",
    ("certificate", "solver_version"): "its version, a fact of the run",
    ("certificate", "options"): "what it was told, a fact of the run",
    ("explanations", "binding_rule"): "in words; the prices that decide are checked",
    ("explanations", "sentence"): "in words; every amount of the row is checked",
    ("lock_costs", "sentence"): "in words; every amount of the row is checked",
}
# test_every_pair.py and test_hiring.py change these, in companies that value pairs.
VALUED = ("pairs", "hiring_advice", "hiring_changes")


@pytest.fixture(scope="module")
def company(tiny_company):
    locked = tiny_company.limit("R002", max_accounts=1).lock("A0003", "keep")
    return locked.limit("R001", capacity_hours=15.0)


@pytest.fixture(scope="module")
def plan(company):
    return solve_coverage(*company.frames, POLICY)


COLUMNS = [
    (field.name, column)
    for field in fields(CoveragePlan)
    if field.name not in VALUED
    for column in {
        "assignments": "account_id rep_id coverer_type group_id previous_rep_id present_rep_id "
        "owner_source repaired_rep_id is_moved is_forced_move is_locked lock_reason hours "
        "value_amount new_amount existing_amount unserved_amount",
        "explanations": "account_id rep_id segment_value_amount strength_value_amount "
        "cost_to_serve_amount absence_amount disruption_amount soft_rule_amount hours_price_amount "
        "count_price_amount move_price_amount balance_price_amount other_price_amount "
        "net_score_amount runner_up_rep_id runner_up_net_score_amount score_difference_amount "
        "binding_rule interval_low_amount interval_high_amount sentence",
        "changes": "account_id from_rep_id to_rep_id reason value_gain_amount disruption_amount",
        "certificate": "objective_amount bound_amount gap_rate solver_bound_amount "
        "solver_gap_rate status solver solver_version seed options account_count candidate_count "
        "eligible_count moved_count chosen_move_count move_limit uncovered_count overtime_hours "
        "overtime_amount as_is_objective_amount gain_amount rows_at_bound_count sentence",
        "gains": "baseline is_default gain_amount gain_low_amount gain_high_amount sentence",
        "bridge": "step_number step account_count amount running_amount sentence",
        "shadow_prices": "rule rep_id group_id shadow_price_amount used capacity slack_limit "
        "slack_price_amount unit",
        "lock_costs": "account_id lock_action rep_id lock_source lock_reason better_rep_id "
        "cost_amount resolved_cost_amount sentence",
        "rep_loads": "rep_id coverer_type group_id capacity_hours accounts_before accounts_after "
        "hours_before hours_after value_before_amount value_after_amount potential_share_amount "
        "potential_before_amount potential_after_amount",
    }[field.name].split()
]


def test_every_column_of_a_plan_is_tried(plan):
    tried = [field.name for field in fields(plan) if field.name not in VALUED]
    known = {(name, column) for name in tried for column in getattr(plan, name).columns}
    assert known - set(COLUMNS) == {("assignments", "family_id")}, "tried with families elsewhere"
    assert set(DESCRIPTIVE) <= set(COLUMNS)
    assert len(DESCRIPTIVE) <= 0.06 * len(COLUMNS)


MESSAGES = {
    ("shadow_prices", "unit"): "unit of a limit is wrong",
    ("shadow_prices", "group_id"): "group of a limit is not its coverer's",
    ("rep_loads", "coverer_type"): "coverer_type of a load is not the coverer's",
    ("rep_loads", "capacity_hours"): "capacity_hours of a load is not the coverer's",
    ("rep_loads", "potential_share_amount"): "potential_share_amount is not the share of hours",
    ("lock_costs", "lock_reason"): "reason of a lock is wrong",
    ("lock_costs", "lock_source"): "source of a lock is wrong",
    ("lock_costs", "better_rep_id"): "better_rep_id of a lock is wrong",
    ("lock_costs", "resolved_cost_amount"): "a lock costs more solved again than at most",
    ("certificate", "sentence"): "a sentence of certificate holds a number that its row does not",
    ("bridge", "amount"): "the bridge does not lead to",
}


@pytest.mark.parametrize(("table", "column"), MESSAGES)
def test_the_verifier_says_what_is_wrong(company, plan, table, column):
    frame = getattr(plan, table)
    held = frame.index[frame[column].notna()]
    for at in held if len(held) else frame.index[:1]:
        broken = frame.copy()
        broken[column] = broken[column].astype(object)
        broken.loc[at, column] = changed(frame.loc[at, column], column)
        tampered = replace(plan, **{table: broken.infer_objects()})
        found = violations(company, POLICY, tampered)
        if any(MESSAGES[table, column] in text for text in found):
            return
    raise AssertionError(found)


def repaired(plan, account, rep):
    table = plan.assignments.copy()
    table.loc[table["account_id"] == account, "repaired_rep_id"] = rep
    return replace(plan, assignments=table)


def test_a_baseline_that_is_no_repair_is_refused(tiny_company):
    vacant = tiny_company.vacant(["A0002"], "leaver").limit("R002", capacity_hours=5.0)
    group = vacant.coverers.set_index("rep_id")["group_id"]["R001"]
    owners = vacant.accounts.assign(owner_group_id=group)
    company = replace(vacant, accounts=owners)
    plan = solve_coverage(*company.frames, POLICY)
    found = violations(company, POLICY, repaired(plan, "A0002", "R002"))
    assert "the repair goes beyond the hours of: R002" in found
    away = replace(company, accounts=owners.assign(owner_group_id="elsewhere"))
    plan = solve_coverage(*away.frames, POLICY)
    found = violations(away, POLICY, repaired(plan, "A0002", "R001"))
    assert "the repair leaves the owner's group: A0002" in found
    pairs = company.candidates.copy()
    at = (pairs["account_id"] == "A0002") & (pairs["rep_id"] == "R001")
    pairs.loc[at, "forbidden_reason"] = "no certificate x"
    barred = replace(company, candidates=pairs)
    plan = solve_coverage(*barred.frames, POLICY)
    found = violations(barred, POLICY, repaired(plan, "A0002", "R001"))
    assert "the repair gives a forbidden pair: A0002" in found


def test_a_solver_s_bound_that_a_single_move_beats_is_refused(tiny_company):
    still = replace(POLICY, move_budget_rate=0.0)
    kept = solve_coverage(*tiny_company.frames, still)
    found = violations(tiny_company, POLICY, kept)
    assert any(
        text.startswith("a single move gains more than the solver's bound allows: A0001")
        for text in found
    ), found


def test_a_plan_called_optimal_beyond_the_wanted_gap_is_refused(company, plan):
    worth = plan.certificate["objective_amount"].iloc[0]
    wide = plan.certificate.assign(
        bound_amount=worth * 1.1,
        gap_rate=0.1 / 1.1,
        solver_bound_amount=worth * 1.1,
        solver_gap_rate=0.1 / 1.1,
    )
    found = violations(company, POLICY, replace(plan, certificate=wide))
    assert any(text.endswith(": 0.000000 is accepted") for text in found), found


@pytest.mark.parametrize(("table", "column"), [pair for pair in COLUMNS if pair not in DESCRIPTIVE])
def test_a_changed_cell_is_refused(company, plan, table, column):
    frame = getattr(plan, table)
    assert len(frame), f"{table} is empty: the company must have rows to change"
    held = frame.index[frame[column].notna()]
    at = held[0] if len(held) else frame.index[0]
    broken = frame.copy()
    broken[column] = broken[column].astype(object)
    broken.loc[at, column] = changed(frame.loc[at, column], column)
    tampered = replace(plan, **{table: broken.infer_objects()})
    assert violations(company, POLICY, tampered)
