"""The verifier catches each broken rule on its own, from the tables alone."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import optimization.verify.coverage as verifier
import optimization.verify.gains as gains
import optimization.verify.limits as limits
import optimization.verify.pairs as pairs
import optimization.verify.proof as proof
import optimization.verify.tables as tables
from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy

from .cases import violations

POLICY = CoveragePolicy(move_budget_rate=0.4, mip_gap=0.0)
CHEAP = replace(POLICY, overtime_amount_per_hour=5.0)


@pytest.fixture(scope="module")
def company(tiny_company):
    return tiny_company.limit("R002", max_accounts=1).lock("A0003", "keep")


@pytest.fixture(scope="module")
def plan(company):
    return solve_coverage(*company.frames, POLICY)


def cell(table, column, value, row=0):
    """A break: set one cell of one table of the plan."""

    def apply(plan):
        frame = getattr(plan, table).copy()
        frame[column] = frame[column].astype(object)
        frame.loc[row, column] = value
        return replace(plan, **{table: frame.infer_objects()})

    return apply


def reassign(account, rep):
    """A break: hand an account to another coverer, with the pair's own hours and value."""

    def apply(plan, company):
        pair = company.candidates.query("account_id == @account and rep_id == @rep").iloc[0]
        table, explained = plan.assignments.copy(), plan.explanations.copy()
        at = table["account_id"] == account
        table.loc[at, ["rep_id", "hours", "value_amount"]] = [rep, pair.hours, pair.value_amount]
        table.loc[at, "is_moved"] = rep != "R001"
        explained.loc[at, "rep_id"] = rep
        return replace(plan, assignments=table, explanations=explained)

    return apply


def rows(table, pick):
    """A break: keep or repeat some rows of a table."""
    return lambda plan: replace(plan, **{table: pick(getattr(plan, table))})


REASSIGNED = {
    "more hours than capacity and than today: R002": ("A0002", "R002"),
    "more accounts than max_accounts and than today: R002": ("A0002", "R002"),
    "move budget: 2 moves by choice, 1 allowed": ("A0002", "__house__"),
    "lock is not obeyed: A0003": ("A0003", "__house__"),
    "change is not listed: A0002": ("A0002", "R002"),
    "change is listed, not made: A0001": ("A0001", "R001"),
    "objective is 3,150.00, the rows add up to 2,700.00": ("A0001", "R001"),
}

