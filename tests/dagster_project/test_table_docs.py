"""The pages about tables say what the tables' contracts say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dagster_project.commands.docs import PAGES
from dagster_project.planning.quota_tables import PLAN_TABLES
from dagster_project.publishing.tables import (
    published_columns,
    published_tables,
    select_published,
)
from dagster_project.warehouse.tables import Column, Table


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_is_what_the_tables_say(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == PAGES[page](), "run sales-coverage docs"


def test_every_column_of_a_published_table_has_a_type_and_a_meaning() -> None:
    for name, table in published_tables().items():
        columns = published_columns(table)
        assert all(column.type and column.meaning for column in columns), name
        assert columns[0].name == "plan_id" or name == "plan_runs", name


def test_no_published_column_is_about_pay_or_a_person() -> None:
    forbidden = ("pay", "salary", "gender", "age", "nationality", "birth", "email", "name")
    columns = {c.name for table in published_tables().values() for c in published_columns(table)}
    parts = {(column, part) for column in columns for part in column.split("_")}
    found = {column for column, part in parts if part in forbidden}
    # The age of an open deal, not of a person.
    assert found == {"check_name", "table_name", "column_name", "age_band"}


def test_a_column_that_is_added_to_a_table_is_in_all_that_follows_from_it(monkeypatch) -> None:
    before = PLAN_TABLES["plan_changes"]
    new = Column("urgency", "DOUBLE", "How soon somebody should look at it")
    wider = replace(before, columns=(*before.columns, new))
    extra = Table("plan", "plan_notes", "Notes, one row per plan and account.", (), before.columns)
    monkeypatch.setitem(PLAN_TABLES, "plan_changes", wider)
    monkeypatch.setitem(PLAN_TABLES, "plan_notes", extra)
    published_tables.cache_clear()
    try:
        assert '"urgency" DOUBLE' in wider.create_sql()
        assert published_columns(published_tables()["plan_changes"])[-1] == new
        pages = {page.name: build() for page, build in PAGES.items()}
        assert "| `urgency` | double | How soon somebody should look at it |" in pages["tables.md"]
        assert "source('plan', 'plan_notes')" in pages["published_plan.yml"]
        assert "{name: plan_notes, description: 'Notes, one row" in pages["_sources.yml"]
        assert select_published(extra, "p1").startswith("select * from")
    finally:
        published_tables.cache_clear()
