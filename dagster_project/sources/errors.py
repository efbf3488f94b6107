"""Errors of a pull, split by whether trying again can help."""

from __future__ import annotations

from dagster_project.runtime.visible import visible


class SourceError(Exception):
    """A source could not be read now; it may be late, so trying again can help."""

    def __init__(self, message: str) -> None:
        super().__init__(visible(message))


class PermanentSourceError(SourceError):
    """A source or its mapping is wrong; trying again cannot help, mend what the message names."""
