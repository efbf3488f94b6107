"""Every row is explained by parts that add up, and prices mean what they say."""

from __future__ import annotations

import numpy as np
import pytest

from optimization.coverage.plan import solve_coverage
from optimization.coverage.wording import counted, money
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


def test_a_better_rep_without_time_is_named_with_the_reason(tiny_company):
    row = explained(tiny_company).loc["A0002"]
    assert row["binding_rule"] == "hours of R002"
    assert row["sentence"] == (
        "Stays with rep R001: worth 900 over the planning horizon. Next is rep R002: worth 150 "
        "more by itself, but that time earns more on other accounts."
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
    row = explained(tiny_company.lock("A0001", "married", reason="tender running")).loc["A0001"]
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


@pytest.mark.parametrize("seed", range(4))
def test_hiring_advice_never_promises_less_than_the_re_solve_finds(random_company, seed):
    company = random_company(seed, accounts=60, reps=8, tightness=0.7, groups=3, max_accounts=10)
    advice = solve_coverage(
        *company.frames, CoveragePolicy(move_budget_rate=0.8, mip_gap=0.005)
    ).hiring_advice
    assert advice["group_id"].tolist() == ["group_0", "group_1", "group_2"]
    assert (advice["predicted_gain_amount"] >= advice["resolved_gain_amount"] - 1.0).all()
    assert (advice["resolved_gain_amount"] >= -1.0).all()
    assert advice["resolved_gain_amount"].max() > 100
    reps = company.coverers.query("coverer_type == 'rep'").groupby("group_id")["capacity_hours"]
    assert np.allclose(advice["added_hours"], reps.mean())


def test_hours_that_do_not_bind_are_worth_nothing(random_company):
    company = random_company(3, accounts=20, reps=4, tightness=9.0, groups=1)
    advice = solve_coverage(*company.frames, EXACT).hiring_advice.iloc[0]
    assert advice["predicted_gain_amount"] == pytest.approx(0, abs=1.0)
    assert "would add nothing" in advice["sentence"]


def test_the_certificate_reads_as_a_sentence(tiny_company):
    sentence = solve_coverage(*tiny_company.frames, EXACT).certificate["sentence"].item()
    assert sentence == (
        "This plan is worth 3,150 over the planning horizon, proven to be the best possible to "
        "within 0.001 %. That is 450 more than today's coverage scored alike. It moves 1 account "
        "(at most 3 allowed) and leaves no accounts without a rep."
    )


def test_the_certificate_says_when_todays_coverage_breaks_limits(tiny_company):
    company = tiny_company.limit("R001", capacity_hours=10.0)
    sentence = solve_coverage(*company.frames, EXACT).certificate["sentence"].item()
    assert "scored alike, which breaks the limits of 1 coverer." in sentence


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
