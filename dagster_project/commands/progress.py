"""Progress of a refresh on a terminal: one line that is written over; nothing where output is kept.

A big company's refresh takes minutes; without a sign of life it looks like one that hangs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import dagster as dg

_WIDTH = 30
_ERASE = "\r\x1b[K"


@contextmanager
def progress(
    step_count: int, stream: TextIO | None = None
) -> Iterator[Callable[[dg.EventLogEntry], None]]:
    """Show how far a run is, for the length of the block.

    Args:
        step_count: Steps of the job.
        stream: Where to write; the terminal's error output if not given.

    Yields:
        A listener for the run's events.
    """
    target = stream or sys.stderr
    is_shown = target.isatty()
    began = time.monotonic()
    done: set[str] = set()

    def follow(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if not is_shown or event is None or event.step_key is None:
            return
        if event.is_step_success or event.is_step_failure:
            done.add(event.step_key)
        elif event.event_type_value == "STEP_START":
            target.write(line(len(done), step_count, event.step_key, time.monotonic() - began))
            target.flush()

    try:
        yield follow
    finally:
        if is_shown:
            target.write(_ERASE)
            target.flush()


def line(done: int, count: int, step: str, seconds: float) -> str:
    """Write the line that stands while a step runs."""
    filled = min(_WIDTH, _WIDTH * done // max(count, 1))
    bar = "#" * filled + "." * (_WIDTH - filled)
    words = step.replace("__", " ").replace("_", " ")
    return f"{_ERASE}[{bar}] {done} of {count} steps, {seconds:.0f} s: {words}"
