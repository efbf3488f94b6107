"""The large path: prices prove a bound, plans keep every row, both ways agree, SQL agrees."""

from __future__ import annotations

import itertools

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.coverage_company import draw_company, present_choice
from benchmarks.gap import draw_instance
from optimization.coverage.solve.decide import decide
from optimization.coverage.solve.dual import find_prices
from optimization.coverage.solve.large import solve_large
from optimization.coverage.solve.prices import relax
from optimization.policy import CoveragePolicy

pytestmark = pytest.mark.slow

quick = settings(max_examples=5, suppress_health_check=list(HealthCheck), derandomize=True)
companies = {
    "reps": st.integers(2, 8),
    "accounts": st.integers(10, 80),
    "move_rate": st.sampled_from([0.0, 0.05, 0.15, 0.5]),
    "seed": st.integers(0, 10_000),
}


def large(pairs, **changes):
    options = {"gap": 1e-4, "seconds": 60.0, "seed": 1, "rounds": 3}
    return solve_large(pairs, start_choice=present_choice(pairs), **options | changes)


@quick
@given(**companies)
def test_both_ways_keep_every_row_and_agree_within_their_certificates(
    reps, accounts, move_rate, seed
):
    pairs = draw_company(reps, accounts, 5, move_rate=move_rate, seed=seed)
    exact = decide(pairs, gap=1e-6, seconds=60.0, seed=1)
    found = large(pairs)
    assert exact.choice is not None
    assert found.choice is not None
    for choice in (exact.choice, found.choice):
        assert not pairs.broken(choice).any()
        assert np.array_equal(pairs.account_of[choice], np.arange(pairs.account_count))
    size = abs(exact.outcome.bound)
    assert pairs.worth(found.choice) <= exact.outcome.bound + 1e-6 * size
    assert pairs.worth(exact.choice) <= found.bound + 1e-6 * size
    assert found.bound == pytest.approx(pairs.bound(found.price), rel=1e-12)


@quick
@given(seed=st.integers(0, 10_000), accounts=st.integers(2, 6))
def test_no_plan_of_a_tiny_company_is_worth_more_than_the_prices_prove(seed, accounts):
    pairs = draw_company(2, accounts, 4, move_rate=0.5, seed=seed)
    plans = itertools.product(*(range(a, b) for a, b in itertools.pairwise(pairs.first)))
    worths = [
        pairs.worth(plan)
        for plan in map(np.array, itertools.islice(plans, 5000))
        if not pairs.broken(plan).any()
    ]
    found = large(pairs)
    assert worths
    assert max(worths) <= found.bound + 1e-6 * abs(found.bound)
    assert pairs.worth(found.choice) <= max(worths) + 1e-6 * abs(found.bound)


def test_the_prices_come_close_to_the_relaxation_even_where_few_moves_are_allowed():
    for move_rate in (0.02, 0.15):
        pairs = draw_company(20, 600, 8, move_rate=move_rate)
        exact = relax(pairs, CoveragePolicy()).value
        assert exact * (1 - 1e-6) <= find_prices(pairs).bound <= exact * (1 + 5e-4)


def test_a_certified_plan_of_a_company_with_every_rule():
    pairs = draw_company(20, 1000, 10)
    found = large(pairs, gap=0.002, rounds=10)
    assert found.gap <= 0.002
    assert not pairs.broken(found.choice).any()


def test_the_search_is_the_same_every_time():
    pairs = draw_instance("d", 5, 60)
    first, second = (large_gap(pairs) for _ in range(2))
    assert np.array_equal(first.choice, second.choice)
    assert np.array_equal(first.price, second.price)


def large_gap(pairs):
    return solve_large(pairs, gap=0.0, seconds=600.0, seed=3, rounds=2)


def test_last_nights_prices_start_the_next_night():
    pairs = draw_company(20, 600, 8)
    cold = find_prices(pairs)
    warm = find_prices(pairs, cold.price)
    assert warm.passes < cold.passes
    assert warm.bound <= cold.bound * (1 + 1e-9)


def test_without_rows_everyone_takes_the_best_pair():
    pairs = draw_instance("e", 4, 20)
    loose = pairs.with_limit(np.full(pairs.constraints.count, 1e9))
    found = solve_large(loose, gap=0.0, seconds=60.0, seed=1, rounds=1)
    best = np.maximum.reduceat(loose.value, loose.first[:-1]).sum()
    assert loose.worth(found.choice) == pytest.approx(best)


def test_one_query_recomputes_the_bound_from_the_prices():
    """The long form of the query in docs/coverage.md: any rows, any uses."""
    pairs = draw_company(20, 600, 8)
    price = find_prices(pairs).price
    constraints = pairs.constraints
    uses = constraints.uses.tocoo()
    con = duckdb.connect()
    con.execute("create table pairs (pair int, account int, value double)")
    con.execute("create table uses (pair int, row int, use double)")
    con.execute(
        "create table prices (row int, price double, size double, slack double, slack_price double)"
    )
    for table, columns in (
        ("pairs", (np.arange(len(pairs.value)), pairs.account_of, pairs.value)),
        ("uses", (*uses.coords, uses.data)),
        (
            "prices",
            (
                np.arange(constraints.count),
                price,
                constraints.limit,
                constraints.slack_limit,
                constraints.slack_price,
            ),
        ),
    ):
        names = {f"c{i}": np.asarray(column) for i, column in enumerate(columns)}
        frame = pd.DataFrame(names)
        con.register("frame", frame)
        con.execute(f"insert into {table} select * from frame")
    found = con.execute("""
        with nets as (
            select pairs.account, pairs.value - coalesce(sum(uses.use * prices.price), 0) as net
            from pairs
            left join uses on pairs.pair = uses.pair
            left join prices on uses.row = prices.row
            group by pairs.pair, pairs.account, pairs.value
        ),
        best as (select account, max(net) as net from nets group by account)
        select
            (select sum(net) from best)
            + sum(price * size)
            + sum(case when price > slack_price and slack > 0 and not isinf(slack)
                then (price - slack_price) * slack else 0 end)
        from prices
    """).fetchone()[0]
    assert found == pytest.approx(pairs.bound(price), rel=1e-9)
