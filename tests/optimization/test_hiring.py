"""Hiring advice keeps its promise: held against companies planned with the rep, and their truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from optimization.coverage.report.hiring import CHANGE_COLUMNS, HIRING_COLUMNS
from optimization.newcomers import Newcomers
from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy
from optimization.values.candidates import first_candidates
from optimization.values.model import ValueModel
from optimization.values.pairs import PairValues
from optimization.verify.coverage import verify_coverage

from .cases import changed
from .value_company import POLICY as VALUES
from .value_company import newcomers, value_tables

PLAIN = CoveragePolicy(move_budget_rate=0.5, mip_gap=1e-5)
EVERY_RULE = CoveragePolicy(
    move_budget_rate=0.5,
    mip_gap=1e-5,
    balance_band_rate=0.2,
    balance_price_rate=0.05,
    min_load_rate=0.5,
    group_move_rates=(("north", 0.5),),
    partner_budgets=(("P1", 900.0),),
)


def planned(tables, policy=PLAIN, hired=None):
    values = PairValues(ValueModel.read(tables, VALUES))
    return values, solve_coverage(
        tables.coverage_accounts,
        first_candidates(values),
        tables.coverage_coverers,
        policy,
        None,
        values,
        hired,
    )


def only(hired, place):
    """The newcomer of one group."""
    name = hired.coverers["rep_id"].iloc[place]
    frames = (hired.coverers, hired.rep_months, hired.held_certificates)
    return Newcomers(*(frame[frame["rep_id"] == name] for frame in frames))


def worth(plan):
    return plan.certificate["objective_amount"].item()


@pytest.mark.parametrize("policy", [PLAIN, EVERY_RULE], ids=["plain", "every rule"])
def test_what_is_promised_comes_when_the_company_is_planned_with_the_rep(policy):
    promised, came = [], []
    for seed in (1, 2, 3, 5, 6):
        tables = value_tables(seed, accounts=26)
        hired = newcomers(tables)
        _, plan = planned(tables, policy, hired)
        for place in range(len(hired.coverers)):
            _, larger = planned(only(hired, place).join(tables), policy)
            promised.append(plan.hiring_advice["resolved_gain_amount"].iloc[place])
            came.append(worth(larger) - worth(plan))
            assert promised[-1] <= came[-1] + 2e-5 * abs(worth(plan))
    assert np.sum(promised) >= 0.85 * np.sum(came) > 0


def certain(tables):
    """The same company, with nothing unsure."""
    rates = tables.pair_win_rates.assign(advantage_sd=0.0, creation_sd=0.0)
    accounts = tables.pair_accounts.assign(account_cv2=0.0)
    return replace(tables, pair_win_rates=rates, pair_accounts=accounts)


@pytest.mark.parametrize(("share", "verdict"), [(0.8, "hire"), (1.3, "do not hire")])
def test_the_verdict_follows_the_money_where_nothing_is_unsure(share, verdict):
    for seed in (1, 2):
        tables = certain(value_tables(seed, accounts=26))
        hired = newcomers(tables)
        _, plan = planned(tables, hired=hired)
        _, larger = planned(only(hired, 0).join(tables))
        cost = share * (worth(larger) - worth(plan))
        most = plan.hiring_advice["predicted_gain_amount"].iloc[0]
        _, plan = planned(tables, hired=newcomers(tables, cost=cost))
        said = plan.hiring_advice["hiring_verdict"].iloc[0]
        assert said == verdict or (most > cost and said == "cannot tell")
        assert verdict == "do not hire" or said == "hire"


def test_a_rep_whom_no_account_needs_is_not_advised_though_it_cost_nothing():
    tables = value_tables(3)
    coverers = tables.coverage_coverers.copy()
    coverers.loc[coverers["coverer_type"] == "rep", ["capacity_hours", "max_accounts"]] = 900, 90
    rates = tables.pair_win_rates.assign(is_counted=False)
    ready = tables.rep_months.assign(ramp_rate=1.0)
    idle = replace(tables, coverage_coverers=coverers, pair_win_rates=rates, rep_months=ready)
    _, plan = planned(idle, hired=newcomers(idle, cost=0.0))
    advice = plan.hiring_advice
    assert (advice["hiring_verdict"] == "do not hire").all()
    assert (advice["taken_account_count"] == 0).all()
    assert advice["sentence"].str.contains("would add nothing").all()
    assert plan.hiring_changes.empty


def true_gain(tables, plan, group, rng):
    """What the newcomer's plan brings where accounts and reps are as they may well be."""
    accounts = tables.pair_accounts["account_cv2"].to_numpy() ** 0.5
    factor = 1 + accounts * rng.choice([-1.0, 1.0], len(accounts))
    of_account = dict(zip(tables.pair_accounts["account_id"], factor, strict=True))
    scaled = tables.coverage_accounts["account_id"].map(of_account)
    rates, open_ = tables.pair_win_rates, tables.account_pipeline
    luck = {name: rng.normal() for name in sorted(set(rates["rep_id"]) - {"(segment)"})}
    spread = (1 - rates["win_rate"]) * rates["advantage_sd"]
    world = replace(
        tables,
        coverage_accounts=tables.coverage_accounts.assign(
            new_amount=lambda table: table["new_amount"] * scaled,
            existing_amount=lambda table: table["existing_amount"] * scaled,
        ),
        account_pipeline=open_.assign(
            pipeline_amount=open_["pipeline_amount"] * open_["account_id"].map(of_account)
        ),
        pair_win_rates=rates.assign(
            value_factor=rates["value_factor"]
            * (1 + spread * rates["rep_id"].map(luck).fillna(0.0)).clip(lower=0.1)
        ),
    )
    values = PairValues(ValueModel.read(newcomers(tables).join(world), VALUES))
    rows = plan.hiring_changes[plan.hiring_changes["group_id"] == group]
    account = values.model.account_id.get_indexer(rows["account_id"])
    before, after = (
        values.of(account, values.model.coverer_id.get_indexer(rows[column])).value.sum()
        for column in ("rep_id", "replanned_rep_id")
    )
    said = plan.hiring_advice.set_index("group_id").loc[group, "resolved_gain_amount"]
    return said - rows["value_gain_amount"].sum() + after - before


