"""Alerts: how people outside the UI learn of a failed run or a failed warning check.

One run raises one alert, whoever started it: the command raises it at its end, the sensors that of
every other run, also of one whose process died. Whoever comes first marks the run.

Alerts name rules, counts and ids, never a person, an amount of pay or a secret.
"""

from __future__ import annotations

import html
import json
import os
from pathlib import Path
from urllib.request import Request, urlopen

import dagster as dg
from filelock import FileLock

from dagster_project.runtime.outcome import failed_checks, failed_steps, name_rule, read_events
from dagster_project.runtime.settings import UI_VARIABLE
from dagster_project.runtime.visible import visible

WEBHOOK_VARIABLE = "COVERAGE_ALERT_WEBHOOK"
DEFAULT_UI = "http://127.0.0.1:3000"
ALERTED_TAG = "coverage/alert"
TIMEOUT_SECONDS = 10
# More than a screen of rules helps nobody; the run has them all.
MOST_LINES = 20


def alert_once(run_id: str, instance: dg.DagsterInstance, home: Path) -> bool:
    """Send the alert that a finished run deserves, unless it was sent before.

    Args:
        run_id: A run that has succeeded or failed.
        instance: Where it is recorded.
        home: The state folder.

    Returns:
        Whether this call sent one; false where every check passed, too.

    Raises:
        OSError: The file or the webhook did not take it; the other one has it all the same.
    """
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "alerts.lock", mode=0o600):
        run = instance.get_run_by_id(run_id)
        # A run that is started again inherits the tags of the one before it.
        if run is None or run.tags.get(ALERTED_TAG) == run_id:
            return False
        title, lines = _tell(run, instance, home)
        if not lines:
            return False
        try:
            instance.add_run_tags(run_id, {ALERTED_TAG: run_id})
        finally:  # on a full disk the mark fails, and people learn of it all the same
            send(home, title, [*lines, f"Run: {run_address(run_id)}"])
    return True


def _tell(run: dg.DagsterRun, instance: dg.DagsterInstance, home: Path) -> tuple[str, list[str]]:
    events = read_events(instance, run.run_id)
    checks = failed_checks(events)
    if run.status == dg.DagsterRunStatus.FAILURE:
        blocking = [name_rule(check) for check in checks if check.blocking]
        lines = list(dict.fromkeys([*blocking, *failed_steps(events, home)]))
        title = f"{run.job_name} failed; the published plan stays as it is."
        return title, shortened(lines or ["no message"])
    lines = [name_rule(check) for check in checks]
    warnings = "a failed warning" if len(lines) == 1 else f"{len(lines)} failed warnings"
    title = f"{run.job_name} succeeded with {warnings}."
    return title, shortened(lines)


def shortened(lines: list[str]) -> list[str]:
    """Count the lines beyond a screen of them instead of sending each."""
    more = len(lines) - MOST_LINES
    return lines if more <= 0 else [*lines[:MOST_LINES], f"and {more} more"]


def run_address(run_id: str) -> str:
    """Where the UI shows a run, at the address that ``COVERAGE_UI_URL`` says people reach it."""
    return f"{(os.environ.get(UI_VARIABLE) or DEFAULT_UI).rstrip('/')}/runs/{run_id}"


def send(home: Path, title: str, lines: list[str]) -> Path:
    """Append an alert to ``alerts.jsonl``, and post it where a webhook is configured.

    Args:
        home: The state folder.
        title: What happened, in short.
        lines: One fact a line.

    Returns:
        The file the alert was appended to.

    Raises:
        OSError: The file or the webhook did not take it; the other one has it all the same.
    """
    path = home / "alerts.jsonl"
    title = visible(title, keep_lines=False)
    text = "\n".join([title, *map(visible, lines)])
    try:
        home.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"title": title, "text": text}) + "\n")
    finally:
        _post(title, text)
    return path


def _post(title: str, text: str) -> None:
    address = os.environ.get(WEBHOOK_VARIABLE)
    if not address:
        return
    if not address.startswith("https://"):
        raise OSError(f"{WEBHOOK_VARIABLE} must start with https://")
    # A chat reads <...> as a link or as a call to everybody; an id may hold it.
    escaped = {"title": html.escape(title, quote=False), "text": html.escape(text, quote=False)}
    body = json.dumps(escaped).encode()
    request = Request(address, data=body, headers={"Content-Type": "application/json"})
    with urlopen(request, timeout=TIMEOUT_SECONDS):
        pass
