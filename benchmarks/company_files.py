"""A generated company as files: what the company files of several benchmarks have in common.

Belongs here: settings, employees, and writing tables with the company file beside them. Does not
belong here: drawing a world or what its accounts and deals are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

AS_OF = pd.Timestamp("2026-06-30")
HOURS_PER_ACCOUNT, HOURS_PER_REP = 50, 1_300
ROLE = "account_executive"


def settings(company_id: str, as_of: object) -> dict[str, Any]:
    """Settings of a company whose accounts all ask for the same hours."""
    return {
        "company": {
            "id": company_id,
            "name": "A generated company",
            "currency": "USD",
            "timezone": "UTC",
            "fiscal_year_start_month": 7,
            "as_of": as_of,
        },
        "coverage_policies": [{"hours_per_year": HOURS_PER_ACCOUNT}],
        "capacity": {
            "covering_roles": [ROLE],
            "selling_hours_per_year": HOURS_PER_REP,
            "cost_per_hour": 0,
        },
    }


def employees(rep_ids: object, group_ids: object, years: int) -> pd.DataFrame:
    """One full-time rep per row, all there longer than records go back."""
    return pd.DataFrame(
        {
            "rep_id": rep_ids,
            "name": rep_ids,
            "role": ROLE,
            "group_id": group_ids,
            "hire_date": AS_OF - pd.Timedelta(days=365 * (years + 3)),
            "fte": 1.0,
        }
    )


def write_files(
    folder: Path, tables: Mapping[str, pd.DataFrame], stated: Mapping[str, Any]
) -> Path:
    """Write tables as CSV files with the company file beside them, and return its path."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    source = {
        "kind": "files",
        "folder": ".",
        "tables": {
            name: {"path": f"{name}.csv", "columns": {column: column for column in table}}
            for name, table in tables.items()
        },
    }
    path = folder / "company.yml"
    path.write_text(yaml.safe_dump({**stated, "source": source}), encoding="utf-8")
    return path
