"""``python -m dagster_project.plans``: the plans that are kept, the newest first.

Belongs here: listing and finding. Does not belong here: how many are kept
(``publishing.keep_plans`` in company.yml) or publishing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dagster_project.settings import load_settings


@dataclass(frozen=True)
class KeptPlan:
    """One plan on disk.

    Attributes:
        plan_id: Its name.
        folder: Its Parquet files and manifest.
        published_at: When it was written, UTC.
        row_count: Rows over all tables.
        code_version: Code that made it.
        is_current: What readers see now.
    """

    plan_id: str
    folder: Path
    published_at: dt.datetime
    row_count: int
    code_version: str
    is_current: bool


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


def kept_plans(home: Path) -> list[KeptPlan]:
    """Read the manifests of all whole plans, the newest first and each plan once.

    Args:
        home: The state folder.
    """
    current = (home / "published" / "current").resolve()
    plans = []
    for path in (home / "plans").glob("*/manifest.json"):
        if path.parent.name.startswith("."):
            continue
        facts = json.loads(path.read_text(encoding="utf-8"))
        plans.append(
            KeptPlan(
                plan_id=facts["plan_id"],
                folder=path.parent,
                published_at=dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC),
                row_count=sum(table["rows"] for table in facts["tables"].values()),
                code_version=facts.get("code_version", ""),
                is_current=path.parent.resolve() == current,
            )
        )
    # A plan that was published again lies there twice: as it is, and for readers as it was.
    latest = {plan.plan_id: plan for plan in sorted(plans, key=_age)}
    return sorted(latest.values(), key=_age, reverse=True)


def _age(plan: KeptPlan) -> tuple[bool, dt.datetime, str]:
    return plan.is_current, plan.published_at, plan.plan_id


def lines(home: Path) -> Iterator[str]:
    """Say in a line a plan what is kept."""
    plans = kept_plans(home)
    if not plans:
        yield f"No plan has been published to {home} yet; run make refresh."
    for plan in plans:
        mark = "current" if plan.is_current else ""
        yield (
            f"{plan.plan_id}  {plan.published_at:%Y-%m-%d %H:%M} UTC  {plan.row_count:>9,} rows  "
            f"code {plan.code_version[:8] or 'unknown'}  {plan.folder}  {mark}"
        ).rstrip()


if __name__ == "__main__":
    print("\n".join(lines(load_settings().home)))
