"""Mapping a readable relation onto the landing contract, whatever kind of source it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dagster_project.company.sections.columns import ColumnMapping
from dagster_project.company.sections.formats import Formats
from dagster_project.company.yaml_file import close_matches
from dagster_project.runtime.visible import visible
from dagster_project.sources.cells import (
    boolean_sql,
    cell_text,
    cleaned_name,
    fix_name,
    is_read_as_text,
    read_cell,
    text_name,
)
from dagster_project.sources.errors import PermanentSourceError
from dagster_project.sources.formats import (
    MIDNIGHT,
    PLAIN,
    Format,
    Shape,
    date_formats,
    number_format,
    shapes,
    stated,
)
from dagster_project.sources.notes import unreadable, unused_values
from dagster_project.sources.relation import Relation
from dagster_project.sources.result import PullResult
from dagster_project.warehouse.contract import LandingTable
from dagster_project.warehouse.tables import Column, quote_identifier, quote_text

if TYPE_CHECKING:
    import duckdb


def quote_table(target: str) -> str:
    """Quote a table name, schema and table part by part."""
    return ".".join(quote_identifier(part) for part in target.split("."))


def land(
    con: duckdb.DuckDBPyConnection,
    target: str,
    table: LandingTable,
    mapping: Mapping[str, ColumnMapping],
    relation: Relation,
    timezone: str,
    formats: Sequence[Formats] = (),
) -> list[str]:
    """Clean, cast, number and write the rows of a relation.

    Args:
        con: Warehouse connection.
        target: Table to create or replace, ``schema.name``.
        table: The landing table.
        mapping: Where each contract column comes from; those not listed keep their name.
        relation: What is read.
        timezone: The company's time zone.
        formats: Settings of formats, the table's before the source's.

    Returns:
        Notes for people: formats that were found out, cells that cannot be read.
    """
    found = shapes(con, _cells_in_question(table, mapping, relation), relation)
    forms, notes = _forms(table, mapping, relation, found, formats, con)
    con.execute(
        _landing_sql(target, table, mapping, relation, timezone, forms), list(relation.parameters)
    )
    notes += unused_values(con, table, _origins(table, mapping, relation), relation)
    return [*relation.notes, *notes, *unreadable(con, table, target, found)]


def _cells_in_question(
    table: LandingTable, mapping: Mapping[str, ColumnMapping], relation: Relation
) -> dict[str, tuple[str, bool]]:
    """Text columns that hold numbers or dates: SQL of the cleaned cell, and whether dates."""
    cells = {}
    for column, entry, source_type in _origins(table, mapping, relation):
        if is_read_as_text(column, source_type, entry.values):
            text = cell_text(quote_identifier(str(entry.column)), source_type, entry.values)
            cells[column.name] = (text, column.type in ("DATE", "TIMESTAMP"))
    return cells


def _origins(
    table: LandingTable, mapping: Mapping[str, ColumnMapping], relation: Relation
) -> Iterator[tuple[Column, ColumnMapping, str]]:
    """Contract columns that come from a column of the source, with its type."""
    for column in table.columns:
        entry = mapping.get(column.name) or ColumnMapping(column=column.name)
        if entry.column is not None and entry.column in relation.columns:
            yield column, entry, relation.columns[entry.column]


def _forms(
    table: LandingTable,
    mapping: Mapping[str, ColumnMapping],
    relation: Relation,
    found: Mapping[str, Sequence[Shape]],
    formats: Sequence[Formats],
    con: duckdb.DuckDBPyConnection,
) -> tuple[dict[str, Format], list[str]]:
    """Decide how each column of numbers or dates is written."""
    forms = {
        column.name: stated([mapping.get(column.name), *formats])
        for column, _, _ in _origins(table, mapping, relation)
    }
    dates = {n: s for n, s in found.items() if table.types[n] in ("DATE", "TIMESTAMP")}
    decided, notes = date_formats(dates, forms)
    forms |= decided
    for name, shapes_ in found.items():
        if name not in dates:
            forms[name], more = number_format(name, shapes_, forms[name])
            notes += more
    for column, entry, source_type in _origins(table, mapping, relation):
        if source_type == "TIMESTAMP WITH TIME ZONE" and column.type in ("DATE", "TIMESTAMP"):
            cell = f"timezone('UTC', {quote_identifier(str(entry.column))})"
            [(is_midnight,)] = con.execute(
                f"select bool_and({cell} = date_trunc('day', {cell})) from {relation.sql}",
                list(relation.parameters),
            ).fetchall()
            if is_midnight:
                forms[column.name] = replace(forms[column.name], is_date_only=True)
                notes.append(f"{column.name}: {MIDNIGHT}")
    return forms, notes


def _landing_sql(
    target: str,
    table: LandingTable,
    mapping: Mapping[str, ColumnMapping],
    relation: Relation,
    timezone: str,
    forms: Mapping[str, Format],
) -> str:
    """Build the one statement that cleans, casts, numbers and writes the rows."""
    source_columns = relation.columns
    raws, parsed, values, issues, fixes = [], [], [], [], []
    for column in table.columns:
        entry = mapping.get(column.name) or ColumnMapping(column=column.name)
        name = quote_identifier(column.name)
        if entry.column is None:
            expression, source_type = quote_text(entry.value or ""), "VARCHAR"
        elif entry.column in source_columns:
            expression, source_type = quote_identifier(entry.column), source_columns[entry.column]
        else:
            values.append(f"cast(null as {column.type}) as {name}")
            continue
        if table.is_personal:
            column = replace(column, is_personal=True)
        form = forms.get(column.name, PLAIN)
        cell = read_cell(column, expression, source_type, timezone, entry.values, form)
        raws.append(f"{cell.raw} as {name}")
        parsed.append(f"{cell.parsed} as {name}")
        values.append(f"{cell.value} as {name}")
        if cell.cleaned is not None:
            raws.append(f"{cell.cleaned} as {cleaned_name(column)}")
            for step in (parsed, values):
                step.append(cleaned_name(column))
            kind = quote_text(f"{column.name}: unusual characters replaced")
            fixes.append(f"case when {cleaned_name(column)} then {kind} end")
        if cell.fix is not None:
            values.append(f"{cell.fix} as {fix_name(column)}")
            fixes.append(fix_name(column))
        if cell.issue is not None:
            parsed.append(f"{name} as {text_name(column)}")
            values.append(text_name(column))
            issues.append(cell.issue)
    columns = ", ".join(quote_identifier(name) for name in table.column_names)
    # Sums of doubles depend on the order of their rows: rows lie in an order of their own, so that
    # a source in another order gives the same plan. _row keeps their place in the source.
    return (
        f"create or replace table {quote_table(target)} as select * from "
        f"(select row_number() over () as _row, {columns}, "
        f"{_joined(issues)} as _issues, {_joined(fixes)} as _fixes from "
        f"(select {', '.join(values)} from (select {', '.join(parsed)} from "
        f"(select {', '.join(raws)} from {relation.sql})))) "
        f"order by {quote_identifier(table.column_names[0])}, {_row_hash(table)}"
    )


def _row_hash(table: LandingTable) -> str:
    names = ", ".join(quote_identifier(name) for name in table.column_names)
    return f"hash({names}, _issues, _fixes)"


def _joined(notes: list[str]) -> str:
    if not notes:
        return "cast(null as varchar)"
    return f"cast(nullif(concat_ws('; ', {', '.join(notes)}), '') as varchar)"


def refuse_missing_columns(
    table: LandingTable,
    mapping: Mapping[str, ColumnMapping],
    source_columns: Mapping[str, str],
    where_from: str,
    *,
    is_file: bool,
) -> None:
    """Refuse a source that lacks a required or a mapped column.

    Args:
        table: The landing table.
        mapping: Where its columns come from.
        source_columns: Columns there are.
        where_from: What lacks them, for the message.
        is_file: A header line may be missing, so that names are cells of the first record.

    Raises:
        PermanentSourceError: Naming each such column and what there is instead.
    """
    where = f"source.tables.{table.name}.columns"
    wanted = {
        column.name: mapping[column.name].column if column.name in mapping else column.name
        for column in table.columns
        if column.name in mapping or not column.is_nullable
    }
    missing = {
        name: source
        for name, source in wanted.items()
        if source is not None and source not in source_columns
    }
    if not missing:
        return
    looks_like_header = not is_file or is_header(table, mapping, source_columns)
    may_be_named = looks_like_header or not table.is_personal
    problems = []
    for name, source in missing.items():
        hint = close_matches(source, source_columns) if may_be_named else ""
        if name in mapping:
            problems.append(f"{name!r} is mapped to {source!r}; {hint}correct it under {where}")
        else:
            problems.append(f"required column {name!r} has no source; {hint}map it under {where}")
    named = (
        ", ".join(source_columns)
        if may_be_named
        else f"{len(source_columns)} columns, not named here as they may be a person's record"
    )
    if not looks_like_header:
        problems.append(
            "no name that is looked for stands in the first line: is there no header line? Then "
            f"list the columns in their order as source.tables.{table.name}.header"
        )
    raise PermanentSourceError(
        f"{table.name}: columns are missing in {where_from}, which has {named}:\n"
        + "\n".join(f"- {problem}" for problem in problems)
    )


def header_names(table: LandingTable, mapping: Mapping[str, ColumnMapping]) -> frozenset[str]:
    """Names that the header line of a table's file may hold, in lower case."""
    mapped = (entry.column for entry in mapping.values() if entry.column is not None)
    return frozenset(name.strip().lower() for name in (*table.column_names, *mapped))


