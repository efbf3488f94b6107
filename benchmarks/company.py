"""The measured company: the demo's settings at another size.

Belongs here: how sizes follow from the number of opportunities, and the company file. Does not
belong here: its data (``dagster_project.demo.generate``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dagster_project.runtime.settings import DEMO_COMPANY

_DEMO_OPPORTUNITIES, _DEMO_ACCOUNTS = 8_000, 600
_SMALLEST, _LARGEST = 120, 2_000
_MOST_REPS = 60
_ACCOUNTS_PER_REP = 20
_HOURS_PER_REP = 1_200
_MOVE_BUDGET_RATE = 0.30


@dataclass(frozen=True)
class Size:
    """Sizes of a measured company.

    Accounts stop growing at 2,000 and reps at 60: more opportunities then mean a longer history
    per account, so that data grows and the integer programme stays the same.
    """

    opportunities: int

    @property
    def accounts(self) -> int:
        """Accounts, in the demo's proportion up to a limit."""
        wanted = self.opportunities * _DEMO_ACCOUNTS // _DEMO_OPPORTUNITIES
        return max(_SMALLEST, min(_LARGEST, wanted))

    @property
    def reps(self) -> int:
        """Covering reps, one per 20 accounts up to a limit."""
        return max(10, min(_MOST_REPS, self.accounts // _ACCOUNTS_PER_REP))

    @property
    def hours_per_rep(self) -> int:
        """Selling hours a year, raised with the accounts per rep so that a plan exists."""
        return max(_HOURS_PER_REP, _HOURS_PER_REP * self.accounts // self.reps // _ACCOUNTS_PER_REP)

    def __str__(self) -> str:
        """Say the sizes in one line."""
        return (
            f"{self.opportunities:,} opportunities, {self.accounts:,} accounts, {self.reps} reps "
            f"of {self.hours_per_rep:,} hours, move budget {_MOVE_BUDGET_RATE:.0%}"
        )


def company_settings(size: Size) -> dict[str, Any]:
    """Change the demo company's settings to a size.

    What names single records or depends on the size (minimum rows, overrides, ratings) is left out.
    """
    settings: dict[str, Any] = yaml.safe_load(DEMO_COMPANY.read_text(encoding="utf-8"))
    settings["company"]["id"] = "benchmark"
    settings["source"] |= {
        "opportunities": size.opportunities,
        "accounts": size.accounts,
        "reps": size.reps,
        "format": "parquet",
    }
    settings["capacity"]["selling_hours_per_year"] = size.hours_per_rep
    settings["coverage"]["move_budget_rate"] = _MOVE_BUDGET_RATE
    settings["gates"].pop("min_rows", None)
    settings.pop("overrides", None)
    settings.pop("strength", None)
    return settings


def write_company(folder: Path, size: Size) -> Path:
    """Write the company file of a size into a folder, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "company.yml"
    path.write_text(yaml.safe_dump(company_settings(size), sort_keys=False), encoding="utf-8")
    return path
