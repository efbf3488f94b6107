"""A generated world as a company of files, and what the whole pipeline makes of it.

Belongs here: writing a world's tables and settings, one refresh, and its gain, claimed and true.
Does not belong here: drawing worlds (``strength_world``) or the arms (``identify``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from benchmarks.company_files import AS_OF, employees, settings, write_files
from benchmarks.strength_world import YEARS, World

EMPLOYEES = {"size_band00000": 50, "size_band00001": 500, "size_band00002": 5_000}
SETTINGS = {**settings("identify", "data"), "coverage": {"move_budget_rate": 0.15}}


def write_company(folder: Path, world: World) -> Path:
    """Write a world as CSV files with the company file beside them, and return its path."""
    closed = AS_OF - pd.to_timedelta(world.deals["age_days"], unit="D")
    tables = {
        "accounts": pd.DataFrame(
            {
                "account_id": world.accounts["account_id"],
                "name": world.accounts["account_id"],
                "industry": world.accounts["industry"],
                "employees": world.accounts["size_band"].astype(str).map(EMPLOYEES),
                "country": world.accounts["geography"],
                "region": world.accounts["geography"],
                "owner_rep_id": world.accounts["owner_rep_id"],
                "created_at": AS_OF - pd.Timedelta(days=365 * YEARS + 90),
            }
        ),
        "opportunities": pd.DataFrame(
            {
                "opportunity_id": [f"O{number:06d}" for number in range(len(world.deals))],
                "account_id": world.deals["account_id"],
                "rep_id": world.deals["rep_id"],
                "product_id": world.deals["product"],
                "revenue_type": "new",
                "stage": np.where(world.deals["is_won"], "Won", "Lost"),
                "is_closed": True,
                "is_won": world.deals["is_won"],
                "amount": world.deals["amount"].round(2),
                "created_at": closed - pd.Timedelta(days=60),
                "closed_at": closed,
                "currency": "USD",
            }
        ),
        "employees": employees(world.reps["rep_id"], world.reps["group_id"], YEARS),
    }
    return write_files(folder, tables, SETTINGS)


def refresh_and_compare(world: World) -> dict[str, Any]:
    """Run the whole pipeline on a world.

    Returns:
        ``is_on`` and ``multiplier`` of its strengths; gains of the plan over the as-is coverage as
        shares of its bookings, ``claimed`` by the plan and ``true`` of the same moves.

    Raises:
        RuntimeError: The refresh failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        company = write_company(Path(folder), world)
        home = Path(folder) / "home"
        done = subprocess.run(
            [sys.executable, "-m", "dagster_project.commands", "refresh"],
            env={**os.environ, "COVERAGE_COMPANY": str(company), "COVERAGE_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the refresh failed:\n{done.stderr[-2000:]}")
        with duckdb.connect(str(home / "published" / "coverage.duckdb"), read_only=True) as file:
            changes = file.execute(
                "select account_id, to_rep_id, value_gain_amount, disruption_amount "
                "from plan_changes"
            ).df()
            bookings = file.execute(
                "select sum(new_amount + existing_amount) from coverage_assignments"
            ).fetchall()[0][0]
            is_on, multiplier = file.execute(
                "select (select is_on from strength_guard), "
                "(select avg(multiplier) from strength_transport where dimension <> 'product')"
            ).fetchall()[0]
    return {
        "is_on": is_on,
        "multiplier": multiplier,
        "claimed": float(changes["value_gain_amount"].sum() / bookings),
        "true": float(_true_gain(world, changes) / bookings),
    }


def _true_gain(world: World, changes: pd.DataFrame) -> float:
    """What the moves bring a year, disruption as the plan counts it."""
    rows = pd.Index(world.accounts["account_id"]).get_indexer(changes["account_id"])
    to = pd.Index(world.reps["rep_id"]).get_indexer(changes["to_rep_id"])
    deals_a_year = (
        world.deals["account_id"]
        .astype(str)
        .value_counts()
        .reindex(world.accounts["account_id"])
        .fillna(0.0)
        .to_numpy()
        / YEARS
    )
    # A rep who is nobody wins nothing.
    win_rate = np.where(to >= 0, world.win_rate[rows, to], 0.0)
    difference = win_rate - world.win_rate[rows, world.owner[rows]]
    amount = float(world.deals["amount"].mean())
    return float(
        (deals_a_year[rows] * difference * amount).sum() - changes["disruption_amount"].sum()
    )
