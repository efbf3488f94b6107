"""The tables of a back-test: columns, types, grain and meaning, as data, and writing them."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from dagster_project.warehouse.duckdb_file import Warehouse, write_frame
from dagster_project.warehouse.tables import Table, tables_by_name

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


_table = partial(Table.of, "backtest")
_LEVEL = ("VARCHAR", "company, group or rep")
BACKTEST_TABLES: dict[str, Table] = tables_by_name(
    _table(
        "plan_backtest",
        "What plans of past years said and what came, under the coverage of then; made by the last "
        "back-test, one row per year, level, entity and period.",
        ("cut_on", "level", "entity_id", "period_type", "period_on"),
        {
            "cut_on": ("DATE", "Last day the past plan knew of"),
            "level": _LEVEL,
            "entity_id": ("VARCHAR", "Company, group or rep the row is about"),
            "period_type": ("VARCHAR", "month, quarter or year"),
            "period_on": ("DATE", "First day of the period"),
            "expected_amount": ("DOUBLE", "What the past plan expected"),
            "low_amount": ("DOUBLE", "It said that one period in ten is below"),
            "high_amount": ("DOUBLE", "It said that one period in ten is above"),
            "actual_amount": ("DOUBLE", "What was won"),
            "is_held": ("BOOLEAN", "That lay within the band"),
            "score": (
                "DOUBLE",
                "Where what was won lay among what was thought possible, as a standard normal "
                "score: 0 in the middle, below -1.28 under the band",
            ),
            "target_amount": (
                "DOUBLE",
                "Share of a goal as far above the year before as today's; of a year only",
            ),
            "probability": ("DOUBLE", "Chance of it that the past plan gave; of a year only"),
            "is_reached": ("BOOLEAN", "It was reached; of a year only"),
        },
    ),
    _table(
        "plan_backtest_summary",
        "Whether bands and chances of past plans held; a chance is published only of a level that "
        "is calibrated; one row per level.",
        ("level",),
        {
            "level": _LEVEL,
            "year_count": ("BIGINT", "Past years judged"),
            "entity_year_count": ("BIGINT", "Of companies, groups or reps"),
            "month_held_rate": ("DOUBLE", "Share of months within their 80 % band"),
            "quarter_held_rate": ("DOUBLE", "Share of quarters within their 80 % band"),
            "year_held_rate": ("DOUBLE", "Share of years within their 80 % band"),
            "spread": (
                "DOUBLE",
                "How far outcomes lay from what was expected, over what the bands said, shrunk to "
                "1; the outlook is widened by it",
            ),
            "slope": ("DOUBLE", "Slope of reached on chance; 1 is right"),
            "slope_error": ("DOUBLE", "Its standard error"),
            "verdict": ("VARCHAR", "calibrated, or not calibrated and why"),
            "sentence": ("VARCHAR", "The verdict in words"),
        },
    ),
)


def write_backtest(warehouse: Warehouse, rows: pd.DataFrame, summary: pd.DataFrame) -> None:
    """Replace the last back-test."""
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists backtest")
        for name, frame in (("plan_backtest", rows), ("plan_backtest_summary", summary)):
            write_frame(connection, BACKTEST_TABLES[name], frame)


def keep_backtest(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables, empty, where no back-test was made yet."""
    connection.execute("create schema if not exists backtest")
    for table in BACKTEST_TABLES.values():
        connection.execute(table.create_sql(keep=True))


def backtest_hash(connection: duckdb.DuckDBPyConnection) -> str:
    """Hash of the last back-test's verdicts, on which plans depend; ``none`` before the first."""
    keep_backtest(connection)
    rows = connection.execute("select * from backtest.plan_backtest_summary order by level")
    verdicts = rows.fetchall()
    return hashlib.sha256(repr(verdicts).encode()).hexdigest() if verdicts else "none"
