"""Secrets: read from the environment when they are needed, and kept out of every message."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

_HIDDEN = "***"
_SHORTEST = 3


class MissingSecretError(Exception):
    """A variable that a setting names is not set."""


def read_secret(variable: str, setting: str) -> str:
    """Read a variable.

    Args:
        variable: Name of the environment variable.
        setting: Path of the setting that names it, for the message.

    Raises:
        MissingSecretError: It is not set or empty.
    """
    value = os.environ.get(variable, "")
    if not value:
        raise MissingSecretError(
            f"{setting}: environment variable {variable} is not set; set it for the process that "
            "refreshes (never in company.yml)"
        )
    return value


def redact(text: str, secrets: Iterable[str]) -> str:
    """Take secrets out of a text, whole addresses and the passwords in them, encoded or not."""
    parts: set[str] = set()
    for secret in secrets:
        parts.add(secret)
        if "://" in secret:
            password = urlsplit(secret).password or ""
            parts |= {password, unquote(password)}
    parts |= {quote(part, safe="") for part in parts}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST:
            text = text.replace(part, _HIDDEN)
    # What a driver made of an address, in whatever form.
    return re.sub(r"(?<=://)[^/@\s]+@", f"{_HIDDEN}@", text)
