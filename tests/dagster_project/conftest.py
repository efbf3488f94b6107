"""Shared by the tests of steps and records: a warehouse of its own for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(path=str(tmp_path / "warehouse.duckdb"), wait_seconds=0.2)


@pytest.fixture
def rows() -> Callable[[Warehouse, str], list[tuple[Any, ...]]]:
    """What a query finds: ``rows(warehouse, query)``."""

    def ask(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
        with warehouse.connect() as connection:
            return connection.execute(query).fetchall()

    return ask
