"""Shared by all tests: the code location, whole refreshes in this process, and their outcome.

Whole runs are expensive: a fixture makes each once a session, and a test that changes something
copies the home first.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import hypothesis
import pytest

from dagster_project.commands.refresh import refresh as refresh_command
from dagster_project.company.load import load_company
from dagster_project.company.sections.sources import FilesSource
from dagster_project.definitions import build_definitions
from dagster_project.runtime.settings import Settings
from dagster_project.transform.manifest import described

from .postgres import Server, running_server

# An example may take any time: a machine under load is no fault of the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = REPOSITORY / "examples"
REFRESH = ("-m", "dagster_project.commands", "refresh")
# A refresh takes half a minute; one that hangs must not hang the tests.
TIMEOUT_SECONDS = 900
STATE_VARIABLES = ("COVERAGE_COMPANY", "COVERAGE_HOME", "COVERAGE_DUCKDB_PATH", "DAGSTER_HOME")


@dataclass(frozen=True)
class Run:
    """A refresh that has ended, and the state it left behind."""

    company: Path
    home: Path
    code: int
    stdout: str
    stderr: str

    @property
    def verdict(self) -> str:
        """What a blocked run says at its end, after the log of the steps."""
        _, found, words = self.stderr.partition("The run stopped")
        return found + words

    @property
    def published_path(self) -> Path:
        return self.home / "published" / "coverage.duckdb"

    @property
    def plan_path(self) -> Path:
        """The folder of Parquet files that ``current`` points to."""
        return (self.home / "published" / "current").resolve()

    @property
    def manifest(self) -> dict[str, Any]:
        text = (self.plan_path / "manifest.json").read_text(encoding="utf-8")
        facts: dict[str, Any] = json.loads(text)
        return facts

    def published(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the file that BI reads."""
        return self._ask(self.published_path, query, values)

    def warehouse(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the working file."""
        return self._ask(self.home / "warehouse.duckdb", query, values)

    @staticmethod
    def _ask(path: Path, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(query, list(values)).fetchall()


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without its own company, home and alerts."""
    kept = {name: value for name, value in os.environ.items() if name not in STATE_VARIABLES}
    kept.pop("COVERAGE_ALERT_WEBHOOK", None)
    return {**kept, **variables}


@contextlib.contextmanager
def state(**variables: str) -> Iterator[None]:
    """Give this process another company, home and alerts for the length of the block."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*STATE_VARIABLES, "COVERAGE_ALERT_WEBHOOK"):
            # Set before it is removed, so that what a run exports is undone as well.
            patch.setenv(name, "")
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def refresh(company: Path, home: Path, command: Callable[[], int] = refresh_command) -> Run:
    """Run the command in this process, as a user would in one of its own."""
    out, err = io.StringIO(), io.StringIO()
    with (
        state(COVERAGE_COMPANY=str(company), COVERAGE_HOME=str(home)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = command()
    return Run(company, home, code, out.getvalue(), err.getvalue())


def finished(run: Run) -> Run:
    """Fail, with the run's own words, where a run that others build on did not succeed."""
    assert run.code == 0, run.verdict or run.stderr[-4000:]
    return run


def example_run(name: str, home: Path) -> Run:
    company = load_company(EXAMPLES / name / "company.yml")
    if isinstance(company.source, FilesSource):
        folder = (company.path.parent / company.source.folder).resolve()
        if not folder.is_dir():
            pytest.skip(f"the public data set {name} is not at {os.path.relpath(folder)}")
    return finished(refresh(company.path, home))


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def run_refresh() -> Callable[..., Run]:
    """Run the whole job: ``run_refresh(company_path, home)``."""
    return refresh


@pytest.fixture(scope="session")
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a few lines in a fresh interpreter: ``run_python(code, COVERAGE_HOME=...)``."""

    def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            env=environment(**variables),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The demo company, refreshed once from nothing; leave its home as it is."""
    return example_run("demo", tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def maven_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A company whose deals hold no signal about reps; leave its home as it is."""
    return example_run("maven_crm", tmp_path_factory.mktemp("maven"))


@pytest.fixture(scope="session")
def adventureworks_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A company that records won orders only; leave its home as it is."""
    return example_run("adventureworks", tmp_path_factory.mktemp("adventureworks"))


@pytest.fixture(scope="session")
def demo_company() -> Path:
    """The demo company's file."""
    return EXAMPLES / "demo" / "company.yml"


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The demo company's code location, loaded once, its state in a temporary home."""
    company = load_company(EXAMPLES / "demo" / "company.yml")
    return build_definitions(company, Settings(company.path, tmp_path_factory.mktemp("location")))


@pytest.fixture(scope="session")
def dbt_manifest() -> dict[str, Any]:
    """What dbt knows of its models."""
    return described()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL server on loopback; skips where the programs are not installed."""
    with (
        tempfile.TemporaryDirectory(prefix="coverage-postgres-") as folder,
        running_server(Path(folder)) as server,
    ):
        yield server
