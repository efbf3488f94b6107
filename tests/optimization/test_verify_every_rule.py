"""Each rule has a plan that breaks it and is caught; a rule or a message without one fails here."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import optimization.verify.limits as limits
from optimization.coverage.problem import rules
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy

from .cases import HOUSE, violations, with_pairs

POLICY = CoveragePolicy(
    move_budget_rate=0.3,
    mip_gap=0.0,
    overtime_amount_per_hour=50.0,
    move_budget_amount_rate=0.3,
    rep_move_rate=0.5,
    group_move_rates=(("group_0", 0.4),),
    balance_band_rate=0.1,
    balance_price_rate=0.05,
    ote_price_rate=0.05,
    min_load_rate=0.8,
    partner_budgets=(("R004", 500.0),),
)
# A rule, the coverer that takes whatever it may cover, and what the verifier says of that. What
# exceeds a soft rule is no break: leaving its price out of the plan's worth is.
BREAKS = {
    "hours": ("R001", "more hours than capacity and than today: R001"),
    "accounts": ("R001", "more accounts than max_accounts and than today: R001"),
    "moves": (HOUSE, "move budget: "),
    "moved_amount": (HOUSE, "more potential moved by choice than the budget: the company"),
    "group_moves": (HOUSE, "more moves than the group's budget: group_0"),
    "rep_moves": (HOUSE, "more moves than a rep may lose: R00"),
    "partner_budget": ("R004", "more margin than the partner's budget and than today: R004"),
    "balance_high": ("R001", "objective is "),
    "balance_low": (HOUSE, "objective is "),
    "ote_high": ("R001", "objective is "),
    "ote_low": (HOUSE, "objective is "),
    "min_hours": (HOUSE, "objective is "),
}
TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def company(random_company):
    company = random_company(7, accounts=16, reps=4, candidates=4, max_accounts=5)
    company = company.limit("R004", coverer_type="partner")
    is_rep = company.coverers["coverer_type"] == "rep"
    share = company.accounts[["new_amount", "existing_amount"]].to_numpy().sum() / is_rep.sum()
    bands = {"lowest_potential": 0.9 * share, "highest_potential": 1.1 * share}
    ends = {
        end: pd.Series(size, company.coverers.index).where(is_rep) for end, size in bands.items()
    }
    return replace(company, coverers=company.coverers.assign(**ends))


@pytest.fixture(scope="module")
def plan(company):
    return solve_coverage(*company.frames, POLICY)


@pytest.mark.parametrize("rule", BREAKS)
def test_a_plan_that_breaks_the_rule_is_caught(company, plan, rule):
    coverer, violation = BREAKS[rule]
    mine = company.candidates.loc[company.candidates["rep_id"] == coverer, "account_id"]
    broken = with_pairs(plan, company, **dict.fromkeys(mine, coverer))
    inputs = CoverageInputs.from_frames(*company.frames)
    problem = rules.candidate_problem(inputs, POLICY)
    keys = list(zip(inputs.candidates["account_id"], inputs.candidates["rep_id"], strict=True))
    made = zip(broken.assignments["account_id"], broken.assignments["rep_id"], strict=True)
    chosen = [keys.index(pair) for pair in made]
    excess = (problem.constraints.slack(chosen) * problem.constraints.of([rule])).sum()
    assert excess > 0
    # All that this rule should cost is left out, everything else said truly.
    price = problem.constraints.slack_price * ~problem.constraints.of([rule])
    worth = problem.value[chosen].sum() - price @ problem.constraints.slack(chosen)
    said = broken.certificate.assign(objective_amount=worth)
    found = violations(company, POLICY, replace(broken, certificate=said))
    assert any(text.startswith(violation) for text in found), found
    if violation.startswith("objective"):
        honest = broken.certificate.assign(objective_amount=problem.worth(chosen))
        found = violations(company, POLICY, replace(broken, certificate=honest))
        assert not any(text.startswith(violation) for text in found), found


def test_every_rule_of_the_optimiser_and_of_the_verifier_has_a_broken_plan(
    company, plan, monkeypatch
):
    names = {name for name in vars(rules) if name.endswith(("_rule", "_rules"))}
    names -= {"coverage_rules"}
    made = {}

    def kept(name, build):
        def call(*arguments):
            found = build(*arguments)
            made[name] = [rule.name for rule in (found if isinstance(found, list) else [found])]
            return found

        return call

    for name in names:
        monkeypatch.setattr(rules, name, kept(name, getattr(rules, name)))
    stated = rules.coverage_rules(CoverageInputs.from_frames(*company.frames), POLICY)
    # A rule that nobody calls, or that the company above has not switched on, would slip through.
    assert set(made) == names
    assert {rule.name for rule in stated} == set(BREAKS)
    assert {rule for found in made.values() for rule in found} == set(BREAKS)
    assert set(plan.shadow_prices["rule"]) == set(BREAKS)


def test_every_message_of_the_verifier_has_a_broken_plan():
    said = [
        node.value
        for path in (
            *TESTS.glob("test_verify_*.py"),
            TESTS / "test_coverage_rules.py",
            TESTS / "test_every_pair.py",
            TESTS / "test_hiring.py",
            TESTS / "test_quota_transfers.py",
            TESTS / "test_values.py",
        )
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    missing = [
        message
        for path in sorted(Path(limits.__file__).parent.glob("*.py"))
        for message in _messages(path)
        if not any(message in text for text in said)
    ]
    assert missing == []


def _messages(path):
    """The longest fixed part of each violation that a module of the verifier can report."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        said = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "report":
                said = node.args[0]
            elif node.func.id == "where":
                said = node.args[2]
        elif isinstance(node, ast.Yield):
            said = node.value
        if said is None:
            continue
        parts = said.values if isinstance(said, ast.JoinedStr) else [said]
        fixed = [n.value for n in parts if isinstance(n, ast.Constant)]
        if fixed:
            yield max(fixed, key=len)
    if path.stem == "limits":
        yield from limits._BROKEN.values()
