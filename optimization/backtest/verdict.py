"""Whether a level's bands and chances held in the years that were back-tested."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

LEVELS = ("company", "group", "rep")
FEWEST_YEARS = 2
# Years' worth of evidence that bands are right, before any is seen.
PRIOR_SCORES = 10.0
REFUTED = 0.05
SLOPE = (0.7, 1.3)
# A slope less sure than half that range's width proves nothing.
MOST_SLOPE_ERROR = 0.3
CALIBRATED = "calibrated"
SUMMARY_COLUMNS = [
    "level",
    "year_count",
    "entity_year_count",
    "month_held_rate",
    "quarter_held_rate",
    "year_held_rate",
    "spread",
    "slope",
    "slope_error",
    "verdict",
    "sentence",
]


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Judge each level.

    ``spread`` is how far outcomes lay from what was expected, over how far the bands said, shrunk
    to 1: the root of (sum of squared scores + PRIOR_SCORES) / (their number + PRIOR_SCORES), over
    years. The outlook's draws are widened by it. A level is not calibrated with fewer than two
    years, or where the scores of its years are larger than chance explains (chi-squared). For reps
    the slope of reached on chance must lie within SLOPE too, and be known to MOST_SLOPE_ERROR.

    Args:
        rows: Those of :func:`optimization.backtest.compare.compare`, of every year.

    Returns:
        One row per level, SUMMARY_COLUMNS.
    """
    return pd.DataFrame(
        [_judge(level, rows[rows["level"] == level]) for level in LEVELS], columns=SUMMARY_COLUMNS
    )


def _judge(level: str, rows: pd.DataFrame) -> dict[str, Any]:
    years = rows[rows["period_type"] == "year"]
    scores = years["score"].to_numpy(dtype=np.float64)
    squares = float((scores**2).sum())
    held = {period: float(part["is_held"].mean()) for period, part in rows.groupby("period_type")}
    chance = years["probability"].to_numpy(dtype=np.float64)
    slope, slope_error = _slope(chance, years["is_reached"].to_numpy(dtype=np.float64))
    year_count = years["cut_on"].nunique()
    faults = []
    if year_count < FEWEST_YEARS:
        faults.append(f"too little history ({year_count} of {FEWEST_YEARS} years)")
    elif chi2.sf(squares, len(scores)) < REFUTED:
        faults.append("bands too narrow")
    if level == "rep" and not faults:
        if not slope_error <= MOST_SLOPE_ERROR:
            faults.append("too few reps to tell one's chance from another's")
        elif not SLOPE[0] <= slope <= SLOPE[1]:
            faults.append("chances do not tell who reaches the quota")
    verdict = f"not calibrated: {faults[0]}" if faults else CALIBRATED
    sentence = f"{level.capitalize()}: {verdict}"
    if len(scores):
        sentence += (
            f"; of {len(scores)} past years {held['year']:.0%} lay within their 80 % bands, of "
            f"their months {held['month']:.0%}"
        )
    return {
        "level": level,
        "year_count": year_count,
        "entity_year_count": len(scores),
        **{f"{period}_held_rate": held.get(period) for period in ("month", "quarter", "year")},
        "spread": float(np.sqrt((squares + PRIOR_SCORES) / (len(scores) + PRIOR_SCORES))),
        "slope": slope,
        "slope_error": slope_error,
        "verdict": verdict,
        "sentence": f"{sentence}.",
    }


def _slope(chance: np.ndarray, reached: np.ndarray) -> tuple[float, float]:
    """Least-squares slope of reached on chance and its standard error; nan where all is alike."""
    centred = chance - chance.mean() if len(chance) else chance
    spread = float((centred**2).sum())
    if len(chance) < 3 or spread < 1e-12:
        return float("nan"), float("nan")
    slope = float(centred @ reached / spread)
    left = reached - reached.mean() - slope * centred
    return slope, float(np.sqrt((left**2).sum() / (len(chance) - 2) / spread))
