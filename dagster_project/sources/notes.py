"""What a pull tells people of a table: cells that cannot be read, by column, with an example."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dagster_project.runtime.visible import visible
from dagster_project.sources.cells import cell_text
from dagster_project.sources.formats import Shape
from dagster_project.warehouse.contract import LandingTable
from dagster_project.warehouse.tables import Column, quote_identifier, quote_relation

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.sections.columns import ColumnMapping
    from dagster_project.sources.relation import Relation

# A column with more words than these holds no list of words.
_MOST_WORDS = 1000
_SHOWN_WORDS = 5
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


def unused_values(
    con: duckdb.DuckDBPyConnection,
    table: LandingTable,
    origins: Iterable[tuple[Column, ColumnMapping, str]],
    relation: Relation,
) -> list[str]:
    """Name words under ``values`` that no cell holds: such a setting has no effect.

    Args:
        con: Connection that sees the relation.
        table: The landing table; cells of HR data are not named.
        origins: Contract columns with their mapping and the type of their source column.
        relation: What is read.
    """
    notes = []
    for column, entry, source_type in origins:
        if not entry.values:
            continue
        text = cell_text(quote_identifier(str(entry.column)), source_type, {})
        rows = con.execute(
            f"select {text} as cell, count(*) from {relation.sql} where {text} is not null "
            f"group by 1 order by 2 desc, 1 limit {_MOST_WORDS}",
            list(relation.parameters),
        ).fetchall()
        held = [row[0] for row in rows]
        for word in entry.values:
            if word in held or len(held) == _MOST_WORDS:
                continue
            there = ""
            if not (table.is_personal or column.is_personal):
                near = nearest(word, held)[:_SHOWN_WORDS]
                shown = ", ".join(f"'{visible(cell, keep_lines=False)}'" for cell in near)
                there = f"; there are {shown}" if near else "; there are no cells"
            notes.append(
                f"{column.name}: '{word}' under values matches no cell, so it has no effect{there}"
            )
    return notes


def nearest(value: str, known: Iterable[str]) -> list[str]:
    """Order values by how near they are to one, the nearest first."""

    def distance(other: str) -> tuple[float, str]:
        match = difflib.SequenceMatcher(None, value.lower(), other.lower())
        return -match.ratio(), other

    return sorted(known, key=distance)


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
