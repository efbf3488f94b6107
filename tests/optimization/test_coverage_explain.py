"""Every row is explained by parts that add up, and prices mean what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimization.coverage.report.wording import counted, money
from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy

HOUSE = "__house__"
EXACT = CoveragePolicy(move_budget_rate=1.0, mip_gap=0.0)


def explained(company, policy=EXACT):
    return solve_coverage(*company.frames, policy).explanations.set_index("account_id")


def test_parts_add_up_to_the_net_score_exactly(random_company):
    company = random_company(21, accounts=60, reps=6, tightness=0.9, max_accounts=9)
    table = explained(company, CoveragePolicy(move_budget_rate=0.5))
    net = table["segment_value_amount"] + table["strength_value_amount"]
    for part in (
        "cost_to_serve_amount",
        "disruption_amount",
        "hours_price_amount",
        "count_price_amount",
        "move_price_amount",
    ):
        assert table[part].min() >= 0
        net = net - table[part]
    assert (net == table["net_score_amount"]).all()
    assert table["hours_price_amount"].max() > 0
    lead = table["net_score_amount"] - table["runner_up_net_score_amount"]
    assert np.array_equal(lead, table["score_difference_amount"])


def test_the_winner_by_value_says_so_with_strength_time_and_runner_up(tiny_company):
    row = explained(tiny_company).loc["A0001"]
    assert (row["rep_id"], row["runner_up_rep_id"], row["binding_rule"]) == (
        "R002",
        "R001",
        "value",
    )
    assert row["sentence"] == (
        "Goes to rep R002 instead of R001: worth 1,350 over the planning horizon, 500 of it from "
        "strengths measured on similar accounts, net of 50 for the change itself. Its 10 hours a "
        "year cost 150 of scarce time. Next best is rep R001, 300 behind."
    )
    assert row["interval_low_amount"] == pytest.approx(1350 - 1.645 * 100)
    assert row["interval_high_amount"] == pytest.approx(1350 + 1.645 * 100)


def alike(company):
    """The same account to every rep: no strengths, no disruption, nobody short of time."""
    pairs = company.candidates.assign(strength_value_amount=0.0, disruption_amount=0.0)
    pairs["value_amount"] = pairs["segment_value_amount"] - pairs["cost_to_serve_amount"]
    return replace(company, candidates=pairs).limit("R002", capacity_hours=100.0)


def unowned(company):
    return alike(company).vacant(company.accounts["account_id"], "unassigned")


def test_a_tie_with_the_present_owner_reads_as_one_and_stays(tiny_company):
    row = explained(alike(tiny_company)).loc["A0002"]
    assert (row["rep_id"], row["score_difference_amount"]) == ("R001", 0.0)
    assert row["sentence"].endswith(
        "As good by score: rep R002. Of two alike the one who covers the account today keeps it."
    )


def test_a_tie_of_a_vacant_account_goes_to_who_fills_the_vacancy(tiny_company):
    company = unowned(tiny_company)
    company.accounts["owner_group_id"] = "g"
    row = explained(company).loc["A0002"]
    assert row["rep_id"] == "R001"
    assert row["sentence"].endswith(
        "As good by score: rep R002. Of two alike the one who fills the vacancy by the fewest "
        "moves is taken."
    )


def test_a_tie_between_others_goes_to_the_first_by_id(tiny_company):
    company = unowned(tiny_company)
    company.accounts["owner_group_id"] = "closed"  # nobody of its group is left
    row = explained(company).loc["A0002"]
    assert row["rep_id"] == "R001"
    assert row["sentence"].endswith(
        "As good by score: rep R002. Of two alike the first by type and id is taken."
    )


def test_a_tie_that_the_limits_settle_says_so(tiny_company):
    company = unowned(tiny_company).limit("R001", max_accounts=1)
    company.accounts["owner_group_id"] = "closed"
    given = explained(company)
    sentences = given.loc[given["rep_id"] == "R002", "sentence"]
    assert len(sentences) == 2
    assert sentences.str.endswith("the limits of the plan as a whole decided.").all()


def test_an_account_that_nobody_brings_more_than_it_orders_by_itself_is_left_and_says_so(
    tiny_company,
):
    pairs = tiny_company.candidates.copy()
    at = (pairs["account_id"] == "A0003") & (pairs["rep_id"] != HOUSE)
    pairs.loc[at, ["segment_value_amount", "strength_value_amount"]] = 40.0, 0.0
    pairs.loc[pairs["account_id"] == "A0003", "segment_value_amount"] *= at
    parts = pairs["segment_value_amount"] + pairs["strength_value_amount"]
    pairs["value_amount"] = parts - pairs["cost_to_serve_amount"] - pairs["disruption_amount"]
    plan = solve_coverage(*replace(tiny_company, candidates=pairs).frames, EXACT)
    assert plan.changes.set_index("account_id").loc["A0003", "reason"] == "unprofitable"
    given = plan.explanations.set_index("account_id").loc["A0003", "sentence"]
    assert given.endswith(
        "No one brings more than leaving it uncovered: with rep R001 it is worth -60, uncovered "
        "-50."
    )


def test_a_better_rep_without_time_is_named_with_the_reason(tiny_company):
    row = explained(tiny_company).loc["A0002"]
    assert row["binding_rule"] == "hours of R002"
    assert row["sentence"] == (
        "Stays with rep R001: worth 900 over the planning horizon. Next is rep R002: worth 150 "
        "more by itself, but there its 10 hours a year cost 150 of scarce time."
    )


def test_the_move_budget_is_named_when_it_decides(tiny_company):
    row = explained(tiny_company, CoveragePolicy(move_budget_rate=0.34, mip_gap=0.0)).loc["A0002"]
    assert row["binding_rule"] in {"move budget", "hours of R002"}
    ample = tiny_company.limit("R002", capacity_hours=100.0)
    row = explained(ample, CoveragePolicy(move_budget_rate=0.34, mip_gap=0.0)).loc["A0002"]
    assert row["binding_rule"] == "move budget"
    assert row["sentence"].endswith("but the move budget earns more on other accounts.")


def test_a_full_book_is_named_when_it_decides(tiny_company):
    company = tiny_company.limit("R002", capacity_hours=100.0, max_accounts=1)
    row = explained(company).loc["A0002"]
    assert row["binding_rule"] == "accounts of R002"
    assert "that place earns more with another account" in row["sentence"]


def test_a_lock_is_named_with_its_reason(tiny_company):
    row = explained(tiny_company.lock("A0001", "keep", reason="tender running")).loc["A0001"]
    assert row["binding_rule"] == "lock: tender running"
    assert "A lock decides here (tender running); by score alone rep R002" in row["sentence"]


def test_a_vacant_account_says_why_it_was_vacant(tiny_company):
    table = explained(tiny_company.leaves("R001"))
    assert table.loc["A0001", "sentence"].startswith("Goes to rep R002 (R001 has left): worth")
    assert table.loc["A0002", "sentence"].startswith("Is left without a rep (R001 has left): worth")


def test_an_account_with_the_house_alone_has_no_runner_up(tiny_company):
    company = tiny_company.leaves("R001").leaves("R002")
    company.coverers.loc[len(company.coverers) + 9] = [
        "R9",
        "rep",
        "g",
        "account_executive",
        9,
        None,
    ]
    table = explained(company)
    assert set(table["rep_id"]) == {HOUSE}
    assert table["runner_up_rep_id"].isna().all()
    assert set(table["binding_rule"]) == {"only candidate"}
    assert table["sentence"].str.endswith("There was no other choice (only candidate).").all()


def test_the_certificate_reads_as_a_sentence(tiny_company):
    sentence = solve_coverage(*tiny_company.frames, EXACT).certificate["sentence"].item()
    assert sentence == (
        "This plan is worth 3,150 over the planning horizon, which its prices prove to be the best "
        "possible to within 0.001 % over all 9 eligible pairs of account and coverer. That is 450 "
        "more than today's coverage with its vacancies "
        "filled, scored alike (nine times in ten between -18 and 918; 450 over today's as it is). "
        "It moves 1 account (at most 3 allowed) and leaves no accounts without a rep."
    )


@pytest.mark.parametrize(
    ("price", "words"),
    [
        # R001 keeps 2 accounts of 10 hours with 10 hours: 1350 + 900 + 900 - 10 x 30.
        (30.0, "Its reps lack 10 hours a year, which takes 300 off its worth; today they lack 20."),
        (120.0, "Its reps lack no hours; today they lack 20 a year."),
    ],
)
def test_the_certificate_says_how_many_hours_reps_lack_then_and_today(tiny_company, price, words):
    company = tiny_company.limit("R001", capacity_hours=10.0)
    policy = replace(EXACT, overtime_amount_per_hour=price)
    certificate = solve_coverage(*company.frames, policy).certificate.iloc[0]
    assert certificate["sentence"].endswith(" without a rep. " + words)
    assert certificate["as_is_objective_amount"] == pytest.approx(2700 - 20 * price)


def test_an_account_that_leaves_an_overloaded_rep_at_a_loss_says_why(tiny_company):
    company = tiny_company.limit("R001", capacity_hours=5.0).limit("R002", capacity_hours=30.0)
    plan = solve_coverage(*company.frames, EXACT)
    assert plan.changes.set_index("account_id").loc[
        "A0003", ["reason", "value_gain_amount"]
    ].tolist() == [
        "capacity",
        -50.0,
    ]
    row = plan.explanations.set_index("account_id").loc["A0003"]
    assert row["binding_rule"] == "hours of R001"
    # Half an account would fill R001's 5 hours and save half the loss of 50: 5 an hour.
    assert row["sentence"].endswith(
        "Next is rep R001: worth 50 more by itself, but there its 10 hours a year cost 50 of "
        "scarce time."
    )


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0.2, "0"),
        (-0.2, "0"),
        (-12, "-12"),
        (999, "1,000"),
        (1234, "1,230"),
        (45_678, "45,700"),
        (999_600, "1.0 M"),
        (12_345_678, "12.3 M"),
    ],
)
def test_money_is_rounded_to_what_a_reader_can_hold(amount, text):
    assert money(amount) == text


def test_counts_agree_with_their_nouns():
    counts = [counted(n, "account") for n in (0, 1, 1200)]
    assert counts == ["no accounts", "1 account", "1,200 accounts"]


def test_the_certificate_tells_moves_by_choice_from_forced_ones(tiny_company):
    company = tiny_company.limit("R002", capacity_hours=20.0).lock("A0003", "keep", "R002")
    plan = solve_coverage(*company.frames, CoveragePolicy(move_budget_rate=0.34, mip_gap=0.0))
    assert (
        "It moves 2 accounts, 1 by choice (at most 1 allowed) and the others because a decision, "
        "a rule or a family asks for it, and leaves no accounts without a rep."
    ) in plan.certificate["sentence"].item()
