"""The refresh command: its exit status, and words that name the place and the fix."""

from __future__ import annotations

import pytest

DEMO = "examples/demo/company.yml"

ASK = """
import sys
from dagster_project.commands.main import main
sys.exit(main(["refresh"]))
"""

GIVE_UP = """
import sys
from dagster_project.commands.main import main
from dagster_project.warehouse.duckdb_file import Warehouse, WarehouseBusyError

def give_up(self, context):
    raise WarehouseBusyError("another refresh has held warehouse.duckdb for 3600 seconds; stop it")

Warehouse.setup_for_execution = give_up
sys.exit(main(["refresh"]))
"""


@pytest.fixture
def company(tmp_path):
    """Write a company file and return its path."""

    def write(text):
        path = tmp_path / "acme" / "company.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_missing_company_file_is_named_with_the_variable_to_set(run_refresh, tmp_path):
    run = run_refresh(tmp_path / "nowhere" / "company.yml", tmp_path / "home")
    assert run.code == 2
    assert str(tmp_path / "nowhere" / "company.yml") in run.stderr
    assert "point COVERAGE_COMPANY at an existing company.yml" in run.stderr
    assert "Traceback" not in run.stderr


def test_every_mistake_of_a_company_file_is_named_with_its_place_and_the_fix(
    run_refresh, company, tmp_path
):
    path = company(
        "company: {id: acme, name: Acme, timezone: Europe/Berlino}\n"
        "source: {kind: demo}\n"
        "coverage: {move_budget: 0.2, disruption_rate: 7}\n"
    )
    run = run_refresh(path, tmp_path / "home")
    assert run.code == 2
    lines = [line for line in run.stderr.splitlines() if line.startswith("- ")]
    assert len(lines) == 3
    assert any("company.timezone" in line and "Europe/Berlin" in line for line in lines)
    assert any("coverage.move_budget:" in line and "'move_budget_rate'" in line for line in lines)
    assert any("coverage.disruption_rate" in line and "found 7" in line for line in lines)
    assert "Traceback" not in run.stderr


def test_a_wrong_company_file_starts_no_run_and_touches_no_table(run_refresh, company, tmp_path):
    home = tmp_path / "home"
    run = run_refresh(company("company: {id: acme}\n"), home)
    assert run.code == 2
    assert not (home / "warehouse.duckdb").exists()
    assert not (home / "published").exists()


def test_a_path_counts_from_the_folder_the_command_was_started_in(run_python, tmp_path):
    ended = run_python(
        ASK, COVERAGE_COMPANY="examples/nowhere/company.yml", COVERAGE_HOME=str(tmp_path)
    )
    assert ended.returncode == 2
    assert "examples/nowhere/company.yml: cannot be read" in ended.stderr


def test_giving_up_on_another_refresh_is_said_in_one_line(run_python, tmp_path):
    ended = run_python(GIVE_UP, COVERAGE_COMPANY=DEMO, COVERAGE_HOME=str(tmp_path / "home"))
    _, stopped, verdict = ended.stderr.partition("The run stopped; nothing was published.")
    assert ended.returncode == 1
    assert stopped
    assert "another refresh has held warehouse.duckdb for 3600 seconds" in verdict
    assert "Stack Trace" not in verdict