def is_header(
    table: LandingTable, mapping: Mapping[str, ColumnMapping], names: Iterable[str]
) -> bool:
    """Whether the first line of a file names columns; if not, it may be a person's record.

    One name that is looked for is enough: no record holds it by chance.
    """
    return not header_names(table, mapping).isdisjoint(name.strip().lower() for name in names)


# What CRMs and databases call a mark on rows that are gone, by letters alone.
_DELETED = ("deleted", "isdeleted", "isarchived", "archived", "isremoved", "deletedflag")


def without_deleted(
    con: duckdb.DuckDBPyConnection,
    table: LandingTable,
    mapping: Mapping[str, ColumnMapping],
    deleted: str | None,
    relation: Relation,
) -> tuple[Relation, list[str]]:
    """Leave out rows that are marked as deleted; warn of a mark that nothing looks at.

    Args:
        con: Connection that sees the relation.
        table: The landing table.
        mapping: Where its columns come from.
        deleted: Column that is true for deleted rows, as the company.yml names it.
        relation: What is read.

    Raises:
        PermanentSourceError: There is no such column, or its cells are neither true nor false.
    """
    used = {entry.column for entry in mapping.values()}
    if deleted is None:
        marks = [
            name
            for name in relation.columns
            if "".join(filter(str.isalpha, name.lower())) in _DELETED and name not in used
        ]
        notes = []
        for name in marks:
            count, _ = _count_deleted(con, relation, name)
            if count:
                notes.append(
                    f"{count:,} rows are marked in column {name} and count all the same; set "
                    f"deleted: {name} under source.tables.{table.name} to leave them out"
                )
        return relation, notes
    if deleted not in relation.columns:
        hint = close_matches(deleted, relation.columns) if not table.is_personal else ""
        raise PermanentSourceError(
            f"source.tables.{table.name}.deleted: there is no column {deleted!r}; {hint}correct it"
        )
    count, unclear = _count_deleted(con, relation, deleted)
    if unclear:
        raise PermanentSourceError(
            f"source.tables.{table.name}.deleted: {unclear:,} cells of {deleted!r} are neither "
            "true nor false; name another column, or correct them at the source"
        )
    kept = f"(select * from {relation.sql} where not coalesce({_mark(relation, deleted)}, false))"
    notes = [f"{count:,} rows marked as deleted in {deleted} are left out"] if count else []
    return replace(relation, sql=kept), notes


