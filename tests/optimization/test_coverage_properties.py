"""What holds of every company, on random small ones with every rule at once.

Thousands of them, about an hour on one quiet core:

    HYPOTHESIS_PROFILE=thorough .venv/bin/pytest -q tests/optimization/test_coverage_properties.py
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from optimization.coverage.report.diagnose import SHORT_PRICE
from optimization.coverage.solve.feasible import least_shortfall
from optimization.coverage.solve.model import build_elastic
from optimization.errors import DataError, InfeasibleError
from optimization.plan_coverage import solve_coverage
from optimization.solve import solve
from optimization.tables import CoveragePlan
from optimization.verify.limits import stated_limits, with_owner
from optimization.verify.tables import text_ids, with_today

from .cases import cases, examples, pairs_of, rounding, violations

pytestmark = pytest.mark.slow

SMALL, LARGE = "exact", "large"


def plan_of(company, policy, way=SMALL):
    """The plan by one of the two ways; None where no plan keeps every rule."""
    if way == LARGE:
        # A tiny company's integrality gap is wide: the search must end somewhere.
        policy = replace(policy, exact_pairs=0, mip_gap=0.2)
    try:
        return solve_coverage(*company.frames, policy), policy
    except InfeasibleError:
        return None, policy
    except DataError:
        assume(False)  # locks that leave an account or a family nobody
        raise


def every_plan(company, policy):
    """Worth of every plan that keeps every rule, by the verifier's own statement of the rules."""
    accounts, candidates, coverers = map(text_ids, company.frames)
    coverers = with_today(coverers, candidates)
    pairs = candidates.merge(accounts, on="account_id", suffixes=("", "_account"))
    pairs = pairs.sort_values(["account_id", "rep_id"], ignore_index=True)
    pairs = with_owner(pairs, coverers)
    of_account = [rows.index[~rows["is_barred"]] for _, rows in pairs.groupby("account_id")]
    plans = np.array(list(itertools.product(*of_account)), dtype=np.int64)
    rep = pd.factorize(pairs["rep_id"])[0][plans]
    unit = pd.factorize(pairs.drop_duplicates("account_id")["unit"])[0]
    first = np.array([np.flatnonzero(unit == u)[0] for u in unit])
    plans = plans[(rep == rep[:, first]).all(axis=1)]
    worth = pairs["value_amount"].to_numpy()[plans].sum(axis=1)
    kept = np.ones(len(plans), dtype=bool)
    for limit in stated_limits(pairs, coverers, policy):
        for entity, size in limit.sizes.iterrows():
            use = np.where((limit.entity == entity).fillna(False), limit.use, 0.0)
            over = use[plans].sum(axis=1) - size["capacity"]
            kept &= over <= size["slack_limit"] + 1e-6 * max(1.0, abs(size["capacity"]))
            worth = worth - size["slack_price_amount"] * np.maximum(over, 0.0)
    return worth[kept]


@examples(quick=15, thorough=2000)
@given(case=cases(accounts=(1, 6), reps=(1, 3)))
def test_no_plan_is_worth_more_than_the_bound_and_the_exact_way_finds_the_best(
    random_company, case
):
    company, policy = case.company(random_company), case.policy
    plan, _ = plan_of(company, policy)
    worths = every_plan(company, policy)
    assert (plan is None) == (not worths.size)
    if plan is None:
        return
    certificate, slack = plan.certificate.iloc[0], rounding(company)
    assert certificate["objective_amount"] == pytest.approx(worths.max(), abs=slack)
    for bound in ("bound_amount", "solver_bound_amount"):
        assert certificate[bound] >= worths.max() - slack


@examples(quick=4, thorough=300)
@given(case=cases(accounts=(1, 6), reps=(1, 3)))
def test_no_plan_is_worth_more_than_the_large_ways_bound(random_company, case):
    company = case.company(random_company)
    plan, policy = plan_of(company, case.policy, LARGE)
    worths = every_plan(company, policy)
    assert (plan is None) == (not worths.size)
    if plan is None:
        return
    certificate, slack = plan.certificate.iloc[0], rounding(company)
    assert certificate["bound_amount"] >= worths.max() - slack
    assert certificate["objective_amount"] <= worths.max() + slack


@examples(quick=4, thorough=300)
@given(case=cases())
def test_both_ways_keep_every_rule_and_agree_within_their_certificates(random_company, case):
    company = case.company(random_company)
    exact, policy = plan_of(company, case.policy)
    found, wide = plan_of(company, case.policy, LARGE)
    assert (exact is None) == (found is None)
    if exact is None:
        return
    assert violations(company, policy, exact) == []
    assert violations(company, wide, found) == []
    slack = rounding(company)
    costs = exact.lock_costs.dropna(subset=["resolved_cost_amount"])
    assert (costs["resolved_cost_amount"] <= costs["cost_amount"] + slack).all()
    for one, other in ((exact, found), (found, exact)):
        bound = other.certificate["bound_amount"].item()
        assert one.certificate["objective_amount"].item() <= bound + slack


@pytest.mark.parametrize("way", [SMALL, LARGE])
@examples(quick=2, thorough=150)
@given(case=cases(), order=st.integers(0, 1000))
def test_rows_in_another_order_give_the_same_plan_to_the_last_digit(
    random_company, way, case, order
):
    company = case.company(random_company)
    first, _ = plan_of(company, case.policy, way)
    second, _ = plan_of(company.shuffled(order), case.policy, way)
    assert (first is None) == (second is None)
    if first is None:
        return
    for table in CoveragePlan.__dataclass_fields__:
        pd.testing.assert_frame_equal(getattr(first, table), getattr(second, table))


@examples(quick=20, thorough=1500)
@given(case=cases(accounts=(3, 25), reps=(1, 6)))
def test_what_the_reduction_takes_away_changes_no_shortfall(random_company, case):
    company, policy = case.company(random_company), case.policy
    try:
        pairs = pairs_of(company, policy)
    except DataError:
        assume(False)
        raise
    whole = build_elastic(pairs, SHORT_PRICE)
    outcome = solve(whole.problem, seconds=60.0, mip_gap=0.0, seed=1)
    found = least_shortfall(pairs, SHORT_PRICE, policy)
    price = pairs.constraints.labels["rule"].map(SHORT_PRICE).fillna(0.0).to_numpy(dtype=float)
    assert found.short @ price == pytest.approx(-outcome.objective, abs=1e-4)
    eased = pairs.with_limit(pairs.constraints.limit + found.short)
    assert not eased.broken(found.choice, tolerance=1e-5).any()
    assert np.array_equal(pairs.account_of[found.choice], np.arange(pairs.account_count))
    if not found.short.any():
        assert least_shortfall(pairs, {}, policy) is not None
