"""Whether what readers find is what was published: both forms against the plan's manifest."""

from __future__ import annotations

import json
from pathlib import Path

from dagster_project.publishing.files import sha256_of


def damaged_tables(home: Path, tables: list[str]) -> dict[str, str]:
    """Compare the published files with the hashes that were noted when they were written.

    Args:
        home: The state folder.
        tables: Published names.

    Returns:
        What is wrong, by table; empty where readers of both forms find the plan.
    """
    folder = home / "published" / "current"
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        expected = {name: facts["sha256"] for name, facts in manifest["tables"].items()}
        database = manifest["database"]["sha256"]
    except (OSError, ValueError, KeyError):
        return dict.fromkeys(tables, "published/current has no readable manifest")
    if _hash(home / "published" / "coverage.duckdb") != database:
        return dict.fromkeys(tables, "published/coverage.duckdb is not the file of this plan")
    return {
        name: f"published/current/{name}.parquet is not the file of this plan"
        for name in tables
        if name not in expected or _hash(folder / f"{name}.parquet") != expected[name]
    }


def _hash(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError:
        return "unreadable"
