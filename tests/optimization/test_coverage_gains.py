"""What a plan gains over which baseline, and the bridge from today to the plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy
from tests.optimization.conftest import HOUSE

POLICY = CoveragePolicy(move_budget_rate=0.4, mip_gap=0.0)


def solved(company, policy=POLICY):
    return solve_coverage(*company.frames, policy)


def repaired(plan):
    return plan.assignments.set_index("account_id")["repaired_rep_id"].to_dict()


def of_group(company, group):
    accounts = company.accounts.assign(owner_group_id=group)
    return replace(company, accounts=accounts)


def test_owners_keep_their_accounts_in_the_baseline(tiny_company):
    plan = solved(tiny_company)
    today = tiny_company.accounts.set_index("account_id")["present_rep_id"].to_dict()
    assert repaired(plan) == today
    amounts = plan.gains.set_index("baseline")["gain_amount"]
    assert amounts["as_is"] == pytest.approx(amounts["as_is_repaired"])


def test_a_vacancy_goes_to_whoever_of_the_group_brings_most_and_has_the_hours(tiny_company):
    group = tiny_company.coverers.set_index("rep_id")["group_id"]["R001"]
    vacant = of_group(tiny_company.vacant(["A0002"], "leaver"), group)
    pairs = vacant.candidates.query("account_id == 'A0002' and rep_id != @HOUSE")
    best = pairs.sort_values("value_amount")["rep_id"].iloc[-1]
    plan = solved(vacant)
    assert repaired(plan)["A0002"] == best
    amounts = plan.gains.set_index("baseline")["gain_amount"]
    assert amounts["as_is"] > amounts["as_is_repaired"] >= 0
    steps = plan.bridge.set_index("step")
    assert steps.loc["vacancies", "account_count"] == 1
    filled = pairs["value_amount"].max()
    uncovered = vacant.candidates.query("account_id == 'A0002' and rep_id == @HOUSE")
    wanted = filled - uncovered["value_amount"].iloc[0]
    assert steps.loc["vacancies", "amount"] == pytest.approx(wanted)


def test_a_vacancy_without_free_hours_in_its_group_stays_vacant(tiny_company):
    vacant = of_group(tiny_company.vacant(["A0002"], "leaver"), "nobody's")
    assert repaired(solved(vacant))["A0002"] == HOUSE


def test_the_bridge_adds_up_from_today_to_the_plan(tiny_company):
    plan = solved(tiny_company.vacant(["A0003"], "leaver"))
    rows = plan.bridge
    is_level = rows["step"].isin(["as_is", "as_is_repaired", "plan"])
    assert list(rows["step"][is_level]) == ["as_is", "as_is_repaired", "plan"]
    steps = rows.loc[~is_level, "amount"].sum()
    certificate = plan.certificate.iloc[0]
    assert rows["amount"].iloc[0] + steps == pytest.approx(certificate["objective_amount"])
    assert steps == pytest.approx(certificate["gain_amount"])
    default = plan.gains[plan.gains["is_default"]].iloc[0]
    assert default["baseline"] == "as_is_repaired"
    levels = rows[is_level].set_index("step")["amount"]
    assert levels["plan"] - levels["as_is_repaired"] == pytest.approx(default["gain_amount"])


def test_gains_of_changes_and_the_shared_steps_are_the_certificate_s_gain(tiny_company):
    vacant = tiny_company.vacant(["A0003"], "leaver")
    gone = vacant.accounts["account_id"] == "A0003"
    owners = vacant.accounts["previous_owner_rep_id"].mask(gone, "GONE")
    vacant = replace(vacant, accounts=vacant.accounts.assign(previous_owner_rep_id=owners))
    plan = solved(vacant)
    shared = plan.bridge[plan.bridge["step"].isin(["overtime", "balance", "idle_hours"])]
    total = plan.changes["value_gain_amount"].sum() + shared["amount"].sum()
    assert total == pytest.approx(plan.certificate["gain_amount"].iloc[0])


def test_a_plan_that_changes_nothing_gains_exactly_nothing(tiny_company):
    plan = solved(tiny_company, replace(POLICY, move_budget_rate=0.0))
    assert plan.gains["gain_amount"].abs().max() == 0.0
    assert (plan.gains["gain_low_amount"] == plan.gains["gain_high_amount"]).all()


def test_the_interval_takes_a_rep_s_accounts_to_err_together(tiny_company):
    plan = solved(tiny_company)
    moved = plan.assignments.query("is_moved")
    assert len(moved) == 1
    pairs = tiny_company.candidates.set_index(["account_id", "rep_id"])
    row = moved.iloc[0]
    new, old = (
        pairs.loc[(row["account_id"], rep)] for rep in (row["rep_id"], row["present_rep_id"])
    )
    account = [
        np.sqrt(p["value_sd_amount"] ** 2 - p["strength_sd_amount"] ** 2) for p in (new, old)
    ]
    wanted = np.hypot(
        account[0] - account[1], np.hypot(new["strength_sd_amount"], old["strength_sd_amount"])
    )
    # Either rep may be better or worse than anybody could measure.
    wanted = np.hypot(wanted, 0.17 * np.hypot(new["value_amount"], old["value_amount"]))
    gains = plan.gains.set_index("baseline").loc["as_is"]
    reach = (gains["gain_high_amount"] - gains["gain_low_amount"]) / 2
    assert reach == pytest.approx(1.645 * wanted)
