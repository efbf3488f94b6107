"""Serving from PostgreSQL: all tables in one transaction, clear words, no secret in any of them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import duckdb
import psycopg
import pytest

from dagster_project.publishing.files import PublishError
from dagster_project.publishing.postgresql import serve

QUERY = """
    select 'p1' as plan_id, 'A' || i as account_id, i as row_count, i / 4 as amount,
        i % 2 = 0 as is_won, date '2026-07-01' as month, timestamp '2026-07-01 02:00:00' as at,
        cast(i as decimal(18, 2)) as quota_amount, null::varchar as note
    from range(3) as numbers (i)
"""


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def ask(postgres: Any, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(postgres.url()) as server:
        return server.execute(query).fetchall()


def test_rows_types_and_meanings_arrive(con: duckdb.DuckDBPyConnection, postgres: Any) -> None:
    meanings = {"plans": {"amount": "What it's worth"}}
    counts = serve(con, {"plans": QUERY}, url=postgres.url(), schema="arrive", comments=meanings)
    assert counts == {"plans": 3}
    rows = ask(postgres, "select * from arrive.plans order by account_id")
    assert rows[1] == (
        "p1", "A1", 1, 0.25, False, dt.date(2026, 7, 1), dt.datetime(2026, 7, 1, 2), 1, None,
    )  # fmt: skip
    described = ask(postgres, "select col_description('arrive.plans'::regclass, 4)")
    assert described == [("What it's worth",)]


def test_a_table_with_other_columns_is_made_anew(
    con: duckdb.DuckDBPyConnection, postgres: Any
) -> None:
    for query, columns in ((QUERY, 9), ("select 'p2' as plan_id, 1 as more", 2)):
        serve(con, {"plans": query}, url=postgres.url(), schema="anew")
        assert len(ask(postgres, "select * from anew.plans limit 1")[0]) == columns


def test_a_table_that_fails_takes_the_others_back(
    con: duckdb.DuckDBPyConnection, postgres: Any
) -> None:
    serve(con, {"a": "select 1 as v", "b": "select 1 as v"}, url=postgres.url(), schema="pair")
    broken = {"a": "select 2 as v", "b": "select 2 as v from range(1) where error('boom')"}
    with pytest.raises(duckdb.Error, match="boom"):
        serve(con, broken, url=postgres.url(), schema="pair")
    assert ask(postgres, "select a.v, b.v from pair.a, pair.b") == [(1, 1)]


def test_a_reader_that_holds_its_transaction_does_not_stop_the_publication(
    con: duckdb.DuckDBPyConnection, postgres: Any
) -> None:
    serve(con, {"plans": "select 'p1' as plan_id"}, url=postgres.url(), schema="held")
    with psycopg.connect(postgres.url()) as reader:
        reader.execute("set transaction isolation level repeatable read")
        before = reader.execute("select plan_id from held.plans").fetchall()
        serve(con, {"plans": "select 'p2' as plan_id"}, url=postgres.url(), schema="held")
        assert reader.execute("select plan_id from held.plans").fetchall() == before == [("p1",)]
    assert ask(postgres, "select plan_id from held.plans") == [("p2",)]


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("s3cret", "wrong-one"),
        lambda url: url.replace("/postgres", "/nowhere"),
        lambda url: re.sub(r":[0-9]+/", ":1/", url),
    ],
)
def test_a_server_that_refuses_is_named_without_the_password(
    con: duckdb.DuckDBPyConnection, postgres: Any, change: Any
) -> None:
    url = change(postgres.url())
    with pytest.raises(PublishError, match="serves the plan before") as caught:
        serve(con, {"plans": QUERY}, url=url, schema="refused")
    for secret in ("s3cret", "wrong-one", "p%40ss", "p@ss"):
        assert secret not in str(caught.value)
