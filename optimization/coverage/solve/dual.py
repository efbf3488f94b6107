"""Prices first: the Lagrangian dual of a large coverage problem, smoothed and minimised.

For prices y on the coupling rows the problem falls apart by account. With net = value - uses . y
the bound is

    D(y) = sum over accounts of max over pairs of net + sum over rows of
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

from optimization.coverage.problem.constraints import FloatArray, PairProblem
from optimization.coverage.solve.kernels import smoothed_pass

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
        price: Price per unit of each row, in its box, shape (M,).
        bound: ``PairProblem.bound(price)``.
        passes: Passes over all pairs it took.
    """

    price: FloatArray
    bound: float
    passes: int


def find_prices(pairs: PairProblem, start: FloatArray | None = None) -> DualPrices:
    """Minimise the smoothed dual stage by stage.

    Args:
        pairs: The problem.
        start: Prices to start from, such as last night's, shape (M,); None starts cold.
    """
    rows = pairs.rows
    if rows.count == 0:
        return DualPrices(np.empty(0), pairs.bound(np.empty(0)), 0)
    spread = _spread(pairs)
    most = np.where(np.isinf(rows.slack_limit), rows.slack_price, np.inf)
    price = np.zeros(rows.count) if start is None else rows.in_box(start)
    best, best_bound, passes = price, pairs.bound(price), 1
    stages = STAGES if start is None else WARM_STAGES
    for stage in stages if len(pairs.value) < LARGE else stages[::2]:
        temperature = stage * spread
        step = _row_steps(pairs, price, temperature)

        def smoothed(
            scaled: FloatArray, temperature: FloatArray = temperature, step: FloatArray = step
        ) -> tuple[float, FloatArray]:
            worth, slope = _smoothed_dual(pairs, scaled * step, temperature)
            return worth, slope * step

        found = scipy.optimize.minimize(
            smoothed,
            price / step,
            jac=True,
            method="L-BFGS-B",
            bounds=scipy.optimize.Bounds(np.zeros(rows.count), most / step),
            options={"maxiter": STEPS_PER_STAGE, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-9},
        )
        price = rows.in_box(np.asarray(found.x, dtype=np.float64) * step)
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


def _smoothed_dual(
    pairs: PairProblem, price: FloatArray, temperature: FloatArray
) -> tuple[float, FloatArray]:
    """Value and gradient of the smoothed dual; a slack's own kink is smoothed alike."""
    rows = pairs.rows
    net = pairs.value + pairs.tie
    total, used, _ = smoothed_pass(pairs.first, net, rows.uses, price, temperature)
    capped = np.where(np.isfinite(rows.slack_limit), rows.slack_limit, 0.0)
    width = float(temperature.mean()) / np.maximum(capped, 1e-12)
    over = (price - rows.slack_price) / width
    kink = np.where(capped > 0, capped * width * np.logaddexp(0.0, over), 0.0)
    bend = np.where(capped > 0, capped * _sigmoid(over), 0.0)
    worth = total + float(price @ rows.limit) + float(kink.sum())
    return worth, rows.limit - used + bend


def _row_steps(pairs: PairProblem, price: FloatArray, temperature: FloatArray) -> FloatArray:
    """Scale of each row's price: 1 / sqrt(curvature), so that every row is as steep; (M,)."""
    rows = pairs.rows
    net = pairs.value + pairs.tie
    _, _, curvature = smoothed_pass(pairs.first, net, rows.uses, price, temperature)
    if not curvature.max() > 0.0:  # every account is sure of its pair
        return np.ones(rows.count)
    floor = 1e-6 * float(curvature.max())
    return np.asarray(1.0 / np.sqrt(np.maximum(curvature, floor)))


def _sigmoid(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))
