"""``sales-coverage docs``: write docs/tables.md from the tables' own contracts."""

from __future__ import annotations

from pathlib import Path

from dagster_project.publishing.tables import published_columns, published_tables
from dagster_project.runtime.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "tables.md"
_HEADER = """# Published tables

Every table stands in `published/coverage.duckdb` and as a Parquet file in `published/current/`.
All carry `plan_id`. This page is written from the tables' contracts by
`sales-coverage docs`.
"""


def render() -> str:
    """Build the page: a list of all tables, then the columns of each."""
    tables = sorted(published_tables().items())
    index = [f"| [{name}](#{name}) | {table.grain} |" for name, table in tables]
    parts = [_HEADER, "\n".join(["| table | content |", "| --- | --- |", *index]) + "\n"]
    for name, table in tables:
        key = ", ".join(f"`{column}`" for column in table.key) or "a single row"
        parts.append(f"## {name}\n\n{table.grain}\n\nKey: {key}\n")
        rows = ["| column | type | meaning |", "| --- | --- | --- |"]
        rows += [
            f"| `{column.name}` | {column.type.lower()} | {column.meaning} |"
            for column in published_columns(table)
        ]
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(render(), encoding="utf-8")
