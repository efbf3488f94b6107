"""Opening files: which files a path means, their columns, and the SQL that scans them."""

from __future__ import annotations

import csv
import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.company.sections.sources import FilesSource
from dagster_project.sources.cells import quote_text
from dagster_project.sources.errors import PermanentSourceError, SourceError

_LFS_MARK = b"version https://git-lfs"
_PYTHON_ENCODING = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "latin-1": "latin-1"}


@dataclass(frozen=True)
class Scan:
    """A readable set of files.

    Attributes:
        sql: FROM clause with one parameter.
        parameter: The value of that parameter: the files, in order.
        columns: DuckDB type by column name, as in the file.
        files: The files, in reading order.
    """

    sql: str
    parameter: list[str]
    columns: dict[str, str]
    files: tuple[Path, ...]


def open_scan(
    con: duckdb.DuckDBPyConnection, source: FilesSource, folder: Path, path: str, table: str
) -> Scan:
    """Find the files of a path and read their columns, not yet their rows.

    Args:
        con: Any connection; nothing is written to it.
        source: Encoding and delimiter of CSV files.
        folder: Folder of the source, absolute.
        path: File or pattern inside the folder.
        table: Landing table, for messages.

    Returns:
        The scan.

    Raises:
        SourceError: No such file, or an empty one.
        PermanentSourceError: A file is of another kind, or its header cannot be used.
    """
    files = _find_files(folder, path, table)
    for file in files:
        _refuse_placeholder(file, table)
    kinds = {file.suffix.lower() for file in files}
    if not kinds <= {".csv", ".parquet"} or len(kinds) > 1:
        raise PermanentSourceError(
            f"{table}: {path} means {', '.join(sorted(kinds))} files; "
            "name .csv files or .parquet files, one kind per table"
        )
    # DuckDB expands patterns itself: names are escaped, so that a bracket stays a bracket.
    parameter = [glob.escape(str(file)) for file in files]
    if kinds == {".parquet"}:
        sql = "read_parquet(?)"
        with reading(table, files):
            rows = con.execute(f"describe select * from {sql}", [parameter]).fetchall()
        return Scan(sql, parameter, {row[0]: row[1] for row in rows}, files)
    header = _read_header(files, source, table)
    types = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in header)
    sql = (
        f"read_csv(?, columns = {{{types}}}, auto_detect = false, header = true, "
        f"delim = {quote_text(source.delimiter)}, quote = '\"', escape = '\"', strict_mode = true, "
        f"encoding = {quote_text(source.encoding)})"
    )
    return Scan(sql, parameter, dict.fromkeys(header, "VARCHAR"), files)


@contextmanager
def reading(table: str, files: tuple[Path, ...]) -> Iterator[None]:
    """Turn DuckDB's errors about these files into errors a user can act on.

    The offending line itself is left out: it may hold personal data.
    """
    try:
        yield
    except duckdb.IOException as error:
        reason = str(error).splitlines()[0]
        raise SourceError(f"{table}: {reason}; check the file and run again") from error
    except duckdb.InvalidInputException as error:
        raise PermanentSourceError(_explain(str(error), table, files)) from None


def _explain(message: str, table: str, files: tuple[Path, ...]) -> str:
    line = re.search(r"CSV Error on Line: (\d+)", message)
    named = re.search(r"^\s*file = (.+)$", message, re.MULTILINE)
    name = Path(named.group(1).strip()).name if named else ", ".join(file.name for file in files)
    place = f"{table}: {name}" + (f" line {line.group(1)}" if line else "")
    count = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if count:
        return (
            f"{place}: {count.group(2)} cells where the header has {count.group(1)}; "
            "quote cells that hold the delimiter, or export the file again"
        )
    if "nvalid unicode" in message or "not utf-8" in message:
        return (
            f"{place}: not UTF-8; save the file as UTF-8, or set source.encoding: latin-1 "
            "in company.yml"
        )
    if "aximum line size" in message:
        return (
            f"{place}: a line is longer than 2 MB; a quote is probably not closed, or a cell holds "
            "a whole document: leave that column out of the export"
        )
    if "quote" in message.lower() and line:
        return f"{place}: a quoted cell is not closed properly; write a quote inside it twice"
    return f"{place}: {message.splitlines()[0]}; export the file again"


def _find_files(folder: Path, path: str, table: str) -> tuple[Path, ...]:
    found = [folder / path] if (folder / path).is_file() else []
    if not found and glob.has_magic(path):
        found = sorted(file for file in folder.glob(path) if file.is_file())
    if found:
        return tuple(found)
    there = sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []
    if not folder.is_dir():
        state = f"there is no folder {folder}"
    else:
        shown = ", ".join(there[:10]) + (" …" if len(there) > 10 else "")
        state = f"{folder} holds: {shown or 'nothing'}"
    raise SourceError(f"{table}: no file {path}; {state}. Deliver it, or correct company.yml")


def _refuse_placeholder(file: Path, table: str) -> None:
    with file.open("rb") as stream:
        start = stream.read(len(_LFS_MARK))
    if not start:
        raise SourceError(f"{table}: {file.name} is empty; export it again, with its header")
    if start == _LFS_MARK:
        raise PermanentSourceError(
            f"{table}: {file.name} is a Git LFS pointer, not the data; run `git lfs pull`"
        )


def _read_header(files: tuple[Path, ...], source: FilesSource, table: str) -> list[str]:
    headers = []
    for file in files:
        # A wrong byte in a data row is reported with its line later; here only names matter.
        encoding = _PYTHON_ENCODING[source.encoding]
        with file.open(encoding=encoding, errors="replace", newline="") as stream:
            names = next(csv.reader(stream, delimiter=source.delimiter), [])
        headers.append([name.strip() for name in names])
    header = headers[0]
    for file, other in zip(files, headers, strict=True):
        if other != header:
            raise PermanentSourceError(
                f"{table}: {file.name} has another header than {files[0].name}; "
                "export them with the same columns"
            )
    header = [name or f"column{number}" for number, name in enumerate(header, 1)]
    lower = [name.lower() for name in header]
    repeated = sorted({name for name in header if lower.count(name.lower()) > 1})
    if repeated:
        raise PermanentSourceError(
            f"{table}: {files[0].name} names a column twice ({', '.join(repeated)}); "
            "rename one of them in the export"
        )
    return header
