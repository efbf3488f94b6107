"""``python -m benchmarks.strength_scale``: what the strength fit costs, by number of deals.

Belongs here: timing the product's fitting models, each size in a process of its own, beside the
floor: one pass over the same deals (a grouped sum of wins by rep and industry). Does not belong
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

from benchmarks import models
from benchmarks.strength_world import Shape, make_world

SIZES = (20_000, 200_000, 2_000_000)
REPS = 300
DEALS_PER_ACCOUNT = 20


def measure(deals: int) -> dict[str, float]:
    """Fit once in this process.

    Args:
        deals: Number of closed deals.

    Returns:
        CPU and wall seconds of the fit, CPU seconds of the floor, peak memory of the process.
    """
    shape = replace(
        Shape(), reps=REPS, deals_per_rep=deals // REPS, accounts=deals // DEALS_PER_ACCOUNT
    )
    world = make_world(1, shape)
    with models.open_database() as connection:
        models.put(connection, "int_opportunities__profiled", world.deals)
        del world
        relation = models.compiled()["int_opportunities__profiled"]["relation"]
        before = _peak_mib()
        started = time.process_time()
        connection.execute(
            "create table floor as select rep_id, industry, count(*) as deals, "
            f"sum(case when is_won then 1 else 0 end) as wins from {relation} group by all"
        )
        floor = time.process_time() - started
        started, wall = time.process_time(), time.time()
        models.run(connection, models.FIT)
        return {
            "deals": deals,
            "fit_cpu_seconds": round(time.process_time() - started, 2),
            "fit_wall_seconds": round(time.time() - wall, 2),
            "floor_cpu_seconds": round(floor, 3),
            "peak_mib": round(_peak_mib()),
            "peak_mib_before": round(before),
        }


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