def _mark(relation: Relation, name: str) -> str:
    text = cell_text(quote_identifier(name), relation.columns[name], {})
    return f"({boolean_sql(text)})"


def _count_deleted(
    con: duckdb.DuckDBPyConnection, relation: Relation, name: str
) -> tuple[int, int]:
    """Rows that are marked, and rows whose mark cannot be read."""
    text = cell_text(quote_identifier(name), relation.columns[name], {})
    mark = _mark(relation, name)
    counts = con.execute(
        f"select count(*) filter ({mark}), count(*) filter ({text} is not null and {mark} is null) "
        f"from {relation.sql}",
        list(relation.parameters),
    ).fetchone()
    assert counts is not None
    return counts[0], counts[1]


def report(
    con: duckdb.DuckDBPyConnection,
    table: LandingTable,
    target: str,
    *,
    source_files: tuple[str, ...] = (),
    source_columns: tuple[str, ...] | None,
    notes: Iterable[str] = (),
) -> PullResult:
    """Count what was written.

    Args:
        con: Warehouse connection.
        table: The landing table.
        target: Where it was written, ``schema.name``.
        source_files: Files read, if any.
        source_columns: Columns the source had; None where the company has no such table.
        notes: What people should know of it.
    """
    latest = [f"max({quote_identifier(name)})" for name in table.watermark_columns]
    watermark = f"cast(greatest({', '.join(latest)}) as varchar)" if latest else "null"
    row = _row_hash(table)
    # Sum and exclusive or of 64-bit hashes: the same for the same rows in any order, and 0.4 CPU
    # seconds for 2M rows where a sorted SHA-256 takes 4.5. (It follows DuckDB's version.)
    content = f"md5(concat_ws(' ', count(*), sum({row}), bit_xor({row})))"
    counts = con.execute(
        f"select count(*), count(_issues), count(_fixes), {watermark}, {content} "
        f"from {quote_table(target)}"
    ).fetchone()
    assert counts is not None
    return PullResult(
        table=table.name,
        row_count=counts[0],
        content_hash="" if source_columns is None else counts[4],
        watermark=counts[3],
        source_files=source_files,
        issue_count=counts[1],
        fix_count=counts[2],
        absent=source_columns is None,
        source_columns=source_columns or (),
        notes=tuple(visible(note, keep_lines=False) for note in notes),
    )
