"""``sales-coverage pictures FOLDER [PLAN_ID]``: the plots of a plan as PNG files.

For slides and pages: the same pictures as in the UI, drawn from the tables of a kept plan.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from dagster_project.commands.plan_files import write_plan_files
from dagster_project.plots.gallery import PICTURES


def draw_pictures(home: Path, folder: Path, plan_id: str | None = None) -> list[Path]:
    """Draw every picture of a plan; see ``write_plan_files``."""
    return write_plan_files(home, folder, plan_id, _draw)


def _draw(plan: Path, folder: Path) -> list[Path]:
    files = []
    for name, picture in PICTURES.items():
        target = folder / f"{name}.png"
        target.write_bytes(picture.draw(*(_read(plan, table) for table in picture.tables)))
        files.append(target)
    return files


def _read(plan: Path, table: str) -> pd.DataFrame:
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(plan / f"{table}.parquet"))
        frame: pd.DataFrame = relation.df()
    return frame.drop(columns="plan_id", errors="ignore")
