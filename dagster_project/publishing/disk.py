"""Advice for errors whose cause is the disk: full, not writable, or a damaged warehouse."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

# DuckDB and SQLite pass on the system's message without its number; SQLite has some of its own.
_FULL = ("No space left", "disk is full", "Disk quota exceeded", "File too large", "disk I/O error")
_CLOSED = ("Permission denied", "Read-only file system", "readonly database")
_FULL_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED_NUMBERS = (errno.EACCES, errno.EROFS, errno.EPERM)
# What DuckDB says of a file that is cut short or whose blocks do not match their checksums.
_DAMAGED = (
    "Corrupt database file",
    "not a valid DuckDB database file",
    "Could not read enough bytes",
    "Failed to load metadata pointer",
)
PROBE_BYTES = 2**20


class DiskError(Exception):
    """A folder cannot be written or its disk is full; nothing was changed."""


def advice(error: BaseException | str, home: Path) -> str | None:
    """Say what to do about an error whose cause is the disk.

    Args:
        error: What was raised, or its message.
        home: State folder.

    Returns:
        The advice; None where the disk is not the cause.
    """
    for cause in _causes(error):
        number, text = getattr(cause, "errno", None), str(cause)
        if number in _FULL_NUMBERS or any(part in text for part in _FULL):
            return (
                f"The disk is full. Free some space, for example old folders of {home / 'plans'}."
            )
        if number in _CLOSED_NUMBERS or any(part in text for part in _CLOSED):
            return f"The folder cannot be written. Give this user write access to it. ({text})"
        if any(part in text for part in _DAMAGED):
            return (
                "The warehouse is damaged. Move it away and refresh again: `mv "
                f"{home / 'warehouse.duckdb'} {home / 'warehouse.damaged'}`, then `sales-coverage "
                "refresh`. All sources are pulled anew, and the record of plans is restored from "
                f"its copy beside it. ({text.splitlines()[0]})"
            )
    return None


def _causes(error: BaseException | str) -> Iterator[BaseException | str]:
    found: BaseException | str | None = error
    while found is not None:
        yield found
        found = None if isinstance(found, str) else found.__cause__ or found.__context__


def refuse_unwritable(home: Path, *folders: str) -> None:
    """Write a MiB to the state folder and folders in it, and take it away again.

    Args:
        home: State folder; made if missing.
        folders: Names of folders in it; made if missing.

    Raises:
        DiskError: It cannot be written; the message says what to do.
    """
    for folder in (home, *(home / name for name in folders)):
        probe = folder / ".probe"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                with probe.open("wb") as file:
                    file.write(bytes(PROBE_BYTES))
                    os.fsync(file.fileno())
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise DiskError(
                f"{folder} cannot be used. {advice(error, home) or error} Then run again; readers "
                "still see the last plan."
            ) from error
