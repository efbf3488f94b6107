"""The orchestrator's launcher that notices a run whose process was killed, whoever started it.

The stock one watches what it launched itself, for as long as it lives itself. A killed run of the
command would stay "started" for ever, raise no alert, and keep the queue from the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._serdes import ConfigurableClassData

from dagster_project.runtime.life import KILLED, has_died


class WatchingLauncher(DefaultRunLauncher):
    """Stock launcher, and a look at each run's sign of life for the daemon that monitors runs."""

    def __init__(self, home: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._home = Path(home)
        super().__init__(inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """What the instance's dagster.yaml says: the state folder."""
        return {"home": str}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Build from the instance's dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes, by the sign of life."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Tell whether the run's process was killed."""
        if not has_died(self._home, run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, KILLED)
