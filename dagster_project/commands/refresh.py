"""``sales-coverage refresh``: run the whole job here and say what was decided.

The run is recorded in the orchestrator's home, so the UI shows it beside the scheduled ones.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
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
from dagster_project.runtime.life import KILLED, killed_runs
from dagster_project.runtime.settings import Settings, load_settings
from dagster_project.runtime.visible import say

if TYPE_CHECKING:
    import dagster as dg

    from dagster_project.runtime.run_here import EndedRun

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
        ended = run(company, settings, instance, listener)
    if ended.success:
        say(_decided(ended.events, company, settings))
        return 0
    say(_blocked(ended.events, settings), sys.stderr)
    return 1


def run(
    company: Company,
    settings: Settings,
    instance: dg.DagsterInstance,
    listener: Listener | None = None,
    job: str = JOB,
) -> EndedRun:
    """Run a whole job in this process, and send the alert that it deserves.

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
    from dagster_project.runtime.run_here import run_here

    tell_of_killed(instance, settings.home)
    run_id = str(uuid.uuid4())
    if listener is not None:
        instance.add_event_listener(run_id, listener)
    resolved = build_definitions(company, settings).resolve_job_def(job)
    with progress(len(resolved.nodes)) as follow:
        instance.add_event_listener(run_id, follow)
        # The console gets this command's own messages; the run's events are in the UI.
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        ended = run_here(resolved, instance, run_id, quiet)
    _alert(run_id, instance, settings.home)
    return ended


def tell_of_killed(instance: dg.DagsterInstance, home: Path) -> None:
    """Mark runs failed whose process was killed, and send their alerts, where no daemon did."""
    for run_id in killed_runs(home):
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            instance.report_run_failed(run, f"The run did not end: {KILLED}.")
            _alert(run_id, instance, home)


def _alert(run_id: str, instance: dg.DagsterInstance, home: Path) -> None:
    from dagster_project.runtime.alerts import alert_once

    try:
        alert_once(run_id, instance, home)
    except Exception as error:  # whatever becomes of the alert, the run has its verdict
        reason = advice(error, home) or error
        say([f"The alert was not sent everywhere it should go: {reason}"], sys.stderr)


def _decided(
    events: Sequence[dg.DagsterEvent], company: Company, settings: Settings
) -> Iterator[str]:
    from dagster_project.commands.summary import summarise
    from dagster_project.runtime.outcome import failed_checks

    yield from _notes(events)
    yield ""
    yield from summarise(settings.published_path, company.company.currency)
    for evaluation in failed_checks(events):
        # The summary reports rules of the gates and of the review from their own tables.
        folder = evaluation.asset_key.path[0]
        is_notice = folder == "plan" or (folder == "marts" and "sentences" in evaluation.metadata)
        is_rule_of_a_gate = "fix" in evaluation.metadata
        if is_notice and not is_rule_of_a_gate:
            words = evaluation.check_name.replace("_", " ")
            yield f"Notice   {evaluation.description or f'{words}: does not hold'}"
    yield ""
    yield f"Tables   {settings.published_path} (DuckDB) and"
    yield f"         {settings.home / 'published' / 'current'} (Parquet)"
    yield "UI       make ui, then http://127.0.0.1:3000"


def _notes(events: Sequence[dg.DagsterEvent]) -> Iterator[str]:
    """Say what was found out of the sources, and which cells could not be read."""
    from dagster import JsonMetadataValue

    for event in events:
        if event.event_type_value != "ASSET_MATERIALIZATION":
            continue
        notes = event.step_materialization_data.materialization.metadata.get(NOTES)
        if isinstance(notes, JsonMetadataValue) and isinstance(notes.value, list):
            yield from (f"Note     {note}" for note in notes.value)


def _blocked(events: Sequence[dg.DagsterEvent], settings: Settings) -> Iterator[str]:
    """Say what stopped the run: failed blocking rules, then steps that failed."""
    from dagster_project.runtime.outcome import failed_checks, failed_steps, name_check

    yield from _notes(events)
    yield ""
    yield "The run stopped; nothing was published."
    stops = [name_check(check) for check in failed_checks(events) if check.blocking]
    yield from (
        f"- {stop}" for stop in (*stops, *dict.fromkeys(failed_steps(events, settings.home)))
    )
    if is_published_file_whole(settings.home):
        yield f"The last good plan is still in {settings.published_path}."
    elif (current := plan_folder(settings.home)) is not None:
        yield (
            f"{settings.published_path} is damaged, and the next publication replaces it; the last "
            f"good plan is in {current} (Parquet)."
        )
    yield "Open the run in the UI (make ui) for samples of the failing records."
