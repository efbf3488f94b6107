"""Simulated bookings: won deals as Poisson counts, log-normal values, shared good and bad years.

A rep's (or group's) total is a compound sum: N won deals, Poisson around the expected number
times a gamma level (how unsure the accounts' level is), each deal log-normal. The sum of N such
values is taken as log-normal with their mean and variance (Fenton, 1960; exact for N = 1). All
reps of a group share a group shock and all groups a company shock, log-normal with mean 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.arrays import FloatArray

DRAWS_AT_ONCE = 2_000_000
# Beyond this a drawn variance is no year any more; one draw in hundreds.
MOST_SPREAD = 20.0


@dataclass(frozen=True)
class Shocks:
    """What moves many accounts together, as standard deviations of relative shocks.

    Attributes:
        company_rate: Of a year, shared by the whole company.
        group_rate: Of a year, shared by a group on top.
        month_rate: Of a month, shared by the whole company, on top.
        group_month_rate: Of a month of a group, on top.
        company_observations: Years of evidence behind company_rate; what few say is less sure.
        group_observations: Likewise behind group_rate, of groups and years.
        value_cv: Standard deviation over mean of one deal's value around its account's.
        growth_rate: Growth of the whole company over the level accounts were measured at.
        evidence: Where the figures come from, as a sentence.
    """

    company_rate: float
    group_rate: float
    month_rate: float
    group_month_rate: float
    company_observations: float
    group_observations: float
    value_cv: float
    growth_rate: float
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


def shock_factors(
    rng: np.random.Generator, rate: float, shape: tuple[int, ...], observations: float = np.inf
) -> FloatArray:
    """Draw log-normal factors of mean 1 whose standard deviation is the rate.

    A rate of few observations is itself unsure: its square is drawn as it would be estimated,
    observations / chi-squared, which makes the factors' logs Student's t.
    """
    variance = np.log1p(rate**2)
    if np.isfinite(observations):
        spread = observations / np.maximum(rng.chisquare(observations, shape), 1e-9)
        variance = variance * np.minimum(spread, MOST_SPREAD)
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
