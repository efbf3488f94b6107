"""The same tables give the same plan to the last byte, however many threads a machine has."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from optimization.plan_coverage import CoveragePlan
from optimization.policy import CoveragePolicy

# A plan by each way, and a price search of a size at which threads change its last digits.
CHILD = """
import hashlib, pickle
from pathlib import Path
from benchmarks.coverage_company import draw_company, present_choice
from optimization.coverage.solve.decide import decide
from optimization.plan_coverage import solve_coverage

frames, policies = pickle.loads(Path({file!r}).read_bytes())
for policy in policies:
    plan = solve_coverage(*frames, policy)
    for name, table in vars(plan).items():
        print(name, hashlib.sha256(table.to_csv().encode()).hexdigest())
pairs = draw_company(300, 600, 4)
start = present_choice(pairs)
found = decide(pairs, gap=0.1, seconds=60.0, seed=1, exact_pairs=0, start_choice=start)
print("prices", hashlib.sha256(found.price.tobytes()).hexdigest(), found.outcome.bound)
print("choice", hashlib.sha256(found.choice.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_a_plan_has_the_same_bytes_with_one_two_and_four_threads(
    random_company, run_python, tmp_path
):
    file = tmp_path / "company"
    company = random_company(5, 24, 4, max_accounts=10).family("F", "A0001", "A0002")
    company = company.lock("A0003", "keep", "R001")
    exact = CoveragePolicy(0.3, balance_band_rate=0.2, min_load_rate=0.5)
    large = CoveragePolicy(0.3, balance_band_rate=0.2, exact_pairs=0, mip_gap=0.2)
    file.write_bytes(pickle.dumps((company.frames, (exact, large))))

    def printed(blas, compiled):
        threads = {"OPENBLAS_NUM_THREADS": str(blas), "NUMBA_NUM_THREADS": str(compiled)}
        done = run_python(CHILD.format(file=str(file)), **threads)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    one = printed(1, 1)
    # Every table by each way, then prices and choice.
    assert len(one) == 2 * len(dataclasses.fields(CoveragePlan)) + 2
    assert printed(2, 4) == one
    assert printed(4, 2) == one
