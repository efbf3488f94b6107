"""``sales-coverage docs``: write docs/tables.md from the tables' own contracts."""

from __future__ import annotations

from pathlib import Path

from dagster_project.planning.coverage_tables import PLAN_TABLES
from dagster_project.planning.strength_tables import PUBLISHED_STRENGTH_TABLES
from dagster_project.publishing.tables import PUBLISHED, column_meanings, column_types
from dagster_project.runtime.settings import REPOSITORY
from dagster_project.transform.manifest import described

PAGE = REPOSITORY / "docs" / "tables.md"
_HEADER = """# Published tables

Every table stands in `published/coverage.duckdb` and as a Parquet file in `published/current/`.
All carry `plan_id`. This page is written from the tables' contracts by
`sales-coverage docs`.
"""
_OWN = {
    "plan_runs": "History of published runs, one row per run.",
    "data_quality_history": "Outcome of every rule at the gates in every run, blocked runs "
    "included, one row per run, table and rule. The last 400 days are kept.",
    "key_problems": "Keys that match no record, with the record that may have been meant, and "
    "records that may be one; listed, never merged. One row per column and key.",
    "data_quality_results": "Outcome of every rule at the gates, one row per table and rule.",
}


def render() -> str:
    """Build the page."""
    parts = [_HEADER]
    for name, table in sorted(PUBLISHED.items()):
        key = ", ".join(f"`{column}`" for column in table.key) or "a single row"
        parts.append(f"## {name}\n\n{_description(name)}\n\nKey: {key}\n")
        rows = ["| column | type | meaning |", "| --- | --- | --- |"]
        types = column_types(name)
        rows += [
            f"| `{column}` | {types[column].lower()} | {meaning} |"
            for column, meaning in column_meanings(name).items()
        ]
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def _description(name: str) -> str:
    if name in PLAN_TABLES:
        return PLAN_TABLES[name].description
    if name in PUBLISHED_STRENGTH_TABLES:
        return PUBLISHED_STRENGTH_TABLES[name].description
    if name in _OWN:
        return _OWN[name]
    model = PUBLISHED[name].relation.split(".")[1]
    return str(described()["nodes"][f"model.coverage.{model}"]["description"])


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(render(), encoding="utf-8")
