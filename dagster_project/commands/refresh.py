"""``sales-coverage refresh``: run the whole job here and say what was decided.

The run is recorded in the orchestrator's home, so the UI shows it beside the scheduled ones.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from dagster_project.commands.progress import progress
from dagster_project.company.load import load_company
from dagster_project.company.model import Company
from dagster_project.company.yaml_file import CompanyError
from dagster_project.defs.ingest import NOTES
from dagster_project.publishing.disk import advice, refuse_unwritable
from dagster_project.publishing.kept_plans import is_published_file_whole, plan_folder
from dagster_project.publishing.preflight import UNFIT, refuse_unpublishable
from dagster_project.runtime.instance import open_instance, prepare_dagster_home
from dagster_project.runtime.settings import Settings, load_settings
from dagster_project.runtime.visible import say

if TYPE_CHECKING:
    import dagster as dg
    from dagster_shared.error import SerializableErrorInfo

    Listener = Callable[[dg.EventLogEntry], None]

JOB = "refresh"


def refresh(listener: Listener | None = None) -> int:
    """Run, print, and return 0 (published), 1 (blocked) or 2 (the company file is wrong)."""
    settings = load_settings()
    settings.export()
    try:
        refuse_unwritable(settings.home)
        return _refresh(settings, listener)
    except Exception as error:
        # The orchestrator's own files lie on the same disk.
        reason = str(error) if isinstance(error, UNFIT) else advice(error, settings.home)
        if reason is None:
            raise
        say(["", "The run stopped; nothing was published.", f"- {reason}"], sys.stderr)
        return 1


def _refresh(settings: Settings, listener: Listener | None) -> int:
    prepare_dagster_home(settings)
    try:
        company = load_company(settings.company_path)
    except CompanyError as error:
        say(["The company file cannot be used:", str(error)], sys.stderr)
        return 2
    say([f"Refreshing {company.company.name} ({settings.company_path})"])
    refuse_unpublishable(settings.home, company.publishing)
    with open_instance(settings) as instance:
        result = run(company, settings, instance, listener)
    if result.success:
        say(_decided(result, company, settings))
        return 0
    say(_blocked(result, settings), sys.stderr)
    return 1


def run(
    company: Company,
    settings: Settings,
    instance: dg.DagsterInstance,
    listener: Listener | None = None,
    job: str = JOB,
) -> dg.ExecuteInProcessResult:
    """Run a whole job in this process.

    Args:
        company: Whose job it is.
        settings: Where its state lies.
        instance: Where the run is recorded.
        listener: Called with every event as it happens.
        job: The job.

    Returns:
        The outcome; a failed run is a result, not an exception.
    """
    from dagster_project.definitions import build_definitions

    run_id = str(uuid.uuid4())
    if listener is not None:
        instance.add_event_listener(run_id, listener)
    resolved = build_definitions(company, settings).resolve_job_def(job)
    with progress(len(resolved.nodes)) as follow:
        instance.add_event_listener(run_id, follow)
        return resolved.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_id=run_id,
            # The console gets this command's own messages; the run's events are in the UI.
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


def _decided(
    result: dg.ExecuteInProcessResult, company: Company, settings: Settings
) -> Iterator[str]:
    from dagster_project.commands.summary import summarise

    yield from _notes(result)
    yield ""
    yield from summarise(settings.published_path, company.company.currency)
    for evaluation in result.get_asset_check_evaluations():
        # The summary reports rules of the gates and of the review from their own tables.
        folder = evaluation.asset_key.path[0]
        is_notice = folder == "plan" or (folder == "marts" and "sentences" in evaluation.metadata)
        is_rule_of_a_gate = "fix" in evaluation.metadata
        if not evaluation.passed and is_notice and not is_rule_of_a_gate:
            words = evaluation.check_name.replace("_", " ")
            yield f"Notice   {evaluation.description or f'{words}: does not hold'}"
    yield ""
    yield f"Tables   {settings.published_path} (DuckDB) and"
    yield f"         {settings.home / 'published' / 'current'} (Parquet)"
    yield "UI       make ui, then http://127.0.0.1:3000"


def _notes(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    """Say what was found out of the sources, and which cells could not be read."""
    from dagster import JsonMetadataValue

    for event in result.get_asset_materialization_events():
        made = event.step_materialization_data.materialization
        notes = made.metadata.get(NOTES)
        if isinstance(notes, JsonMetadataValue) and isinstance(notes.value, list):
            yield from (f"Note     {note}" for note in notes.value)


def _blocked(result: dg.ExecuteInProcessResult, settings: Settings) -> Iterator[str]:
    """Say what stopped the run: failed blocking rules, then steps that failed."""
    yield from _notes(result)
    yield ""
    yield "The run stopped; nothing was published."
    for evaluation in result.get_asset_check_evaluations():
        if evaluation.passed or not evaluation.blocking:
            continue
        message = evaluation.description or "failed"
        if evaluation.check_name not in message:
            message = f"{evaluation.check_name}: {message}"
        yield f"- {evaluation.asset_key.to_user_string()}: {message}"
    yield from dict.fromkeys(failures(result, settings))
    if is_published_file_whole(settings.home):
        yield f"The last good plan is still in {settings.published_path}."
    elif (current := plan_folder(settings.home)) is not None:
        yield (
            f"{settings.published_path} is damaged, and the next publication replaces it; the last "
            f"good plan is in {current} (Parquet)."
        )
    yield "Open the run in the UI (make ui) for samples of the failing records."


def failures(result: dg.ExecuteInProcessResult, settings: Settings) -> Iterator[str]:
    """Name each failed step with its innermost cause, or the run's where no step began."""
    steps = result.filter_events(lambda event: event.is_step_failure)
    for event in steps:
        data = event.step_failure_data
        if data.user_failure_data is not None:
            yield f"- {data.user_failure_data.description}"
        elif data.error is not None and data.error.cls_name != "DagsterAssetCheckFailedError":
            yield f"- {_innermost(data.error, settings)}"
    if not steps:
        for event in result.filter_events(lambda event: event.is_job_failure):
            error = event.job_failure_data.error
            yield f"- {_innermost(error, settings) if error is not None else event.message}"


def _innermost(error: SerializableErrorInfo, settings: Settings) -> str:
    while error.cause is not None:
        error = error.cause
    return advice(error.message, settings.home) or error.message.strip()
