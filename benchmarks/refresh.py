"""``python -m benchmarks.refresh``: the cost of a refresh by stage, beside its floor.

Belongs here: the command and its report. Does not belong here: measuring (``benchmarks.measure``).
See ``benchmarks/README.md`` for what is measured and how to read it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import usage
from benchmarks.company import Size
from benchmarks.measure import Bench, BenchmarkError, Result, Sample, measure

SIZES = (8_000, 2_000_000)
REPEATS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size and print the report; 0, or 1 if a measured programme failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.refresh", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="opportunities")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="runs per size, for medians")
    parser.add_argument("--keep", action="store_true", help="leave the temporary folder")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="coverage-benchmark-"))
    try:
        results = []
        for size in map(Size, sorted(options.sizes)):
            bench = Bench(size, folder / str(size.opportunities), folder / "compiled.json")
            print(f"Preparing {size}", file=sys.stderr)
            bench.prepare()
            print(f"Measuring {options.repeats} times", file=sys.stderr)
            results.append(measure(bench, options.repeats))
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if options.keep:
            print(f"Kept {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(report(results, options.repeats)))
    return 0


def report(results: Sequence[Result], repeats: int) -> Iterator[str]:
    """Word the results: a table per size, the comparison, one JSON line per size."""
    yield f"Medians of {repeats} on {os.cpu_count()} cores; floor: the same SQL and solve, bare."
    for result in results:
        yield from ("", f"## {result.size}", "", *_table(result))
        yield ""
        same = "the same" if result.is_same_plan else "NOT the same"
        yield f"Refresh and floor published {same} assignments and quotas."
    yield ""
    yield from _comparison(results)
    yield ""
    yield from (json.dumps(facts(result)) for result in results)


def _table(result: Result) -> Iterator[str]:
    refresh, floor = result.refresh, result.floor
    yield "| stage | refresh CPU s | refresh wall s | floor CPU s | floor wall s |"
    yield "|---|---:|---:|---:|---:|"
    for stage in usage.STAGES:
        cells = (*refresh.of(stage), *floor.of(stage))
        yield f"| {stage} | " + " | ".join(f"{seconds:.2f}" for seconds in cells) + " |"
    cells = (refresh.cpu, refresh.wall, floor.cpu, floor.wall)
    yield "| **all** | " + " | ".join(f"**{seconds:.2f}**" for seconds in cells) + " |"
    yield f"| peak RSS MiB | {refresh.peak_rss_mb:.0f} | | {floor.peak_rss_mb:.0f} | |"


def _comparison(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        cpu = result.refresh.cpu / result.floor.cpu
        wall = result.refresh.wall / result.floor.wall
        yield (
            f"- {result.size.opportunities:,}: {cpu:.1f} times the floor's CPU, "
            f"{wall:.1f} times its wall time."
        )
    small, large = results[0], results[-1]
    yield (
        f"- CPU over the floor at {small.size.opportunities:,}, the cost of the machinery: "
        f"{over_floor(small):.1f} s."
    )
    if large is not small:
        growth = large.refresh.cpu - small.refresh.cpu
        least = large.floor.cpu - small.floor.cpu
        yield (
            f"- From {small.size.opportunities:,} to {large.size.opportunities:,} the refresh "
            f"takes {growth:.1f} CPU s more, the floor {least:.1f}: {growth / least:.2f} times."
        )


def over_floor(result: Result) -> float:
    """CPU seconds over the floor; where there is hardly any data, the cost of the machinery."""
    return result.refresh.cpu - result.floor.cpu


def facts(result: Result) -> dict[str, Any]:
    """Collect a size's figures for a machine to read."""
    return {
        "opportunities": result.size.opportunities,
        "accounts": result.size.accounts,
        "reps": result.size.reps,
        "is_same_plan": result.is_same_plan,
        "cpu_over_floor_s": round(over_floor(result), 2),
        "cpu_ratio": round(result.refresh.cpu / result.floor.cpu, 2),
        "wall_ratio": round(result.refresh.wall / result.floor.wall, 2),
        **{name: _figures(getattr(result, name)) for name in ("refresh", "floor")},
    }


def _figures(sample: Sample) -> dict[str, Any]:
    return {
        "cpu_s": round(sample.cpu, 2),
        "wall_s": round(sample.wall, 2),
        "peak_rss_mb": round(sample.peak_rss_mb),
        "stages_cpu_s": {stage: round(sample.of(stage)[0], 2) for stage in usage.STAGES},
    }


if __name__ == "__main__":
    sys.exit(main())
