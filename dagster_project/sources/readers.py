"""Opening files: which files a path means, their columns, and the SQL that scans them."""

from __future__ import annotations

import glob
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from dagster_project.company.sections.sources import FileFormats, FilesSource, TableSource
from dagster_project.sources.csv_text import CsvText, open_csv
from dagster_project.sources.errors import PermanentSourceError, SourceError
from dagster_project.sources.relation import Relation
from dagster_project.sources.sheets import SUFFIXES, read_sheet
from dagster_project.warehouse.tables import quote_text

_LFS_MARK = b"version https://git-lfs"
_TEXTS = (".csv", ".tsv", ".txt")
_SHEET = "sheet_of_a_file"


@dataclass(frozen=True)
class Scan(Relation):
    """A readable set of files, in reading order."""

    files: tuple[Path, ...] = ()


@contextmanager
def open_scan(
    con: duckdb.DuckDBPyConnection,
    source: FilesSource,
    spec: TableSource,
    folder: Path,
    path: str,
    table: str,
    wanted: frozenset[str] = frozenset(),
    *,
    is_personal: bool,
) -> Iterator[Scan]:
    """Find the files of a path and make them readable for the length of the block.

    Args:
        con: The connection that reads them.
        source: Formats of all files of the source.
        spec: Formats of the table's files, which count before the source's.
        folder: Folder of the source, absolute.
        path: File or pattern inside the folder.
        table: Landing table, for messages.
        wanted: Names that a header line would hold, in lower case.
        is_personal: Rows are about people.

    Raises:
        SourceError: No such file, or an empty one.
        PermanentSourceError: A file is of another kind, or cannot be read as it is set.
    """
    files = _find_files(folder, path, table)
    for file in files:
        _refuse_placeholder(file, table)
    kinds = {file.suffix.lower() for file in files}
    if not kinds <= {*_TEXTS, ".parquet", *SUFFIXES} or len(kinds) > 1:
        raise PermanentSourceError(
            f"{table}: {path} means {', '.join(sorted(kinds))} files; "
            "name .csv, .parquet or .xlsx files, one kind per table"
        )
    if kinds == {".parquet"}:
        parameter = _escaped(files)
        with reading(table, files):
            rows = con.execute("describe select * from read_parquet(?)", [parameter]).fetchall()
        yield Scan("read_parquet(?)", {row[0]: row[1] for row in rows}, (parameter,), (), files)
    elif kinds <= set(SUFFIXES):
        with _sheets(con, spec, files, table, wanted, is_personal=is_personal) as scan:
            yield scan
    else:
        # Beside the warehouse's own, where the modes are: what is written anew may be people's.
        with tempfile.TemporaryDirectory(prefix="coverage-") as aside:
            yield _texts(source, spec, files, table, Path(aside), wanted)


def _texts(
    source: FilesSource,
    spec: TableSource,
    files: tuple[Path, ...],
    table: str,
    aside: Path,
    wanted: frozenset[str],
) -> Scan:
    def nearest(name: str) -> str | None:
        both: tuple[FileFormats, ...] = (spec, source)
        return next((value for part in both if (value := getattr(part, name)) is not None), None)

    texts: list[CsvText] = []
    for number, file in enumerate(files):
        own = aside / str(number)
        own.mkdir()
        texts.append(
            open_csv(
                file,
                table,
                own,
                encoding=nearest("encoding"),
                delimiter=nearest("delimiter"),
                header=spec.header,
                wanted=wanted,
            )
        )
    _refuse_headers(files, [text.header for text in texts], table)
    first = texts[0]
    forms = {(text.delimiter, text.escape, text.skip) for text in texts}
    if len(forms) > 1:
        raise PermanentSourceError(
            f"{table}: the files of one table are written in {len(forms)} ways (delimiter, quotes "
            "or title lines); export them alike"
        )
    types = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in first.header)
    sql = (
        f"read_csv(?, columns = {{{types}}}, auto_detect = false, "
        f"header = {spec.header is None}, skip = {first.skip}, "
        f"delim = {quote_text(first.delimiter)}, quote = '\"', "
        f"escape = {quote_text(first.escape)}, strict_mode = true, encoding = 'utf-8')"
    )
    notes = tuple(note for text in texts for note in text.notes)
    columns = dict.fromkeys(first.header, "VARCHAR")
    return Scan(sql, columns, (_escaped([text.path for text in texts]),), notes, files)


@contextmanager
def _sheets(
    con: duckdb.DuckDBPyConnection,
    spec: TableSource,
    files: tuple[Path, ...],
    table: str,
    wanted: frozenset[str],
    *,
    is_personal: bool,
) -> Iterator[Scan]:
    read = [
        read_sheet(file, table, spec.sheet, spec.header, wanted, is_personal=is_personal)
        for file in files
    ]
    _refuse_headers(files, [tuple(cells.column_names) for cells, _ in read], table)
    con.register(_SHEET, pa.concat_tables([cells for cells, _ in read]))
    try:
        columns = dict.fromkeys(read[0][0].column_names, "VARCHAR")
        notes = tuple(note for _, found in read for note in found)
        yield Scan(_SHEET, columns, (), notes, files)
    finally:
        con.unregister(_SHEET)


def _escaped(files: Iterable[Path]) -> list[str]:
    """DuckDB expands patterns itself: names are escaped, so that a bracket stays a bracket."""
    return [glob.escape(str(file)) for file in files]


def _refuse_headers(
    files: tuple[Path, ...], headers: Sequence[tuple[str, ...]], table: str
) -> None:
    for file, other in zip(files, headers, strict=True):
        if other != headers[0]:
            raise PermanentSourceError(
                f"{table}: {file.name} has another header than {files[0].name}; "
                "export them with the same columns"
            )
    lower = [name.lower() for name in headers[0]]
    repeated = [i for i, name in enumerate(lower) if lower.count(name) > 1]
    if repeated:
        # By place: where the header line is missing, a name is a cell of the first record.
        places = ", ".join(str(i + 1) for i in repeated)
        raise PermanentSourceError(
            f"{table}: {files[0].name} names a column twice (columns {places}); rename one of them "
            f"in the export, or list all columns as source.tables.{table}.header where the file "
            "has no header line"
        )


@contextmanager
def reading(table: str, files: tuple[Path, ...]) -> Iterator[None]:
    """Turn DuckDB's errors about these files into errors a user can act on.

    The offending line itself is left out, in the chain of causes too: it may hold personal data.
    """
    try:
        yield
    except duckdb.IOException as error:
        reason = str(error).splitlines()[0]
        raise SourceError(f"{table}: {reason}; check the file and run again") from None
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
    if "aximum line size" in message:
        return (
            f"{place}: a line is longer than 2 MB; a quote is probably not closed, or a cell holds "
            "a whole document: leave that column out of the export"
        )
    if "quote" in message.lower() and line:
        return f"{place}: a quoted cell is not closed properly; write a quote inside it twice"
    return f"{place}: the file cannot be read as CSV; export it again"


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
