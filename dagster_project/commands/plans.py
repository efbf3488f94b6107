"""``sales-coverage plans``: the plans that are kept, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dagster_project.publishing.kept_plans import kept_plans


def lines(home: Path) -> Iterator[str]:
    """Yield one line for each kept plan."""
    plans = kept_plans(home)
    if not plans:
        yield f"No plan has been published to {home} yet; run make refresh."
    for plan in plans:
        yield (
            f"{plan.plan_id}  {plan.published_at:%Y-%m-%d %H:%M} UTC  {plan.row_count:>9,} rows  "
            f"code {plan.code_version[:8] or 'unknown'}  {plan.folder}  {plan.state}"
        ).rstrip()
