"""Pull one landing table from CSV or Parquet files: one statement, or a query over several files.

A query runs in a separate in-memory database without access to files, network or settings; its
inputs are clean text, and each has a ``_row`` to order by, as joins promise no order.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.company.model import Company
from dagster_project.company.sections.sources import FilesSource, TableSource
from dagster_project.company.yaml_file import close_matches
from dagster_project.sources.cells import clean_text
from dagster_project.sources.errors import PermanentSourceError
from dagster_project.sources.mapping import (
    header_names,
    land,
    refuse_missing_columns,
    report,
    without_deleted,
)
from dagster_project.sources.personal import without_cells
from dagster_project.sources.readers import open_scan, reading
from dagster_project.sources.relation import Relation
from dagster_project.sources.result import PullResult
from dagster_project.warehouse.contract import LandingTable
from dagster_project.warehouse.tables import quote_identifier

_QUERY_RESULT = "_query_result"
_MISTAKES = (
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
)


def pull(
    con: duckdb.DuckDBPyConnection,
    company: Company,
    table: LandingTable,
    target: str,
    source: FilesSource,
) -> PullResult:
    """Read one table from files into the warehouse.

    Args:
        con: Warehouse connection, open for writing.
        company: For the time zone and the folder relative paths start from.
        table: Landing table to read.
        target: Table to create or replace, ``schema.name``.
        source: Where the files are and how they map.

    Returns:
        What was read.

    Raises:
        SourceError: A file is missing or cannot be read now.
        PermanentSourceError: A file, the mapping or the query is wrong.
    """
    con.execute(f"create schema if not exists {quote_identifier(target.split('.')[0])}")
    folder = (company.path.parent / source.folder).resolve()
    spec = source.tables.get(table.name)
    if spec is None:
        if not table.is_optional:
            raise PermanentSourceError(
                f"{table.name}: every company needs this table; add source.tables.{table.name}"
            )
        con.execute(table.landed().create_sql(target))
        return report(con, table, target, source_columns=None)
    read = _pull_file if spec.query is None else _pull_query
    files, columns, notes = read(con, company, table, target, source, spec, folder)
    return report(
        con,
        table,
        target,
        source_files=tuple(_relative(file, folder) for file in files),
        source_columns=columns,
        notes=notes,
    )


_Read = tuple[tuple[Path, ...], tuple[str, ...], list[str]]


def _pull_file(
    con: duckdb.DuckDBPyConnection,
    company: Company,
    table: LandingTable,
    target: str,
    source: FilesSource,
    spec: TableSource,
    folder: Path,
) -> _Read:
    assert spec.path is not None
    wanted = header_names(table, spec.columns)
    with open_scan(
        *(con, source, spec, folder, spec.path, table.name, wanted), is_personal=table.is_personal
    ) as scan:
        refuse_missing_columns(table, spec.columns, scan.columns, scan.files[0].name, is_file=True)
        relation, left_out = without_deleted(con, table, spec.columns, spec.deleted, scan)
        with reading(table.name, scan.files):
            notes = land(
                con,
                target,
                table,
                spec.columns,
                relation,
                company.company.timezone,
                (spec, source),
            )
        return scan.files, tuple(scan.columns), [*left_out, *notes]


def _pull_query(
    con: duckdb.DuckDBPyConnection,
    company: Company,
    table: LandingTable,
    target: str,
    source: FilesSource,
    spec: TableSource,
    folder: Path,
) -> _Read:
    assert spec.query is not None
    place = f"source.tables.{table.name}.query"
    files: list[Path] = []
    notes: list[str] = []
    with duckdb.connect(":memory:") as sandbox:
        for alias, path in spec.inputs.items():
            with open_scan(
                *(sandbox, source, spec, folder, path, table.name), is_personal=table.is_personal
            ) as scan:
                files += scan.files
                notes += scan.notes
                columns = ", ".join(
                    f"{clean_text(f'cast({quote_identifier(name)} as varchar)')} "
                    f"as {quote_identifier(name)}"
                    for name in scan.columns
                )
                with reading(table.name, scan.files):
                    sandbox.execute(
                        f"create temp table {quote_identifier(alias)} as "
                        f"select {columns}, row_number() over () as _row from {scan.sql}",
                        list(scan.parameters),
                    )
        for setting in (
            "python_enable_replacements = false",
            "threads = 1",  # rows come in the same order every time
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            sandbox.execute(f"set {setting}")
        try:
            statements = duckdb.extract_statements(spec.query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise PermanentSourceError(f"{place}: write exactly one select statement")
            relation = sandbox.sql(spec.query)
            types = {
                name: str(type_)
                for name, type_ in zip(relation.columns, relation.types, strict=True)
            }
            _refuse_query_columns(place, table, relation.columns, spec.query)
            rows = relation.to_arrow_table()
        except _MISTAKES as error:
            raise PermanentSourceError(f"{place}: {_mistake(error, table, spec.query)}") from None
    con.register(_QUERY_RESULT, rows)
    try:
        relation = Relation(_QUERY_RESULT, types)
        zone = company.company.timezone
        notes += land(con, target, table, {}, relation, zone, (spec, source))
    finally:
        con.unregister(_QUERY_RESULT)
    return tuple(files), tuple(types), notes


def _refuse_query_columns(place: str, table: LandingTable, found: list[str], query: str) -> None:
    known = table.column_names

    def shown(name: str) -> str:
        # Without a header line, the names that `select *` gives are a record's cells.
        if table.is_personal and name not in query:
            return f"column {found.index(name) + 1} of the query's result is unknown"
        return f"unknown column {name!r}; {close_matches(name, known)}".removesuffix("; ")

    problems = [
        f"{shown(name).removesuffix(' ')}; use one of {', '.join(known)}"
        for name in found
        if name not in known
    ]
    problems += [
        f"column {name!r} is selected twice; keep one of them"
        for name in sorted({name for name in found if found.count(name) > 1})
    ]
    problems += [
        f"required column {column.name!r} is missing; select something as {column.name}"
        for column in table.columns
        if not column.is_nullable and column.name not in found
    ]
    if problems:
        raise PermanentSourceError(
            f"{place}:\n" + "\n".join(f"- {problem}" for problem in problems)
        )


def _mistake(error: Exception, table: LandingTable, query: str) -> str:
    """Say what is wrong with a query; DuckDB may quote a cell, which stays out for HR data."""
    text = " ".join(str(error).split("\n\nLINE")[0].split())
    return without_cells(error, text, query) if table.is_personal else text


def _relative(file: Path, folder: Path) -> str:
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name
