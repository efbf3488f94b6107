"""Whatever the cells hold: a pull keeps every row, and every cell is read, mended or noted."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dagster_project.sources.pull import pull_table
from dagster_project.warehouse.contract import LANDING, LandingTable

from .inputs.company import Rows, company_of, write_files

TABLES = ("accounts", "opportunities", "employees", "activities")
TRICKY = st.sampled_from(
    [
        "", " ", "\u00a0", "NULL", "None", "nan", "N/A", "1001.0", "1.2E+11", "2019-07-13",
        "24-01-05", "9999-12-31", "1900-01-01", "infinity", "-inf", "epoch", "0x10", "1_000",
        "true", "Y", "1", "0", "1e999", "-0", "3.7", "=1+1", "a\nb", 'say "hi"', "a;b", "e\u0301",
        "2026-02-01T03:30:00Z", "2026-02-01 03:30:00+25:00", "12:00", "'); drop table raw.accounts",
    ]
)  # fmt: skip
CELL = TRICKY | st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=12
)


@st.composite
def table_and_rows(draw: st.DrawFn) -> tuple[LandingTable, Rows]:
    table = LANDING[draw(st.sampled_from(TABLES))]
    row = st.fixed_dictionaries(dict.fromkeys(table.column_names, CELL))
    return table, draw(st.lists(row, min_size=1, max_size=5))


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("create schema raw")
    return connection


@given(table_and_rows())
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example((LANDING["activities"], [{"account_id": "\ufeff", "rep_id": "a", "type": "b", "at": "1"}]))
def test_no_row_is_lost_and_no_cell_vanishes_without_a_word(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, drawn: tuple[LandingTable, Rows]
) -> None:
    table, rows = drawn
    write_files(tmp_path, {table.name: rows})
    result = pull_table(con, company_of(tmp_path), table, "raw.fuzzed")
    assert result.row_count == len(rows)
    landed = con.execute("select * from raw.fuzzed order by _row").df().to_dict("records")
    types = dict(
        con.execute("select column_name, column_type from (describe raw.fuzzed)").fetchall()
    )
    assert types == {
        "_row": "BIGINT",
        **table.types,
        "_issues": "VARCHAR",
        "_fixes": "VARCHAR",
    }
    blank = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])
    blank |= dict.fromkeys([0xA0, 0x2007, 0x202F, 0x3000], " ")
    for number, (given_row, row) in enumerate(zip(rows, landed, strict=True), 1):
        assert row["_row"] == number
        said = f"{row['_issues']} {row['_fixes']}"
        for column in table.columns:
            cell = given_row[column.name].translate(blank).strip(" \t\n\r")
            value = row[column.name]
            is_missing = value is None or value != value
            if cell and is_missing:
                assert f"{column.name}: " in said, (column.name, given_row[column.name])
            if not cell:
                assert is_missing, (column.name, given_row[column.name], value)
