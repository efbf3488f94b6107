"""Bare knapsack problems: partitions are the best there are, keep every row, read any file."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.gap import draw_instance, read_instance
from benchmarks.gap_partitions import Repartition
from optimization.coverage.solve.dual import find_prices
from optimization.coverage.solve.search import Schedule, Search

pytestmark = pytest.mark.slow

SCHEDULE = Schedule(listed=2.0, longest=4, sweeps=20, temperature=0.1, cooling=0.01)


def searched(pairs):
    """A search with a first plan, and its partitions."""
    price = find_prices(pairs).price
    search = Search(pairs, price, 1)
    search.round(SCHEDULE, np.inf)
    search.begin(search.best)
    return search, Repartition(search, price, 1)


@pytest.mark.parametrize("kind", ["c", "d", "e"])
@pytest.mark.parametrize("scale", [1.0, 0.1, 1 / 3])
def test_with_every_account_freed_the_partition_is_the_best_plan(kind, scale):
    drawn = draw_instance(kind, 3, 8, seed=5)
    uses, limit = drawn.constraints.uses * scale, drawn.constraints.limit * scale
    pairs = replace(drawn, constraints=replace(drawn.constraints, uses=uses, limit=limit + 1e-9))
    plans = map(np.array, itertools.product(*(range(a, a + 3) for a in pairs.first[:-1])))
    best = max(pairs.worth(plan) for plan in plans if not pairs.broken(plan).any())
    search, partitions = searched(pairs)
    partitions.improve(3, np.inf)
    assert not pairs.broken(search.best).any()
    # Thirds have no whole unit: uses are rounded up and a tight plan may be lost.
    assert pairs.worth(search.best) == pytest.approx(best, rel=0.05 if scale == 1 / 3 else 1e-9)


def test_partitions_improve_a_plan_and_keep_every_row():
    pairs = draw_instance("d", 10, 60)
    search, partitions = searched(pairs)
    before = search.best_worth
    assert partitions.improve(20, np.inf) > 0
    assert search.best_worth > before
    assert not pairs.broken(search.best).any()
    assert np.array_equal(pairs.account_of[search.best], np.arange(60))


def test_an_account_may_go_where_no_row_counts_it():
    """The house has no hours: its pairs use no row at all."""
    drawn = draw_instance("d", 4, 20)
    house = drawn.coverer == 3
    kept = np.where(
        house[drawn.account_of * 4 + drawn.coverer], 0.0, drawn.constraints.uses.sum(axis=1)
    )
    limit = drawn.constraints.limit.copy()
    limit[3] = 0.0
    uses = drawn.constraints.uses.copy()
    uses.data = kept
    uses.eliminate_zeros()
    pairs = replace(drawn, constraints=replace(drawn.constraints, uses=uses, limit=limit))
    search, partitions = searched(pairs)
    partitions.improve(5, np.inf)
    assert not pairs.broken(search.best).any()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "must begin"),
        ("2 x", "not a list of numbers"),
        ("0 3 1 1", "must begin"),
        ("2 2  1 1 1 1  1 1 1 1  3", "need 12 numbers"),
        ("1 1  5  -2  3", "not be negative"),
        ("1 1  nan  2  3", "finite"),
    ],
)
def test_a_file_that_is_no_instance_says_why(tmp_path, text, word):
    file = tmp_path / "odd"
    file.write_text(text)
    with pytest.raises(ValueError, match=word):
        read_instance(file)


def test_the_command_reads_several_files_and_names_the_bad_one(tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("2 2  1 9  9 2  1 1  1 1  1 1")
    bad.write_text("2 2 1")
    (tmp_path / "best_known.csv").write_text("path,best_known_min\ngood,3\n")
    command = [sys.executable, "-m", "benchmarks.gap", str(bad), str(good), "--seconds", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    line = json.loads(done.stdout)
    assert done.returncode == 1
    assert "need 12 numbers" in done.stderr
    assert (line["instance"], line["cost"], line["over_best_known"]) == ("good", 3.0, 0.0)
    assert line["seconds"] > 0
