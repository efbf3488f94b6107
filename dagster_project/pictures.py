"""``python -m dagster_project.pictures FOLDER [PLAN_ID]``: the plots of a plan as PNG files.

For slides and pages: the same pictures as in the UI, drawn from the tables of a kept plan.

Belongs here: which picture shows which table. Does not belong here: drawing (``plots``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from dagster_project.plans import plan_folder
from dagster_project.plots.coverage import (
    gap_over_time,
    load_and_value_per_rep,
    moves_over_time,
)
from dagster_project.plots.quotas import capacity_by_month, chance_by_buffer, quota_waterfall
from dagster_project.plots.strength import backtest_bars, calibration_curve, strength_heat_map
from dagster_project.settings import load_settings


class PictureError(Exception):
    """There is no such plan, or the folder cannot be used."""


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        draw: Makes a PNG of its tables, in this order.
        tables: Published tables that it shows.
    """

    draw: Callable[..., bytes]
    tables: tuple[str, ...]


PICTURES: Mapping[str, Picture] = {
    "strengths": Picture(strength_heat_map, ("rep_strengths",)),
    "strength_calibration": Picture(calibration_curve, ("strength_calibration",)),
    "strength_backtest": Picture(backtest_bars, ("strength_backtest",)),
    "loads": Picture(load_and_value_per_rep, ("rep_loads",)),
    "gaps": Picture(gap_over_time, ("plan_runs",)),
    "moves": Picture(moves_over_time, ("plan_runs",)),
    "quotas": Picture(quota_waterfall, ("group_targets", "quota_allocations", "company_targets")),
    "chances": Picture(chance_by_buffer, ("attainment_outlook",)),
    "capacity": Picture(capacity_by_month, ("capacity_gaps",)),
}


def draw_pictures(home: Path, folder: Path, plan_id: str | None = None) -> list[Path]:
    """Draw every picture of a plan.

    Args:
        home: The state folder.
        folder: Where the files go; made if missing, files of the same names are replaced.
        plan_id: A kept plan; the current one if not given.

    Returns:
        The files.

    Raises:
        PictureError: There is no such plan, or a file cannot be written.
    """
    plan = plan_folder(home, plan_id)
    if plan is None:
        raise PictureError(
            f"no plan {plan_id or '(current)'} in {home / 'plans'}; list them with make plans"
        )
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in PICTURES.items():
            target = folder / f"{name}.png"
            target.write_bytes(picture.draw(*(_read(plan, table) for table in picture.tables)))
            written.append(target)
    except OSError as error:
        raise PictureError(f"{folder} cannot be written: {error}") from error
    return written


def _read(plan: Path, table: str) -> pd.DataFrame:
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(plan / f"{table}.parquet"))
        frame: pd.DataFrame = relation.df()
    return frame.drop(columns="plan_id", errors="ignore")


def main() -> int:
    """Draw and name the files; 1 where there is nothing to draw."""
    if len(sys.argv) not in (2, 3):
        print("usage: python -m dagster_project.pictures FOLDER [PLAN_ID]", file=sys.stderr)
        return 2
    try:
        files = draw_pictures(load_settings().home, Path(sys.argv[1]), *sys.argv[2:])
    except PictureError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(str(file) for file in files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
