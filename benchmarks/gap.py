"""Generalised assignment problems from the literature, solved by the coverage optimiser.

    python -m benchmarks.gap FILE ... --seconds 60

Prints one JSON line per file: cost, bound, gap and seconds; the excess over the best known cost
where a ``best_known.csv`` (path, best_known_min) lies in the file's folder or the one above.
Format of a file: whitespace-separated numbers: m agents, n jobs, m rows of n costs, m rows of n
resource uses, m capacities; cost is minimised and every job goes to exactly one agent.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from optimization.coverage.decide import decide
from optimization.coverage.rows import FloatArray, PairProblem, rows_by_entity


def read_instance(path: Path) -> PairProblem:
    """Read an instance; cost c becomes value -c, so that the worth of a plan is minus its cost.

    Raises:
        ValueError: The file does not hold as many numbers as its first two say.
    """
    numbers = np.array(path.read_text(encoding="ascii").split(), dtype=np.float64)
    agents, jobs = int(numbers[0]), int(numbers[1])
    size = agents * jobs
    if len(numbers) != 2 + 2 * size + agents:
        raise ValueError(
            f"{path}: {agents} agents and {jobs} jobs need {2 + 2 * size + agents} numbers, "
            f"the file has {len(numbers)}"
        )
    cost = numbers[2 : 2 + size].reshape(agents, jobs)
    use = numbers[2 + size : 2 + 2 * size].reshape(agents, jobs)
    return assignment_problem(cost, use, numbers[2 + 2 * size :])


def assignment_problem(cost: FloatArray, use: FloatArray, capacity: FloatArray) -> PairProblem:
    """State an instance as a coverage problem; cost and use have shape (agents, jobs)."""
    agents, jobs = cost.shape
    agent = np.tile(np.arange(agents, dtype=np.int64), jobs)
    labels = pd.DataFrame({"rep_id": [f"{a:05d}" for a in range(agents)], "group_id": None})
    rows = rows_by_entity(
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
    return PairProblem(first, -cost.T.reshape(-1), np.zeros(size), rows, every, agent)


def draw_instance(kind: str, agents: int, jobs: int, seed: int = 1) -> PairProblem:
    """Draw an instance of type D or E, the hard ones.

    D: use 1..100, cost 111 - use + -10..10, capacity 0.8 x mean load. E: use 1 - 10 ln(u), cost
    1000 / use - 10 u, the same capacity. Source: Laguna et al. (1995); Yagiura et al. (2004).
    """
    rng = np.random.default_rng(seed)
    shape = (agents, jobs)
    if kind.lower() == "d":
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
    found = decide(pairs, gap=0.0, seconds=seconds, seed=1)
    cost = None if found.choice is None else -pairs.worth(found.choice)
    bound = -found.bound
    line: dict[str, object] = {
        "instance": name,
        "cost": cost,
        "bound": bound,
        "gap": None if cost is None else (cost - bound) / max(abs(cost), 1.0),
        "solver": found.outcome.solver,
        "seconds": round(time.monotonic() - begun, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
    }
    if known is not None and cost is not None:
        line |= {"best_known": known, "over_best_known": cost / known - 1}
    return line


def lines(names: list[str], seconds: float) -> Iterator[dict[str, object]]:
    """Measure files, and drawn instances named like d:40:400."""
    for name in names:
        drawn = name.split(":")
        if len(drawn) == 3:
            pairs = draw_instance(drawn[0], int(drawn[1]), int(drawn[2]))
            yield measure(name, pairs, None, seconds)
        else:
            path = Path(name)
            yield measure(path.name, read_instance(path), best_known(path), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="an instance, or d:40:400 to draw one"
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    for line in lines(options.files, options.seconds):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
