"""The identity of a plan: its inputs, the code, the seed and the date, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dagster_project.planning import identity

INPUTS = {"accounts": "a1", "opportunities": "o1", "company_file": "c1"}


def test_the_same_ingredients_give_the_same_plan_id_in_any_order():
    name = identity.plan_id(INPUTS, "code", 7, "2026-06-30")
    backwards = dict(reversed(INPUTS.items()))
    assert identity.plan_id(backwards, "code", 7, "2026-06-30") == name
    assert len(name) == 12
    assert set(name) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "changed",
    [
        (INPUTS | {"accounts": "a2"}, "code", 7, "2026-06-30"),
        (INPUTS | {"company_file": "c2"}, "code", 7, "2026-06-30"),
        (INPUTS | {"products": "p1"}, "code", 7, "2026-06-30"),
        ({"accounts": "o1", "opportunities": "a1", "company_file": "c1"}, "code", 7, "2026-06-30"),
        (INPUTS, "other code", 7, "2026-06-30"),
        (INPUTS, "code", 8, "2026-06-30"),
        (INPUTS, "code", 7, "2026-07-01"),
    ],
)
def test_every_ingredient_changes_the_plan_id(changed):
    assert identity.plan_id(*changed) != identity.plan_id(INPUTS, "code", 7, "2026-06-30")


@pytest.fixture
def version_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a file into a small stand-in repository and tell the code version."""
    for folder in ("dagster_project", "optimization", "expectations", "dbt"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(identity, "REPOSITORY", tmp_path)

    def version(path: str, text: str) -> str:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return identity.code_version.__wrapped__()

    return version


@pytest.mark.parametrize(
    "path",
    [
        "optimization/coverage/solve/model.py",
        "dagster_project/planning/coverage.py",
        "expectations/suites/accounts.json",
        "dbt/models/marts/company_goals.sql",
        "dbt/dbt_project.yml",
    ],
)
def test_a_change_of_code_rule_or_model_changes_the_code_version(version_of, path):
    assert version_of(path, "one") != version_of(path, "two")


@pytest.mark.parametrize(
    "path",
    [
        "optimization/__pycache__/model.py",
        "dbt/target/compiled/marts/company_goals.sql",
        "dbt/logs/run.yml",
        "docs/tables.md",
        "tests/test_anything.py",
        "dbt/.user.yml",
    ],
)
def test_build_products_and_documents_leave_the_code_version_alone(version_of, path):
    before = version_of("optimization/model.py", "code")
    assert version_of(path, "something") == before


def test_moving_code_to_another_file_changes_the_code_version(version_of, tmp_path):
    before = version_of("optimization/a.py", "code")
    (tmp_path / "optimization" / "a.py").rename(tmp_path / "optimization" / "b.py")
    assert identity.code_version.__wrapped__() != before
