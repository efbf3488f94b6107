"""Simulated bookings: won deals as Poisson counts, log-normal values, shared good and bad years.

A rep's (or group's) total is a compound sum: N won deals, Poisson around the expected number
times a gamma level (how unsure the accounts' level is), each deal log-normal. The sum of N such
values is taken as log-normal with their mean and variance (Fenton, 1960; exact for N = 1). All
reps of a group share a group shock and all groups a company shock, log-normal with mean 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimization.arrays import FloatArray, ratio
from optimization.company_level import Forecast, Spread
from optimization.quotas.expected import ExpectedBusiness

COMPANY_ENTITY = "company"
DRAWS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Shocks:
    """What moves many accounts together: the company's year, and deviations of relative shocks.

    Attributes:
        company: What a year may bring beside what is expected: errors of the company's level and
            growth, and the year's own shock.
        group: How far a group's year may lie off the company's.
        month_rate: Of a month, shared by the whole company, on top.
        group_month_rate: Of a month of a group, on top.
        value_cv: Standard deviation over mean of one deal's value around its account's.
        evidence: Where the figures come from, as a sentence.
    """

    company: Forecast
    group: Spread
    month_rate: float
    group_month_rate: float
    value_cv: float
    evidence: str


def compound_sums(
    rng: np.random.Generator,
    mean: FloatArray,
    count: FloatArray,
    square: FloatArray,
    level_cv: FloatArray,
    draws: int,
    value_cv: float,
) -> FloatArray:
    """Draw compound Poisson sums.

    Args:
        rng: Random stream.
        mean: Expected sums, shape (n,).
        count: Expected numbers of deals, shape (n,).
        square: Sums of count x value^2, shape (n,).
        level_cv: Standard deviation over mean of the level, shape (n,).
        draws: Number of draws.
        value_cv: Of single values around their account's.

    Returns:
        Shape (draws, n).
    """
    has = (mean > 0) & (count > 0)
    safe_count, safe_mean = np.where(has, count, 1.0), np.where(has, mean, 1.0)
    value = safe_mean / safe_count
    spread = np.maximum(
        (1 + value_cv**2) * np.where(has, square, 0.0) / (safe_count * value**2) - 1, 1e-12
    )
    sums = np.zeros((draws, len(mean)))
    step = max(1, DRAWS_AT_ONCE // max(1, len(mean)))
    for start in range(0, draws, step):
        size = (min(step, draws - start), len(mean))
        level = _gamma_level(rng, level_cv, size)
        wins = rng.poisson(safe_count * level, size)
        variance = np.log1p(spread / np.maximum(wins, 1))
        noise = np.exp(np.sqrt(variance) * rng.standard_normal(size) - variance / 2)
        sums[start : start + size[0]] = np.where(has, wins * value * noise, 0.0)
    return sums


@dataclass(frozen=True)
class Cells:
    """Drawn bookings of months; S draws, R reps, M months.

    Attributes:
        cells: By rep and month; shape (S, R, M).
        year: What the company's year brings over what is expected of it; shape (S,).
    """

    cells: FloatArray
    year: FloatArray


def draw_cells(
    rng: np.random.Generator,
    expected: ExpectedBusiness,
    rep_group: NDArray[np.intp],
    shocks: Shocks,
    draws: int,
) -> Cells:
    """Draw each rep's months, with what its year, its group and the company share.

    Args:
        rng: Random stream.
        expected: What is expected of each rep by month.
        rep_group: Position of each rep's group; shape (R,).
        shocks: How unsure that is.
        draws: Number of draws.
    """
    mean, count, square = (
        part.sum(axis=2) for part in (expected.amount, expected.count, expected.square)
    )
    reps, months = mean.shape
    groups = int(rep_group.max()) + 1
    certain = np.zeros(mean.size)
    cells = compound_sums(
        rng, mean.ravel(), count.ravel(), square.ravel(), certain, draws, shocks.value_cv
    ).reshape(draws, reps, months)
    level_cv = ratio(np.sqrt(expected.level_variance), mean.sum(axis=1))
    year = shocks.company.factors(rng, draws)
    shared = year[:, None] * shocks.group.factors(rng, draws, groups)
    cells *= (_gamma_level(rng, level_cv, (draws, reps)) * shared[:, rep_group])[:, :, None]
    cells *= shock_factors(rng, shocks.month_rate, (draws, 1, months))
    cells *= shock_factors(rng, shocks.group_month_rate, (draws, groups, months))[:, rep_group]
    return Cells(cells, year)


def shock_factors(rng: np.random.Generator, rate: float, shape: tuple[int, ...]) -> FloatArray:
    """Draw log-normal factors of mean 1 whose standard deviation is the rate."""
    variance = np.log1p(rate**2)
    factors: FloatArray = np.exp(np.sqrt(variance) * rng.standard_normal(shape) - variance / 2)
    return factors


def _gamma_level(
    rng: np.random.Generator, level_cv: FloatArray, size: tuple[int, int]
) -> FloatArray:
    """Draw gamma factors of mean 1; 1 where nothing is unsure."""
    unsure = level_cv > 1e-9
    shape = 1 / np.where(unsure, level_cv, 1.0) ** 2
    drawn = rng.standard_gamma(shape, size) / shape
    levels: FloatArray = np.where(unsure, drawn, 1.0)
    return levels
