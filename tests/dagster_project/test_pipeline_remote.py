"""The whole job from a database and a REST service to PostgreSQL, and two of it at once.

Slow: one company, refreshed by two commands started together. Its records are the demo company's,
so that its decisions must be the demo's.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from dagster_project.publishing.tables import published_tables
from dagster_project.warehouse.contract import LANDING

from ..conftest import EXAMPLES, REFRESH, REPOSITORY, TIMEOUT_SECONDS, Run, environment
from ..postgres import PASSWORD
from .inputs.server import API_KEY, Service, serving

pytestmark = pytest.mark.whole_job

DATABASE, SERVICE = "crm_records", "employees"
# Names of rows by their place in the source, and what differs between runs.
BY_PLACE = {"quarantine_summary", "input_fixes", "plan_runs", "data_quality_history"}


@dataclass(frozen=True)
class Together:
    """Two refreshes started at once, a run before them that lacked a variable, their servers."""

    unset: Run
    left: set[str]
    first: Run
    second: Run
    service: Service
    postgres: Any


def certificate(folder: Path) -> Path:
    """Make a certificate for loopback, its key in the same file."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed; it makes the certificate of the local service")
    path = folder / "local.pem"
    subprocess.run(
        [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(path), "-out", str(folder / "only.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + (folder / "only.pem").read_text())
    return path


def rows_of(run: Run, table: str) -> list[dict[str, str | None]]:
    path = run.home / "demo" / "demo" / f"{table}.csv"
    if not path.exists():
        return []  # the demo company has no such table
    with path.open(encoding="utf-8", newline="") as file:
        return [{n: v or None for n, v in row.items()} for row in csv.DictReader(file)]


def fill_database(server: psycopg.Connection[Any], run: Run, table: str) -> None:
    """Load a file as text, with a number and a time of change for each row."""
    rows = rows_of(run, table)
    columns = ", ".join(f'"{name}"' for name in rows[0])
    typed = columns.replace(",", " text,")
    server.execute(
        f"create table {DATABASE}.{table} ({typed} text, changed_at timestamptz default now(), "
        "row_no bigint generated always as identity)"
    )
    with server.cursor().copy(f"copy {DATABASE}.{table} ({columns}) from stdin") as copy:
        for row in rows:
            copy.write_row(list(row.values()))


def company_file(folder: Path, service: Service, tables: list[str]) -> Path:
    """The demo company, its records pulled instead of generated and its plan served as well."""
    shutil.copytree(EXAMPLES / "demo", folder)
    path = folder / "company.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["source"] = {
        "kind": "sql",
        "url_variable": "CRM_URL",
        "tables": {
            table: {
                "query": f"select * from {DATABASE}.{table}",
                "key": "row_no",
                "cursor": "changed_at",
            }
            for table in tables
        },
    }
    settings["more_sources"] = [
        {
            "kind": "rest",
            "address": f"https://127.0.0.1:{service.port}",
            "token_variable": "HR_TOKEN",
            "tables": {
                SERVICE: {
                    "path": "v1/cursor",
                    "records": "data",
                    "key": "rep_id",
                    "pages": {"kind": "cursor", "at": "meta.page.nextCursor", "parameter": "at"},
                    "columns": {name: name for name in LANDING[SERVICE].column_names},
                }
            },
        }
    ]
    settings["publishing"] = {"postgresql": {"url_variable": "BI_URL", "schema_name": "whole_job"}}
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def started(company: Path, home: Path, variables: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *REFRESH],
        cwd=REPOSITORY,
        env=environment(COVERAGE_COMPANY=str(company), COVERAGE_HOME=str(home), **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def together(
    demo_run: Run, postgres: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Together]:
    folder = tmp_path_factory.mktemp("remote")
    tables = [name for name in LANDING if name != SERVICE and rows_of(demo_run, name)]
    with psycopg.connect(postgres.url()) as server:
        server.execute(f"create schema {DATABASE}")
        for table in tables:
            fill_database(server, demo_run, table)
    pem = certificate(folder)
    with serving(pem) as service:
        service.items = [{"changed_at": "", **row} for row in rows_of(demo_run, SERVICE)]
        service.page_size = 10
        service.faults = [429, 503]
        company, home = company_file(folder / "acme", service, tables), folder / "home"
        variables = {
            "CRM_URL": postgres.url("postgresql+psycopg"),
            "HR_TOKEN": API_KEY,
            "REQUESTS_CA_BUNDLE": str(pem),
        }

        def ended(*running: subprocess.Popen[str]) -> list[Run]:
            said = [process.communicate(timeout=TIMEOUT_SECONDS) for process in running]
            return [
                Run(company, home, process.returncode, *texts)
                for process, texts in zip(running, said, strict=True)
            ]

        [unset] = ended(started(company, home, variables))
        left = {path.name for path in home.rglob("*")}
        variables["BI_URL"] = postgres.url()
        pair = ended(*(started(company, home, variables) for _ in range(2)))
        first, second = sorted(pair, key=lambda run: "Another refresh" in run.stderr)
        yield Together(unset, left, first, second, service, postgres)


def test_a_variable_that_publishing_needs_is_missed_before_anything_is_planned(together):
    run = together.unset
    assert run.code == 1
    assert (
        "publishing.postgresql.url_variable: environment variable BI_URL is not set" in run.verdict
    )
    assert not together.left & {"warehouse.duckdb", "coverage.duckdb", "current"}


def test_the_second_of_two_refreshes_says_on_the_terminal_whom_it_waits_for(together):
    assert together.first.code == 0, together.first.verdict
    assert together.second.code == 0, together.second.verdict
    assert "Another refresh (process " in together.second.stderr
    assert "has warehouse.duckdb; this one waits for it to end, for at most 60 minutes." in (
        together.second.stderr
    )
    assert "Another refresh" not in together.first.stderr
    plans = [
        run.stdout.split("Plan ")[1].split(",")[0] for run in (together.first, together.second)
    ]
    assert plans[0] == plans[1] == together.second.manifest["plan_id"]
    assert together.second.published("select count(*) from plan_runs") == [(2,)]


def test_records_pulled_from_remote_sources_are_those_of_the_files(demo_run, together):
    hashes = dict(together.second.manifest["input_hashes"])
    files = dict(demo_run.manifest["input_hashes"])
    assert hashes.pop("company_file") != files.pop("company_file")
    assert hashes == files


def test_decisions_from_remote_sources_are_those_from_the_files(demo_run, together):
    for table in sorted(set(published_tables()) - BY_PLACE):
        query = f"select * exclude (plan_id) from {table} order by all"
        assert together.second.published(query) == demo_run.published(query), table


def test_the_second_pull_asked_the_database_for_changes_only(together):
    rows = together.second.warehouse(
        "select table_name, watermark is not null from source._watermarks order by 1"
    )
    assert {name for name, has_watermark in rows if has_watermark} == {name for name, _ in rows} - {
        SERVICE
    }
    assert together.service.faults == []


def test_postgresql_serves_what_the_file_holds(together):
    with psycopg.connect(together.postgres.url()) as server:
        for table in published_tables():
            [(count, plans)] = server.execute(
                f"select count(*), count(distinct plan_id) from whole_job.{table}"
            ).fetchall()
            assert together.second.published(
                f"select count(*), count(distinct plan_id) from {table}"
            ) == [(count, plans)], table
        served = server.execute(
            "select account_id, rep_id, plan_id from whole_job.coverage_assignments order by 1"
        ).fetchall()
    assert served == together.second.published(
        "select account_id, rep_id, plan_id from coverage_assignments order by 1"
    )


def test_no_secret_is_in_what_the_runs_said_or_kept(together):
    home = together.second.home
    kept = [path for path in (home / "dagster").rglob("*") if path.is_file()]
    assert kept
    for secret in (API_KEY, PASSWORD):
        for run in (together.unset, together.first, together.second):
            assert secret not in run.stdout + run.stderr
        for path in [*kept, *(home / "plans").rglob("manifest.json")]:
            assert secret.encode() not in path.read_bytes(), path.name
