"""``sales-coverage ui``: the Dagster UI on this machine's loopback address.

Put authentication in front before you let anyone else reach it: the UI itself has none.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from dagster_project.runtime.instance import open_instance, prepare_dagster_home
from dagster_project.runtime.settings import REPOSITORY, load_settings


def open_ui(host: str, port: int) -> NoReturn:
    """Replace this process by ``dagster dev``."""
    settings = load_settings()
    settings.export()
    prepare_dagster_home(settings)
    # A new home's databases are made here, for the UI's several processes take no turns in it,
    # neither with each other nor with a refresh that was started in the same second.
    open_instance(settings).dispose()
    os.chdir(REPOSITORY)
    dagster = Path(sys.executable).with_name("dagster")
    arguments = ["dev", "-w", "workspace.yaml", "--host", host, "--port", str(port)]
    os.execv(dagster, [str(dagster), *arguments])
