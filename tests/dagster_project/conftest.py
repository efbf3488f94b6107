"""Shared by the tests of steps and records: a warehouse of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from requests.adapters import HTTPAdapter

from dagster_project.sources import http
from dagster_project.warehouse.duckdb_file import Warehouse

from .inputs.server import API_KEY, KEY, SECRET, Service, serving


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


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The local server in the place of every https address."""
    with serving() as found:

        class Rerouted(http._TimedAdapter):
            def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
                path = request.path_url
                request.url = f"http://127.0.0.1:{found.port}{path}"
                return super().send(request, *args, **kwargs)

        make = http.new_session

        def rerouted() -> Any:
            session = make()
            adapter = session.get_adapter("https://")
            assert isinstance(adapter, HTTPAdapter)
            session.mount("https://", Rerouted(max_retries=adapter.max_retries))
            return session

        monkeypatch.setattr(http, "new_session", rerouted)
        monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _: None)
        for name, value in (("SF_KEY", KEY), ("SF_SECRET", SECRET), ("BAMBOO_KEY", API_KEY)):
            monkeypatch.setenv(name, value)
        yield found
