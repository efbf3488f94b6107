"""dbt's parsed project, made when missing or stale and loaded once, and the call that starts dbt.

dbt runs through its own ``dbtRunner`` instead of a child process: a child costs an interpreter, the
imports and a parse again, three times a refresh (measured: 8 CPU seconds). dbt is imported only
inside functions, so that loading definitions with a fresh manifest does not pay for it twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from dagster_project.runtime.settings import DBT_DIRECTORY

MANIFEST_PATH = DBT_DIRECTORY / "target" / "manifest.json"
_INPUTS = ("*.sql", "*.yml", "*.md", "*.csv")


class DbtError(Exception):
    """dbt could not parse or run; the message is dbt's own."""


def ensure_manifest() -> Path:
    """Parse the dbt project if its manifest is missing or older than any of its files.

    Raises:
        DbtError: The project does not parse.
    """
    MANIFEST_PATH.parent.mkdir(exist_ok=True)
    with FileLock(MANIFEST_PATH.with_suffix(".lock")):
        if not _is_fresh():
            # Parsing what changed alone can lose what YAML says of a test, its severity included.
            invoke(None, ["parse", "--no-partial-parse"], MANIFEST_PATH.parent)
    return MANIFEST_PATH


def _is_fresh() -> bool:
    products = (MANIFEST_PATH, _parsed_path())
    if not all(product.exists() for product in products):
        return False
    with MANIFEST_PATH.open(encoding="utf-8") as file:
        if f'"dbt_version": "{version("dbt-core")}"' not in file.read(1000):
            return False  # another release stores the parsed project in another way
    made = min(product.stat().st_mtime for product in products)
    files = (
        file
        for pattern in _INPUTS
        for file in DBT_DIRECTORY.rglob(pattern)
        if "target" not in file.relative_to(DBT_DIRECTORY).parts[:1]
    )
    return all(file.stat().st_mtime <= made for file in files)


def _parsed_path() -> Path:
    """The parsed project as dbt stores it for itself, beside the manifest."""
    return MANIFEST_PATH.with_name("partial_parse.msgpack")


@cache
def described() -> dict[str, Any]:
    """Read manifest.json: nodes, columns, descriptions."""
    manifest: dict[str, Any] = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    return manifest


def manifest() -> Any:
    """Load the parsed project as dbt itself stores it: 0.2 CPU seconds, parsing again takes 2.

    Anew for every build: a build marks in it which models have been written into their readers, and
    a second one of the same process would believe the marks.
    """
    from dbt.contracts.graph.manifest import Manifest

    ensure_manifest()
    return Manifest.from_msgpack(_parsed_path().read_bytes())


def invoke(
    parsed: Any, arguments: Sequence[str], target: Path, warehouse_path: Path | None = None
) -> Any:
    """Run one dbt command in this process.

    Args:
        parsed: The parsed project; None to let dbt parse it.
        arguments: The command and its options.
        target: Folder for compiled SQL.
        warehouse_path: The DuckDB file; parsing needs none.

    Returns:
        dbt's own result.

    Raises:
        DbtError: dbt could not parse or run.
    """
    from dbt.cli.main import dbtRunner

    # The one way to tell dbt's profile of a path. The parsed project holds the database's name,
    # which DuckDB takes from the file's.
    os.environ["COVERAGE_DUCKDB_PATH"] = str(warehouse_path or target / "warehouse.duckdb")
    result = dbtRunner(manifest=parsed).invoke(
        [
            *arguments,
            *("--project-dir", str(DBT_DIRECTORY), "--profiles-dir", str(DBT_DIRECTORY)),
            *("--target-path", str(target), "--log-level", "none", "--log-level-file", "none"),
        ]
    )
    if result.exception is not None:
        raise DbtError(str(result.exception)) from result.exception
    return result
