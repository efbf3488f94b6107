"""Strengths between the two builds of dbt: read as codes, written under their contracts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dagster_project.planning.strength_tables import STRENGTH_TABLES
from dagster_project.planning.strengths import STRENGTH_INPUTS, estimate
from dagster_project.warehouse.duckdb_file import Warehouse, read_coded
from tests.optimization.strength_cases import make_case, make_deals


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A warehouse with the marts that the estimate reads."""
    warehouse = Warehouse(path=str(tmp_path / "warehouse.duckdb"))
    frames = make_case(make_deals(1, 1500)).frames()
    with warehouse.connect() as connection:
        connection.execute("create schema marts")
        for name, mart in STRENGTH_INPUTS.items():
            connection.register("given", frames[name])
            connection.execute(f"create table marts.{mart} as select * from given")
    return warehouse


@pytest.mark.parametrize("is_empty", [False, True])
def test_every_table_is_written_with_its_columns_and_types(
    warehouse: Warehouse, is_empty: bool
) -> None:
    if is_empty:
        with warehouse.connect() as connection:
            for mart in STRENGTH_INPUTS.values():
                connection.execute(f"delete from marts.{mart}")
    found = estimate(warehouse)
    with warehouse.connect() as connection:
        for name, table in STRENGTH_TABLES.items():
            rows = connection.execute(f"describe strength.{name}").fetchall()
            assert {row[0]: row[1] for row in rows} == table.types, name
            written = connection.execute(f"select * from strength.{name}").df()
            assert len(written) == len(getattr(found, name))
            assert len(written.drop_duplicates(list(table.key) or None)) == len(written)
            # The verdict is there even where there is no deal, account or rep.
            if is_empty and name not in (
                "strength_guard",
                "strength_half_lives",
                "strength_transport",
            ):
                assert written.empty, name


def test_missing_numbers_are_written_as_nothing_and_not_as_nan(warehouse: Warehouse) -> None:
    estimate(warehouse)
    with warehouse.connect() as connection:
        count = connection.execute(
            "select count(*), count(prior_effect) from strength.rep_strengths"
        ).fetchall()[0]
    assert count[0] > 0
    assert count[1] == 0


def test_texts_are_read_as_codes_and_everything_else_as_it_is(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            "create table many as select 'A' || (i % 40000) as name, i as number, "
            "i % 3 = 0 as is_third, case when i % 7 > 0 then 'x' end as gaps "
            "from range(250000) as numbers (i)"
        )
        coded = read_coded(connection, "many")
        plain = connection.execute("select * from many").df()
        connection.execute("create table none as select * from many limit 0")
        assert list(read_coded(connection, "none").columns) == list(plain.columns)
    assert isinstance(coded["name"].dtype, pd.CategoricalDtype)
    assert coded["name"].cat.categories.size == 40000
    for column in plain:
        assert (
            coded[column].astype(object).fillna("-") == plain[column].astype(object).fillna("-")
        ).all()
