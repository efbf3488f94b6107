"""Earlier plans are listed, and any of them opens in a spreadsheet without running anything."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from dagster_project.commands.export import export_csv
from dagster_project.commands.pictures import draw_pictures
from dagster_project.commands.plan_files import PlanFilesError
from dagster_project.commands.plans import lines
from dagster_project.publishing.files import NOT_CURRENT_YET, publish
from dagster_project.publishing.kept_plans import kept_plans

NAMES = [
    ("=1+1", "'=1+1"),
    ("+49 30 123", "'+49 30 123"),
    ("-2", "'-2"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1+1", "'\t=1+1"),
    (" =1+1", "' =1+1"),
    ("\uff1d1+1", "'\uff1d1+1"),
    ('=HYPERLINK("x";"y")', '\'=HYPERLINK("x";"y")'),
    ("Acme = Bolt", "Acme = Bolt"),
    ('O\'Neill, "Bob"\nand Sons', 'O\'Neill, "Bob"\nand Sons'),
    ("", ""),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with duckdb.connect() as con:
        con.execute("create table accounts (name varchar, amount double)")
        con.executemany("insert into accounts values (?, -1.5)", [[name] for name, _ in NAMES])
        for plan in ("p1", "p2"):
            publish(
                con,
                {"accounts": f"select '{plan}' as plan_id, * from accounts"},
                home=tmp_path,
                plan_id=plan,
                manifest={"code_version": "abcdef0123456789"},
            )
    return tmp_path


def test_kept_plans_are_listed_the_newest_first(home: Path):
    plans = kept_plans(home)
    assert [(plan.plan_id, plan.is_current) for plan in plans] == [("p2", True), ("p1", False)]
    assert {plan.row_count for plan in plans} == {len(NAMES)}
    first, second = lines(home)
    assert first.startswith("p2 ")
    assert first.endswith("current")
    assert "code abcdef01" in second


def test_the_list_says_where_a_publication_was_cut_off(home: Path):
    (home / "plans" / "p1" / NOT_CURRENT_YET).touch()
    assert [line.partition("plans/")[2] for line in lines(home)] == [
        "p2  current",
        "p1  never published; the next refresh removes it",
    ]
    (home / "published" / "current").unlink()
    (home / "published" / "current").symlink_to(Path("..", "plans", "p1"))
    assert [line.partition("plans/")[2] for line in lines(home)] == [
        "p1  current as Parquet only; the next refresh replaces both forms",
        "p2  current as DuckDB only; the next refresh replaces both forms",
    ]


def test_without_a_plan_the_list_says_so(tmp_path: Path):
    assert "run make refresh" in next(lines(tmp_path))


@pytest.mark.parametrize("plan", [None, "p1"])
def test_cells_that_look_like_formulas_are_text_and_numbers_stay(
    home: Path, tmp_path: Path, plan: str | None
):
    [file] = export_csv(home, tmp_path / "it's csv", plan)
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == [safe for _, safe in NAMES]
    assert {row["amount"] for row in rows} == {"-1.5"}
    assert {row["plan_id"] for row in rows} == {plan or "p2"}


@pytest.mark.parametrize("plan", ["p9", "../published", "..", "/etc"])
def test_a_plan_that_is_not_kept_is_refused(home: Path, tmp_path: Path, plan: str):
    with pytest.raises(PlanFilesError, match="list them with make plans"):
        export_csv(home, tmp_path / "csv", plan)
    with pytest.raises(PlanFilesError, match="list them with make plans"):
        draw_pictures(home, tmp_path / "pictures", plan)
