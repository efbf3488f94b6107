"""Spreadsheets as tables of text, read by calamine: one sheet, a header row, rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from dagster_project.company.yaml_file import close_matches
from dagster_project.sources.csv_text import TOTALS
from dagster_project.sources.errors import PermanentSourceError

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_TITLE_ROWS = 20


def read_sheet(
    file: Path,
    table: str,
    sheet: str | None,
    header: Sequence[str] | None,
    wanted: frozenset[str],
    *,
    is_personal: bool,
) -> tuple[pa.Table, list[str]]:
    """Read one sheet.

    Args:
        file: The spreadsheet.
        table: Landing table, for messages.
        sheet: Name of the sheet; the first visible one with rows if not given.
        header: Names of the columns where there is no header row.
        wanted: Names that a header row would hold, in lower case.
        is_personal: Rows are about people, and so may be the names of sheets.

    Returns:
        All cells as text, and what was found out.

    Raises:
        PermanentSourceError: It is no spreadsheet, is locked, or has no such sheet.
    """
    import python_calamine as calamine

    try:
        book = calamine.load_workbook(file)
    except calamine.CalamineError as error:
        locked = isinstance(error, calamine.PasswordError)
        fix = "save it without a password" if locked else "save it again as .xlsx or CSV"
        raise PermanentSourceError(
            f"{table}: {file.name} cannot be read as a spreadsheet; {fix}"
        ) from None
    names = [
        facts.name
        for facts in book.sheets_metadata
        if facts.visible == calamine.SheetVisibleEnum.Visible
    ]
    if sheet is not None and sheet not in book.sheet_names:
        raise PermanentSourceError(
            f"{table}: {file.name} has no sheet {sheet!r}; "
            + (
                f"it has {len(names)} sheets"
                if is_personal
                else f"{close_matches(sheet, names)}it has {', '.join(names)}"
            )
        )
    rows: list[list[str | None]] = []
    for name in [sheet] if sheet is not None else names:
        rows = [[_text(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python()]
        rows = [row for row in rows if any(row)]
        if rows:
            break
    notes = []
    if sheet is None and len(names) > 1:
        which = f"sheet {names.index(name) + 1} of {len(names)}" if is_personal else f"sheet {name}"
        notes.append(f"{which} of {file.name} is read; name another one under sheet")
    if not rows:
        raise PermanentSourceError(f"{table}: {file.name} holds no rows; export it again")
    if header is None:
        at = _header_row(rows, wanted)
        if at:
            notes.append(f"the first {at} rows of {file.name} are a title and no rows")
        header = [name or f"column{i}" for i, name in enumerate(rows[at], 1)]
        rows = rows[at + 1 :]
    width = len(header)
    count = len(rows)
    while width > 2 and rows and _is_footer(rows[-1]):
        rows.pop()
    if len(rows) < count:
        notes.append(f"the last {count - len(rows)} rows of {file.name} are a footer and no rows")
    cells = [[row[i] if i < len(row) else None for row in rows] for i in range(width)]
    return pa.table([pa.array(c, pa.string()) for c in cells], names=list(header)), notes


def _header_row(rows: Sequence[Sequence[str | None]], wanted: frozenset[str]) -> int:
    def matches(row: Sequence[str | None]) -> int:
        return len(wanted & {(cell or "").strip().lower() for cell in row})

    if matches(rows[0]) or sum(cell is not None for cell in rows[0]) > 2:
        return 0
    return next((i for i, row in enumerate(rows[:_TITLE_ROWS]) if matches(row) > 1), 0)


def _is_footer(row: Sequence[str | None]) -> bool:
    cells = [cell for cell in row if cell is not None]
    return len(cells) == 1 and (" " in cells[0] or cells[0].lower() in TOTALS)


def _text(cell: Any) -> str | None:
    """Write a cell as a CSV file would have it: whole numbers without decimals, dates in ISO."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat(" ") if isinstance(cell, dt.datetime) else cell.isoformat()
    return str(cell).strip() or None
