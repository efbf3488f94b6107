"""A CSV file as DuckDB can read it: UTF-8, its delimiter known, without what is no row.

What is not set is found out where the file leaves one reading only, and is said.
"""

from __future__ import annotations

import codecs
import csv
import mmap
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dagster_project.sources.errors import PermanentSourceError

_CHUNK = 2**24
_HEAD = 2**16
_TAIL = 2**14
_DELIMITERS = ",;\t|"
_TITLE_LINES = 20
# Letters, money and typography of Windows-1252. A byte beyond them is rather of another encoding.
_WESTERN = frozenset(
    b"\x80\x85\x8a\x8c\x8e\x91\x92\x93\x94\x96\x97\x99\x9a\x9c\x9e\x9f\xa0\xa3\xa7\xa9\xab\xae"
    b"\xb0\xb2\xb3\xb4\xb7\xba\xbb\xbf"
) | frozenset(range(0xC0, 0x100)) - {0xD7, 0xF7}
# Words that a footer may consist of.
TOTALS = ("total", "totals", "sum", "summe", "gesamt", "somme", "suma", "totale", "count")
# A quote inside a cell that is escaped by a backslash, and one that is doubled.
_BACKSLASHED = re.compile(rb'\\"[^,;\t|\r\n]')
_DOUBLED = re.compile(rb'[^,;\t|\r\n"]""[^,;\t|\r\n"]')


@dataclass(frozen=True)
class CsvText:
    """One file, ready to be read.

    Attributes:
        path: UTF-8, the file itself where it can be.
        delimiter: Between cells.
        escape: Before a quote inside a quoted cell.
        skip: Lines before the header line.
        header: Names of the columns.
        notes: What was found out.
    """

    path: Path
    delimiter: str
    escape: str
    skip: int
    header: tuple[str, ...]
    notes: tuple[str, ...]


def open_csv(
    file: Path,
    table: str,
    aside: Path,
    *,
    encoding: str | None,
    delimiter: str | None,
    header: Sequence[str] | None,
    wanted: frozenset[str],
) -> CsvText:
    """Find out how a file is written, and write it anew where DuckDB cannot read it so.

    Args:
        file: The file.
        table: Landing table, for messages.
        aside: Folder for files written anew; its owner removes it.
        encoding: Encoding, None to find it out.
        delimiter: Delimiter, None to find it out.
        header: Names of the columns of a file without a header line.
        wanted: Names that a header would hold, in lower case.

    Raises:
        PermanentSourceError: It is no text of that encoding; the line and the byte are named.
    """
    _refuse_other_kinds(file, table)
    notes: list[str] = []
    path, found = _as_utf8(file, table, aside, encoding)
    if found is not None:
        notes.append(f"{file.name} is read as {found}")
    with path.open("rb") as stream:
        text = stream.read(_HEAD).decode("utf-8-sig", errors="ignore")
    lines = text.splitlines()[:_TITLE_LINES]
    if delimiter is None:
        delimiter = _delimiter(lines, wanted)
        if delimiter != ",":
            name = "a tab" if delimiter == "\t" else f"'{delimiter}'"
            notes.append(f"cells of {file.name} are separated by {name}")
    rows = list(csv.reader(lines, delimiter=delimiter))
    skip = 0
    if header is None:
        skip = _title_lines(rows, wanted)
        if skip:
            notes.append(f"the first {skip} lines of {file.name} are a title and no rows")
        named = rows[skip] if skip < len(rows) else []
        header = [name.strip() or f"column{i}" for i, name in enumerate(named, 1)]
    path, footer = _without_footer(path, aside / f"{file.name}.rows", delimiter, len(header))
    if footer:
        notes.append(f"the last {footer} lines of {file.name} are a footer and no rows")
    return CsvText(path, delimiter, _escape(path), skip, tuple(header), tuple(notes))


def _refuse_other_kinds(file: Path, table: str) -> None:
    with file.open("rb") as stream:
        start = stream.read(64).lstrip(codecs.BOM_UTF8).lstrip()
    kind = None
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        kind = "a spreadsheet; name it .xlsx, .xls or .ods, or save it as CSV"
    elif start[:1] == b"<":
        kind = "a web page, perhaps a log-in page; export the data again"
    elif start[:2] in (b"[{", b'{"') or re.match(rb"[\[{]\s*[\[{\"]", start):
        kind = "JSON; export it as CSV"
    if kind is not None:
        raise PermanentSourceError(f"{table}: {file.name} is named CSV and is {kind}")


