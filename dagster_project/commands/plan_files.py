"""Writing files of a kept plan to a folder, as ``export`` and ``pictures`` do: plan and errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from dagster_project.publishing.kept_plans import plan_folder


class PlanFilesError(Exception):
    """There is no such plan, or the folder cannot be used."""


def write_plan_files(
    home: Path, folder: Path, plan_id: str | None, write: Callable[[Path, Path], list[Path]]
) -> list[Path]:
    """Write files of a kept plan.

    Args:
        home: The state folder.
        folder: Where the files go; made if missing, files of the same names are replaced.
        plan_id: A kept plan; the current one if not given.
        write: Takes the plan's folder and this one; returns the files.

    Returns:
        The files.

    Raises:
        PlanFilesError: There is no such plan, or a file cannot be written.
    """
    plan = plan_folder(home, plan_id)
    if plan is None:
        raise PlanFilesError(
            f"no plan {plan_id or '(current)'} in {home / 'plans'}; list them with make plans"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write(plan, folder)
    except (OSError, duckdb.Error) as error:
        raise PlanFilesError(f"{folder} cannot be written: {error}") from error
