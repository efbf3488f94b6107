"""``sales-coverage export FOLDER [PLAN_ID]``: a plan as CSV files for spreadsheets.

A spreadsheet runs a cell that begins like a formula, and account names come from the CRM, where
anybody may have typed them: such a cell gets an apostrophe before it, which spreadsheets do not
show. Numbers stay numbers, negative ones too, for only text columns are changed.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.commands.plan_files import write_plan_files
from dagster_project.warehouse.tables import quote_identifier, quote_text

# = + - @ and their wide forms, tab and carriage return; also after blanks.
_FORMULA = r"^[\s\x{00A0}]*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}\t\r\n]"


def export_csv(home: Path, folder: Path, plan_id: str | None = None) -> list[Path]:
    """Write every table of a plan as CSV, in alphabetical order; see ``write_plan_files``."""
    return write_plan_files(home, folder, plan_id, _write)


def _write(plan: Path, folder: Path) -> list[Path]:
    files = []
    with duckdb.connect() as con:
        for source in sorted(plan.glob("*.parquet")):
            target = folder / f"{source.stem}.csv"
            con.execute(_copy_sql(con, source, target))
            files.append(target)
    return files


def _copy_sql(con: duckdb.DuckDBPyConnection, source: Path, target: Path) -> str:
    scan = f"read_parquet({quote_text(source)})"
    columns = []
    for name, kind, *_ in con.execute(f"describe select * from {scan}").fetchall():
        column = quote_identifier(name)
        if kind == "VARCHAR":
            guarded = f"case when regexp_matches({column}, '{_FORMULA}') then '''' || {column}"
            columns.append(f"{guarded} else {column} end as {column}")
        else:
            columns.append(column)
    selected = f"select {', '.join(columns)} from {scan}"
    return f"copy ({selected}) to {quote_text(target)} (format csv, header)"
