"""Text for people: what a terminal, a log or a page would obey is shown instead of sent.

A name or an id may hold escape sequences that clear a screen and write "All good".
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from typing import TextIO

# Format characters that a reader needs: joiners within words of some scripts, and soft hyphens.
_HARMLESS = "\u00ad\u200c\u200d"


def visible(text: str, *, keep_lines: bool = True) -> str:
    """Write control characters, and marks that turn the direction of text, as escapes.

    Args:
        text: Any text.
        keep_lines: Line ends and tabs stay; false for a value within a message, where a line end
            would begin a message of its own.
    """
    if text.isascii() and text.isprintable():
        return text
    kept = "\n\t" if keep_lines else ""
    return "".join(
        char
        if char in kept or char in _HARMLESS or unicodedata.category(char) not in _OBEYED
        else char.encode("unicode_escape").decode()
        for char in text
    )


# Controls, formats, surrogates, and separators of lines and paragraphs.
_OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")


def say(lines: Iterable[str], file: TextIO | None = None) -> None:
    """Print lines for people, to the terminal's output where no file is given."""
    print("\n".join(map(visible, lines)), file=file or sys.stdout)
