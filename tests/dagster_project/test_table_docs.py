"""The pages about tables say what the tables' contracts say."""

from __future__ import annotations

from dagster_project.commands.docs import PAGE, render
from dagster_project.publishing.tables import published_columns, published_tables


def test_the_page_is_what_the_contracts_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run sales-coverage docs"


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
