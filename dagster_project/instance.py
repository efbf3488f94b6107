"""The orchestrator's home folder, prepared the same way by every command.

Belongs here: the folder and its dagster.yaml. Does not belong here: definitions or runs.
"""

from __future__ import annotations

import os

import yaml

from dagster_project.settings import REPOSITORY, Settings


def prepare_dagster_home(settings: Settings) -> None:
    """Create the folder and make it this process's DAGSTER_HOME.

    Its dagster.yaml is the repository's, with the faster event log.
    """
    instance = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    instance["event_log_storage"] = {
        "module": "dagster_project.event_log",
        "class": "PooledEventLog",
        "config": {"base_dir": str(settings.dagster_home / "history" / "runs")},
    }
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(instance, sort_keys=False)
    target = settings.dagster_home / "dagster.yaml"
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")
