"""Pull one landing table from CSV or Parquet files: one statement, or a query over several files.

Belongs here: mapping source columns onto the contract and writing the pulled table. Does not
belong here: opening files (``readers``), cell expressions (``cells``), judging rows (gates).
A query runs in a separate in-memory database without access to files, network or settings; its
inputs are clean text, and each has a ``_row`` to order by, as joins promise no order.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from dagster_project.company import Company
from dagster_project.company_file import close_matches
from dagster_project.contract import (
    LandingTable,
    create_landing_table_sql,
    quote_identifier,
)
from dagster_project.sections.sources import ColumnMapping, FilesSource, TableSource
from dagster_project.sources.cells import clean_text, quote_text, read_cell, text_name
from dagster_project.sources.errors import PermanentSourceError
from dagster_project.sources.readers import hash_files, open_scan, reading
from dagster_project.sources.result import PullResult

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
    files: tuple[Path, ...] = ()
    if spec is None:
        if not table.is_optional:
            raise PermanentSourceError(
                f"{table.name}: every company needs this table; add source.tables.{table.name}"
            )
        con.execute(create_landing_table_sql(target, table))
    elif spec.query is not None:
        files = _pull_query(con, company, table, target, source, spec, folder)
    else:
        files = _pull_file(con, company, table, target, source, spec, folder)
    latest = [f"max({quote_identifier(name)})" for name in table.watermark_columns]
    watermark = f"cast(greatest({', '.join(latest)}) as varchar)" if latest else "null"
    counts = con.execute(
        f"select count(*), count(_issues), {watermark} from {_quote_table(target)}"
    ).fetchone()
    assert counts is not None
    return PullResult(
        table=table.name,
        row_count=counts[0],
        content_hash=_hash_content(files, source, spec),
        watermark=counts[2],
        source_files=tuple(_relative(file, folder) for file in files),
        issue_count=counts[1],
        absent=spec is None,
    )


def _pull_file(
    con: duckdb.DuckDBPyConnection,
    company: Company,
    table: LandingTable,
    target: str,
    source: FilesSource,
    spec: TableSource,
    folder: Path,
) -> tuple[Path, ...]:
    assert spec.path is not None
    scan = open_scan(con, source, folder, spec.path, table.name)
    _refuse_missing_columns(table, spec.columns, scan.columns, scan.files)
    sql = _landing_sql(target, table, spec.columns, scan.columns, scan.sql, company)
    with reading(table.name, scan.files):
        con.execute(sql, [scan.parameter])
    return scan.files


def _pull_query(
    con: duckdb.DuckDBPyConnection,
    company: Company,
    table: LandingTable,
    target: str,
    source: FilesSource,
    spec: TableSource,
    folder: Path,
) -> tuple[Path, ...]:
    assert spec.query is not None
    place = f"source.tables.{table.name}.query"
    files: list[Path] = []
    with duckdb.connect(":memory:") as sandbox:
        for alias, path in spec.inputs.items():
            scan = open_scan(sandbox, source, folder, path, table.name)
            files += scan.files
            columns = ", ".join(
                f"{clean_text(f'cast({quote_identifier(name)} as varchar)')} "
                f"as {quote_identifier(name)}"
                for name in scan.columns
            )
            with reading(table.name, scan.files):
                sandbox.execute(
                    f"create temp table {quote_identifier(alias)} as "
                    f"select {columns}, row_number() over () as _row from {scan.sql}",
                    [scan.parameter],
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
            _refuse_query_columns(place, table, relation.columns)
            rows = relation.to_arrow_table()
        except _MISTAKES as error:
            raise PermanentSourceError(f"{place}: {_mistake(error, table)}") from None
    con.register(_QUERY_RESULT, rows)
    try:
        con.execute(_landing_sql(target, table, {}, types, _QUERY_RESULT, company))
    finally:
        con.unregister(_QUERY_RESULT)
    return tuple(files)


def _landing_sql(
    target: str,
    table: LandingTable,
    mapping: Mapping[str, ColumnMapping],
    source_columns: Mapping[str, str],
    scan: str,
    company: Company,
) -> str:
    """Build the one statement that cleans, casts, numbers and writes the rows."""
    raws, values, names, issues = [], [], [], []
    for column in table.columns:
        entry = mapping.get(column.name) or ColumnMapping(column=column.name)
        name = quote_identifier(column.name)
        names.append(name)
        if entry.column is None:
            expression, source_type = quote_text(entry.value or ""), "VARCHAR"
        elif entry.column in source_columns:
            expression, source_type = quote_identifier(entry.column), source_columns[entry.column]
        else:
            values.append(f"cast(null as {column.type}) as {name}")
            continue
        cell = read_cell(column, expression, source_type, company.company.timezone, entry.values)
        raws.append(f"{cell.raw} as {name}")
        values.append(f"{cell.value} as {name}")
        if cell.issue is not None:
            values.append(f"{name} as {text_name(column)}")
            issues.append(cell.issue)
    issue = f"nullif(concat_ws('; ', {', '.join(issues)}), '')" if issues else "null"
    return (
        f"create or replace table {_quote_table(target)} as "
        f"select row_number() over () as _row, {', '.join(names)}, "
        f"cast({issue} as varchar) as _issues from "
        f"(select {', '.join(values)} from (select {', '.join(raws)} from {scan}))"
    )


def _refuse_missing_columns(
    table: LandingTable,
    mapping: Mapping[str, ColumnMapping],
    source_columns: Mapping[str, str],
    files: tuple[Path, ...],
) -> None:
    where = f"source.tables.{table.name}.columns"
    problems = []
    for column in table.columns:
        entry = mapping.get(column.name)
        if entry is None and column.is_required and column.name not in source_columns:
            hint = close_matches(column.name, source_columns)
            problems.append(f"required column {column.name!r} has no source; {hint}map it")
        elif entry and entry.column is not None and entry.column not in source_columns:
            hint = close_matches(entry.column, source_columns)
            problems.append(f"{column.name!r} is mapped to {entry.column!r}; {hint}correct it")
    if problems:
        raise PermanentSourceError(
            f"{table.name}: columns are missing in {files[0].name}, which has "
            f"{', '.join(source_columns)}:\n"
            + "\n".join(f"- {problem} under {where}" for problem in problems)
        )


def _refuse_query_columns(place: str, table: LandingTable, found: list[str]) -> None:
    known = table.column_names
    problems = [
        f"unknown column {name!r}; {close_matches(name, known)}use one of {', '.join(known)}"
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
        if column.is_required and column.name not in found
    ]
    if problems:
        raise PermanentSourceError(
            f"{place}:\n" + "\n".join(f"- {problem}" for problem in problems)
        )


def _mistake(error: Exception, table: LandingTable) -> str:
    """Say what is wrong with a query; DuckDB may quote a cell, which stays out for HR data."""
    text = " ".join(str(error).split("\n\nLINE")[0].split())
    return re.sub(r"'[^']*'", "'…'", text) if table.system == "hr" else text


def _hash_content(files: tuple[Path, ...], source: FilesSource, spec: TableSource | None) -> str:
    """Hash the bytes read and how they were read."""
    how = {
        "files": hash_files(files),
        "aliases": list(spec.inputs) if spec else None,
        "mapping": spec.model_dump(mode="json", include={"columns", "query"}) if spec else None,
        "encoding": source.encoding,
        "delimiter": source.delimiter,
    }
    return hashlib.sha256(json.dumps(how, sort_keys=True).encode()).hexdigest()


def _quote_table(target: str) -> str:
    return ".".join(quote_identifier(part) for part in target.split("."))


def _relative(file: Path, folder: Path) -> str:
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name
