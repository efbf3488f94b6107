"""Slopes of an outcome on what was predicted, and how sure they are.

The outcome is regressed on a constant and the columns, beside an offset: log-odds of a win by
Newton's method, logarithm of an amount by least squares. Deals of one account stand or fall
together, so the covariance is the sandwich of Liang and Zeger (1986) over accounts, and never
narrower than the model's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.arrays import ratio
from optimization.strength.deals import BoolArray, FloatArray, IntArray
from optimization.strength.fit import Family

_NEWTON_STEPS = 12
_STEADY = 1e-9
# A spread, in log-odds, that no company has the deals to see.
LEAST_SPREAD = 1e-3
# Precision of a slope before looking, a deviation of 10 around 0: keeps a slope finite where a
# handful of deals are all won.
_RIDGE = 0.01
FEWEST_CLUSTERS = 10


@dataclass(frozen=True, eq=False)
class Slopes:
    """Slopes of the columns that could be tested.

    Attributes:
        is_tested: Shape (columns,).
        slope: NaN where not tested, shape (columns,).
        covariance: NaN where not tested, shape (columns, columns).
    """

    is_tested: BoolArray
    slope: FloatArray
    covariance: FloatArray

    @property
    def error(self) -> FloatArray:
        """Standard error of each slope, shape (columns,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @classmethod
    def untested(cls, columns: int) -> Slopes:
        """Nothing to test."""
        return cls(
            np.zeros(columns, dtype=bool),
            np.full(columns, np.nan),
            np.full((columns, columns), np.nan),
        )


def fit_slopes(
    outcome: FloatArray,
    offset: FloatArray,
    columns: FloatArray,
    cluster: IntArray,
    family: Family,
    controls: FloatArray | None = None,
) -> Slopes:
    """Fit the slopes of some columns, whatever the controls explain.

    Args:
        outcome: 0 or 1, or the logarithm of an amount, shape (deals,).
        offset: What is predicted without the columns, shape (deals,).
        columns: Shape (deals, columns).
        cluster: The account of each deal, shape (deals,).
        family: Distribution of the outcome.
        controls: Shape (deals, any number); None for none.

    Returns:
        The slopes; a column without spread, or whose spread is that of fewer than 10 accounts, is
        not tested.
    """
    slopes = Slopes.untested(columns.shape[1])
    cluster = np.unique(cluster, return_inverse=True)[1].astype(np.int32)
    clusters = int(cluster.max()) + 1 if len(cluster) else 0
    if clusters < FEWEST_CLUSTERS:
        return slopes
    told = columns**2 * family.variance(family.mean(offset))[:, None]
    is_tested = (columns.std(axis=0) > LEAST_SPREAD) & (
        _effective_count(told, cluster, clusters) >= FEWEST_CLUSTERS
    )
    if not is_tested.any():
        return slopes
    beside = [] if controls is None else [controls[:, controls.std(axis=0) > LEAST_SPREAD]]
    design = np.column_stack([np.ones(len(outcome)), columns[:, is_tested], *beside])
    ridge = np.diag([0.0] + [_RIDGE] * (design.shape[1] - 1))
    found = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS):
        fitted = family.mean(offset + design @ found)
        weighted = design * family.variance(fitted)[:, None]
        step = np.linalg.solve(
            design.T @ weighted + ridge, design.T @ (outcome - fitted) - ridge @ found
        )
        # A long step overshoots where nearly all deals are won.
        found = found + step * min(1.0, 4.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < _STEADY:
            break
    fitted = family.mean(offset + design @ found)
    left = outcome - fitted
    dispersion = family.dispersion(outcome, np.ones(len(outcome)), fitted)
    bread = np.linalg.inv(design.T @ (design * family.variance(fitted)[:, None]) + ridge)
    score = np.zeros((clusters, design.shape[1]))
    np.add.at(score, cluster, design * left[:, None])
    robust = bread @ (score.T @ score) @ bread * clusters / (clusters - 1)
    widened = np.sqrt(np.maximum(1.0, dispersion * np.diag(bread) / np.diag(robust)))
    covariance = robust * widened[:, None] * widened[None, :]
    own = slice(1, 1 + int(is_tested.sum()))
    slopes.is_tested[:] = is_tested
    slopes.slope[is_tested] = found[own]
    slopes.covariance[np.ix_(is_tested, is_tested)] = covariance[own, own]
    return slopes


def _effective_count(told: FloatArray, cluster: IntArray, clusters: int) -> FloatArray:
    """As how many clusters of equal weight those count that tell of a column, shape (columns,).

    The sandwich over a handful of them is far too sure of itself.
    """
    by_cluster = np.column_stack([np.bincount(cluster, column, clusters) for column in told.T])
    return ratio(by_cluster.sum(axis=0) ** 2, (by_cluster**2).sum(axis=0))