TAMPERED = {
    "hours_after is not the sum of the accounts: R001": cell("rep_loads", "hours_after", 1.0),
    "accounts_before is not the sum of the accounts: R001": rows("rep_loads", lambda t: t.iloc[1:]),
    "plan: no coverer: A0002": rows("assignments", lambda t: t.drop(index=1)),
    "plan: more than one coverer: A0003": rows(
        "assignments", lambda t: pd.concat([t, t.tail(1)], ignore_index=True)
    ),
    "plan: unknown account: A9": cell("assignments", "account_id", "A9"),
    "plan: pair is not eligible: A0001": cell("assignments", "rep_id", "R9"),
    "explanations: no coverer: A0001": rows("explanations", lambda t: t.iloc[1:]),
    "hours is not the pair's: A0001": cell("assignments", "hours", 9.0),
    "value_amount is not the pair's: A0001": cell("assignments", "value_amount", 9.0),
    "new_amount is not the pair's: A0001": cell("assignments", "new_amount", 9.0),
    "group_id is not the coverer's: A0001": cell("assignments", "group_id", "other"),
    "is_moved is wrong: A0001": cell("assignments", "is_moved", False),
    "is_forced_move is wrong: A0001": cell("assignments", "is_forced_move", True),
    "is_locked is wrong: A0001": cell("assignments", "is_locked", True),
    "present_rep_id is not the account's: A0001": cell("assignments", "present_rep_id", "R002"),
    "owner_source is not the account's: A0001": cell("assignments", "owner_source", "last_plan"),
    "family_id is not the account's: A0001": cell("assignments", "family_id", "F"),
    "previous_rep_id is not the owner of record: A0001": cell(
        "assignments", "previous_rep_id", "R002"
    ),
    "change is not listed: A0001": rows("changes", lambda t: t.iloc[:0]),
    "change is listed twice: A0001": rows("changes", lambda t: pd.concat([t, t])),
    "change names other coverers than the plan: A0001": cell("changes", "to_rep_id", "R001"),
    "value_gain_amount is not the change's: A0001": cell("changes", "value_gain_amount", 9.0),
    "disruption_amount is not the change's: A0001": cell("changes", "disruption_amount", 9.0),
    "reason is not the change's: A0001": cell("changes", "reason", "capacity"),
    "the runner-up is not the next best: A0001": cell(
        "explanations", "runner_up_net_score_amount", 9.0
    ),
    "the runner-up does not score that: A0001": cell("explanations", "runner_up_rep_id", "R9"),
    "interval_low_amount is not the pair's: A0001": cell(
        "explanations", "interval_low_amount", 9.0
    ),
    "interval_high_amount is not the pair's: A0001": cell(
        "explanations", "interval_high_amount", 9.0
    ),
    "explains another coverer: A0001": cell("explanations", "rep_id", "R001"),
    "strength_value_amount is not the pair's: A0001": cell(
        "explanations", "strength_value_amount", 1.0
    ),
    "hours_price_amount is not the price paid: A0001": cell(
        "explanations", "hours_price_amount", 1.0
    ),
    "parts do not add up to the net score: A0001": cell("explanations", "net_score_amount", 1.0),
    "score difference is wrong: A0001": cell("explanations", "score_difference_amount", 1.0),
    "shadow price is negative: accounts of R002": cell(
        "shadow_prices", "shadow_price_amount", -1.0
    ),
    "use or capacity of a limit is wrong: accounts of R002": cell("shadow_prices", "used", 9.0),
    "use or capacity of a limit is wrong: moves of the company": cell(
        "shadow_prices", "capacity", 9.0, row=3
    ),
    "limit is not published: moves of the company": rows(
        "shadow_prices", lambda t: t[t["rule"] != "moves"]
    ),
    "limit is published, not stated: accounts of R9": cell("shadow_prices", "rep_id", "R9"),
    "limit of an unknown rule: magic of R002": cell("shadow_prices", "rule", "magic"),
    "lock is not listed: A0003": rows("lock_costs", lambda t: t.iloc[:0]),
    "lock is listed twice: A0003": rows(
        "lock_costs", lambda t: pd.concat([t, t], ignore_index=True)
    ),
    "lock is listed, not stated: A0002": cell("lock_costs", "account_id", "A0002"),
    "cost of a lock is wrong: A0003": cell("lock_costs", "cost_amount", 9999.0),
    "objective is 4,000.00, the rows add up to 3,150.00": cell(
        "certificate", "objective_amount", 4000.0
    ),
    "overtime_hours is 9.00, the rows say 0.00": cell("certificate", "overtime_hours", 9.0),
    "overtime_amount is 9.00, the rows say 0.00": cell("certificate", "overtime_amount", 9.0),
    "today's coverage is said to be worth 9.00, it adds up to 2,700.00": cell(
        "certificate", "as_is_objective_amount", 9.0
    ),
    "bound 3,000.00 lies below the objective 3,150.00": cell("certificate", "bound_amount", 3000.0),
    "bound_amount is 9,999.00, the shadow prices prove 3,150.00": cell(
        "certificate", "bound_amount", 9999.0
    ),
    "solver_bound_amount is 9,999.00, not between the plan and its bound": cell(
        "certificate", "solver_bound_amount", 9999.0
    ),
    "solver_gap_rate is 0.500000, its bound says 0.000000": cell(
        "certificate", "solver_gap_rate", 0.5
    ),
    "status is lucky, neither optimal nor feasible": cell("certificate", "status", "lucky"),
    "a gap of 0.0": lambda plan: cell("certificate", "solver_bound_amount", 3300.0)(
        cell("certificate", "bound_amount", 3300.0)(plan)
    ),
    "gap is -0.500000, bound and objective say 0.000000": cell("certificate", "gap_rate", -0.5),
    "gain is 1.00, the difference to today is 450.00": cell("certificate", "gain_amount", 1.0),
    "gain_amount over as_is is 9.00, the pairs say 450.00": cell("gains", "gain_amount", 9.0),
    "gain_low_amount over as_is is 9.00": cell("gains", "gain_low_amount", 9.0),
    "gain_high_amount over as_is_repaired is 9.00": cell("gains", "gain_high_amount", 9.0, row=1),
    "is_default of the gain over as_is is wrong": cell("gains", "is_default", True),
    "gains are over other, as_is_repaired": cell("gains", "baseline", "other"),
    "repaired_rep_id is no coverer of the account: A0001": cell(
        "assignments", "repaired_rep_id", "R9"
    ),
    "the repair takes an account from an owner who may keep it: A0001": cell(
        "assignments", "repaired_rep_id", "R002"
    ),
    "the bridge has other steps than from today to the plan": cell("bridge", "step", "luck"),
    "a step of the bridge is not what the pairs say: better_match": cell(
        "bridge", "amount", 9.0, row=8
    ),
    "a step of the bridge counts other accounts: better_match": cell(
        "bridge", "account_count", 9, row=8
    ),
    "the bridge does not add up at: as_is": cell("bridge", "running_amount", 9.0),
    "certificate says moved_count 7, the plan 1": cell("certificate", "moved_count", 7),
    "certificate says uncovered_count 7, the plan 0": cell("certificate", "uncovered_count", 7),
}


