"""Who may read what lies in the state folder: people's data is its owner's alone.

Only what is published is opened to others, as far as ``publishing.readable_by`` says.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

ReadableBy = Literal["everyone", "group", "owner"]
OPEN = ("published", "plans")
_FOLDER_MODES: dict[str, int] = {"everyone": 0o755, "group": 0o750, "owner": 0o700}
_PASS_THROUGH = 0o711  # others reach what is published by its path and list nothing


def keep_private(home: Path) -> None:
    """Make the state folder, and close it and all that lies in it but what is published.

    Files that this process makes from now on are its owner's alone, whatever its umask was.
    """
    os.umask(0o077)
    home.mkdir(parents=True, exist_ok=True)
    for path in (home, *home.iterdir()):
        if path.name not in OPEN and not path.is_symlink():
            _keep(path, _PASS_THROUGH if path == home else 0o700)


@contextlib.contextmanager
def published_to(home: Path, readable_by: ReadableBy) -> Iterator[None]:
    """Let others in as far as what is published, and make files that they may read."""
    mode = _FOLDER_MODES[readable_by]
    home.mkdir(parents=True, exist_ok=True)
    if not home.stat().st_mode & stat.S_ISVTX:
        _set(home, mode & _PASS_THROUGH)
    for folder in (home / name for name in OPEN):
        if folder.is_dir():
            _set(folder, mode)
    before = os.umask(0o777 & ~mode)
    try:
        yield
    finally:
        os.umask(before)


def _set(folder: Path, mode: int) -> None:
    if stat.S_IMODE(folder.stat().st_mode) != mode:
        with contextlib.suppress(OSError):  # another user's folder stays as its owner set it
            folder.chmod(mode)


def published_file_mode(readable_by: ReadableBy) -> int:
    """Mode of the published DuckDB file, which nobody writes."""
    return _FOLDER_MODES[readable_by] & 0o444


def _keep(path: Path, most: int) -> None:
    """Take away what a mode allows beyond the most; a folder shared by many stays as it is."""
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & stat.S_ISVTX and mode & ~most & 0o077:
            path.chmod(mode & most | (mode & stat.S_IRWXU))
