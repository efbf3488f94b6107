"""The product's own dbt models, compiled once and run on tables made by hand.

Belongs here: from model names to tables in an in-memory database. Does not belong here: any data or
judgement. What is measured with it is the SQL that a refresh runs, without dbt's start-up.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

# From closed deals to the guard: what is fitted, in an order in which it can run.
FIT = (
    "int_strength__deals",
    "int_strength__tuning_cells",
    "int_strength__tuning_effects",
    "int_strength__half_lives",
    "int_strength__cells",
    "int_strength__effects",
    "int_values__cells",
    "int_values__effects",
    "strength_guard",
)
# From the fit to what each rep wins on each kind of account.
RATES = (
    "int_products__margins",
    "int_industries__product_mix",
    "int_reps__strengths",
    "int_profiles__rep_win_rates",
)


@cache
def compiled() -> dict[str, dict[str, Any]]:
    """Compile the dbt project against an empty warehouse: node by model name."""
    from benchmarks.prepare import compile_sql
    from dagster_project.transform.check import create_empty_sources
    from dagster_project.transform.manifest import ensure_manifest
    from dagster_project.warehouse.duckdb_file import Warehouse

    before = os.environ.get("COVERAGE_DUCKDB_PATH")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "warehouse.duckdb")
        os.environ["COVERAGE_DUCKDB_PATH"] = path
        try:
            ensure_manifest()
            create_empty_sources(Warehouse(path=path))
            nodes = compile_sql()
        finally:
            if before is None:
                del os.environ["COVERAGE_DUCKDB_PATH"]
            else:
                os.environ["COVERAGE_DUCKDB_PATH"] = before
    return {node["relation"].split(".")[1]: node for node in nodes if node["kind"] != "test"}


def open_database() -> duckdb.DuckDBPyConnection:
    """Open an empty in-memory database, on one thread as the warehouse is."""
    connection = duckdb.connect(":memory:")
    # The compiled SQL names the data base by its file, warehouse.duckdb.
    connection.execute("set threads = 1; attach ':memory:' as warehouse; use warehouse")
    return connection


def put(connection: duckdb.DuckDBPyConnection, model: str, frame: pd.DataFrame) -> None:
    """Stand a frame in for a model."""
    relation = compiled()[model]["relation"]
    connection.register("given", frame)
    connection.execute(f"create schema if not exists {relation.split('.')[0]}")
    connection.execute(f"create or replace table {relation} as select * from given")
    connection.unregister("given")


def run(connection: duckdb.DuckDBPyConnection, models: Iterable[str]) -> None:
    """Build models in the order given."""
    for model in models:
        node = compiled()[model]
        connection.execute(f"create schema if not exists {node['schema']}")
        connection.execute(f"create or replace {node['kind']} {node['relation']} as {node['sql']}")


def read(connection: duckdb.DuckDBPyConnection, model: str) -> pd.DataFrame:
    """Read a model's rows."""
    frame: pd.DataFrame = connection.execute(f"select * from {compiled()[model]['relation']}").df()
    return frame
