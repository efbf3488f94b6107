"""The demo company planned as a large one: prices and search in place of the exact model.

The setting ``coverage.exact_pairs`` is lowered, so that the way of companies beyond it is taken
from marts to published tables, contradictions and hiring advice included.
"""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from dagster_project.company.load import load_company
from dagster_project.planning.coverage import (
    coverage_policy,
    coverage_violations,
    pair_values,
    plan_coverage,
)
from dagster_project.planning.history import last_prices, record_plan
from dagster_project.warehouse.duckdb_file import Warehouse
from optimization.errors import InfeasibleError
from optimization.plan_coverage import solve_coverage
from optimization.values.candidates import first_candidates

pytestmark = pytest.mark.whole_job

GAP = 0.005


@pytest.fixture(scope="module")
def company(demo_run):
    company = load_company(demo_run.company)
    coverage = company.coverage.model_copy(update={"exact_pairs": 1000, "mip_gap": GAP})
    return company.model_copy(update={"coverage": coverage})


@pytest.fixture(scope="module")
def warehouse(demo_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "warehouse.duckdb"
    shutil.copy(demo_run.home / "warehouse.duckdb", path)
    return Warehouse(path=str(path), wait_seconds=1.0)


@pytest.fixture(scope="module")
def planned(warehouse, company):
    """The plan of the asset, written to the warehouse as a night does."""
    plan = plan_coverage(warehouse, company)
    assert coverage_violations(warehouse, company) == []
    return plan


def test_a_company_beyond_the_exact_model_gets_a_certified_plan(demo_run, planned):
    certificate = planned.certificate.iloc[0]
    assert certificate["solver"] == "prices, chain search and HiGHS"
    assert 0 <= certificate["gap_rate"] <= GAP
    [(exact, bound)] = demo_run.published(
        "select objective_amount, bound_amount from plan_certificates"
    )
    assert certificate["objective_amount"] <= bound * (1 + 1e-9)
    assert exact <= certificate["bound_amount"] * (1 + 1e-9)


def test_one_more_rep_is_weighed_in_every_group(demo_run, planned):
    groups = {group for (group,) in demo_run.published("select group_id from hiring_advice")}
    advice = planned.hiring_advice
    assert set(advice["group_id"]) == groups
    assert (advice["resolved_gain_amount"] <= advice["predicted_gain_amount"]).all()


def test_last_nights_prices_are_kept_for_the_next_night(warehouse, planned):
    with warehouse.connect() as connection:
        record_plan(connection, "large")
        # The same input starts from where this plan started: as it was recorded, nothing before.
        assert last_prices(connection).empty
        connection.execute("update history.plans set input_key = 'other'")
        kept = last_prices(connection)
    assert len(kept) == len(planned.shadow_prices)
    assert kept["shadow_price_amount"].sum() == pytest.approx(
        planned.shadow_prices["shadow_price_amount"].sum()
    )


def test_contradicting_decisions_are_named_as_by_the_exact_model(warehouse, company):
    values = pair_values(warehouse, company)
    accounts, coverers = (
        values.model.tables.coverage_accounts,
        values.model.tables.coverage_coverers,
    )
    candidates = first_candidates(values)
    rep = coverers.loc[coverers["coverer_type"] == "rep", "rep_id"].iloc[0]
    reachable = candidates.loc[candidates["rep_id"] == rep, "account_id"]
    # Everything that it could have goes to one rep.
    lock = ["lock_action", "lock_rep_id", "lock_reason", "lock_source"]
    at = accounts["account_id"].isin(reachable)
    accounts.loc[at, lock] = ["keep", rep, "agreed", "override"]
    said = []
    for pairs in (1000, 1_000_000):
        policy = replace(coverage_policy(company), exact_pairs=pairs)
        with pytest.raises(InfeasibleError) as caught:
            solve_coverage(accounts, candidates, coverers, policy)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert f"rep {rep}" in said[0]
