"""Alerts: how people outside the UI learn of a failed run or a failed warning check.

Alerts name rules and counts, never a person, an amount of pay or a secret.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.request import Request, urlopen

from dagster_project.runtime.visible import visible

WEBHOOK_VARIABLE = "COVERAGE_ALERT_WEBHOOK"
TIMEOUT_SECONDS = 10


def send(home: Path, title: str, lines: list[str]) -> Path:
    """Append an alert to ``alerts.jsonl``, and post it where a webhook is configured.

    Args:
        home: The state folder.
        title: What happened, in short.
        lines: One fact a line.

    Returns:
        The file the alert was appended to.

    Raises:
        OSError: The webhook did not answer; the file has the alert all the same.
    """
    path = home / "alerts.jsonl"
    home.mkdir(parents=True, exist_ok=True)
    title = visible(title, keep_lines=False)
    body = json.dumps({"title": title, "text": "\n".join([title, *map(visible, lines)])})
    path.touch(mode=0o600)
    with path.open("a", encoding="utf-8") as file:
        file.write(body + "\n")
    address = os.environ.get(WEBHOOK_VARIABLE)
    if address:
        if not address.startswith("https://"):
            raise OSError(f"{WEBHOOK_VARIABLE} must start with https://")
        request = Request(address, data=body.encode(), headers={"Content-Type": "application/json"})
        with urlopen(request, timeout=TIMEOUT_SECONDS):
            pass
    return path
