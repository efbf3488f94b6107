"""The parsed dbt project: parsed again when it must be, and only then."""

from __future__ import annotations

import json
import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from dagster_project.transform import manifest


@pytest.fixture
def parses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stand-in dbt project that was parsed just now; returns how often it is parsed again."""

    model, target = tmp_path / "models" / "m.sql", tmp_path / "target"
    for folder in (model.parent, target):
        folder.mkdir()
    model.write_text("select 1", encoding="utf-8")
    os.utime(model, (1, 1))
    metadata = {"metadata": {"dbt_version": version("dbt-core")}}
    for product in ("manifest.json", "partial_parse.msgpack"):
        (target / product).write_text(json.dumps(metadata), encoding="utf-8")
    calls: list[Any] = []
    monkeypatch.setattr(manifest, "DBT_DIRECTORY", tmp_path)
    monkeypatch.setattr(manifest, "MANIFEST_PATH", target / "manifest.json")
    monkeypatch.setattr(manifest, "invoke", lambda *arguments: calls.append(arguments))

    def count() -> int:
        manifest.ensure_manifest()
        return len(calls)

    return count


def test_an_unchanged_dbt_project_is_not_parsed_again(parses):
    assert parses() == 0


def test_a_project_parsed_by_another_dbt_is_parsed_again(parses, tmp_path):
    manifest = tmp_path / "target" / "manifest.json"
    manifest.write_text('{"metadata": {"dbt_version": "0.1"}}', encoding="utf-8")
    assert parses() == 1


@pytest.mark.parametrize("file", ["models/m.sql", "models/new.yml", "macros/math.sql"])
def test_a_changed_or_new_dbt_file_has_the_project_parsed_again(parses, tmp_path, file):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("select 2", encoding="utf-8")
    later = time.time() + 10
    os.utime(path, (later, later))
    assert parses() == 1


@pytest.mark.parametrize("product", ["manifest.json", "partial_parse.msgpack"])
def test_a_missing_part_of_the_parsed_project_has_it_parsed_again(parses, tmp_path, product):
    (tmp_path / "target" / product).unlink()
    assert parses() == 1
