"""Groups that share nothing but the company's own limits are planned side by side."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage_company import draw_company, present_choice
from benchmarks.coverage_parts import draw_countries
from optimization.coverage.solve import components
from optimization.coverage.solve.components import parts_of
from optimization.coverage.solve.decide import decide
from optimization.coverage.solve.dual import find_prices
from optimization.coverage.solve.large import solve_large


@pytest.fixture(scope="module")
def countries():
    return draw_countries(3, 8, 120, 6, move_rate=0.05)


@pytest.fixture(scope="module")
def price(countries):
    return find_prices(countries).price


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(components, "LEAST_PAIRS", 100)


def test_the_parts_share_no_row_and_their_move_budgets_add_up(countries, price):
    known = present_choice(countries)
    parts = parts_of(countries, price, known)
    assert len(parts) == 3
    taken = np.concatenate([part.candidate for part in parts])
    assert np.array_equal(np.sort(taken), np.arange(len(countries.value)))
    moves = [part.rows.limit[part.rows.of(["moves"])].item() for part in parts]
    assert sum(moves) == countries.rows.limit[countries.rows.of(["moves"])].item()
    assert all(limit == int(limit) for limit in moves)
    for part in parts:
        at = np.searchsorted(part.candidate, known)
        mine = at[part.candidate[np.minimum(at, len(part.candidate) - 1)] == known]
        assert not part.broken(mine).any()


def test_what_overlaps_is_one_problem():
    pairs = draw_company(8, 120, 6)
    assert parts_of(pairs, find_prices(pairs).price, present_choice(pairs)) == [pairs]


def test_planned_apart_keeps_every_row_within_the_certificate_of_the_whole_in_other_processes_too(
    countries, price, monkeypatch
):
    known = present_choice(countries)
    options = {"gap": 0.01, "seconds": 120.0, "seed": 1, "price": price, "start_choice": known}
    apart = decide(countries, exact_pairs=1500, **options)
    whole = solve_large(countries, **options)
    assert "parts" in apart.seconds
    assert not countries.broken(apart.choice).any()
    assert apart.bound == countries.bound(price)
    assert apart.outcome.gap <= 0.01
    assert countries.worth(whole.choice) <= apart.bound * (1 + 1e-9)
    assert countries.worth(apart.choice) <= whole.bound * (1 + 1e-9)

    monkeypatch.setattr(components, "PROCESS_PAIRS", 0)
    elsewhere = decide(countries, exact_pairs=1500, **options)
    assert np.array_equal(elsewhere.choice, apart.choice)
