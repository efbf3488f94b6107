"""Every picture there is: what draws it, which published tables it shows, what it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from dagster_project.plots.canvas import as_markdown
from dagster_project.plots.coverage import (
    gap_over_time,
    load_and_value_per_rep,
    moves_over_time,
)
from dagster_project.plots.quotas import capacity_by_month, chance_by_buffer, quota_waterfall
from dagster_project.plots.strength import backtest_bars, calibration_curve, strength_heat_map


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        draw: Makes a PNG of its tables, in this order.
        tables: Published tables that it shows.
        alt: What it shows, for those who cannot see it.
    """

    draw: Callable[..., bytes]
    tables: tuple[str, ...]
    alt: str

    def markdown(self, *frames: pd.DataFrame) -> str:
        """Draw these tables as Markdown that needs no file."""
        return as_markdown(self.draw(*frames), self.alt)


PICTURES: Mapping[str, Picture] = {
    "strengths": Picture(strength_heat_map, ("rep_strengths",), "Strengths by rep and level"),
    "strength_calibration": Picture(
        calibration_curve, ("strength_calibration",), "Predicted and observed win rates"
    ),
    "strength_backtest": Picture(
        backtest_bars, ("strength_backtest",), "Log loss of each model on later deals"
    ),
    "loads": Picture(load_and_value_per_rep, ("rep_loads",), "Load and value per rep"),
    "gaps": Picture(gap_over_time, ("plan_runs",), "Gap per run"),
    "moves": Picture(moves_over_time, ("plan_runs",), "Moves per run"),
    "quotas": Picture(
        quota_waterfall,
        ("group_targets", "quota_allocations", "company_targets"),
        "From the goal to targets and quotas",
    ),
    "chances": Picture(chance_by_buffer, ("attainment_outlook",), "Chance of making the number"),
    "capacity": Picture(capacity_by_month, ("capacity_gaps",), "Hours needed and hours there are"),
}
