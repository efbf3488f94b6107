"""How unsure bookings have been: shocks of groups and months estimated from history.

A month's variance is estimated as in a meta-analysis with random effects (DerSimonian & Laird,
1986): each squared relative error, less what chance of single deals explains, is an observation
of it, weighed by how exact it is, so that neither the largest group nor the noisiest decides.
"""

from __future__ import annotations

import numpy as np

from optimization.arrays import FloatArray, ratio
from optimization.company_level import Forecast, group_spread
from optimization.policy import QuotaPolicy
from optimization.quotas.history import History
from optimization.quotas.simulate import Shocks


class _Observations:
    """Observations of one shock's variance, each weighed by how exact it is."""

    def __init__(self, prior: float) -> None:
        self.prior = prior
        self.values: list[float] = []
        self.weights: list[float] = []

    def add(self, error: FloatArray, noise: FloatArray, forecast: FloatArray) -> None:
        """Add errors in amounts, the variance that chance explains, and what was forecast."""
        for off, chance, amount in zip(error.flat, noise.flat, forecast.flat, strict=True):
            if amount > 0:
                self.values.append((off**2 - chance) / amount**2)
                self.weights.append((1 / (chance / amount**2 + self.prior)) ** 2)

    def rate(self) -> float:
        """Return the standard deviation, 0 where nothing was observed."""
        if not self.weights:
            return 0.0
        # Errors smaller than chance leave no room for a shock.
        found = max(float(np.dot(self.values, self.weights)), 0.0)
        return float(np.sqrt(found / sum(self.weights)))


def estimate_shocks(
    history: History, company: Forecast, value_cv: float, policy: QuotaPolicy
) -> Shocks:
    """Estimate what moves many accounts together from past years.

    A group's year beside the company's, a good or bad month of the company, and of a group on top.

    Args:
        history: Whole past years.
        company: What the year may bring the company.
        value_cv: Passed on.
        policy: shared_shock_rate, the prior of a group's shock.
    """
    month, group_month = (_Observations(policy.shared_shock_rate**2) for _ in range(2))
    for year in range(1, history.year_count):
        plan = history.expected_months(year)
        known = plan.sum(axis=1) > 0
        plan, actual = plan[known], history.amount[known, year].sum(axis=2)
        # A month's chance by its share of the year: its own deals would make low months look exact.
        chance = _noise_of_months(history.square[known, year].sum(axis=2), plan)
        by_month = plan.sum(axis=0)
        month.add(actual.sum(axis=0) - by_month, chance.sum(axis=0), by_month)
        lift = ratio(actual.sum(axis=0), by_month, 1.0)
        if len(plan) > 1:
            group_month.add(actual - plan * lift, chance, plan)
    # The last year first.
    totals, squares = (part.sum(axis=(2, 3))[:, ::-1] for part in (history.amount, history.square))
    return Shocks(
        company=company,
        group=group_spread(totals, squares, policy.shared_shock_rate),
        month_rate=month.rate(),
        group_month_rate=group_month.rate(),
        value_cv=value_cv,
        evidence=f"The company's level, its growth of {company.growth_rate:.1%} a year and its "
        f"groups' shares are estimated from {history.year_count} whole years, beside the policy's "
        f"shared_shock_rate of {policy.shared_shock_rate:g}",
    )


def _noise_of_months(chance: FloatArray, plan: FloatArray) -> FloatArray:
    """Spread the variance that chance adds to a year over months as forecast; both (G, 12)."""
    spread: FloatArray = chance.sum(axis=1, keepdims=True) * plan / plan.sum(axis=1, keepdims=True)
    return spread
