"""People's data stays out of every message, and state files stay their owner's."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from dagster_project.company.model import Company
from dagster_project.publishing.files import publish
from dagster_project.runtime import alerts
from dagster_project.runtime.private import keep_private
from dagster_project.runtime.visible import visible
from dagster_project.sources.errors import SourceError
from dagster_project.sources.pull import pull_table
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.duckdb_file import Warehouse

from .inputs.remote import pull as pull_remote
from .inputs.server import Service
from .inputs.workbook import workbook

# Planted in every cell of a record; none may ever be seen.
PLANTED = {"rep_id": "ZQX1", "name": "Zaphira Quuxley", "role": "zqx_wizard", "pay": "98765.43"}
HEADER = "rep_id,name,role,base_pay"
RECORD = ",".join(PLANTED.values())


def refuses_to_leak(words: str) -> None:
    for cell in PLANTED.values():
        for part in cell.split():
            assert part not in words, words


def pull_people(
    folder: Path, content: str | bytes, table: str = "employees", **spec: Any
) -> list[tuple[Any, ...]]:
    """Pull one HR table from a file; gives its rows."""
    data = content.encode() if isinstance(content, str) else content
    (folder / "people.csv").write_bytes(data)
    tables = {name: {"path": f"{name}.csv"} for name in ("accounts", "opportunities", "employees")}
    tables[table] = {"path": "people.csv"} | spec
    if "query" in spec:
        tables[table] = {"inputs": {"people": "people.csv"}, **spec}
    company = Company.model_validate(
        {
            "company": {"id": "acme", "name": "Acme"},
            "source": {"kind": "files", "folder": str(folder), "tables": tables},
        }
    )
    with duckdb.connect() as con:
        pull_table(con, company, LANDING[table], f"raw.{table}__pulled")
        found = con.execute(f"select * exclude (_row) from raw.{table}__pulled order by _row")
        return found.fetchall()


FILES: dict[str, tuple[str | bytes, dict[str, Any]]] = {
    "no header line": (f"{RECORD}\n", {}),
    "no header line, a cell twice": ("ZQX1,Zaphira,Zaphira,zqx_wizard\n", {}),
    "no header line, columns mapped": (
        f"{RECORD}\n",
        {"columns": {"rep_id": "Employee", "name": "Zaphir", "role": "Title"}},
    ),
    "a cell too many": (f"{HEADER}\n{RECORD},x\n", {}),
    "a quote that never ends": (f'{HEADER}\nZQX1,"Zaphira Quuxley,zqx_wizard,98765.43\n', {}),
    "a wrong byte": (f"{HEADER}\n{RECORD}".encode() + b"\x81\x8d\n", {}),
    "a query whose cast fails": (
        f"{HEADER}\n{RECORD}\n",
        {"query": "select rep_id, role, cast(name as integer) as base_pay from people"},
    ),
    "a query whose date is out of range": (
        f"{HEADER}\nZQX1,Zaphira Quuxley,zqx_wizard,2024-13-98765\n",
        {"query": "select rep_id, role, cast(base_pay as date) as hire_date from people"},
    ),
    "a query that names a column of a file without header": (
        f"{RECORD}\n",
        {"query": "select employee as rep_id, job as role from people"},
    ),
    "a query of all columns of a file without header": (
        f"{RECORD}\n",
        {"query": "select * from people"},
    ),
    "a query with an error of its own": (
        f"{HEADER}\n{RECORD}\n",
        {"query": "select rep_id, role, error(name) as location from people"},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_no_cell_of_an_hr_file_is_in_a_message(tmp_path: Path, name: str) -> None:
    content, spec = FILES[name]
    with pytest.raises(SourceError) as caught:
        pull_people(tmp_path, content, **spec)
    error: BaseException | None = caught.value
    words = ""
    while error is not None:
        words += str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    refuses_to_leak(words)


def test_a_file_without_a_header_line_is_asked_about_and_read_when_its_columns_are_listed(
    tmp_path: Path,
) -> None:
    with pytest.raises(SourceError, match=r"no header line.*employees\.header") as caught:
        pull_people(tmp_path, f"{RECORD}\n")
    assert "4 columns" in str(caught.value)
    [row] = pull_people(tmp_path, f"{RECORD}\n", header=HEADER.split(","))
    assert row[:3] == ("ZQX1", "Zaphira Quuxley", "zqx_wizard")


def test_sheets_of_an_hr_workbook_are_not_named(tmp_path: Path) -> None:
    workbook(tmp_path / "people.xlsx", [["ZQX1", "Zaphira Quuxley"]], sheet="Zaphira Quuxley")
    with pytest.raises(SourceError, match="has no sheet 'HR'; it has 1 sheets") as caught:
        pull_people(tmp_path, "", path="people.xlsx", sheet="HR")
    refuses_to_leak(str(caught.value))
    with pytest.raises(SourceError, match="no header line") as caught:
        pull_people(tmp_path, "", path="people.xlsx")
    refuses_to_leak(str(caught.value))


def test_a_cell_that_cannot_be_read_is_noted_without_the_cell_in_every_hr_table(
    tmp_path: Path,
) -> None:
    planted = "Zaphira 98765.43"
    for table in (table for table in LANDING.values() if table.is_personal):
        for column in table.columns:
            if column.type == "VARCHAR" and not column.name.endswith("_id"):
                continue
            cells = {c.name: "1" for c in table.columns} | {column.name: planted}
            if column.name.endswith("_id"):
                cells[column.name] = "9876-12-31"
            text = io.StringIO()
            writer = csv.DictWriter(text, list(cells))
            writer.writeheader()
            writer.writerow(cells)
            [row] = pull_people(tmp_path, text.getvalue(), table.name)
            assert f"{column.name}: the value" in row[-2]
            assert "Zaphira" not in row[-2]
            assert "9876" not in row[-2]


def test_a_manager_who_is_named_in_the_place_of_an_id_is_not_listed_by_name(
    tmp_path: Path,
) -> None:
    from dagster_project.gates.keys import KEY_PROBLEMS, record_key_problems

    with duckdb.connect() as con:
        con.execute("create schema raw; create schema quality")
        for table in LANDING.values():
            con.execute(table.landed().create_sql(f"raw.{table.name}__pulled"))
        con.execute(
            'insert into raw."employees__pulled" (rep_id, role, manager_id) values '
            "('R1', 'ae', 'Zaphira Quuxley'), ('R2', 'ae', 'Zaphira Quuxley'), "
            "('R3', 'ae', 'Someone Else'), ('R4', 'ae', 'r-1')"
        )
        record_key_problems(con)
        found = con.execute(
            f"select key_value, suggested_key, row_count from {KEY_PROBLEMS.relation} order by 1"
        ).fetchall()
    assert found == [("(a name)", None, 3), ("r-1", "R1", 1)]


HR_QUERY = "select id as rep_id, job as role, {} from crm.people"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cast(name as integer) as base_pay", "casts name"),
        ("pay::date as hire_date", "casts pay"),
        ("(name || pay)::int as base_pay", "a cell does not fit"),
        ("salry as base_pay", "names salry"),
        ("1 / (length(name) - length(name)) as fte", "22012"),
    ],
)
def test_a_database_s_own_message_about_people_is_cut_to_its_kind(
    con: duckdb.DuckDBPyConnection,
    postgres: Any,
    monkeypatch: pytest.MonkeyPatch,
    expression: str,
    expected: str,
) -> None:
    monkeypatch.setenv("HR_URL", postgres.url("postgresql+psycopg"))
    with psycopg.connect(postgres.url()) as server:
        server.execute("drop schema if exists crm cascade")
        server.execute("create schema crm")
        server.execute("create table crm.people (id text, name text, job text, pay text)")
        server.execute("insert into crm.people values (%s, %s, %s, %s)", [*PLANTED.values()])
    source = {
        "kind": "sql",
        "url_variable": "HR_URL",
        "tables": {"employees": {"query": HR_QUERY.format(expression), "key": "rep_id"}},
    }
    with pytest.raises(SourceError) as caught:
        pull_remote(con, "employees", source)
    refuses_to_leak(str(caught.value))
    assert expected in str(caught.value)


def test_a_database_that_cannot_be_reached_is_described_in_full(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HR_URL", "postgresql+psycopg://u@127.0.0.1:1/x")
    source = {
        "kind": "sql",
        "url_variable": "HR_URL",
        "tables": {"employees": {"query": "select * from people", "key": "id"}},
    }
    with pytest.raises(SourceError, match=r"[Rr]efused"):
        pull_remote(con, "employees", source)


REST = {
    "kind": "rest",
    "address": "https://api.bamboohr.com/v1",
    "user_variable": "BAMBOO_KEY",
    "tables": {
        "employees": {
            "path": "employees",
            "records": "people",
            "key": "id",
            "columns": {"rep_id": "id", "role": "job"},
        }
    },
}


def test_a_service_s_answer_about_people_is_not_repeated(
    con: duckdb.DuckDBPyConnection, service: Service
) -> None:
    service.employees = [{"id": "ZQX1", "job": "zqx_wizard", "displayName": "Zaphira Quuxley"}]
    with pytest.raises(SourceError, match="correct `records`") as caught:
        pull_remote(con, "employees", REST)
    refuses_to_leak(str(caught.value))
    service.faults = ["forbidden"]
    with pytest.raises(SourceError, match=r"refused: \w+, status 403") as caught:
        pull_remote(con, "employees", REST)


def test_a_whole_run_that_stops_at_an_hr_file_keeps_the_record_out_of_all_it_writes(
    tmp_path: Path, run_refresh: Callable[..., Any]
) -> None:
    data = tmp_path / "acme"
    data.mkdir()
    (data / "people.csv").write_text(f"{RECORD}\n")
    (data / "accounts.csv").write_text("account_id,name\nA1,Acme\n")
    deals = "opportunity_id,account_id,rep_id,is_closed,is_won,created_at\n"
    (data / "deals.csv").write_text(f"{deals}O1,A1,R1,true,true,2025-01-01\n")
    (data / "company.yml").write_text(
        "company: {id: acme, name: Acme}\n"
        "source:\n  kind: files\n  folder: .\n  tables:\n"
        "    accounts: {path: accounts.csv}\n    opportunities: {path: deals.csv}\n"
        "    employees: {path: people.csv}\n"
    )
    home = tmp_path / "home"
    run = run_refresh(data / "company.yml", home)
    assert run.code == 1
    assert "no header line" in run.verdict
    refuses_to_leak(run.stdout + run.stderr)
    written = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in written)
    for path in written:
        content = path.read_bytes()
        for cell in ("Zaphira", "Quuxley", "98765.43"):
            assert cell.encode() not in content, path


ESCAPES = "A1\x1b[2J\x1b[HAll good"


def test_control_characters_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    assert visible(ESCAPES) == "A1\\x1b[2J\\x1b[HAll good"
    assert visible("a\x9bb\u202ec\r\n\td") == "a\\x9bb\\u202ec\\r\n\td"
    assert visible("a\nb", keep_lines=False) == "a\\nb"
    assert visible("Zoë 社 🙂 – fine") == "Zoë 社 🙂 – fine"
    assert str(SourceError(ESCAPES)) == visible(ESCAPES)
    file = alerts.send(tmp_path, ESCAPES, [ESCAPES])
    assert "u001b" not in file.read_text()
    assert "x1b[2J" in file.read_text()


def test_a_cell_with_control_characters_lands_as_their_pictures(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_bytes(
        f'account_id,name\n{ESCAPES},"two\nlines"\nA2,x\u009by\u202ez\nA3,plain\n'.encode()
    )
    tables = {name: {"path": f"{name}.csv"} for name in ("accounts", "opportunities", "employees")}
    company = Company.model_validate(
        {
            "company": {"id": "acme", "name": "Acme"},
            "source": {"kind": "files", "folder": str(tmp_path), "tables": tables},
        }
    )
    with duckdb.connect() as con:
        pull_table(con, company, LANDING["accounts"], "raw.accounts__pulled")
        rows = con.execute(
            "select account_id, name, _fixes from raw.accounts__pulled order by _row"
        ).fetchall()
    replaced = "unusual characters replaced"
    assert rows == [
        ("A1␛[2J␛[HAll good", "two lines", f"account_id: {replaced}; name: {replaced}"),
        ("A2", "x�yz", f"name: {replaced}"),
        ("A3", "plain", None),
    ]


@contextlib.contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("value", [0o000, 0o022, 0o077])
def test_the_warehouse_and_all_state_are_their_owner_s_whatever_the_umask(
    tmp_path: Path, value: int
) -> None:
    import dagster as dg

    home = tmp_path / "home"
    with umask(value):
        home.mkdir()
        (home / "dagster").mkdir()
        (home / "alerts.jsonl").touch()
        for name in ("published", "plans"):
            (home / name).mkdir(mode=0o755)
        warehouse = Warehouse(path=str(home / "warehouse.duckdb"))
        warehouse.setup_for_execution(dg.build_init_resource_context())
        try:
            with warehouse.connect() as con:
                con.execute("create table t as select 1 as a")
            names = {path.name for path in home.iterdir()}
            assert names >= {"warehouse.duckdb", "warehouse.duckdb.holder"}
            open_ = {
                path.name: oct(mode(path))
                for path in home.iterdir()
                if path.name not in ("published", "plans") and mode(path) & 0o077
            }
            assert open_ == {}
            assert mode(home) & ~0o711 == 0
        finally:
            warehouse.teardown_after_execution(dg.build_init_resource_context())


@pytest.mark.parametrize(
    ("readable_by", "folder", "file", "database"),
    [
        ("everyone", 0o755, 0o644, 0o444),
        ("group", 0o750, 0o640, 0o440),
        ("owner", 0o700, 0o600, 0o400),
    ],
)
def test_published_files_are_readable_as_far_as_is_set(
    tmp_path: Path, readable_by: Any, folder: int, file: int, database: int
) -> None:
    home = tmp_path / "home"
    with umask(0o022):
        keep_private(home)
        with duckdb.connect() as con:
            con.execute("create table t as select 1 as a")
            result = publish(
                con, {"t": "t"}, home=home, plan_id="p1", manifest={}, readable_by=readable_by
            )
        assert os.umask(0o022) == 0o077
    assert mode(home) == folder & 0o711
    assert [mode(home / name) for name in ("published", "plans")] == [folder, folder]
    assert mode(result.database_path) == database
    assert mode(result.plan_path) == folder
    assert {mode(path) for path in result.plan_path.iterdir()} == {file}
    # Another setting holds from the next publication on.
    with umask(0o022), duckdb.connect() as con:
        con.execute("create table t as select 1 as a")
        publish(con, {"t": "t"}, home=home, plan_id="p2", manifest={}, readable_by="owner")
    assert [mode(home / name) for name in ("published", "plans")] == [0o700, 0o700]


def test_a_shared_folder_is_left_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with umask(0o022):
        keep_private(shared)
    assert mode(shared) == 0o1777
