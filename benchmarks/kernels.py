"""Whether the compiler is worth its dependency: the chain search with and without it.

    python -m benchmarks.kernels

Prints one JSON line: CPU seconds compiled and as plain Python, and the ratio.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.coverage_company import draw_company
from optimization.coverage.solve import kernels, search
from optimization.coverage.solve.dual import find_prices
from optimization.coverage.solve.search import Schedule, Search

REPEATS = 3
# By chain_search:
CALLED = ("constraint_cost", "_change", "_unlink", "_link", "_shift", "_best_relief")


def seconds_of(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median CPU seconds."""
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        run()
        spent.append(time.process_time() - begun)
    return statistics.median(spent)


@contextmanager
def plain(module: Any, names: Iterable[str]) -> Iterator[None]:
    """Replace compiled functions of a module by the plain ones."""
    kept = {name: getattr(module, name) for name in names}
    for name, function in kept.items():
        setattr(module, name, function.py_func)
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(module, name, function)


def chains() -> dict[str, object]:
    """A first round of two sweeps on 20 x 1,000."""
    pairs = draw_company(20, 1000, 10)
    price = find_prices(pairs).price
    schedule = Schedule(listed=2.0, longest=4, sweeps=2, temperature=0.1, cooling=0.1)

    def run() -> None:
        Search(pairs, price, 1).round(schedule, np.inf)

    run()
    compiled = seconds_of(run)
    with plain(search, ["chain_search"]), plain(kernels, CALLED):
        python = seconds_of(run, repeats=1)
    return {"loop": "chains", "pairs": len(pairs.value), "compiled": compiled, "python": python}


def main() -> None:
    line = chains()
    line["python_over_compiled"] = float(str(line["python"])) / float(str(line["compiled"]))
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
