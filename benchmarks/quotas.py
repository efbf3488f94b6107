"""The quota program of a large company beside the same program given straight to the solver.

    python -m benchmarks.quotas [--reps 5000] [--accounts 20] [--repeats 3]

The product's side is ``solve_quotas``: classes of interchangeable reps, the program in CVXPY, its
canonical form, Clarabel, and the quotas read off. The floor is Clarabel alone on the matrices
that CVXPY hands over, with its own default settings. Both are CPU seconds of this process,
medians of the repeats, taken in turns. The whole plan (accounts to verified tables, simulation
included) is timed once beside them. Peak memory is of the whole process.

Belongs here: making the company and timing. Does not belong here: anything the product needs.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import clarabel  # type: ignore[import-untyped]
import cvxpy as cp
import numpy as np
import pandas as pd

from optimization.plan_quotas import allocate_quotas
from optimization.policy import QuotaPolicy
from optimization.quotas.bands import no_bands
from optimization.quotas.context import NOTHING_KNOWN
from optimization.quotas.expected import expected_business
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.model import FairShares, build_program, fair_quotas, solve_quotas
from optimization.quotas.targets import (
    group_quota_cents,
    group_target_cents,
    over_assignment_rates,
    split_weights,
)

REPS_PER_GROUP = 10
INDUSTRIES = 12
POLICY = QuotaPolicy()
MOST_RATIO = 3.0
MOST_GIB = 4.0


def make_company(reps: int, accounts_per_rep: int, seed: int = 1) -> dict[str, Any]:
    """Draw the frames of a company whose reps all differ, so that no two are one class."""
    rng = np.random.default_rng(seed)
    accounts = reps * accounts_per_rep
    rep_ids = np.array([f"R{number:05d}" for number in range(reps)])
    groups = np.array([f"G{number // REPS_PER_GROUP:04d}" for number in range(reps)])
    owner = np.repeat(np.arange(reps), accounts_per_rep)
    new, existing = rng.lognormal(9, 1, accounts), rng.lognormal(10, 1, accounts)
    months = pd.date_range("2026-07-01", periods=12, freq="MS")
    keys = ["(company)", *(f"industry {number}" for number in range(INDUSTRIES))]
    share = rng.dirichlet(np.full(12, 30.0), (2, len(keys)))
    seasons = pd.MultiIndex.from_product(
        [("new", "existing"), keys, range(1, 13)],
        names=["revenue_type", "season_key", "month_number"],
    ).to_frame(index=False)
    return {
        "book": pd.DataFrame(
            {
                "account_id": [f"A{number:07d}" for number in range(accounts)],
                "rep_id": rep_ids[owner],
                "group_id": groups[owner],
                "previous_rep_id": rep_ids[owner],
                "new_amount": new,
                "existing_amount": existing,
                "new_deal_amount": new / 2,
                "existing_deal_amount": existing / 3,
                "season_key": rng.choice(keys[1:], accounts),
                "is_moved": rng.random(accounts) < 0.1,
                "unserved_amount": 0.0,
            }
        ),
        "seasonality": seasons.assign(share=share.ravel()),
        "sales_cycles": pd.DataFrame(
            {"season_key": keys, "cycle_months": rng.uniform(1, 8, len(keys))}
        ),
        "rep_months": pd.DataFrame(columns=["rep_id", "month", "ramp_rate"]),
        "goals": pd.DataFrame(
            {"revenue_type": ["new", "existing"], "target_amount": [new.sum(), existing.sum()]}
        ).round(2),
        "groups": pd.DataFrame({"group_id": np.unique(groups), "over_assignment_rate": 0.1}),
        "coverers": pd.DataFrame({"rep_id": rep_ids, "coverer_type": "rep", "group_id": groups}),
        "months": list(months),
    }


def fair_shares(frames: dict[str, Any]) -> FairShares:
    """Take the plan's own steps up to the program."""
    inputs = QuotaInputs.from_frames(**frames)
    expected = expected_business(inputs, POLICY)
    weights = split_weights(expected)
    targets = group_target_cents(inputs, weights)
    group_quotas = group_quota_cents(targets, over_assignment_rates(inputs, POLICY))
    year = expected.amount.sum(axis=(1, 2))
    shock_variance = 2 * (POLICY.shared_shock_rate * year) ** 2
    return FairShares(
        quota=fair_quotas(weights, group_quotas, inputs.rep_group),
        expected_year=100 * year,
        sd_year=100 * np.sqrt(expected.own_variance(NOTHING_KNOWN.value_cv) + shock_variance),
        rep_group=inputs.rep_group,
        bands=no_bands(len(inputs.rep_ids)),
    )


def straight_to_the_solver(fair: FairShares) -> tuple[Callable[[], object], int, int]:
    """Return a run of Clarabel on the canonical program, and its numbers of variables and rows."""
    members = np.arange(len(fair.rep_group))
    program = build_program(fair, members, fair.quota.sum(axis=(1, 2)), POLICY)
    data, _, _ = program.problem.get_problem_data(cp.CLARABEL)
    dims = data["dims"]
    cones: list[Any] = []
    if dims.zero:
        cones.append(clarabel.ZeroConeT(dims.zero))
    if dims.nonneg:
        cones.append(clarabel.NonnegativeConeT(dims.nonneg))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    quadratic = data["P"].tocsc()

    def run() -> object:
        solution = clarabel.DefaultSolver(
            quadratic, data["c"], data["A"].tocsc(), data["b"], cones, settings
        ).solve()
        assert str(solution.status) == "Solved", solution.status
        return solution

    return run, data["A"].shape[1], data["A"].shape[0]


def cpu_seconds(work: Callable[[], object]) -> float:
    """Time one call in CPU seconds of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main(arguments: list[str] | None = None) -> int:
    """Print the comparison; 1 where a limit of it is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reps", type=int, default=5000)
    parser.add_argument("--accounts", type=int, default=20, help="accounts per rep")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args(arguments)
    frames = make_company(chosen.reps, chosen.accounts)
    fair = fair_shares(frames)
    straight, variables, rows = straight_to_the_solver(fair)
    product, floor = [], []
    for _ in range(chosen.repeats):
        product.append(cpu_seconds(lambda: solve_quotas(fair, POLICY)))
        floor.append(cpu_seconds(straight))
    solve_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    whole = cpu_seconds(lambda: allocate_quotas(**frames, policy=POLICY))
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    ratio = median(product) / median(floor)
    print(f"{chosen.reps:,} reps x 12 months x 2 types: {variables:,} variables, {rows:,} rows")
    print(f"product (classes, CVXPY, Clarabel)   {median(product):7.1f} CPU s")
    print(f"the same program, Clarabel alone     {median(floor):7.1f} CPU s")
    print(f"ratio                                {ratio:7.2f}   (at most {MOST_RATIO:g})")
    print(f"whole plan, accounts to tables       {whole:7.1f} CPU s")
    print(f"peak memory, program / whole plan    {solve_gib:7.2f} / {peak_gib:.2f} GiB")
    facts = {
        "reps": chosen.reps,
        "variables": variables,
        "product_cpu_seconds": product,
        "floor_cpu_seconds": floor,
        "ratio": ratio,
        "whole_plan_cpu_seconds": whole,
        "program_peak_gib": solve_gib,
        "peak_gib": peak_gib,
    }
    print(json.dumps(facts))
    return 0 if ratio <= MOST_RATIO and peak_gib < MOST_GIB else 1


if __name__ == "__main__":
    raise SystemExit(main())
