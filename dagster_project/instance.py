"""The orchestrator's home folder, prepared the same way by every command.

Belongs here: the folder and its dagster.yaml. Does not belong here: definitions or runs.
"""

from __future__ import annotations

import shutil

from dagster_project.settings import REPOSITORY, Settings


def prepare_dagster_home(settings: Settings) -> None:
    """Create the folder and keep its dagster.yaml equal to the repository's."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    source = REPOSITORY / "dagster.yaml"
    target = settings.dagster_home / "dagster.yaml"
    if not target.exists() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)
