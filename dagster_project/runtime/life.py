"""Whether the process of a run lives: it holds the lock of a file for as long as it does.

The operating system frees the locks of a process that is gone, however it went.
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

KILLED = "its process is gone: it was killed, or the machine restarted"


def hold_sign_of_life(home: Path, run_id: str) -> FileLock:
    """Hold the lock that says that this process makes the run.

    Args:
        home: The state folder.
        run_id: The run.
    """
    lock = FileLock(_file(home, run_id), mode=0o600, thread_local=False)
    Path(lock.lock_file).parent.mkdir(exist_ok=True)
    lock.acquire(timeout=0)
    return lock


def end_sign_of_life(lock: FileLock) -> None:
    """Give the lock back; its file goes first, for a file without a holder says that one died."""
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def has_died(home: Path, run_id: str) -> bool:
    """Whether the process of a run is gone and did not end the run; true once.

    False where no process has begun yet.
    """
    file = _file(home, run_id)
    if not file.exists():
        return False
    try:
        with FileLock(file, timeout=0):
            pass
    except Timeout:
        return False
    file.unlink(missing_ok=True)
    return True


def killed_runs(home: Path) -> list[str]:
    """List the runs whose process is gone without having ended them; each is told once."""
    folder = home / "running"
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    return [run_id for run_id in sorted(names) if has_died(home, run_id)]


def _file(home: Path, run_id: str) -> Path:
    return home / "running" / run_id
