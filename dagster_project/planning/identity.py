"""What a plan is made of, as hashes: the same inputs, settings and code give the same plan id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from dagster_project.runtime.settings import REPOSITORY

_CODE = {
    "dagster_project": ("*.py",),
    "optimization": ("*.py",),
    "expectations": ("*.py", "*.json"),
    "dbt": ("*.sql", "*.yml"),
}


@cache
def code_version() -> str:
    """Hash everything that can change a result; comments count, machines do not."""
    digest = hashlib.sha256()
    for folder, patterns in _CODE.items():
        root = REPOSITORY / folder
        files = {file for pattern in patterns for file in root.rglob(pattern)}
        for file in sorted(files):
            relative = file.relative_to(REPOSITORY)
            if _is_product(relative):
                continue
            digest.update(relative.as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _is_product(relative: Path) -> bool:
    return (
        relative.parts[:2] in (("dbt", "target"), ("dbt", "logs"))
        or "__pycache__" in relative.parts
        # What tools and editors leave beside the code, such as dbt's .user.yml.
        or relative.name.startswith(".")
    )


def plan_id(input_hashes: Mapping[str, str], code: str, seed: int, as_of: str) -> str:
    """Compute the id of a plan from what it is made of.

    Args:
        input_hashes: Content hash by accepted table, the company's settings among them.
        code: Code version.
        seed: Seed of every random draw.
        as_of: The day the plan is made for, ISO format.

    Returns:
        Twelve hexadecimal digits.
    """
    parts = {
        "inputs": dict(sorted(input_hashes.items())),
        "code": code,
        "seed": seed,
        "as_of": as_of,
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]
