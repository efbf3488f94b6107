"""What pairs are worth: by hand, by a second computation, and month by month."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.report.pairs import pair_rows
from optimization.policy import CoveragePolicy, QuotaPolicy, ValuePolicy
from optimization.quotas.expected import expected_business
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.tables import pair_month_frame
from optimization.values.candidates import first_candidates, pair_table
from optimization.values.model import ValueModel
from optimization.values.pairs import PairValues
from optimization.values.pipeline import OpenBusiness
from optimization.verify.pairs import RECOMPUTED, check_values

from .cases import examples
from .value_company import HOUSE, POLICY, pair_values, value_tables


def every_pair(values):
    model = values.model
    account = np.repeat(np.arange(len(model.account_id)), len(model.coverer_id))
    coverer = np.tile(np.arange(len(model.coverer_id)), len(model.account_id))
    return pair_table(values, account, coverer)


@examples(12, 2000)
@given(st.integers(0, 10_000))
def test_a_second_computation_finds_the_same(seed):
    values = pair_values(seed)
    pairs = every_pair(values)
    assert list(check_values(pairs, values.model.tables, POLICY)) == []


@pytest.mark.parametrize("column", [*RECOMPUTED, "forbidden_reason", "strength_note"])
def test_another_amount_of_a_pair_is_refused(column):
    companies = (pair_values(seed) for seed in range(50))
    values, pairs, held = next(
        (values, pairs, pairs.index[pairs[column].notna()])
        for values in companies
        for pairs in [every_pair(values)]
        if pairs[column].notna().any()
    )
    said = pairs.loc[held[0], column]
    pairs[column] = pairs[column].astype(object)
    pairs.loc[held[0], column] = said + " x" if isinstance(said, str) else said + 20_000.0
    found = list(check_values(pairs.infer_objects(), values.model.tables, POLICY))
    assert any(text.startswith(f"{column} of a pair is not what its inputs say") for text in found)


@examples(8, 500)
@given(st.integers(0, 10_000))
def test_a_block_of_every_coverer_is_valued_like_a_list(seed):
    values = pair_values(seed)
    model = values.model
    account = np.arange(len(model.account_id))[:, None]
    coverer = np.arange(len(model.coverer_id))[None, :]
    block = values.of(account, coverer).value
    listed = every_pair(values)["value_amount"].to_numpy().reshape(block.shape)
    np.testing.assert_allclose(block, listed, rtol=1e-12, atol=1e-9)


def plain(**others) -> ValueModel:
    """One account of 12,000 new and 24,000 existing a year, R0's; R1 could have it; margin 1."""
    tables = value_tables(1, accounts=14, reps=3)
    accounts = tables.coverage_accounts.iloc[:1].assign(
        industry="steel", present_rep_id="R0", is_stale=False, margin_rate=1.0, new_amount=12_000.0,
        existing_amount=24_000.0, family_id=None, size_band="large", hours_per_year=10.0,
    )  # fmt: skip
    even = [
        (kind, "(company)", month, 1 / 12) for kind in ("new", "existing") for month in range(1, 13)
    ]
    given_ = {
        "coverage_accounts": accounts,
        "pair_accounts": tables.pair_accounts.iloc[:1].assign(
            year_starts_in=np.nan, has_direct_deal=False
        ),
        "pair_win_rates": tables.pair_win_rates.assign(is_counted=False),
        "rep_similarities": tables.rep_similarities.iloc[:0],
        "forbidden_pairs": tables.forbidden_pairs.iloc[:0],
        "asked_certificates": tables.asked_certificates.iloc[:0],
        "rep_months": tables.rep_months.iloc[:0],
        "seasonality": pd.DataFrame(even, columns=tables.seasonality.columns),
        "customer_seasons": tables.customer_seasons.iloc[:0],
        "sales_cycles": pd.DataFrame([("(company)", 3.0)], columns=tables.sales_cycles.columns),
        "new_business_lags": tables.new_business_lags.iloc[:0],
        "account_pipeline": tables.account_pipeline.iloc[:0],
    }
    return ValueModel.read(replace(tables, **given_ | others), ValuePolicy())


def worth(model: ValueModel) -> dict[str, float]:
    table = every_pair(PairValues(model))
    return dict(zip(table["rep_id"], table["value_amount"].round(6), strict=True))


def test_owner_successor_and_nobody_by_hand():
    found = worth(plain())
    assert found["R0"] == 36_000
    # Three of twelve months without new business, 15 % of the existing lost.
    assert found["R1"] == 9_000 + 0.85 * 24_000
    assert found[HOUSE] == 0.85 * 24_000


def test_a_rep_who_is_away_brings_what_customers_order_by_themselves():
    months = value_tables(1).value_months["month"]
    away = pd.DataFrame(
        [("R0", month, float(place < 2)) for place, month in enumerate(months)]
        + [("R1", month, float(place >= 6)) for place, month in enumerate(months)],
        columns=["rep_id", "month", "ramp_rate"],
    )
    found = worth(plain(rep_months=away))
    assert found["R0"] == 2 * 3_000 + 10 * 0.85 * 2_000
    # R1 begins in the seventh month and wins from the tenth on.
    assert found["R1"] == 3 * 1_000 + 6 * 0.85 * 2_000 + 6 * 0.85 * 2_000
    assert found[HOUSE] == 0.85 * 24_000


