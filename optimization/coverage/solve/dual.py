"""Prices first: the Lagrangian dual of a large coverage problem, smoothed and minimised.

For prices y of the constraints the problem falls apart by account. With net = value - uses . y
the bound is

    D(y) = sum over accounts of max over pairs of net + sum over constraints of
           y x limit + max(y - slack price, 0) x slack limit.

D is convex with kinks. Its maxima are smoothed, per account a at temperature T_a:

    max net  ->  T_a log sum exp(net / T_a)          (within T_a log(pairs) above the maximum)
    gradient  =  limit - sum over pairs of share x uses,   share = softmax(net / T_a)

T_a falls in stages relative to the account's own spread of values; each stage is a bounded
quasi-Newton run started where the last one stopped. Source: Nesterov (2005), Smooth minimization
of non-smooth functions, Mathematical Programming 103.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.optimize

from optimization.arrays import FloatArray
from optimization.coverage.problem.constraints import PairProblem

# Each stage twice: its second run is scaled anew by the curvature where the first one ended. A
# start above 0.1 overshoots the price of a small move budget (left 0.8 % on the table at 2 %).
STAGES = (0.1, 0.1, 0.03, 0.03, 0.01, 0.01, 0.003, 0.003, 0.001, 0.001)
WARM_STAGES = STAGES[4:]
STEPS_PER_STAGE = 60
# From here on a pass is long and the second run of a stage not worth it: 2e-5 of the bound.
LARGE = 500_000


@dataclass(frozen=True, eq=False)
class DualPrices:
    """Prices and the bound they prove.

    Attributes:
        price: Price per unit of each constraint, in its box, shape (M,).
        bound: ``PairProblem.bound(price)``.
        passes: Passes over all pairs it took.
    """

    price: FloatArray
    bound: float
    passes: int


def find_prices(
    pairs: PairProblem, start: FloatArray | None = None, stages: tuple[float, ...] | None = None
) -> DualPrices:
    """Minimise the smoothed dual stage by stage.

    Args:
        pairs: The problem.
        start: Prices to start from, such as last night's, shape (M,); None starts cold.
        stages: Temperatures in turn, relative to each account's spread of values; None goes from
            STAGES or WARM_STAGES to the end.
    """
    constraints = pairs.constraints
    if constraints.count == 0:
        return DualPrices(np.empty(0), pairs.bound(np.empty(0)), 0)
    spread = _spread(pairs)
    price = np.zeros(constraints.count) if start is None else constraints.in_box(start)
    best, best_bound, passes = price, pairs.bound(price), 1
    if stages is None:
        stages = STAGES if start is None else WARM_STAGES
        stages = stages if len(pairs.value) < LARGE else stages[::2]
    for stage in stages:
        smoothed = _SmoothedDual(pairs, stage * spread)
        step = smoothed.steps(price)
        found = scipy.optimize.minimize(
            smoothed.scaled,
            price / step,
            args=(step,),
            jac=True,
            method="L-BFGS-B",
            bounds=scipy.optimize.Bounds(
                np.zeros(constraints.count), constraints.most_price / step
            ),
            options={"maxiter": STEPS_PER_STAGE, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-9},
        )
        price = constraints.in_box(np.asarray(found.x, dtype=np.float64) * step)
        passes += int(found.nfev) + 2
        bound = pairs.bound(price)
        if bound < best_bound:
            best, best_bound = price, bound
    return DualPrices(best, best_bound, passes)


def _spread(pairs: PairProblem) -> FloatArray:
    """Spread of each account's values, at least a thousandth of the mean one, shape (A,)."""
    top = np.maximum.reduceat(pairs.value, pairs.first[:-1])
    mean = np.add.reduceat(pairs.value, pairs.first[:-1]) / np.diff(pairs.first)
    spread = top - mean
    return np.asarray(np.maximum(spread, max(1e-3 * float(spread.mean()), 1e-12)))


class _SmoothedDual:
    """The smoothed dual of a problem at a temperature per account, shape (A,).

    One pass over the pairs by whole arrays: no sum in it depends on a number of threads.
    """

    def __init__(self, pairs: PairProblem, temperature: FloatArray) -> None:
        self._constraints = pairs.constraints
        self._net = pairs.value + pairs.tie
        self._starts = pairs.first[:-1]
        self._counts = np.diff(pairs.first)
        self._temperature = temperature
        self._pair_temperature = np.repeat(temperature, self._counts)

    def scaled(self, price: FloatArray, step: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient at prices in steps, each of shape (M,)."""
        value, slope = self._value_and_slope(price * step)
        return value, slope * step

    def steps(self, price: FloatArray) -> FloatArray:
        """Step of each price: 1 / sqrt(curvature), so that all are as steep; shape (M,)."""
        share = self._shares(price)[1]
        bend = share * (1.0 - share) / self._pair_temperature
        squares = self._constraints.uses.copy()
        squares.data **= 2
        curvature = squares.T @ bend
        if not curvature.max() > 0.0:  # every account is sure of its pair
            return np.ones(self._constraints.count)
        floor = 1e-6 * float(curvature.max())
        return np.asarray(1.0 / np.sqrt(np.maximum(curvature, floor)))

    def _value_and_slope(self, price: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient; a slack's own kink is smoothed alike."""
        constraints = self._constraints
        total, share = self._shares(price)
        capped = np.where(np.isfinite(constraints.slack_limit), constraints.slack_limit, 0.0)
        width = float(self._temperature.mean()) / np.maximum(capped, 1e-12)
        over = (price - constraints.slack_price) / width
        kink = np.where(capped > 0, capped * width * np.logaddexp(0.0, over), 0.0)
        bend = np.where(capped > 0, capped * _sigmoid(over), 0.0)
        value = total + float(price @ constraints.limit) + float(kink.sum())
        return value, constraints.limit - constraints.uses.T @ share + bend

    def _shares(self, price: FloatArray) -> tuple[float, FloatArray]:
        """Sum over accounts of T log sum exp(net / T), and the share of each pair (N,)."""
        net = self._net - self._constraints.uses @ price
        top = np.maximum.reduceat(net, self._starts)
        net -= np.repeat(top, self._counts)  # never positive: no exponential overflows
        net /= self._pair_temperature
        share = np.exp(net, out=net)
        total = np.add.reduceat(share, self._starts)
        share /= np.repeat(total, self._counts)
        return float((top + self._temperature * np.log(total)).sum()), share


def _sigmoid(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))
