"""The orchestrator's home folder, prepared the same way by every command."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import yaml
from filelock import FileLock

from dagster_project.runtime.credentials import redact
from dagster_project.runtime.private import keep_private
from dagster_project.runtime.settings import INSTANCE_VARIABLE, REPOSITORY, Settings

if TYPE_CHECKING:
    import dagster as dg


class InstanceError(Exception):
    """The orchestrator's home cannot be prepared; nothing was run."""


def prepare_dagster_home(settings: Settings) -> None:
    """Create the folder and make it this process's DAGSTER_HOME.

    Its dagster.yaml is the repository's, with a PostgreSQL database where one is named, else with
    the faster event log, and with the launcher that watches runs.

    Raises:
        InstanceError: A database is named and its driver is missing.
    """
    instance = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    instance |= _storage(settings)
    instance["run_launcher"] = {
        "module": "dagster_project.runtime.launcher",
        "class": "WatchingLauncher",
        "config": {"home": str(settings.home)},
    }
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    keep_private(settings.home)
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(instance, sort_keys=False)
    target = settings.dagster_home / "dagster.yaml"
    with _one_at_a_time(settings):
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def _storage(settings: Settings) -> dict[str, Any]:
    if not os.environ.get(INSTANCE_VARIABLE):
        return {
            "event_log_storage": {
                "module": "dagster_project.runtime.event_log",
                "class": "PooledEventLog",
                "config": {"base_dir": str(settings.dagster_home / "history" / "runs")},
            }
        }
    if find_spec("dagster_postgres") is None:
        raise InstanceError(
            f"{INSTANCE_VARIABLE} is set and the driver is missing: pip install "
            "'sales-coverage[postgresql]' (make setup brings it), or unset the variable"
        )
    # By its name: the address holds a password, and the file does not.
    return {"storage": {"postgres": {"postgres_url": {"env": INSTANCE_VARIABLE}}}}


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the prepared home, one process at a time.

    Two that make its databases at once fail ("table already exists").

    Raises:
        InstanceError: The PostgreSQL database that is named does not let this user in.
    """
    import dagster as dg

    with _one_at_a_time(settings):
        try:
            return dg.DagsterInstance.get()
        except Exception as error:
            address = os.environ.get(INSTANCE_VARIABLE)
            if not address:
                raise
            cause = error.__cause__ or error  # the driver's own error, below that of its retries
            reason = redact(str(getattr(cause, "orig", cause)).strip(), [address])
            raise InstanceError(
                f"{INSTANCE_VARIABLE}: the database cannot be used; mend the address or start the "
                f"server, then run again. {reason}"
            ) from None


def _one_at_a_time(settings: Settings) -> FileLock:
    return FileLock(settings.dagster_home / "open.lock")