def test_open_deals_are_handed_over_and_land_in_the_first_month_after_the_cycle():
    months = value_tables(1).value_months["month"]
    open_ = pd.DataFrame(
        [("A000", months[1], 500.0, 1.0, 1.0), ("A000", months[5], 70.0, 1.0, 1.0)],
        columns=["account_id", "month", "pipeline_amount", "win_count", "pipeline_square"],
    )
    found, without = worth(plain(account_pipeline=open_)), worth(plain())
    assert found["R0"] - without["R0"] == 570
    assert found["R1"] - without["R1"] == 570, "later, but within the horizon"
    assert found[HOUSE] == without[HOUSE], "nobody wins a deal"
    long = pd.DataFrame([("(company)", 12.0)], columns=["season_key", "cycle_months"])
    late = worth(plain(account_pipeline=open_, sales_cycles=long))
    assert late["R1"] == 0.85 * 24_000, "after the horizon"


@examples(8, 200)
@given(st.integers(0, 10_000))
def test_the_first_candidates_hold_what_must_be_there(seed):
    values = pair_values(seed)
    model, pairs = values.model, first_candidates(values)
    assert not pairs.duplicated(["account_id", "rep_id"]).any()
    listed = set(zip(pairs["account_id"], pairs["rep_id"], strict=True))
    accounts = model.tables.coverage_accounts
    owned = accounts[accounts["present_rep_id"].notna()]
    assert set(zip(owned["account_id"], owned["present_rep_id"], strict=True)) <= listed
    assert {(name, HOUSE) for name in accounts["account_id"]} <= listed
    locked = accounts[accounts["lock_rep_id"].notna()]
    assert set(zip(locked["account_id"], locked["lock_rep_id"], strict=True)) <= listed
    assert ("A001", "R1") in listed, "forbidden, to show what that costs"
    kin = accounts[accounts["family_id"] == "f1"]["account_id"]
    of_kin = [{rep for name, rep in listed if name == member} - {"P1"} for member in kin]
    assert all(reps == of_kin[0] for reps in of_kin)
    inputs = CoverageInputs.from_frames(accounts, pairs, model.tables.coverage_coverers)
    rows = pair_rows(CoverageProblem.state(inputs, CoveragePolicy()))
    assert rows.groupby("account_id")["is_open"].any().all()


@examples(8, 500)
@given(st.integers(0, 10_000))
def test_quotas_expect_what_coverage_counts_on_account_by_account(seed):
    tables = value_tables(seed)
    months = tables.value_months.assign(is_in_horizon=[place < 10 for place in range(14)])
    tables = replace(
        tables,
        value_months=months,
        coverage_accounts=tables.coverage_accounts.assign(margin_rate=1.0),
        pair_accounts=tables.pair_accounts.assign(margin_difference=0.0),
        pair_win_rates=tables.pair_win_rates.assign(margin_rate=1.0),
    )
    values = PairValues(ValueModel.read(tables, ValuePolicy()))
    pairs = every_pair(values)
    rng = np.random.default_rng(seed)
    book = pairs.groupby("account_id").sample(1, random_state=seed).reset_index(drop=True)
    if (book["rep_id"] == HOUSE).all():
        return
    accounts = tables.coverage_accounts.set_index("account_id").loc[book["account_id"]]
    coverers = tables.coverage_coverers
    plan_months = months["month"].iloc[:10]
    starts = tables.pair_accounts[["account_id", "year_starts_in"]].dropna()
    inputs = QuotaInputs.from_frames(
        book.assign(
            group_id=book["rep_id"].map(coverers.set_index("rep_id")["group_id"]),
            previous_rep_id=accounts["present_rep_id"].to_numpy(),
            new_deal_amount=rng.uniform(1, 9, len(book)),
            existing_deal_amount=1.0,
            season_key=accounts["industry"].to_numpy(),
            is_moved=book["rep_id"].to_numpy() != accounts["present_rep_id"].to_numpy(),
        ),
        tables.seasonality,
        tables.sales_cycles,
        tables.rep_months[tables.rep_months["month"].isin(plan_months)],
        pd.DataFrame({"revenue_type": ["new", "existing"], "target_amount": [1.0, 1.0]}),
        pd.DataFrame({"group_id": ["north"], "over_assignment_rate": [None]}),
        coverers,
        plan_months.dt.date,
        open_business=OpenBusiness(
            pipeline=tables.account_pipeline,
            lags=tables.new_business_lags,
            customer_seasons=tables.customer_seasons,
            year_starts=starts,
        ),
    )
    found = pair_month_frame(inputs, expected_business(inputs, QuotaPolicy()), 0.5)
    by_account = found.groupby("account_id")["expected_amount"].sum()
    booked = book.set_index("account_id")["value_amount"]
    np.testing.assert_allclose(by_account.reindex(booked.index).fillna(0.0), booked, atol=1e-6)
