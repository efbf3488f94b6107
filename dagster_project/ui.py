"""``python -m dagster_project.ui``: the Dagster UI on this machine's loopback address.

Belongs here: starting the UI with the right home. Does not belong here: definitions. Put
authentication in front before you let anyone else reach it: the UI itself has none.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dagster_project.instance import open_instance, prepare_dagster_home
from dagster_project.settings import REPOSITORY, load_settings


def main() -> None:
    """Replace this process by ``dagster dev``; further arguments are passed on."""
    settings = load_settings()
    settings.export()
    prepare_dagster_home(settings)
    # A new home's databases are made here, for the UI's several processes take no turns in it,
    # neither with each other nor with a refresh that was started in the same second.
    open_instance(settings).dispose()
    os.chdir(REPOSITORY)
    dagster = Path(sys.executable).with_name("dagster")
    arguments = ["dev", "-w", "workspace.yaml", "--host", "127.0.0.1", *sys.argv[1:]]
    os.execv(dagster, [str(dagster), *arguments])


if __name__ == "__main__":
    main()