def _as_utf8(file: Path, table: str, aside: Path, encoding: str | None) -> tuple[Path, str | None]:
    """Give a UTF-8 file with the same text, and the encoding where it was found out."""
    found = None
    if encoding is None:
        with file.open("rb") as stream:
            if stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                encoding = found = "utf-16"
    if encoding in (None, "utf-8"):
        at = _first_wrong_byte(file)
        if at is None:
            return file, None
        data = file.read_bytes()
        if encoding is None and _is_western(data):
            encoding = found = "windows-1252"
        else:
            raise PermanentSourceError(
                f"{table}: {_place(file, data, at)} is not UTF-8; set encoding (windows-1252 for "
                f"most of Windows) under source.tables.{table}, or save the file as UTF-8"
            )
    data = file.read_bytes()
    try:
        text = data.decode("utf-16" if encoding == "utf-16" else "cp1252")
    except UnicodeDecodeError as error:
        if encoding != "latin-1":
            raise PermanentSourceError(
                f"{table}: {_place(file, data, error.start)} is no character of {encoding}; set "
                f"another encoding under source.tables.{table}, or save the file as UTF-8"
            ) from None
        text = data.decode("latin-1")
    path = aside / f"{file.name}.utf-8"
    path.write_bytes(text.encode())
    return path, found


def _first_wrong_byte(file: Path) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = 0
    with file.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK)
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return before - waiting + error.start
            if not chunk:
                return None
            before += len(chunk)


def _is_western(data: bytes) -> bool:
    """No character of several bytes stands beside the wrong ones, and those are usual."""
    text = data.decode("utf-8", errors="surrogateescape")
    if re.search(r"[\u0080-\ud7ff\ue000-\U0010ffff]", text):
        return False
    return {byte for byte in set(data) if byte >= 0x80} <= _WESTERN


def _place(file: Path, data: bytes, at: int) -> str:
    return f"{file.name} line {data.count(bytes([10]), 0, at) + 1}: byte 0x{data[at]:02X}"


def _delimiter(lines: Sequence[str], wanted: frozenset[str]) -> str:
    def fit(delimiter: str) -> tuple[int, int]:
        rows = list(csv.reader(lines, delimiter=delimiter))
        names = [_matches(row, wanted) for row in rows]
        return max(names, default=0), max((len(row) for row in rows[:1]), default=0)

    return max(_DELIMITERS, key=fit)


def _matches(row: Iterable[str], wanted: frozenset[str]) -> int:
    return len(wanted & {name.strip().lower() for name in row})


def _title_lines(rows: Sequence[Sequence[str]], wanted: frozenset[str]) -> int:
    """Lines of a report's title before its header: the first with names that are looked for."""
    if not rows or _matches(rows[0], wanted) or len(rows[0]) > 1:
        return 0
    return next((i for i, row in enumerate(rows) if _matches(row, wanted) > 1), 0)


def _without_footer(path: Path, copy: Path, delimiter: str, width: int) -> tuple[Path, int]:
    """Leave out lines of words at the end, where the table has more columns.

    A single word may be the id of a row that was cut short: that is no footer.
    """
    if width < 2:
        return path, 0
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - _TAIL))
        tail = stream.read()
    lines = tail.splitlines(keepends=True)
    kept = len(lines)
    words = 0
    while kept > 1:
        cells = next(
            csv.reader([lines[kept - 1].decode("utf-8", "replace")], delimiter=delimiter), []
        )
        text = "".join(cells).strip()
        is_words = not text or " " in text or text.lower() in TOTALS
        if len(cells) > 1 or not is_words or lines[kept - 1].count(b'"') % 2:
            break
        kept -= 1
        words += bool(text)
    # A quoted cell of several lines may end here: then it is none.
    if not words or kept == 1 or b"".join(lines[:kept]).count(b'"') % 2:
        return path, 0
    left_out = sum(len(line) for line in lines[kept:])
    with path.open("rb") as stream, copy.open("wb") as target:
        remaining = size - left_out
        while remaining:
            chunk = stream.read(min(_CHUNK, remaining))
            target.write(chunk)
            remaining -= len(chunk)
    return copy, words


def _escape(path: Path) -> str:
    if path.stat().st_size == 0:
        return '"'
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find(b'\\"') >= 0 and _BACKSLASHED.search(data) and not _DOUBLED.search(data):
            return "\\"
    return '"'
