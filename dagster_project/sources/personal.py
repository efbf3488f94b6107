"""Messages about sources of HR data: what drivers and services say is cut to its kind.

A driver quotes the cell that it could not read: a name, an amount of pay.
"""

from __future__ import annotations

import re

# Kinds of errors by the first two characters of an SQLSTATE, as the standard has them.
_KINDS = {
    "08": "the connection failed",
    "22": "a cell does not fit the type it is cast to",
    "23": "a row breaks a constraint",
    "28": "the log-in was refused",
    "3D": "there is no such database",
    "3F": "there is no such schema",
    "42": "the query is wrong, or names what is not there",
    "53": "the server has no resources left",
    "57": "the server stopped the query",
}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_CAST = re.compile(r"(?:try_)?cast\(\s*([\w.\"]+)\s+as\s|([\w.\"]+)\s*::\s*\w", re.IGNORECASE)


def without_cells(error: BaseException, message: str, query: str) -> str:
    """Say what kind of error a query over HR data met, without a word of any cell.

    Args:
        error: What the driver raised.
        message: Its text, of which only words are used that the query has as well.
        query: The query, as the company.yml has it.

    Returns:
        Kind of the error, names in it, and the casts to look at.
    """
    state = str(getattr(error, "sqlstate", None) or "")
    kind = _KINDS.get(state[:2]) or type(error).__name__
    own = _LITERAL.sub(" ", query)
    words = {word.lower() for word in _WORD.findall(own)} - _GRAMMAR
    named = [word for word in dict.fromkeys(_WORD.findall(message)) if word.lower() in words]
    casts = sorted({(a or b).replace('"', "") for a, b in _CAST.findall(own)})
    text = f"{kind}{f' (SQLSTATE {state})' if state else ''}"
    if named:
        text += f"; it names {', '.join(named)}"
    if casts:
        text += f"; the query casts {', '.join(casts)}: use try_cast, or leave the cast out"
    return f"{text}. The message itself is not shown, as it may hold a person's data"


# Words that stand in messages and in queries alike and name nothing.
_GRAMMAR = {
    *("a", "and", "as", "at", "by", "cast", "column", "date", "double", "for", "from", "in"),
    *("integer", "is", "it", "not", "null", "numeric", "of", "on", "or", "select", "table"),
    *("text", "the", "to", "try_cast", "type", "value", "varchar", "where", "with"),
}
