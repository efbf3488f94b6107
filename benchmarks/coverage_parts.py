"""What it brings to plan groups that share nothing but the company's move budget side by side.

    python -m benchmarks.coverage_parts --countries 5 --reps 20 --accounts 1000

Draws that many companies with every rule on, gives them one move budget, and plans the whole once
as one problem and once by parts (``solve.components``), with the same seconds. One
line of JSON each. Belongs here: the joined company and the comparison. Does not belong here: the
draw of one (``coverage_company``).
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks.coverage_company import draw_company, present_choice
from optimization.coverage.problem.constraints import CouplingRows, IntArray, PairProblem


def draw_countries(
    countries: int, reps: int, accounts: int, candidates: int, *, move_rate: float = 0.05
) -> PairProblem:
    """Draw companies of so many reps and accounts that share one move budget."""
    drawn = [
        draw_company(reps, accounts, candidates, move_rate=move_rate, seed=seed)
        for seed in range(1, countries + 1)
    ]
    own, moves = [], []
    for country in drawn:
        every = np.arange(len(country.value))
        is_moves = country.rows.of(["moves"])
        own.append(country.rows.take(every, np.flatnonzero(~is_moves)))
        moves.append(country.rows.take(every, np.flatnonzero(is_moves)))
    parts = [*own, moves[0]]
    rows = CouplingRows(
        labels=pd.concat([part.labels for part in parts], ignore_index=True),
        uses=sp.csr_array(
            sp.hstack(
                [
                    sp.block_diag([part.uses for part in own]),
                    sp.vstack([part.uses for part in moves]),
                ]
            )
        ),
        limit=np.concatenate(
            [*(part.limit for part in own), sum(part.limit for part in moves)], axis=None
        ),
        slack_limit=np.concatenate([part.slack_limit for part in parts]),
        slack_price=np.concatenate([part.slack_price for part in parts]),
    )
    begin = np.cumsum([0, *(len(country.value) for country in drawn)])
    coverers = np.cumsum([0, *(int(country.coverer.max()) + 1 for country in drawn)])
    return PairProblem(
        first=np.concatenate(
            [[0], *(c.first[1:] + at for c, at in zip(drawn, begin, strict=False))]
        ),
        value=np.concatenate([country.value for country in drawn]),
        tie=np.concatenate([country.tie for country in drawn]),
        rows=rows,
        candidate=np.arange(begin[-1]),
        coverer=np.concatenate(
            [country.coverer + at for country, at in zip(drawn, coverers[:-1], strict=True)]
        ),
    )


def main() -> None:
    """Plan the whole and by parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--countries", type=int, default=5)
    parser.add_argument("--reps", type=int, default=20)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--candidates", type=int, default=10)
    parser.add_argument("--gap", type=float, default=0.0005)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    pairs = draw_countries(options.countries, options.reps, options.accounts, options.candidates)
    known = present_choice(pairs)
    for way in (_whole, _by_parts):
        begun, cpu = time.monotonic(), time.process_time()
        choice, bound = way(pairs, known, options.gap, options.seconds)
        line = {
            "way": way.__name__.lstrip("_"),
            "pairs": len(pairs.value),
            "gap": (bound - pairs.worth(choice)) / bound,
            "broken_rows": int(pairs.broken(choice).sum()),
            "seconds": round(time.monotonic() - begun, 1),
            "cpu_seconds_here": round(time.process_time() - cpu, 1),
        }
        print(json.dumps(line), flush=True)


def _whole(
    pairs: PairProblem, known: IntArray, gap: float, seconds: float
) -> tuple[IntArray, float]:
    from optimization.coverage.solve.large import solve_large

    found = solve_large(pairs, gap=gap, seconds=seconds, seed=1, start_choice=known)
    return known if found.choice is None else found.choice, found.bound


def _by_parts(
    pairs: PairProblem, known: IntArray, gap: float, seconds: float
) -> tuple[IntArray, float]:
    from optimization.coverage.solve.decide import decide

    found = decide(pairs, gap=gap, seconds=seconds, seed=1, start_choice=known)
    return known if found.choice is None else found.choice, found.bound


if __name__ == "__main__":
    main()
