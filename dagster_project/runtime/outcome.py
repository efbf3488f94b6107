"""What a run's events say of it: which rules failed, for which records, and what stopped it.

The console and the alerts read the same events; the alerts leave out what may name a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.events import JobFailureData

from dagster_project.publishing.disk import advice

if TYPE_CHECKING:
    from dagster_shared.error import SerializableErrorInfo

_SHOWN_KEYS = 5
TELLING = {
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_FAILURE,
}


def read_events(instance: dg.DagsterInstance, run_id: str) -> list[dg.DagsterEvent]:
    """Read the events of a recorded run that tell how it went, in their order."""
    records = instance.get_records_for_run(run_id, of_type=TELLING).records
    events = (record.event_log_entry.dagster_event for record in records)
    return [event for event in events if event is not None]


def failed_checks(events: Iterable[dg.DagsterEvent]) -> list[dg.AssetCheckEvaluation]:
    """List the checks that failed, those that block a run and those that warn."""
    evaluations = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    return [evaluation for evaluation in evaluations if not evaluation.passed]


def name_check(evaluation: dg.AssetCheckEvaluation) -> str:
    """Say a failed check in its own words, after the table it judges."""
    message = evaluation.description or "failed"
    if evaluation.check_name not in message:
        message = f"{evaluation.check_name}: {message}"
    return f"{evaluation.asset_key.to_user_string()}: {message}"


def name_rule(evaluation: dg.AssetCheckEvaluation) -> str:
    """Say rule, records and fix of a failed check by ids alone.

    A check's own words may hold a person's name; its failing keys are ids.
    """
    metadata = evaluation.metadata
    text = f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name} failed"
    if "failed_rows" in metadata:
        count = int(str(metadata["failed_rows"].value))
        text += f" for {count:,} {'row' if count == 1 else 'rows'}"
    found = metadata.get("failing_keys") or metadata.get("violations")
    keys = found.value if isinstance(found, dg.JsonMetadataValue) else None
    if isinstance(keys, Sequence) and keys:
        text += f" (e.g. {', '.join(map(str, keys[:_SHOWN_KEYS]))})"
    words = [str(metadata[name].value) for name in ("why", "fix", "rule") if name in metadata]
    if "fix" in metadata:
        words[-1] = f"Fix: {words[-1]}"
    return " ".join([f"{text}.", *words])


def failed_steps(events: Sequence[dg.DagsterEvent], home: Path) -> Iterator[str]:
    """Name each failed step by its innermost cause, or the run's where no step began.

    A step that failed for a blocking check is left out: the check says more.

    Args:
        events: Of one run.
        home: The state folder, for advice on troubles of its disk.
    """
    steps = [event for event in events if event.is_step_failure]
    for event in steps:
        data = event.step_failure_data
        if data.user_failure_data is not None:
            yield str(data.user_failure_data.description)
        elif data.error is not None and data.error.cls_name != "DagsterAssetCheckFailedError":
            yield _innermost(data.error, home)
    if not steps:
        for event in events:
            if event.is_job_failure:
                # A run whose process died was ended from outside, by words alone.
                ending = event.event_specific_data
                error = ending.error if isinstance(ending, JobFailureData) else None
                yield _innermost(error, home) if error is not None else str(event.message)


def _innermost(error: SerializableErrorInfo, home: Path) -> str:
    while error.cause is not None:
        error = error.cause
    return advice(error.message, home) or error.message.strip()
