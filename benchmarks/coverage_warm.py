"""What last night's prices and plan bring the next night, beyond the exact model.

    python -m benchmarks.coverage_warm --reps 400 --accounts 20000

Draws a company with every rule on and plans it; then the values of some accounts change and it is
planned again twice: from nothing, and from last night's prices and plan. One line of JSON each.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace

import numpy as np

from benchmarks.coverage_company import draw_company, present_choice
from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.constraints import PairProblem
from optimization.coverage.solve.dual import find_prices
from optimization.coverage.solve.large import solve_large
from optimization.threads import on_one_thread

CHANGED_SHARE, CHANGE = 0.01, 0.2


@on_one_thread
def main() -> None:
    """Plan one night, then the next from nothing and from the night before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=400)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--candidates", type=int, default=10)
    parser.add_argument("--gap", type=float, default=0.001)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    pairs = draw_company(options.reps, options.accounts, options.candidates)
    price, choice = _plan("first", pairs, None, None, options)
    night = _next_night(pairs)
    _plan("next_from_nothing", night, None, None, options)
    _plan("next_from_last_night", night, price, choice, options)


def _plan(
    name: str,
    pairs: PairProblem,
    price: FloatArray | None,
    choice: IntArray | None,
    options: argparse.Namespace,
) -> tuple[FloatArray, IntArray]:
    known = present_choice(pairs)
    begun, cpu = time.monotonic(), time.process_time()
    dual = find_prices(pairs, price)
    priced = time.process_time() - cpu
    found = solve_large(
        pairs,
        gap=options.gap,
        seconds=options.seconds,
        seed=1,
        price=dual.price,
        start_choice=known if choice is None else choice,
    )
    plan = known if found.choice is None else found.choice
    line = {
        "night": name,
        "pairs": len(pairs.value),
        "gap": found.gap,
        "passes": dual.passes,
        "rounds": found.rounds,
        "price_cpu_seconds": round(priced, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "seconds": round(time.monotonic() - begun, 1),
        "changed_accounts": None if choice is None else int((plan != choice).sum()),
    }
    print(json.dumps(line), flush=True)
    return dual.price, plan


def _next_night(pairs: PairProblem) -> PairProblem:
    """Deals closed and opened: some accounts are worth more or less with everyone."""
    rng = np.random.default_rng(2)
    changed = rng.random(pairs.account_count) < CHANGED_SHARE
    factor = np.where(changed, 1.0 + CHANGE * rng.standard_normal(pairs.account_count), 1.0)
    return replace(pairs, value=np.round(pairs.value * factor[pairs.account_of], 2))


if __name__ == "__main__":
    main()
