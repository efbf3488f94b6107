"""The reference of company.yml and its JSON schema say what the models check."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dagster_project.commands.company_docs import reference, schema
from dagster_project.company.model import Company


@pytest.fixture(scope="module")
def check() -> jsonschema.Draft202012Validator:
    found = json.loads(schema())
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def settings_of(path: Path) -> Any:
    return json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8")), default=str))


@pytest.mark.parametrize("name", ["demo", "maven_crm", "adventureworks"])
def test_an_editor_finds_no_fault_in_the_examples(
    check: jsonschema.Draft202012Validator, repository: Path, name: str
) -> None:
    text = (repository / "examples" / name / "company.yml").read_text("utf-8")
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    settings = json.loads(json.dumps(yaml.safe_load(text), default=str))
    assert [error.message for error in check.iter_errors(settings)] == []


SMALLEST: dict[str, Any] = {
    "company": {"id": "acme", "name": "Acme", "as_of": "data"},
    "source": {
        "kind": "files",
        "folder": "data",
        "tables": {
            "accounts": {"path": "a.csv", "columns": {"account_id": "Id"}},
            "opportunities": {
                "path": "o.csv",
                "columns": {"is_won": {"column": "Won", "values": {"yes": True}}},
            },
            "employees": {"path": "e.csv", "columns": {"role": {"value": "rep"}}},
        },
    },
    "goals": [{"revenue_type": "new", "target_amount": 5, "month": "2026-09"}],
}


def test_short_forms_are_no_fault(check: jsonschema.Draft202012Validator) -> None:
    Company.model_validate(SMALLEST)
    assert list(check.iter_errors(SMALLEST)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"covrage": {}},
        {"coverage": {"move_budget": 0.2}},
        {"coverage": {"move_budget_rate": 7}},
        {"source": {"kind": "file"}},
        {"goals": [{"revenue_type": "old"}]},
        {"company": {"id": "Acme Inc", "name": "Acme"}},
    ],
)
def test_an_editor_finds_what_a_run_would_refuse(
    check: jsonschema.Draft202012Validator, change: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        Company.model_validate(SMALLEST | change)
    assert list(check.iter_errors(SMALLEST | change)) != []


def test_every_key_stands_in_the_page_with_a_meaning() -> None:
    rows = [line.split(" | ") for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 250
    assert [row[0] for row in rows if not row[-1].strip(" |")] == []
    keys = {row[0].strip("| `") for row in rows}
    assert {"move_budget_rate", "date_format", "readable_by", "encoding", "covering_roles"} <= keys
