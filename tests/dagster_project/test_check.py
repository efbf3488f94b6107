"""``sales-coverage check``: what each table would give, and what to mend first, without a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster_project.commands.main import main

from .inputs.company import Rows, healthy, write_files

pytestmark = pytest.mark.slow


@pytest.fixture
def checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """Status and words for a healthy company with some tables changed."""

    def run(**changed: Rows | bytes) -> tuple[int, str]:
        write_files(tmp_path / "export", healthy() | changed)
        settings: dict[str, Any] = {
            "company": {"id": "acme", "name": "Acme", "as_of": "2026-01-31"},
            "source": {
                "kind": "files",
                "folder": "export",
                "tables": {name: {"path": f"{name}.csv"} for name in healthy()},
            },
        }
        (tmp_path / "company.yml").write_text(yaml.safe_dump(settings), "utf-8")
        monkeypatch.setenv("COVERAGE_COMPANY", str(tmp_path / "company.yml"))
        monkeypatch.setenv("COVERAGE_HOME", str(tmp_path / "home"))
        status = main(["check"])
        assert not (tmp_path / "home").exists()
        return status, capsys.readouterr().out

    return run


def test_a_healthy_company_is_told_in_words_and_would_be_let_in(checked: Any) -> None:
    status, words = checked()
    lines = words.splitlines()
    deals = healthy()["opportunities"]
    won = [float(row["amount"]) for row in deals if row["is_won"] == "true"]
    assert status == 0
    assert "Table    opportunities: 120 rows" in lines
    assert "Table    exchange_rates: not given" in lines
    assert "Owners   30 of 30 owned accounts have an owner in HR" in lines
    last = max(row["closed_at"] for row in deals)
    assert f"Dates    deals from 2024-01-01 to {last}" in lines
    assert f"Won      2025: {len(won)} deals, {sum(won):,.0f}" in lines
    assert "Stages   Open (20)" in lines
    assert "Types    existing (60), new (60)" in lines
    # A role of one person would tell who it is.
    assert "Roles    account_executive (24), of one person each (1)" in lines
    assert lines[-1] == "A run would be let in."


def test_rows_set_aside_owners_unmatched_and_what_blocks_are_said(checked: Any) -> None:
    tables = healthy()
    tables["opportunities"][0]["created_at"] = "05/04/2024"
    tables["opportunities"][1]["amount"] = "950000000"
    for row in tables["accounts"][:3]:
        row["owner_rep_id"] = "NOBODY"
    status, words = checked(**tables)
    assert status == 1
    assert "Table    opportunities: 119 rows, and 1 set aside (1 cell unreadable)" in words
    assert "Owners   27 of 30 owned accounts have an owner in HR" in words
    assert "Note     opportunities: created_at: 1 of 120 cells cannot be read as a date" in words
    first = words.split("Mend first:\n")[1]
    assert first.startswith("- opportunities: amount_is_usual failed for 1 of 120 rows")


def test_every_file_that_cannot_be_read_is_named_at_once(checked: Any) -> None:
    status, words = checked(accounts=b"", opportunities=b"PK\x03\x04" + bytes(600))
    assert status == 1
    problems = words.split("Mend first:\n")[1].splitlines()
    assert len(problems) == 2
    assert "is empty" in problems[0]
    assert "is a spreadsheet" in problems[1]
