"""The orchestrator's home folder, prepared the same way by every command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import yaml
from filelock import FileLock

from dagster_project.runtime.private import keep_private
from dagster_project.runtime.settings import REPOSITORY, Settings

if TYPE_CHECKING:
    import dagster as dg


def prepare_dagster_home(settings: Settings) -> None:
    """Create the folder and make it this process's DAGSTER_HOME.

    Its dagster.yaml is the repository's, with the faster event log.
    """
    instance = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    instance["event_log_storage"] = {
        "module": "dagster_project.runtime.event_log",
        "class": "PooledEventLog",
        "config": {"base_dir": str(settings.dagster_home / "history" / "runs")},
    }
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    keep_private(settings.home)
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(instance, sort_keys=False)
    target = settings.dagster_home / "dagster.yaml"
    with _one_at_a_time(settings):
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the prepared home, one process at a time.

    Two that make its databases at once fail ("table already exists").
    """
    import dagster as dg

    with _one_at_a_time(settings):
        return dg.DagsterInstance.get()


def _one_at_a_time(settings: Settings) -> FileLock:
    return FileLock(settings.dagster_home / "open.lock")
