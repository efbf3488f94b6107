"""Whether readers find what was published: either form, missing, cut short or exchanged."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from dagster_project.publishing.files import publish
from dagster_project.publishing.whole import damaged_tables

TABLES = ["plans", "quotas"]


def publish_plan(home: Path, plan_id: str) -> None:
    with duckdb.connect() as con:
        queries = dict.fromkeys(TABLES, f"select '{plan_id}' as plan_id, 1 as v")
        publish(con, queries, home=home, plan_id=plan_id, manifest={})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    publish_plan(tmp_path, "p1")
    publish_plan(tmp_path, "p2")
    return tmp_path


def test_a_plan_in_place_is_whole(home: Path) -> None:
    assert damaged_tables(home, TABLES) == {}


def test_a_parquet_file_that_is_cut_short_or_gone_concerns_its_table_alone(home: Path) -> None:
    path = home / "published" / "current" / "quotas.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    words = "published/current/quotas.parquet is not the file of this plan"
    assert damaged_tables(home, TABLES) == {"quotas": words}
    path.unlink()
    assert damaged_tables(home, TABLES) == {"quotas": words}


def test_a_table_that_was_not_published_is_missed(home: Path) -> None:
    assert set(damaged_tables(home, [*TABLES, "rep_loads"])) == {"rep_loads"}


@pytest.mark.parametrize("spoil", ["cut", "gone", "other plan"])
def test_a_database_that_is_not_the_plans_concerns_every_table(home: Path, spoil: str) -> None:
    path = home / "published" / "coverage.duckdb"
    content = path.read_bytes()
    path.unlink()
    if spoil == "cut":
        path.write_bytes(content[:-4096])
    elif spoil == "other plan":
        publish_plan(home / "other", "p1")
        shutil.copy(home / "other" / "published" / "coverage.duckdb", path)
    found = damaged_tables(home, TABLES)
    assert set(found) == set(TABLES)
    assert set(found.values()) == {"published/coverage.duckdb is not the file of this plan"}


def test_a_home_in_which_nothing_was_published_is_said(tmp_path: Path) -> None:
    found = damaged_tables(tmp_path, TABLES)
    assert found == dict.fromkeys(TABLES, "published/current has no readable manifest")
