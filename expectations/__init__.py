"""Great Expectations suites, one JSON file per gated table.

Belongs here: the suites and reading them with the standard library, so that a reader needs
neither Great Expectations nor a data base. Does not belong here: running them (see
``dagster_project.gates.run``) and SQL beyond the computed columns a suite names itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SUITES_FOLDER = Path(__file__).parent / "suites"


def suite_names() -> list[str]:
    """List the gated tables in alphabetical order."""
    return sorted(path.stem for path in SUITES_FOLDER.glob("*.json"))


def load_suite(name: str) -> dict[str, Any]:
    """Read one suite.

    Args:
        name: Name of the gated table, which is also the file's name.

    Returns:
        ``{name, expectations: [{type, kwargs, severity, meta}], meta}`` as Great
        Expectations writes it.

    Raises:
        KeyError: If there is no such suite; the message lists those that exist.
    """
    path = SUITES_FOLDER / f"{name}.json"
    if not path.is_file():
        raise KeyError(f"no suite {name!r} in {SUITES_FOLDER.name}/; there are {suite_names()}")
    suite: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return suite
