"""``sales-coverage ui``, ``webserver`` and ``daemon``: the Dagster UI and what runs behind it.

On a laptop one command runs both; a team runs each as a service of its own. Put authentication in
front before you let anyone else reach the webserver: it has none itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import NoReturn

from dagster_project.runtime.instance import open_instance, prepare_dagster_home
from dagster_project.runtime.settings import UI_VARIABLE, WORKSPACE, load_settings
from dagster_project.runtime.visible import say

ENDING_SECONDS = 60


def webserver(host: str, port: int) -> list[str]:
    """Arguments of the process that serves the UI."""
    address = ("--host", host, "--port", str(port))
    return [sys.executable, "-m", "dagster_webserver", "-w", str(WORKSPACE), *address]


def daemon() -> list[str]:
    """Arguments of the process that runs schedules, sensors, the queue and freshness."""
    return [sys.executable, "-m", "dagster._daemon", "run", "-w", str(WORKSPACE)]


def serve(arguments: list[str]) -> NoReturn:
    """Replace this process by a service, in a ready home."""
    _prepare()
    os.execv(arguments[0], arguments)


def open_ui(host: str, port: int) -> int:
    """Run webserver and daemon until one of them ends or a person ends both.

    Returns:
        0 where a person ended them, else 1.
    """
    _prepare()
    address = f"http://{host}:{port}"
    os.environ.setdefault(UI_VARIABLE, address)  # where alerts point to
    say([f"The UI opens on {address} in a few seconds; Ctrl-C ends it."])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    services = [subprocess.Popen(arguments) for arguments in (webserver(host, port), daemon())]
    try:
        while all(service.poll() is None for service in services):
            time.sleep(0.2)
        say(["The webserver or the daemon ended by itself; its messages are above."], sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for service in services:
            service.terminate()
        for service in services:
            try:
                service.wait(ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                service.kill()


def _prepare() -> None:
    settings = load_settings()
    settings.export()
    prepare_dagster_home(settings)
    # A new home's databases are made here, for the UI's several processes take no turns in it,
    # neither with each other nor with a refresh that was started in the same second.
    open_instance(settings).dispose()
