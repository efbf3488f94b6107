"""What a pull tells people of a table: cells that cannot be read, by column, with an example."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dagster_project.runtime.visible import visible
from dagster_project.sources.formats import Shape
from dagster_project.warehouse.contract import LandingTable
from dagster_project.warehouse.tables import Column, quote_identifier, quote_relation

if TYPE_CHECKING:
    import duckdb

_REMEDIES = {
    "DATE": ("a date", "set date_format for the column, the table or the source"),
    "TIMESTAMP": ("a date", "set date_format for the column, the table or the source"),
    "DOUBLE": ("a number", "set decimal and thousands for the column, the table or the source"),
    "BIGINT": ("a whole number", "set decimal and thousands, or map the words under values"),
    "BOOLEAN": ("true or false", "map its words under values"),
    "VARCHAR": ("an id", "export ids as text, not through a spreadsheet"),
}


def unreadable(
    con: duckdb.DuckDBPyConnection,
    table: LandingTable,
    target: str,
    shapes: Mapping[str, Sequence[Shape]],
) -> list[str]:
    """Say which columns have cells that cannot be read: how many, an example and the remedy.

    Args:
        con: Connection that sees the landed table.
        table: The landing table; of HR data only the shape of a cell is shown.
        target: Where it landed, ``schema.name``.
        shapes: Shapes of the columns that were looked at.
    """
    relation = quote_relation(target)
    has_any = con.execute(f"select 1 from {relation} where _issues is not null limit 1").fetchall()
    if not has_any:
        return []
    notes = []
    for column in table.columns:
        mark = f"contains('; ' || _issues, '; {column.name}: ')"
        count, present, issue = con.execute(
            f"select count(*) filter ({mark}), count({quote_identifier(column.name)}), "
            f"min(_issues) filter ({mark}) from {relation}"
        ).fetchall()[0]
        if count:
            kind, remedy = _REMEDIES[column.type]
            example = _example(table, column, str(issue), shapes.get(column.name, ()))
            notes.append(
                f"{column.name}: {count:,} of {count + present:,} cells cannot be read as {kind}"
                f"{example}; {remedy}, or correct them at the source"
            )
    return notes


def _example(table: LandingTable, column: Column, issue: str, shapes: Sequence[Shape]) -> str:
    if not (table.is_personal or column.is_personal):
        match = re.search(rf"(?:^|; ){re.escape(column.name)}: '(.*?)' is ", issue, re.DOTALL)
        return f", such as '{visible(match[1], keep_lines=False)}'" if match else ""
    for shape in shapes:
        # A name has a shape, too: only signs and digits are shown.
        masked = re.sub(r"[^\W\d_]", "a", shape.text)
        if re.search(r"9", masked) and not re.fullmatch(r"9{4}-99-99.*", masked):
            return f", such as {visible(masked, keep_lines=False)} (every digit a 9)"
    return ""
