"""The bound of a plan is over every eligible pair, listed or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.coverage.problem.eligible import EligiblePairs
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.report.pairs import PAIR_COLUMNS
from optimization.errors import DataError, InfeasibleError
from optimization.plan_coverage import solve_coverage
from optimization.policy import CoveragePolicy
from optimization.values.candidates import first_candidates, pair_table
from optimization.verify.coverage import verify_coverage

from .cases import examples
from .value_company import pair_values

POLICY = CoveragePolicy(
    move_budget_rate=0.5,
    mip_gap=0.0,
    balance_band_rate=0.2,
    balance_price_rate=0.05,
    min_load_rate=0.5,
    idle_amount_per_hour=20.0,
    overtime_amount_per_hour=120.0,
    group_move_rates=(("north", 0.5),),
    partner_budgets=(("P1", 900.0),),
)


def planned(values, candidates, policy=POLICY):
    tables = values.model.tables
    return solve_coverage(
        tables.coverage_accounts, candidates, tables.coverage_coverers, policy, None, values
    )


def whole_list(values):
    """Every eligible pair, and those that must be listed whatever they are worth."""
    tables, few = values.model.tables, first_candidates(values)
    inputs = CoverageInputs.from_frames(tables.coverage_accounts, few, tables.coverage_coverers)
    found = []
    for block in EligiblePairs(values, inputs).blocks():
        account, coverer = np.broadcast_arrays(block.pairs.account, block.pairs.coverer)
        found.append((account[block.is_open], coverer[block.is_open]))
    every = [pair_table(values, account, coverer) for account, coverer in found]
    return pd.concat([few, *every]).drop_duplicates(["account_id", "rep_id"], ignore_index=True)


@examples(8, 1000)
@given(
    st.integers(0, 10_000), st.sampled_from([POLICY, replace(POLICY, exact_pairs=0, mip_gap=0.9)])
)
def test_no_plan_over_all_pairs_beats_the_bound(seed, policy):
    values = pair_values(seed)
    try:
        best = planned(values, whole_list(values))
    except (InfeasibleError, DataError):
        return
    said = planned(values, first_candidates(values), policy).certificate.iloc[0]
    proven = best.certificate.iloc[0]
    size = 1e-6 * abs(said["bound_amount"])
    assert proven["objective_amount"] <= said["bound_amount"] + size
    assert said["eligible_count"] == proven["eligible_count"]
    if policy is POLICY:
        assert said["bound_amount"] == pytest.approx(proven["bound_amount"], rel=1e-6)


@pytest.fixture(scope="module")
def company():
    """A company whose first list lacks pairs that a best plan wants."""
    for seed in range(100):
        values = pair_values(seed)
        first = first_candidates(values)
        try:
            plan = planned(values, first)
        except (InfeasibleError, DataError):
            continue
        if len(plan.pairs) > len(first):
            return values, plan
    raise AssertionError("no company wants more pairs than it begins with")


def found_in(company, plan):
    values, _ = company
    tables = values.model.tables
    return verify_coverage(tables.coverage_accounts, tables.coverage_coverers, POLICY, plan, values)


def test_a_plan_over_every_pair_is_sound(company):
    assert found_in(company, company[1]) == []


def test_a_bound_over_the_listed_pairs_alone_is_refused(company):
    values, _ = company
    tables = values.model.tables
    alone = solve_coverage(
        tables.coverage_accounts, first_candidates(values), tables.coverage_coverers, POLICY
    )
    said = alone.certificate.assign(eligible_count=company[1].certificate["eligible_count"].iloc[0])
    found = found_in(company, replace(alone, certificate=said))
    assert any(
        text.startswith("an unlisted pair nets more than every listed one") for text in found
    ), found


def test_another_number_of_eligible_pairs_is_refused(company):
    values, plan = company
    more = plan.certificate.assign(eligible_count=lambda table: table["eligible_count"] + 1)
    found = found_in(company, replace(plan, certificate=more))
    assert any("certificate says eligible_count " in text for text in found)
    few, tables = plan.certificate.assign(eligible_count=3), values.model.tables
    found = verify_coverage(
        tables.coverage_accounts, tables.coverage_coverers, POLICY, replace(plan, certificate=few)
    )
    assert any("certificate says eligible_count " in text for text in found)


USES = (
    "is_present",
    "unit_account_id",
    "is_chosen_move",
    "present_group_id",
    "potential_amount",
    "is_open",
)


@pytest.mark.parametrize("column", sorted({*PAIR_COLUMNS} - {"account_id", "rep_id"}))
def test_a_changed_cell_of_a_pair_is_refused(company, column):
    _, plan = company
    held = plan.pairs.index[plan.pairs[column].notna()]
    assert len(held) or column == "strength_note"
    at = held[0] if len(held) else plan.pairs.index[0]
    said = plan.pairs.loc[at, column]
    table = plan.pairs.copy()
    if isinstance(said, (bool, np.bool_)):
        table.loc[at, column] = not said
    else:
        table[column] = table[column].astype(object)
        is_text = isinstance(said, str) or pd.isna(said)
        table.loc[at, column] = f"{said} x" if is_text else float(said) * 1.3 + 20_000
    found = found_in(company, replace(plan, pairs=table.infer_objects()))
    wrong = f"{column} of a pair is wrong" if column in USES else f"{column} of a pair is not what"
    assert any(text.startswith(wrong) for text in found), found
