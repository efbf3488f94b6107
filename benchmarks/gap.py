"""Generalised assignment problems from the literature: prices, chains and partitions.

    python -m benchmarks.gap FILE ... --seconds 60

Prints one JSON line per file: cost, bound, gap and seconds; the excess over the best known cost
where a ``best_known.csv`` (path, best_known_min) lies in the file's folder or the one above. A file
that cannot be read is named on standard error, the others still run, and the status is 1. In a
new environment the search is compiled first, which takes about 10 CPU seconds and is not counted.
Format of a file: whitespace-separated numbers: m agents, n jobs, m rows of n costs, m rows of n
resource uses, m capacities; cost is minimised and every job goes to exactly one agent.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.gap_partitions import solve_assignment
from optimization.arrays import FloatArray
from optimization.coverage.problem.constraints import PairProblem, constraints_by_entity


def read_instance(path: Path) -> PairProblem:
    """Read an instance; cost c becomes value -c, so that the worth of a plan is minus its cost.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no such instance; says why.
    """
    try:
        numbers = np.array(path.read_text(encoding="ascii").split(), dtype=np.float64)
    except (UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path}: not a list of numbers: {error}") from error
    if not np.isfinite(numbers).all():
        raise ValueError(f"{path}: every number must be finite")
    if len(numbers) < 2 or (numbers[:2] < 1).any() or (numbers[:2] % 1 != 0).any():
        raise ValueError(f"{path}: must begin with the numbers of agents and of jobs")
    agents, jobs = int(numbers[0]), int(numbers[1])
    size = agents * jobs
    if len(numbers) != 2 + 2 * size + agents:
        raise ValueError(
            f"{path}: {agents} agents and {jobs} jobs need {2 + 2 * size + agents} numbers, "
            f"the file has {len(numbers)}"
        )
    if (numbers[2 + size :] < 0).any():
        raise ValueError(f"{path}: resource uses and capacities must not be negative")
    cost = numbers[2 : 2 + size].reshape(agents, jobs)
    use = numbers[2 + size : 2 + 2 * size].reshape(agents, jobs)
    return assignment_problem(cost, use, numbers[2 + 2 * size :])


def assignment_problem(cost: FloatArray, use: FloatArray, capacity: FloatArray) -> PairProblem:
    """State an instance as a coverage problem; cost and use have shape (agents, jobs)."""
    agents, jobs = cost.shape
    agent = np.tile(np.arange(agents, dtype=np.int64), jobs)
    labels = pd.DataFrame({"rep_id": [f"{a:05d}" for a in range(agents)], "group_id": None})
    constraints = constraints_by_entity(
        "hours",
        "hours",
        entity_of=agent,
        use=use.T.reshape(-1),
        limit=np.asarray(capacity, dtype=np.float64),
        labels=labels,
    )
    size = agents * jobs
    first = np.arange(0, size + 1, agents, dtype=np.int64)
    every = np.arange(size, dtype=np.int64)
    return PairProblem(first, -cost.T.reshape(-1), np.zeros(size), constraints, every, agent)


def draw_instance(kind: str, agents: int, jobs: int, seed: int = 1) -> PairProblem:
    """Draw an instance of type C, D or E; the last two are the hard ones.

    C: use 5..25, cost 10..50, capacity 0.8 x mean load. D: use 1..100, cost 111 - use + -10..10,
    the same capacity. E: use 1 - 10 ln(u), cost 1000 / use - 10 u, the same capacity. Source:
    Laguna et al. (1995); Yagiura et al. (2004).

    Raises:
        ValueError: No such type.
    """
    if kind.lower() not in ("c", "d", "e"):
        raise ValueError(f"{kind}: instances of types c, d and e can be drawn")
    rng = np.random.default_rng(seed)
    shape = (agents, jobs)
    if kind.lower() == "c":
        use = rng.integers(5, 26, shape).astype(np.float64)
        cost = rng.integers(10, 51, shape).astype(np.float64)
    elif kind.lower() == "d":
        use = rng.integers(1, 101, shape).astype(np.float64)
        cost = 111 - use + rng.integers(-10, 11, shape)
    else:
        use = np.maximum(np.round(1 - 10 * np.log(rng.uniform(1e-9, 1, shape))), 1)
        cost = np.round(1000 / use - 10 * rng.uniform(0, 1, shape))
    return assignment_problem(cost, use, np.floor(0.8 * use.sum(axis=1) / agents))


def best_known(path: Path) -> float | None:
    """Best known cost of an instance, if a table beside it has one."""
    for folder in path.resolve().parents[:2]:
        table = folder / "best_known.csv"
        if table.exists():
            known = pd.read_csv(table)
            found = known[known["path"].map(lambda p: Path(str(p)).name) == path.name]
            return float(found["best_known_min"].iloc[0]) if len(found) else None
    return None


def measure(
    name: str, pairs: PairProblem, known: float | None, seconds: float
) -> dict[str, object]:
    """Solve one instance and say what was found."""
    begun, cpu = time.monotonic(), time.process_time()
    # Costs are whole numbers: a bound less than one below the cost proves it the best.
    found = solve_assignment(pairs, seconds)
    cost = None if found.choice is None else -pairs.worth(found.choice)
    bound = -found.bound
    line: dict[str, object] = {
        "instance": name,
        "cost": cost,
        "bound": bound,
        "gap": None if cost is None else (cost - bound) / max(abs(cost), 1.0),
        "solver": found.solver,
        "stages": {name: round(spent, 1) for name, spent in found.seconds.items()},
        "seconds": round(time.monotonic() - begun, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
    }
    if known is not None and cost is not None:
        line |= {"best_known": known, "over_best_known": cost / known - 1}
    return line


def read_or_draw(name: str) -> tuple[str, PairProblem, float | None]:
    """Name, instance and best known cost: of a file, or drawn as type:agents:jobs[:seed].

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no instance, or nothing that can be drawn.
    """
    path = Path(name)
    parts = name.split(":")
    if path.exists() or len(parts) not in (3, 4):
        return path.name, read_instance(path), best_known(path)
    try:
        sizes = [int(part) for part in parts[1:]]
    except ValueError as error:
        raise ValueError(f"{name}: expected type:agents:jobs or type:agents:jobs:seed") from error
    return name, draw_instance(parts[0], *sizes), None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="an instance, or d:40:400 (c, d, e) to draw one"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="wall seconds per instance")
    options = parser.parse_args()
    solve_assignment(draw_instance("d", 2, 6), 600.0, exact_pairs=0, rounds=2)  # compiles
    status = 0
    for asked in options.files:
        begun = time.monotonic()
        try:
            name, pairs, known = read_or_draw(asked)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            status = 1
            continue
        line = measure(name, pairs, known, options.seconds - (time.monotonic() - begun))
        print(json.dumps(line), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
