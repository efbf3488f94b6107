"""A run in this process, recorded as the run of the code location that it is.

What the orchestrator offers for a run in a process records it without a place in any code location:
no sensor hears of it, and the UI's timeline leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import create_execution_plan, execute_run_iterator
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin

from dagster_project.runtime.settings import LOCATION_NAME

_PLACE = RemoteRepositoryOrigin(
    RegisteredCodeLocationOrigin(LOCATION_NAME), SINGLETON_REPOSITORY_NAME
)


@dataclass(frozen=True)
class EndedRun:
    """A run that has ended, with all its events."""

    run_id: str
    events: list[dg.DagsterEvent]

    @property
    def success(self) -> bool:
        """Every step and every blocking check passed."""
        return any(event.is_job_success for event in self.events)


def run_here(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    run_id: str,
    run_config: Mapping[str, Any] | None = None,
) -> EndedRun:
    """Run a whole job and record it.

    Args:
        job: The job.
        instance: Where the run is recorded.
        run_id: Its identity, a UUID.
        run_config: Settings of the run.

    Returns:
        How it ended; a failed run is a result, not an exception.
    """
    here = InMemoryJob(job)
    plan = create_execution_plan(here, run_config, instance_ref=instance.get_ref())
    run = instance.create_run_for_job(
        job,
        execution_plan=plan,
        run_id=run_id,
        run_config=run_config,
        tags=job.run_tags,
        remote_job_origin=_PLACE.get_job_origin(job.name),
    )
    return EndedRun(run_id, list(execute_run_iterator(here, run, instance)))