def test_a_good_plan_has_no_violations(company, plan):
    assert plan.assignments["rep_id"].tolist() == ["R002", "R001", "R001"]
    assert violations(company, POLICY, plan) == []


@pytest.mark.parametrize("violation", TAMPERED)
def test_a_tampered_table_is_caught(company, plan, violation):
    found = violations(company, POLICY, TAMPERED[violation](plan))
    assert any(text.startswith(violation) for text in found), found


@pytest.mark.parametrize("violation", REASSIGNED)
def test_a_plan_that_breaks_a_rule_is_caught(company, plan, violation):
    changed = reassign(*REASSIGNED[violation])(plan, company)
    found = violations(company, POLICY, changed)
    assert any(text.startswith(violation) for text in found), found


@pytest.fixture(scope="module")
def overloaded(tiny_company):
    """R001 has 10 hours, needs 20 for A0001 and A0002 today; A0003 is vacant, R002 has no time."""
    company = tiny_company.vacant(["A0003"]).limit("R001", capacity_hours=10.0)
    return company.limit("R002", capacity_hours=0.0)


@pytest.fixture(scope="module")
def overloaded_plan(overloaded):
    return solve_coverage(*overloaded.frames, CHEAP)


def test_a_rep_as_overloaded_as_today_is_accepted_and_an_account_more_is_caught(
    overloaded, overloaded_plan
):
    plan = overloaded_plan
    assert plan.assignments["rep_id"].tolist() == ["R001", "R001", "__house__"]
    assert violations(overloaded, CHEAP, plan) == []
    found = violations(overloaded, CHEAP, reassign("A0003", "R001")(plan, overloaded))
    assert "more hours than capacity and than today: R001" in found
    assert "overtime_hours is 10.00, the rows say 20.00" in found


def test_overtime_left_out_of_the_objective_or_of_the_bound_is_caught(overloaded, overloaded_plan):
    free = cell("certificate", "objective_amount", 2300.0)(overloaded_plan)
    found = violations(overloaded, CHEAP, free)
    # 900 + 900 + 500 less 10 hours at 5
    assert "objective is 2,300.00, the rows add up to 2,250.00" in found
    loose = cell("certificate", "bound_amount", 2300.0)(overloaded_plan)
    found = violations(overloaded, CHEAP, loose)
    assert "bound_amount is 2,300.00, the shadow prices prove 2,250.00" in found


def test_the_house_never_lacks_hours_whatever_its_row_says(tiny_company):
    company = tiny_company.limit("__house__", capacity_hours=0.0).leaves("R001").leaves("R002")
    company = replace(company, candidates=company.candidates.assign(hours=10.0))
    certificate = solve_coverage(*company.frames, POLICY).certificate
    assert certificate["uncovered_count"].item() == 3
    assert certificate["overtime_hours"].item() == 0


def test_the_verifier_shares_no_code_with_the_models():
    imported = set()
    for module in (verifier, gains, limits, pairs, proof, tables):
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        imported |= {n.module for n in tree.body if isinstance(n, ast.ImportFrom)}
        imported |= {a.name for n in tree.body if isinstance(n, ast.Import) for a in n.names}
    assert imported == {
        "__future__",
        "collections.abc",
        "dataclasses",
        "typing",
        "numpy",
        "pandas",
        "optimization.errors",
        "optimization.newcomers",
        "optimization.policy",
        # The one check of pairs that nobody listed: too many to value a second time.
        "optimization.values.pairs",
        "optimization.values.tables",
        "optimization.verify.every_pair",
        "optimization.verify.gains",
        "optimization.verify.hiring",
        "optimization.verify.limits",
        "optimization.verify.pairs",
        "optimization.verify.proof",
        "optimization.verify.reports",
        "optimization.verify.tables",
    }
