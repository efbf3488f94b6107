"""Whether a refresh could publish at its end, found out before it pulls anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.publishing.disk import DiskError, refuse_unwritable
from dagster_project.publishing.files import PublishError
from dagster_project.publishing.postgresql import serving_address

if TYPE_CHECKING:
    from dagster_project.company.sections.publishing import Publishing

__all__ = ["UNFIT", "refuse_unpublishable"]

UNFIT = (DiskError, PublishError)


def refuse_unpublishable(home: Path, publishing: Publishing) -> None:
    """Look at the folders, and for the address of a server that serves the tables too.

    Raises:
        DiskError: A folder cannot be written.
        PublishError: The variable with the address is not set, or the driver is missing.
    """
    refuse_unwritable(home, "published", "plans")
    serving_address(publishing)
