"""The plans that are kept, the newest first."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, replace
from pathlib import Path

from dagster_project.publishing.files import NOT_CURRENT_YET, sha256_of


@dataclass(frozen=True)
class KeptPlan:
    """One plan on disk.

    Attributes:
        plan_id: Its name.
        folder: Its Parquet files and manifest.
        published_at: When it was written, UTC.
        row_count: Rows over all tables.
        code_version: Code that made it.
        forms: In which forms readers see it now: "Parquet", "DuckDB", both or none. One alone where
            a refresh was killed between putting the one in place and the other.
        was_published: Whether readers ever saw it; not where a refresh was killed just before.
    """

    plan_id: str
    folder: Path
    published_at: dt.datetime
    row_count: int
    code_version: str
    forms: frozenset[str]
    was_published: bool

    @property
    def is_current(self) -> bool:
        """Whether ``published/current`` is this plan."""
        return "Parquet" in self.forms

    @property
    def state(self) -> str:
        """What readers see of it, as text; empty for a plan that was kept."""
        if len(self.forms) == 2:
            return "current"
        if self.forms:
            return f"current as {min(self.forms)} only; the next refresh replaces both forms"
        return "" if self.was_published else "never published; the next refresh removes it"


def plan_folder(home: Path, plan_id: str | None = None) -> Path | None:
    """Folder of a kept plan.

    Args:
        home: The state folder.
        plan_id: A kept plan; the current one if not given.

    Returns:
        Its folder, None where no whole plan of that name is kept.
    """
    for plan in kept_plans(home):
        if plan.is_current if plan_id is None else plan.plan_id == plan_id:
            return plan.folder
    return None


def is_published_file_whole(home: Path) -> bool:
    """Whether the published DuckDB file is as it was written, by its hash in a kept manifest.

    Args:
        home: The state folder.
    """
    database = home / "published" / "coverage.duckdb"
    if not database.exists():
        return False
    found = sha256_of(database)
    return any(
        json.loads(path.read_text(encoding="utf-8")).get("database", {}).get("sha256") == found
        for path in (home / "plans").glob("*/manifest.json")
    )


def kept_plans(home: Path) -> list[KeptPlan]:
    """Read the manifests of all whole plans, the newest first and each plan once.

    Args:
        home: The state folder.
    """
    database = home / "published" / "coverage.duckdb"
    current = (home / "published" / "current").resolve()
    cut_off = (current / NOT_CURRENT_YET).exists()
    # Read in full only where a kill may have come between the two forms.
    file_hash = sha256_of(database) if cut_off and database.exists() else None
    plans = []
    for path in (home / "plans").glob("*/manifest.json"):
        if path.parent.name.startswith("."):
            continue
        facts = json.loads(path.read_text(encoding="utf-8"))
        in_parquet = path.parent.resolve() == current
        made_file = facts.get("database", {}).get("sha256", "") == file_hash
        in_duckdb = made_file if cut_off else in_parquet
        plans.append(
            KeptPlan(
                plan_id=facts["plan_id"],
                folder=path.parent,
                published_at=dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC),
                row_count=sum(table["rows"] for table in facts["tables"].values()),
                code_version=facts.get("code_version", ""),
                forms=frozenset(["Parquet"] * in_parquet + ["DuckDB"] * in_duckdb),
                was_published=in_parquet or not (path.parent / NOT_CURRENT_YET).exists(),
            )
        )
    # A plan that was published again lies there twice: as it is, and for readers as it was.
    latest: dict[str, KeptPlan] = {}
    for plan in sorted(plans, key=_age):
        before = latest.get(plan.plan_id)
        forms = plan.forms | (before.forms if before else frozenset())
        latest[plan.plan_id] = replace(plan, forms=forms)
    return sorted(latest.values(), key=_age, reverse=True)


def _age(plan: KeptPlan) -> tuple[bool, bool, dt.datetime, str]:
    return plan.is_current, plan.was_published, plan.published_at, plan.plan_id
