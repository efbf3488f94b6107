"""Wrong tables are refused by naming the records and the fix; locks narrow the choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.moves import move_budgets
from optimization.errors import DataError
from optimization.policy import CoveragePolicy

HOUSE = "__house__"


def change(frame, column, row, value):
    frame = frame.copy()
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = value
    return frame


def test_tables_are_sorted_and_aligned_whatever_the_order_of_rows(tiny_company):
    inputs = CoverageInputs.from_frames(*tiny_company.shuffled(3).frames)
    assert inputs.accounts["account_id"].tolist() == ["A0001", "A0002", "A0003"]
    assert inputs.coverers["rep_id"].tolist() == ["R001", "R002", HOUSE]
    assert inputs.first.tolist() == [0, 3, 6, 9]
    assert inputs.value.tolist() == [900, 1350, 450, 900, 1050, 450, 900, 850, 450]
    assert inputs.candidates["rep_id"].tolist() == ["R001", "R002", HOUSE] * 3
    assert np.isinf(inputs.capacity_hours[-1])


@pytest.mark.parametrize("table", ["accounts", "candidates", "coverers"])
def test_a_missing_column_is_named(tiny_company, table):
    column = {"accounts": "lock_action", "candidates": "hours", "coverers": "group_id"}[table]
    frame = getattr(tiny_company, table).drop(columns=column)
    with pytest.raises(DataError, match=f"{table} lacks columns.*{column}"):
        CoverageInputs.from_frames(*replace(tiny_company, **{table: frame}).frames)


def broken_candidates():
    last = 8  # A0003 with the house
    return {
        "nan": ("value_sd_amount", 0, float("nan"), "value_sd_amount is not a finite.*R001"),
        "infinite": ("hours", 0, float("inf"), "hours is not a finite number"),
        "text": ("hours", 0, "12,5O", "hours is not a finite number"),
        "negative": ("hours", 0, -1.0, "hours is negative"),
        "unknown account": ("account_id", last, "A9", "unknown account_id.*A9 / __house__"),
        "unknown coverer": ("rep_id", 1, "R9", "unknown rep_id.*A0001 / R9"),
        "duplicate": ("rep_id", 1, "R001", "repeats a key.*A0001 / R001"),
        "null key": ("rep_id", 1, None, "without a key"),
        "parts": ("strength_value_amount", 0, 999.0, "do not add up to value_amount.*R001"),
        "owner": ("is_present", 1, True, "is_present contradicts the owner.*A0001 / R002"),
    }


@pytest.mark.parametrize("case", broken_candidates())
def test_a_broken_candidate_is_named(tiny_company, case):
    column, row, value, message = broken_candidates()[case]
    candidates = change(tiny_company.candidates, column, row, value)
    with pytest.raises(DataError, match=message):
        CoverageInputs.from_frames(*replace(tiny_company, candidates=candidates).frames)


def test_an_account_without_candidates_is_named(tiny_company):
    candidates = tiny_company.candidates.query("account_id != 'A0002'")
    with pytest.raises(DataError, match=r"account without candidates.*A0002"):
        CoverageInputs.from_frames(*replace(tiny_company, candidates=candidates).frames)


def test_an_account_without_the_house_or_its_owner_is_named(tiny_company):
    no_house = tiny_company.candidates.drop(index=8)
    with pytest.raises(DataError, match=r"without candidate '__house__'.*A0003"):
        CoverageInputs.from_frames(*replace(tiny_company, candidates=no_house).frames)
    no_owner = tiny_company.candidates.drop(index=0)
    with pytest.raises(DataError, match=r"present owner is no candidate.*A0001"):
        CoverageInputs.from_frames(*replace(tiny_company, candidates=no_owner).frames)


def test_coverers_need_known_types_one_house_and_limits_that_mean_something(tiny_company):
    for row, column, value, message in (
        (0, "coverer_type", "robot", "unknown coverer_type.*R001"),
        (2, "coverer_type", "partner", "exactly one house"),
        (0, "capacity_hours", None, "rep without capacity_hours.*R001"),
        (1, "capacity_hours", -1.0, "negative capacity_hours.*R002"),
    ):
        coverers = change(tiny_company.coverers, column, row, value)
        with pytest.raises(DataError, match=message):
            CoverageInputs.from_frames(*replace(tiny_company, coverers=coverers).frames)


def allowed(company, account):
    inputs = CoverageInputs.from_frames(*company.frames)
    mine = (inputs.candidates["account_id"] == account).to_numpy() & inputs.is_allowed
    return inputs.candidates.loc[mine, "rep_id"].tolist()


def test_keep_leaves_only_the_named_pair_or_the_present_owner(tiny_company):
    assert allowed(tiny_company.lock("A0001", "keep", "R002"), "A0001") == ["R002"]
    assert allowed(tiny_company.lock("A0001", "keep"), "A0001") == ["R001"]
    assert allowed(tiny_company.lock("A0001", "keep"), "A0002") == ["R001", "R002", HOUSE]


def test_remove_forbids_the_named_pair_or_the_present_owner(tiny_company):
    assert allowed(tiny_company.lock("A0001", "remove"), "A0001") == ["R002", HOUSE]
    assert allowed(tiny_company.lock("A0001", "remove", "R002"), "A0001") == ["R001", HOUSE]


@pytest.mark.parametrize("rep_id", ["R777", None])
def test_a_lock_without_an_eligible_rep_names_account_and_reason(tiny_company, rep_id):
    company = tiny_company.leaves("R001").lock("A0002", "keep", rep_id, "board decision")
    with pytest.raises(DataError, match=r"no candidate.*A0002.*board decision.*drop the lock"):
        CoverageInputs.from_frames(*company.frames)


def test_an_unknown_lock_action_is_refused(tiny_company):
    with pytest.raises(DataError, match=r"unknown lock_action.*A0001"):
        CoverageInputs.from_frames(*tiny_company.lock("A0001", "engaged").frames)


@pytest.mark.parametrize(("rate", "limit"), [(0.0, 0), (0.29, 29), (0.555, 55), (1.0, 100)])
def test_the_move_limit_is_the_floor_a_reader_would_compute(random_company, rate, limit):
    company = random_company(5, accounts=100)
    for account in company.accounts["account_id"]:
        rep = company.candidates.query("account_id == @account")["rep_id"].iloc[0]
        company = company.owner(account, rep)
    company.accounts["vacancy_reason"] = None
    budget, *_ = move_budgets(CoverageInputs.from_frames(*company.frames), CoveragePolicy(rate))
    assert budget.limit.tolist() == [limit]
