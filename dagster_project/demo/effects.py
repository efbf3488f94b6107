"""The demo company's true effects on the log-odds of a win, which no file shows.

Formula: log-odds = base + industry + region + size band + product + rep + rep x each of the four
+ hidden account quality + revenue type, every effect drawn from N(0, EFFECT_SD).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dagster_project.company.sections.sources import DemoSource
from dagster_project.demo.catalogue import (
    BASE_LOG_ODDS,
    EFFECT_SD,
    INDUSTRIES,
    MINING,
    PLANTED_LOG_ODDS,
    PRODUCTS,
    SIZE_BANDS,
)
from dagster_project.demo.people import Staff

DIMENSIONS = ("industry", "region", "size_band", "product")


@dataclass(frozen=True)
class Effects:
    """True effects in log-odds.

    Attributes:
        segment: Per dimension, one effect per level.
        rep: One effect per rep.
        rep_by: Per dimension, effects of shape (reps, levels).
    """

    segment: dict[str, NDArray[np.float64]]
    rep: NDArray[np.float64]
    rep_by: dict[str, NDArray[np.float64]]

    def log_odds(
        self, rep: NDArray[np.int64], levels: dict[str, NDArray[np.int64]]
    ) -> NDArray[np.float64]:
        """Add up the effects of each deal; account quality and revenue type come on top.

        Args:
            rep: Index of the rep per deal.
            levels: Index of the level per deal, by dimension.

        Returns:
            Log-odds per deal.
        """
        total = BASE_LOG_ODDS + self.rep[rep]
        for dimension, level in levels.items():
            total += self.segment[dimension][level] + self.rep_by[dimension][rep, level]
        return total


def make_effects(rng: np.random.Generator, source: DemoSource, staff: Staff) -> Effects:
    """Draw the true effects and plant the strength nobody would guess.

    Args:
        rng: Random stream of this part.
        source: Numbers of reps and groups.
        staff: The covering reps.

    Returns:
        The effects.
    """
    levels = dict(
        zip(
            DIMENSIONS,
            (len(INDUSTRIES), source.groups, len(SIZE_BANDS), len(PRODUCTS)),
            strict=True,
        )
    )
    segment = {name: rng.normal(0.0, EFFECT_SD, count) for name, count in levels.items()}
    rep = rng.normal(0.0, EFFECT_SD, source.reps)
    rep_by = {
        name: rng.normal(0.0, EFFECT_SD, (source.reps, count)) for name, count in levels.items()
    }
    # Nothing else may speak for the planted rep: only the one industry is special.
    rep[staff.star] = 0.0
    rep_by["industry"][staff.star, MINING] = PLANTED_LOG_ODDS
    return Effects(segment, rep, rep_by)
