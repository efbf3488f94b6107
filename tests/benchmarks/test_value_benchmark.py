"""Values and plans against the truth: two pinned companies of the benchmark."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.prepare import compile_sql
from benchmarks.value import play, report

# Of these two companies the first shows no difference between reps, the second does.
WORLDS = (0, 3)


@pytest.fixture(scope="module")
def outcomes():
    nodes = compile_sql()
    return [play(world, nodes) for world in WORLDS]


@pytest.mark.slow
def test_without_measured_strengths_the_plan_fills_the_vacancies_and_no_more(outcomes):
    assert outcomes[0].said_gain == pytest.approx(0.0, abs=1.0)
    assert outcomes[0].plan == outcomes[0].repaired


@pytest.mark.slow
def test_with_measured_strengths_the_plan_truly_gains(outcomes):
    low, high = outcomes[1].ends
    true = outcomes[1].plan - outcomes[1].repaired
    assert true > 0.01 * outcomes[1].repaired
    assert low <= true <= high


@pytest.mark.slow
def test_what_accounts_are_said_to_bring_is_about_true_and_nobody_is_dropped(outcomes):
    verdict = report(outcomes)
    assert verdict["dropped"] == 0
    assert verdict["intervals_held"] == 1.0
    fifths = np.array(verdict["said_over_true_by_fifth"])
    assert ((fifths > 0.8) & (fifths < 1.2)).all()
