"""``python -m benchmarks.staged``: the refresh as a user runs it, its cost booked to stages.

Belongs here: which step belongs to which stage. Does not belong here: a way of its own to run the
job. Events are stored within the step that raises them, and count for it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import usage

if TYPE_CHECKING:
    import dagster as dg


_STEPS = {
    "accepted_tables": usage.ACCEPT,
    "dbt_before_strength": usage.DBT_BEFORE,
    "strengths": usage.STRENGTHS,
    "dbt_before_planning": usage.DBT_BEFORE,
    "coverage_plan": usage.COVERAGE,
    "quota_plan": usage.QUOTAS,
    "dbt_after_planning": usage.DBT_AFTER,
    "published_files": usage.PUBLISH,
}
_PREFIXES = {
    "gate": usage.GATES,
    "crm__": usage.PULLS,
    "hr__": usage.PULLS,
    "policy__": usage.PULLS,
    "plan__": usage.VERIFY,
    "published__": usage.PUBLISH,
}
_ENDS = ("STEP_SUCCESS", "STEP_FAILURE", "STEP_UP_FOR_RETRY", "STEP_SKIPPED")


def stage_of(step_key: str) -> str:
    """Name the stage of a step; a step that is not known counts as the rest."""
    if step_key in _STEPS:
        return _STEPS[step_key]
    return next(
        (stage for prefix, stage in _PREFIXES.items() if step_key.startswith(prefix)), usage.REST
    )


def main() -> int:
    """Run the command and write the stages to the path given."""
    stages = usage.Stages(float(sys.argv[1]))
    from dagster_project.commands.refresh import refresh

    def book(entry: dg.EventLogEntry) -> None:
        if usage.START_UP not in stages.spent:
            stages.mark(usage.START_UP)
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        if event.event_type_value == "STEP_START":
            stages.mark(usage.REST)
        elif event.event_type_value in _ENDS:
            stages.mark(stage_of(event.step_key))

    # The command itself is measured, start-up and summary included.
    status = refresh(listener=book)
    stages.mark(usage.REST)
    stages.write(Path(sys.argv[2]))
    return status


if __name__ == "__main__":
    sys.exit(main())
