"""``sales-coverage docs``: write the pages and dbt files that follow from tables and settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from dagster_project.commands.company_docs import reference, schema
from dagster_project.company.policy_tables import POLICY_TABLES
from dagster_project.planning.history import HISTORY_TABLES
from dagster_project.planning.levels import LEVEL_TABLES
from dagster_project.planning.quota_tables import PLAN_TABLES
from dagster_project.planning.strength_tables import STRENGTH_TABLES
from dagster_project.publishing.tables import RUNS, published_columns, published_tables
from dagster_project.runtime.settings import DBT_DIRECTORY, REPOSITORY
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.tables import Table

_SOURCES: tuple[tuple[str, str, str, Mapping[str, Table]], ...] = (
    ("raw", "raw", "What the gates accepted; one row per record of the source.", LANDING),
    (
        "policy",
        "raw",
        "The validated company file as tables, typed and checked before it lands.",
        POLICY_TABLES,
    ),
    (
        "history",
        "history",
        "What earlier plans decided, laid out anew by every run.",
        HISTORY_TABLES,
    ),
    ("strength", "strength", "What deals show of reps.", STRENGTH_TABLES),
    ("levels", "levels", "What past years show of the company.", LEVEL_TABLES),
    ("plan", "plan", "What the optimiser decided and verified.", PLAN_TABLES),
)
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


def sources() -> str:
    """Build dbt's sources: every table that dbt may read and does not make."""
    return _yaml(
        {
            "sources": [
                {
                    "name": name,
                    "schema": schema,
                    "description": description,
                    "tables": [{"name": t.name, "description": t.grain} for t in tables.values()],
                }
                for name, schema, description, tables in _SOURCES
            ]
        },
        default_flow_style=None,  # a table stands on one line
    )


def exposure() -> str:
    """Build dbt's exposure of the published plan: what it depends on, as dbt sees it."""
    known = {schema: name for name, schema, _, _ in _SOURCES}
    parents = [
        f"source('{known[table.schema]}', '{name}')" if table.schema in known else f"ref('{name}')"
        for name, table in sorted(published_tables().items())
        # Histories of runs, rules and back-tests are written as steps go by, without dbt.
        if table.schema not in ("quality", "backtest") and table != RUNS
    ]
    return _yaml(
        {
            "exposures": [
                {
                    "name": "published_plan",
                    "label": "Published plan (DuckDB, Parquet, PostgreSQL)",
                    "type": "application",
                    "maturity": "high",
                    "description": "The tables that every refresh publishes; columns and meanings "
                    "are listed in docs/tables.md.",
                    "owner": {"name": "Sales operations"},
                    "depends_on": parents,
                }
            ]
        }
    )


def _yaml(content: dict[str, Any], **style: Any) -> str:
    body = yaml.safe_dump(content, sort_keys=False, width=1000, **style)
    return (
        "# Written by `sales-coverage docs` from the tables as they are described in Python.\n"
        + body
    )


_SOURCES_PAGE = DBT_DIRECTORY / "models" / "_sources.yml"
_EXPOSURE_PAGE = DBT_DIRECTORY / "models" / "published_plan.yml"
PAGES = {
    REPOSITORY / "docs" / "tables.md": render,
    REPOSITORY / "docs" / "company.md": reference,
    REPOSITORY / "docs" / "company.schema.json": schema,
    _SOURCES_PAGE: sources,
    _EXPOSURE_PAGE: exposure,
}


def write() -> None:
    """Write every page; all others are built before the first of them is replaced.

    dbt must be able to read its models to say what is published, so the two pages that it reads
    itself must not contradict the tables: its sources are written first, and the exposure, which
    nothing depends on, is out of the way until it is built anew.
    """
    _SOURCES_PAGE.write_text(sources(), encoding="utf-8")
    before = _EXPOSURE_PAGE.read_text(encoding="utf-8") if _EXPOSURE_PAGE.exists() else None
    _EXPOSURE_PAGE.unlink(missing_ok=True)
    try:
        built = [(page, build()) for page, build in PAGES.items()]
    except BaseException:
        if before is not None:
            _EXPOSURE_PAGE.write_text(before, encoding="utf-8")
        raise
    for page, text in built:
        page.write_text(text, encoding="utf-8")
