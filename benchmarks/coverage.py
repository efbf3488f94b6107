"""How good a coverage plan is, and what it costs, by size.

    python -m benchmarks.coverage --reps 1000 --accounts 100000 --candidates 10

Prints one JSON line: bound, value, gap, seconds by stage, CPU seconds and peak memory. With
``--compare`` the same instance also goes to a greedy plan, to HiGHS alone, to CP-SAT and to CBC,
each with the same seconds (the last two from the ``bench`` extra).
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context

import numpy as np

from benchmarks.coverage_company import draw_company, present_choice
from optimization.coverage.problem.constraints import PairProblem


def measure(pairs: PairProblem, *, gap: float, seconds: float) -> dict[str, object]:
    """Solve a company and say what was found."""
    from optimization.coverage.solve.decide import decide
    from optimization.solve import relative_gap

    begun, cpu = time.monotonic(), time.process_time()
    found = decide(pairs, gap=gap, seconds=seconds, seed=1, start_choice=present_choice(pairs))
    wall, used = time.monotonic() - begun, time.process_time() - cpu
    line: dict[str, object] = {
        "pairs": len(pairs.value),
        "rows": pairs.constraints.count,
        "bound": found.outcome.bound,
        "value": None,
        "gap": None,
        "broken_rows": None,
        "solver": found.outcome.solver,
        "stages": {name: round(spent, 1) for name, spent in found.seconds.items()},
        "seconds": round(wall, 1),
        "cpu_seconds": round(used, 1),
        "peak_rss_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    if found.choice is not None:
        value = pairs.worth(found.choice)
        line |= {
            "value": value,
            "gap": relative_gap(value, found.outcome.bound),
            "broken_rows": int(pairs.broken(found.choice).sum()),
        }
    return line


def compare(pairs: PairProblem, bound: float, seconds: float) -> dict[str, object]:
    """Gap of each rival's plan to the same bound, None where it found no plan.

    A process each, which imports this module again: hence no solver among its imports (see
    ``coverage_apart`` on why two of them cannot share a process).
    """
    from benchmarks.coverage_rivals import RIVALS
    from optimization.solve import relative_gap

    found: dict[str, object] = {}
    for name, (package, rival) in RIVALS.items():
        try:
            label = f"{name} {version(package)}"
        except PackageNotFoundError:
            found[name] = "not installed"
            continue
        begun = time.monotonic()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            choice = pool.submit(rival, pairs, seconds).result()
        kept = choice is not None and not pairs.broken(np.asarray(choice)).any()
        gap = relative_gap(pairs.worth(np.asarray(choice)), bound) if kept else None
        found[label] = {"gap": gap, "seconds": round(time.monotonic() - begun, 1)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reps", type=int, default=1000)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--candidates", type=int, default=10)
    parser.add_argument("--move-rate", type=float, default=0.15)
    parser.add_argument("--gap", type=float, default=0.0005, help="stop at this gap")
    parser.add_argument("--seconds", type=float, default=300.0, help="stop after these")
    parser.add_argument("--seed", type=int, default=1, help="of the drawn company")
    parser.add_argument("--compare", action="store_true", help="run the rivals as well")
    options = parser.parse_args()
    pairs = draw_company(
        options.reps,
        options.accounts,
        options.candidates,
        move_rate=options.move_rate,
        seed=options.seed,
    )
    asked = {
        name: getattr(options, name) for name in ("reps", "accounts", "candidates", "move_rate")
    }
    line = asked | measure(pairs, gap=options.gap, seconds=options.seconds)
    if options.compare:
        line["rivals"] = compare(pairs, float(str(line["bound"])), options.seconds)
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