def test_a_gain_lies_within_its_interval_nine_times_in_ten():
    rng = np.random.default_rng(11)
    inside, above, below = 0, 0, 0
    for seed in (1, 2, 3, 4, 6):
        tables = value_tables(seed, accounts=26)
        rates = tables.pair_win_rates.assign(creation_sd=0.0)
        spread = tables.pair_accounts.assign(account_cv2=tables.pair_accounts["account_cv2"] * 0.5)
        tables = replace(tables, pair_win_rates=rates, pair_accounts=spread)
        _, plan = planned(tables, hired=newcomers(tables))
        row = plan.hiring_advice.iloc[0]
        for _ in range(40):
            gain = true_gain(tables, plan, row["group_id"], rng)
            below += gain < row["gain_low_amount"]
            above += gain > row["gain_high_amount"]
            inside += row["gain_low_amount"] <= gain <= row["gain_high_amount"]
    assert inside >= 0.88 * (inside + above + below)
    assert max(above, below) <= 0.10 * (inside + above + below)


@pytest.fixture(scope="module")
def company():
    tables = value_tables(2, accounts=26)
    hired = newcomers(tables)
    values, plan = planned(tables, EVERY_RULE, hired)
    return tables, hired, values, plan


def found_in(company, plan):
    tables, hired, values, _ = company
    return verify_coverage(
        tables.coverage_accounts, tables.coverage_coverers, EVERY_RULE, plan, values, hired
    )


def test_advice_of_every_rule_is_sound(company):
    assert found_in(company, company[3]) == []
    assert (company[3].hiring_advice["taken_account_count"] > 0).all()


# What is said of some cells.
SAID = {
    ("hiring_advice", "group_id"): "hiring advice is for ",
    ("hiring_advice", "cost_source"): " is not that of its cost",
    ("hiring_advice", "hiring_verdict"): "hiring_verdict of ",
    ("hiring_advice", "resolved_gain_amount"): ", its plan says ",
    ("hiring_changes", "group_id"): "changes are listed of no newcomer's group",
    ("hiring_changes", "rep_id"): " of a change is not a coverer of it",
    ("hiring_changes", "replanned_rep_id"): "nobody known covers",
}
COLUMNS = [("hiring_advice", column) for column in HIRING_COLUMNS]
COLUMNS += [("hiring_changes", column) for column in CHANGE_COLUMNS]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_changed_cell_is_refused(company, table, column):
    frame = getattr(company[3], table).copy()
    frame[column] = frame[column].astype(object)
    frame.loc[0, column] = changed(frame.loc[0, column], column)
    found = found_in(company, replace(company[3], **{table: frame.infer_objects()}))
    assert any(SAID.get((table, column), "") in text for text in found), found


def test_an_account_that_changes_twice_is_refused(company):
    changes = company[3].hiring_changes
    twice = pd.concat([changes, changes.head(1)], ignore_index=True)
    found = found_in(company, replace(company[3], hiring_changes=twice))
    assert any("an account changes twice" in text for text in found), found


def test_a_plan_that_breaks_a_rule_for_the_newcomer_is_refused(company):
    plan = company[3]
    group = plan.hiring_advice["group_id"].iloc[0]
    covered = plan.assignments[plan.assignments["coverer_type"] == "rep"]
    listed = set(plan.hiring_changes.query("group_id == @group")["account_id"])
    more = covered[~covered["account_id"].isin(listed)].head(12)
    added = pd.DataFrame(
        {
            "group_id": group,
            "account_id": more["account_id"],
            "rep_id": more["rep_id"],
            "replanned_rep_id": f"newcomer {group}",
            "value_gain_amount": 0.0,
        }
    )
    changes = pd.concat([plan.hiring_changes, added], ignore_index=True)
    found = found_in(company, replace(plan, hiring_changes=changes))
    assert any(
        text.startswith(f"with newcomer {group}: more hours than capacity") for text in found
    ), found


def test_advice_for_a_group_whose_name_holds_a_number_is_sound():
    tables = value_tables(1)
    named = tables.coverage_coverers.replace({"group_id": {"north": "region 7"}})
    tables = replace(tables, coverage_coverers=named)
    _, plan = planned(tables, hired=newcomers(tables))
    assert plan.hiring_advice["group_id"].tolist() == ["region 7", "south"]


def test_without_anybody_to_weigh_there_is_no_advice():
    _, plan = planned(value_tables(1))
    assert plan.hiring_advice.empty
    assert plan.hiring_changes.empty
