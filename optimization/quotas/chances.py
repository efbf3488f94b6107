"""Which chances may be said: what the last back-test found, and how sure a chance itself is.

A chance follows from a level that is only estimated. Where estimates that the history allows give
chances far from each other, one number would be chance itself, and none is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import norm

from optimization.arrays import FloatArray, ratio
from optimization.backtest.verdict import CALIBRATED, LEVELS
from optimization.company_level import Forecast

NO_BACKTEST = "not calibrated: no back-test was made"
# Mean distance of the chances that the history allows from the one said, at most: what is promised
# of a published chance.
MOST_CHANCE_ERROR = 0.10
_LEVELS_DRAWN = 4000


@dataclass(frozen=True)
class Calibration:
    """What the last back-test says of each level.

    Attributes:
        spread: Factor on the logarithm of draws around their median, by level.
        verdict: ``calibrated``, or why not, by level.
    """

    spread: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(LEVELS, 1.0))
    verdict: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(LEVELS, NO_BACKTEST))

    @classmethod
    def from_summary(cls, summary: pd.DataFrame | None) -> Calibration:
        """Read level, spread and verdict of ``optimization.backtest.verdict.summarise``."""
        if summary is None or summary.empty:
            return cls()
        level = summary["level"].astype(str)
        return cls(
            spread=dict(zip(level, summary["spread"].astype(float), strict=True)),
            verdict=dict(zip(level, summary["verdict"].astype(str), strict=True)),
        )

    def stretch(self, level: str, draws: FloatArray) -> FloatArray:
        """Widen (or narrow) draws by what the back-test found; their mean stays; (S, n)."""
        median = np.median(draws, axis=0)
        safe = np.where(median > 0, median, 1.0)
        wide = np.where(median > 0, safe * (draws / safe) ** self.spread[level], draws)
        stretched: FloatArray = wide * ratio(draws.mean(axis=0), wide.mean(axis=0), 1.0)
        return stretched

    def verdicts(self, level: str, errors: FloatArray) -> list[str]:
        """Say of each entity of a level whether its chance is said, and why not."""
        verdict = self.verdict[level]
        if verdict != CALIBRATED:
            return [verdict] * len(errors)
        return [
            CALIBRATED
            if error <= MOST_CHANCE_ERROR
            else f"unsure: the history allows chances {100 * error:.0f} points off"
            for error in errors
        ]


def chance_errors(
    company: Forecast,
    draws: FloatArray,
    targets: FloatArray,
    level_cv: FloatArray,
    seed: int,
) -> FloatArray:
    """Return how far the chances that the history allows lie from their mean, in the mean.

    The chance given a level is that of a log-normal year around it; the levels allowed are those
    of the company's forecast, and of the entity's accounts.

    Args:
        company: The company's forecast.
        draws: Simulated bookings; shape (S, n).
        targets: What is to be reached; shape (n,).
        level_cv: How unsure the level of the entity's accounts is; shape (n,).
        seed: Of the levels drawn.
    """
    rng = np.random.default_rng(seed)
    pair = rng.choice(len(company.weight), _LEVELS_DRAWN, p=company.weight)
    known = np.sqrt(np.maximum(company.log_sd**2 - company.year_sd**2, 0.0))[pair]
    level = company.log_mean[pair] + known * rng.standard_normal(_LEVELS_DRAWN)
    level = level - level.mean()
    errors = np.zeros(len(targets))
    for place, target in enumerate(targets):
        mean = draws[:, place].mean()
        if mean <= 0 or target <= 0:
            continue
        spread = np.log1p((draws[:, place].std() / mean) ** 2)
        own = max(spread - company.error_rate**2 - level_cv[place] ** 2, 0.0)
        year = np.sqrt(own + company.year_sd[pair] ** 2)
        own_level = level_cv[place] * rng.standard_normal(_LEVELS_DRAWN)
        ahead = np.log(mean / target) + level + own_level - year**2 / 2
        chance = norm.cdf(ahead / np.maximum(year, 1e-6))
        errors[place] = np.abs(chance - chance.mean()).mean()
    return errors
