"""Where a process spends its time: CPU and wall seconds booked to named stages.

Belongs here: the stage names shared by refresh and floor, and the clock. Does not belong here:
what is run in a stage. The standard library only, so that measuring adds no imports.
"""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path

START_UP = "start-up"
PULLS = "pulls"
GATES = "gates"
ACCEPT = "accept"
DBT_BEFORE = "dbt before planning"
STRENGTHS = "strengths"
COVERAGE = "coverage plan"
QUOTAS = "quota plan"
VERIFY = "verify checks"
DBT_AFTER = "dbt after planning"
PUBLISH = "publish"
REST = "rest"
EXCLUDED = "excluded"

STAGES = (
    START_UP,
    PULLS,
    GATES,
    ACCEPT,
    DBT_BEFORE,
    STRENGTHS,
    COVERAGE,
    QUOTAS,
    VERIFY,
    DBT_AFTER,
    PUBLISH,
    REST,
)


def cpu_seconds() -> float:
    """User and system seconds of this process and of its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class Stages:
    """Books everything since the last mark to a stage; the first mark includes process start."""

    def __init__(self, started_at: float) -> None:
        """Start at zero CPU seconds.

        Args:
            started_at: When the process was started, seconds since the epoch.
        """
        self._cpu, self._wall = 0.0, started_at
        self.spent: dict[str, tuple[float, float]] = {}

    def mark(self, stage: str) -> None:
        """Book the CPU and wall seconds since the last mark to a stage."""
        cpu, wall = cpu_seconds(), time.time()
        before = self.spent.get(stage, (0.0, 0.0))
        self.spent[stage] = (before[0] + cpu - self._cpu, before[1] + wall - self._wall)
        self._cpu, self._wall = cpu, wall

    def write(self, path: Path) -> None:
        """Write the seconds by stage as JSON: ``{stage: [cpu, wall]}``."""
        path.write_text(json.dumps(self.spent), encoding="utf-8")
