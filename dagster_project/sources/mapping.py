"""Mapping a readable relation onto the landing contract, whatever kind of source it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagster_project.company.sections.columns import ColumnMapping
from dagster_project.company.yaml_file import close_matches
from dagster_project.sources.cells import cleaned_name, fix_name, quote_text, read_cell, text_name
from dagster_project.sources.errors import PermanentSourceError
from dagster_project.sources.result import PullResult
from dagster_project.warehouse.contract import LandingTable
from dagster_project.warehouse.tables import quote_identifier

if TYPE_CHECKING:
    import duckdb


def quote_table(target: str) -> str:
    """Quote a table name, schema and table part by part."""
    return ".".join(quote_identifier(part) for part in target.split("."))


def landing_sql(
    target: str,
    table: LandingTable,
    mapping: Mapping[str, ColumnMapping],
    source_columns: Mapping[str, str],
    scan: str,
    timezone: str,
) -> str:
    """Build the one statement that cleans, casts, numbers and writes the rows.

    Args:
        target: Table to create or replace, ``schema.name``.
        table: The landing table.
        mapping: Where each contract column comes from; those not listed keep their name.
        source_columns: DuckDB type by column of the scanned relation.
        scan: FROM clause; its rows are numbered in its order and written in that of their content.
        timezone: The company's time zone.

    Returns:
        A ``create or replace table`` statement.
    """
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
        cell = read_cell(column, expression, source_type, timezone, entry.values)
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
        f"(select {', '.join(raws)} from {scan})))) "
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
) -> None:
    """Refuse a source that lacks a required or a mapped column.

    Raises:
        PermanentSourceError: Naming each such column and what there is instead.
    """
    where = f"source.tables.{table.name}.columns"
    problems = []
    for column in table.columns:
        entry = mapping.get(column.name)
        if entry is None and not column.is_nullable and column.name not in source_columns:
            hint = close_matches(column.name, source_columns)
            problems.append(f"required column {column.name!r} has no source; {hint}map it")
        elif entry and entry.column is not None and entry.column not in source_columns:
            hint = close_matches(entry.column, source_columns)
            problems.append(f"{column.name!r} is mapped to {entry.column!r}; {hint}correct it")
    if problems:
        raise PermanentSourceError(
            f"{table.name}: columns are missing in {where_from}, which has "
            f"{', '.join(source_columns)}:\n"
            + "\n".join(f"- {problem} under {where}" for problem in problems)
        )


def report(
    con: duckdb.DuckDBPyConnection,
    table: LandingTable,
    target: str,
    *,
    source_files: tuple[str, ...] = (),
    source_columns: tuple[str, ...] | None,
) -> PullResult:
    """Count what was written.

    Args:
        con: Warehouse connection.
        table: The landing table.
        target: Where it was written, ``schema.name``.
        source_files: Files read, if any.
        source_columns: Columns the source had; None where the company has no such table.
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
    )
