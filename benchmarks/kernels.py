"""Whether the compiler is worth its dependency: the compiled loops against the same ones without.

    python -m benchmarks.kernels

Prints one JSON line per loop: CPU seconds compiled, by whole arrays of NumPy where the loop can be
said so, and as plain Python, and the ratios. Plain Python takes the pass over a hundredth of the
pairs; its seconds are scaled by their number.
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
from optimization.coverage.problem.constraints import FloatArray, PairProblem
from optimization.coverage.solve import kernels, search
from optimization.coverage.solve.dual import find_prices
from optimization.coverage.solve.search import Schedule, Search

REPEATS = 3
CALLED = ("row_cost", "_change", "_unlink", "_link", "_shift", "_best_relief")  # by chain_search


def seconds_of(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median CPU seconds."""
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        run()
        spent.append(time.process_time() - begun)
    return statistics.median(spent)


def numpy_pass(pairs: PairProblem, price: FloatArray, temperature: FloatArray) -> object:
    """The pass of the smoothed dual by whole arrays."""
    uses, first = pairs.rows.uses, pairs.first
    net = pairs.value - uses @ price
    account = pairs.account_of
    top = np.maximum.reduceat(net, first[:-1])
    share = np.exp((net - top[account]) / temperature[account])
    total = np.add.reduceat(share, first[:-1])
    share /= total[account]
    bend = share * (1.0 - share) / temperature[account]
    squares = uses.copy()
    squares.data = squares.data**2
    worth = float((top + temperature * np.log(total)).sum())
    return worth, uses.T @ share, squares.T @ bend


def dual_pass() -> dict[str, object]:
    """One pass at 200 x 20,000, plain Python at a hundredth of the pairs."""
    large, small = draw_company(200, 20_000, 10), draw_company(2, 200, 10)

    def arguments(pairs: PairProblem) -> tuple[Any, ...]:
        uses = pairs.rows.uses
        price = np.full(pairs.rows.count, 1.0)
        temperature = np.full(pairs.account_count, 500.0)
        return pairs.first, pairs.value, uses.indptr, uses.indices, uses.data, price, temperature

    one, few = arguments(large), arguments(small)
    kernels._serial_pass(*few)
    scale = len(large.value) / len(small.value)
    return {
        "loop": "pass of the dual",
        "pairs": len(large.value),
        "compiled": seconds_of(lambda: kernels._serial_pass(*one)),
        "numpy": seconds_of(lambda: numpy_pass(large, one[-2], one[-1])),
        "python": scale * seconds_of(lambda: kernels._serial_pass.py_func(*few)),
    }


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
    schedule = Schedule(near=2.0, longest=4, sweeps=2, heat=0.1, cooling=0.1)

    def run() -> None:
        Search(pairs, price, 1).round(schedule, np.inf)

    run()
    compiled = seconds_of(run)
    with plain(search, ["chain_search"]), plain(kernels, CALLED):
        python = seconds_of(run, repeats=1)
    return {"loop": "chains", "pairs": len(pairs.value), "compiled": compiled, "python": python}


def main() -> None:
    for line in (dual_pass(), chains()):
        compiled = float(str(line["compiled"]))
        for name in ("numpy", "python"):
            if name in line:
                line[f"{name}_over_compiled"] = float(str(line[name])) / compiled
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
