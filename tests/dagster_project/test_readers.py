"""Readers that never stop, four kinds at once, while a hundred plans are published under them."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.publishing.files import publish
from dagster_project.publishing.postgresql import serve

PUBLICATIONS = 100
SCHEMA = "readers"
TIMEOUT_SECONDS = 300

# Each reader looks at two tables in two queries and counts plans that do not agree.
FRAME = """
import pathlib, sys
{setup}
stop = pathlib.Path(sys.argv[2])
reads = mixed = 0
plans = set()
while not stop.exists():
    first, second = read()
    mixed += not (len(first) == len(second) == 1 and first == second)
    plans |= first
    reads += 1
    pathlib.Path(f"{sys.argv[3]} saw {len(plans)}").touch()
print(reads, mixed, len(plans))
"""
DUCKDB = """
import duckdb
def read():
    with duckdb.connect(sys.argv[1] + "/published/coverage.duckdb", read_only=True) as con:
        return tuple(
            {row[0] for row in con.execute(f"select plan_id from {table}").fetchall()}
            for table in ("assignments", "quotas")
        )
"""
PARQUET = """
import pyarrow.parquet as pq
def read():
    folder = pathlib.Path(sys.argv[1], "published", "current").resolve()
    return tuple(
        set(pq.read_table(folder / f"{table}.parquet", columns=["plan_id"])["plan_id"].to_pylist())
        for table in ("assignments", "quotas")
    )
"""
ALCHEMY = """
import sqlalchemy as sa
def read():
    engine = sa.create_engine(
        f"duckdb:///{sys.argv[1]}/published/coverage.duckdb",
        connect_args={"read_only": True}, poolclass=sa.pool.NullPool,
    )
    with engine.connect() as con:
        found = tuple(
            {row[0] for row in con.execute(sa.text(f"select plan_id from {table}"))}
            for table in ("assignments", "quotas")
        )
    engine.dispose()
    return found
"""
POSTGRES = """
import psycopg
server = psycopg.connect(sys.argv[1])
server.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
def read():
    with server.transaction():
        return tuple(
            {row[0] for row in server.execute(f"select plan_id from readers.{table}").fetchall()}
            for table in ("assignments", "quotas")
        )
"""


def start(setup: str, source: str, stop: Path, reads: Path) -> subprocess.Popen[str]:
    code = FRAME.replace("{setup}", setup)
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, source, str(stop), str(reads)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def publish_plan(con: duckdb.DuckDBPyConnection, home: Path, url: str, number: int) -> None:
    plan = f"p{number}"
    tables = {
        "assignments": f"select '{plan}' as plan_id, 'A' || i as account_id from range(500) n (i)",
        "quotas": f"select '{plan}' as plan_id, i as quota from range(100) n (i)",
    }
    publish(
        con,
        tables,
        home=home,
        plan_id=plan,
        manifest={},
        serve_too=lambda: serve(con, tables, url=url, schema=SCHEMA),
    )


def have_seen(readers: Mapping[str, subprocess.Popen[str]], plans: int, folder: Path) -> bool:
    """Tell whether each reader has seen that many plans, or has ended."""
    return all(
        reader.poll() is not None or (folder / f"{kind} saw {plans}").exists()
        for kind, reader in readers.items()
    )


@pytest.mark.whole_job
def test_a_hundred_publications_under_four_kinds_of_readers(
    tmp_path: Path, postgres: Any, record_property: Any
) -> None:
    con, home, stop = duckdb.connect(), tmp_path / "home", tmp_path / "stop"
    publish_plan(con, home, postgres.url(), 0)
    kinds = {"duckdb": DUCKDB, "parquet": PARQUET, "sqlalchemy": ALCHEMY}
    sources = dict.fromkeys(kinds, str(home)) | {"postgresql": postgres.url()}
    kinds["postgresql"] = POSTGRES
    readers = {
        kind: start(setup, sources[kind], stop, tmp_path / kind) for kind, setup in kinds.items()
    }
    try:
        while not have_seen(readers, 1, tmp_path):
            time.sleep(0.05)
        # However slow a reader is: a hundred, and more until each has seen three plans.
        for number in itertools.count(1):
            publish_plan(con, home, postgres.url(), number)
            time.sleep(0.05)
            if number >= PUBLICATIONS and have_seen(readers, 3, tmp_path):
                break
    finally:
        stop.touch()
        ended = {
            kind: reader.communicate(timeout=TIMEOUT_SECONDS) for kind, reader in readers.items()
        }
    for kind, (output, errors) in ended.items():
        assert readers[kind].returncode == 0, f"{kind}: {errors[-2000:]}"
        reads, mixed, plans = map(int, output.split())
        record_property(kind, f"{reads} reads, {plans} plans, {mixed} mixed")
        print(f"{kind}: {reads} reads saw {plans} plans, {mixed} mixed")
        assert mixed == 0, kind
        assert reads >= plans >= 3, kind
