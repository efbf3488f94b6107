"""``python -m dagster_project.export FOLDER [PLAN_ID]``: a plan as CSV files for spreadsheets.

Belongs here: writing text that is safe to open. Does not belong here: what is in a plan.

A spreadsheet runs a cell that begins like a formula, and account names come from the CRM, where
anybody may have typed them: such a cell gets an apostrophe before it, which spreadsheets do not
show. Numbers stay numbers, negative ones too, for only text columns are changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from dagster_project.contract import quote_identifier
from dagster_project.plans import plan_folder
from dagster_project.settings import load_settings

# = + - @ and their wide forms, tab and carriage return; also after blanks.
_FORMULA = r"^[\s\x{00A0}]*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}\t\r\n]"


class ExportError(Exception):
    """There is no such plan, or the folder cannot be used."""


def export_csv(home: Path, folder: Path, plan_id: str | None = None) -> list[Path]:
    """Write every table of a plan as CSV.

    Args:
        home: The state folder.
        folder: Where the files go; made if missing, files of the same names are replaced.
        plan_id: A kept plan; the current one if not given.

    Returns:
        The files, in alphabetical order.

    Raises:
        ExportError: There is no such plan, or a file cannot be written.
    """
    plan = plan_folder(home, plan_id)
    if plan is None:
        raise ExportError(
            f"no plan {plan_id or '(current)'} in {home / 'plans'}; list them with make plans"
        )
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as con:
            for source in sorted(plan.glob("*.parquet")):
                target = folder / f"{source.stem}.csv"
                con.execute(_copy_sql(con, source, target))
                written.append(target)
    except (OSError, duckdb.Error) as error:
        raise ExportError(f"{folder} cannot be written: {error}") from error
    return written


def _copy_sql(con: duckdb.DuckDBPyConnection, source: Path, target: Path) -> str:
    scan = f"read_parquet({_text(source)})"
    columns = []
    for name, kind, *_ in con.execute(f"describe select * from {scan}").fetchall():
        column = quote_identifier(name)
        if kind == "VARCHAR":
            guarded = f"case when regexp_matches({column}, '{_FORMULA}') then '''' || {column}"
            columns.append(f"{guarded} else {column} end as {column}")
        else:
            columns.append(column)
    return f"copy (select {', '.join(columns)} from {scan}) to {_text(target)} (format csv, header)"


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def main() -> int:
    """Export and name the files; 1 where there is nothing to export."""
    if len(sys.argv) not in (2, 3):
        print("usage: python -m dagster_project.export FOLDER [PLAN_ID]", file=sys.stderr)
        return 2
    try:
        files = export_csv(load_settings().home, Path(sys.argv[1]), *sys.argv[2:])
    except ExportError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(str(file) for file in files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
