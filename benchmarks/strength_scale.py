"""``python -m benchmarks.strength_scale``: what the strength fit costs, by number of deals.

Belongs here: timing all fits, each size in a process of its own, beside the floor: one pass over
the same deals (a grouped sum of wins by rep and industry). Does not belong
here: whether the estimates are any good (``strength``).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace

from benchmarks.spells import spells_of
from benchmarks.strength_world import Shape, make_world
from optimization.strength.deals import Deals, Records, Spells
from optimization.strength.guard import judge
from optimization.strength.half_life import chosen_half_life, try_half_lives
from optimization.strength.models import Model, creation_model, fit_model, value_model, win_model
from optimization.strength.transport import judge_transport

SIZES = (20_000, 200_000, 2_000_000)
REPS = 300
DEALS_PER_ACCOUNT = 20


def measure(deals_count: int) -> dict[str, float]:
    """Fit once in this process.

    Args:
        deals_count: Number of closed deals.

    Returns:
        CPU and wall seconds of the fit, CPU seconds of the floor, peak memory of the process.
    """
    shape = replace(
        Shape(),
        reps=REPS,
        deals_per_rep=deals_count // REPS,
        accounts=deals_count // DEALS_PER_ACCOUNT,
    )
    world = make_world(1, shape)
    deals = world.deals
    spells = spells_of(deals, world.accounts, world.reps)
    coded_columns = ["rep_id", "group_id", "account_id", "industry", "geography", "size_band"]
    spells = spells.astype(dict.fromkeys(coded_columns, "category"))
    before = _peak_mib()
    started = time.process_time()
    deals.groupby(["rep_id", "industry"], observed=True)["is_won"].agg(["size", "sum"])
    floor = time.process_time() - started
    started, wall = time.process_time(), time.time()
    coded = Deals.from_frame(deals)
    win, value = win_model(coded), value_model(coded)
    half_life = chosen_half_life(try_half_lives(coded, win))
    for model in (win, value):
        _fit_and_judge(coded, model, half_life)
    of_deals = time.process_time() - started
    in_charge = Spells.from_frame(spells)
    _fit_and_judge(in_charge, creation_model(in_charge), half_life)
    return {
        "spells": len(spells),
        "deals_cpu_seconds": round(of_deals, 2),
        "deals": deals_count,
        "fit_cpu_seconds": round(time.process_time() - started, 2),
        "fit_wall_seconds": round(time.time() - wall, 2),
        "floor_cpu_seconds": round(floor, 3),
        "peak_mib": round(_peak_mib()),
        "peak_mib_before": round(before),
    }


def _fit_and_judge(records: Records, model: Model, half_life: int) -> None:
    fits = fit_model(records, model, half_life)
    judge(records, model, fits, judge_transport(records, model, fits, half_life))


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure every size several times; one JSON line a size with the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--once", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(measure(arguments.once)))
        return
    for size in arguments.sizes:
        runs = [
            json.loads(
                subprocess.run(
                    [sys.executable, "-m", "benchmarks.strength_scale", "--once", str(size)],
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout
            )
            for _ in range(arguments.repeats)
        ]
        line = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        print(json.dumps({**line, "repeats": arguments.repeats}), flush=True)


if __name__ == "__main__":
    main()
