"""Runs the measured programmes as fresh processes and reads what they used.

Belongs here: starting children, their totals, medians over repeats. Does not belong here: wording
(``benchmarks.refresh``).
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import usage
from benchmarks.company import Size, write_company
from dagster_project.runtime.settings import REPOSITORY

_LAST_LINES = 15


class BenchmarkError(Exception):
    """A measured programme failed; its last lines are in the message."""


@dataclass(frozen=True)
class Sample:
    """One run of a programme, or the median of several.

    Attributes:
        cpu: User and system seconds of the process and its children.
        wall: Seconds from start to end.
        peak_rss_mb: Largest resident memory, MiB.
        stages: CPU and wall seconds by stage; they add up to ``cpu`` and ``wall`` in one run.
    """

    cpu: float
    wall: float
    peak_rss_mb: float
    stages: dict[str, tuple[float, float]]

    def of(self, stage: str) -> tuple[float, float]:
        """CPU and wall seconds of a stage; none if it was not run."""
        return self.stages.get(stage, (0.0, 0.0))


@dataclass(frozen=True)
class Result:
    """Refresh and floor at one size.

    Attributes:
        size: What was measured.
        refresh: The refresh.
        floor: The floor.
        is_same_plan: Both published the same assignments and quotas, byte for byte.
    """

    size: Size
    refresh: Sample
    floor: Sample
    is_same_plan: bool


@dataclass(frozen=True)
class Bench:
    """The folders of one size.

    Attributes:
        size: What is measured.
        folder: Holds the company file and one home for each programme.
        compiled: The compiled SQL, shared by all sizes; made by the first one.
    """

    size: Size
    folder: Path
    compiled: Path

    def prepare(self) -> None:
        """Make data and homes; nothing of it is measured."""
        write_company(self.folder, self.size)
        self._run("benchmarks.prepare", "refresh", str(self.compiled))

    def refresh(self) -> Sample:
        """Run the refresh once."""
        return self._measure("benchmarks.staged", "refresh")

    def floor(self) -> Sample:
        """Run the floor once, on the refresh's data."""
        data_home = self.folder / "refresh"
        return self._measure("benchmarks.floor", "floor", str(self.compiled), str(data_home))

    def is_same_plan(self) -> bool:
        """Compare the content of what both published last."""
        refreshed, bare = (
            json.loads(
                (self.folder / home / "published" / "current" / "manifest.json").read_text("utf-8")
            )["tables"]
            for home in ("refresh", "floor")
        )
        return all(
            refreshed[table]["sha256"] == bare[table]["sha256"]
            for table in ("coverage_assignments", "quota_allocations")
        )

    def _measure(self, module: str, home: str, *arguments: str) -> Sample:
        results = self.folder / "stages.json"
        started = time.time()
        used = self._run(module, home, str(started), str(results), *arguments)
        wall = time.time() - started
        spent = json.loads(results.read_text(encoding="utf-8"))
        results.unlink()
        stages = {stage: (spent[stage][0], spent[stage][1]) for stage in spent}
        # What follows the last mark is the end of the process.
        cpu = used.ru_utime + used.ru_stime
        rest = stages.get(usage.REST, (0.0, 0.0))
        stages[usage.REST] = (
            rest[0] + cpu - sum(seconds for seconds, _ in stages.values()),
            rest[1] + wall - sum(seconds for _, seconds in stages.values()),
        )
        excluded = stages.pop(usage.EXCLUDED, (0.0, 0.0))
        return Sample(cpu - excluded[0], wall - excluded[1], used.ru_maxrss / 1024, stages)

    def _run(self, module: str, home: str, *arguments: str) -> resource.struct_rusage:
        return run_child(
            module, *arguments, company=self.folder / "company.yml", home=self.folder / home
        )


def run_child(module: str, *arguments: str, company: Path, home: Path) -> resource.struct_rusage:
    """Run a module in a fresh interpreter and wait for it.

    Args:
        module: Name for ``python -m``.
        *arguments: Its arguments.
        company: Company file.
        home: State folder.

    Returns:
        What the process and its children used.

    Raises:
        BenchmarkError: It ended with another status than 0.
    """
    home.mkdir(parents=True, exist_ok=True)
    log = home / "output.txt"
    environment = os.environ | {"COVERAGE_COMPANY": str(company), "COVERAGE_HOME": str(home)}
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=REPOSITORY,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
        raise BenchmarkError(f"{module} ended with {child.returncode}:\n" + "\n".join(lines))
    return used


def measure(bench: Bench, repeats: int) -> Result:
    """Alternate refresh and floor, so that a busy spell of the machine hits both."""
    samples = [(bench.refresh(), bench.floor()) for _ in range(repeats)]
    return Result(
        size=bench.size,
        refresh=median([refresh for refresh, _ in samples]),
        floor=median([floor for _, floor in samples]),
        is_same_plan=bench.is_same_plan(),
    )


def median(samples: Sequence[Sample]) -> Sample:
    """Take the median of every figure by itself."""
    names = {stage for sample in samples for stage in sample.stages}
    return Sample(
        cpu=statistics.median(sample.cpu for sample in samples),
        wall=statistics.median(sample.wall for sample in samples),
        peak_rss_mb=statistics.median(sample.peak_rss_mb for sample in samples),
        stages={
            stage: (
                statistics.median(sample.of(stage)[0] for sample in samples),
                statistics.median(sample.of(stage)[1] for sample in samples),
            )
            for stage in names
        },
    )
