"""How unsure bookings have been: shocks estimated from history, and bands tested on it.

A shock's variance is estimated as in a meta-analysis with random effects (DerSimonian & Laird,
1986): each squared relative error, less what chance of single deals explains, is an observation
of it, weighed by how exact it is, so that neither the largest group nor the noisiest decides.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, ratio
from optimization.policy import QuotaPolicy
from optimization.quotas.history import History
from optimization.quotas.simulate import Shocks, compound_sums, shock_factors
from optimization.values.seasons import YEAR_MONTHS

PRIOR_YEARS = 2.0
BAND = (0.10, 0.90)
WANTED = (0.72, 0.88)
# By name: months it takes. Bands of longer periods test what months share.
PERIODS = {"month": 1, "quarter": 3, "year": YEAR_MONTHS}
COMPANY_ENTITY = "company"
CALIBRATION_COLUMNS = [
    "level",
    "entity_id",
    "period_type",
    "period_on",
    "forecast_amount",
    "low_amount",
    "high_amount",
    "actual_amount",
    "is_held",
    "is_young",
]
SUMMARY_COLUMNS = [
    "level",
    "period_type",
    "period_count",
    "held_count",
    "held_rate",
    "above_count",
    "below_count",
    "young_count",
    "band_verdict",
]


class _Observations:
    """Observations of one shock's variance, each weighed by how exact it is."""

    def __init__(self, prior: float) -> None:
        self.prior = prior
        self.values: list[float] = []
        self.weights: list[float] = []

    def add(
        self,
        error: FloatArray,
        noise: FloatArray,
        forecast: FloatArray,
    ) -> None:
        """Add errors in amounts, the variance that chance explains, and what was forecast."""
        for off, chance, amount in zip(error.flat, noise.flat, forecast.flat, strict=True):
            if amount > 0:
                self.values.append((off**2 - chance) / amount**2)
                self.weights.append((1 / (chance / amount**2 + self.prior)) ** 2)

    def rate(self, prior_count: float) -> float:
        """Return the standard deviation; the prior counts as so many of mean weight."""
        mean = float(np.mean(self.weights)) if self.weights else 1.0
        # Errors smaller than chance leave no room for a shock, and none below what the prior says.
        found = max(float(np.dot(self.values, self.weights)), 0.0)
        total = sum(self.weights) + prior_count * mean
        variance = (found + prior_count * mean * self.prior) / total if total else 0.0
        return float(np.sqrt(variance))


def estimate_shocks(history: History, until: int, value_cv: float, policy: QuotaPolicy) -> Shocks:
    """Estimate what moves many accounts together from errors of the years before ``until``.

    A good or bad year of the company, of a group on top, a good or bad month of the company, and
    of a group on top. The policy's shared_shock_rate counts as PRIOR_YEARS more years for the
    first two; months have no prior.

    Args:
        history: Whole past years.
        until: First year not to look at.
        value_cv: Passed on.
        policy: shared_shock_rate, the prior of the year's shocks.
    """
    prior = policy.shared_shock_rate**2
    company, group, month, group_month = (_Observations(prior) for _ in range(4))
    groups_seen = 0
    for year in range(1, until):
        plan = history.forecast(year, until).sum(axis=2)
        known = plan.sum(axis=1) > 0
        plan, actual = plan[known], history.amount[known, year].sum(axis=2)
        if not known.any():
            continue
        # What chance adds: of this year's deals, and of the year the level was taken from.
        chance = history.square[known, year].sum(axis=2)
        by_group = plan.sum(axis=1)
        before = history.level_variance(year - 1)[known] * by_group**2
        noise, won = chance.sum(axis=1) + before, actual.sum(axis=1)
        total = by_group.sum()
        company.add(np.array([won.sum() - total]), np.array([noise.sum()]), np.array([total]))
        lifted = by_group * won.sum() / total
        if len(lifted) > 1:
            # A group is part of what it is measured against.
            own = 1 - lifted / max(lifted.sum(), 1e-9)
            group.add(won - lifted, noise, lifted * own)
            groups_seen += len(lifted)
        # A month's chance by its share of the year: its own deals would make low months look exact.
        chance = _noise_of_months(chance, plan)
        plan = plan * ratio(won, by_group, 1.0)[:, None]
        by_month = plan.sum(axis=0)
        month.add(actual.sum(axis=0) - by_month, chance.sum(axis=0), by_month)
        lift = ratio(actual.sum(axis=0), by_month, 1.0)
        if len(plan) > 1:
            group_month.add(actual - plan * lift, chance, plan)
    years = len(company.values)
    each = PRIOR_YEARS * (groups_seen / years if groups_seen else 1.0)
    return Shocks(
        company_rate=company.rate(PRIOR_YEARS),
        group_rate=group.rate(each),
        month_rate=month.rate(0.0),
        group_month_rate=group_month.rate(0.0),
        company_observations=years + PRIOR_YEARS,
        group_observations=groups_seen + each,
        value_cv=value_cv,
        growth_rate=history.growth(until),
        evidence=f"{years} years forecast from those before them, beside the policy's "
        f"shared_shock_rate of {policy.shared_shock_rate:g}; growth of {history.growth(until):.1%} "
        "is expected as in those years",
    )


def calibrate(history: History, value_cv: float, policy: QuotaPolicy) -> pd.DataFrame:
    """Test 80 % bands on periods that the forecast had not seen.

    Every year from the third on is held out: forecast and shocks come from earlier years alone.

    Returns:
        One row per group (and the company) and month, quarter and year, CALIBRATION_COLUMNS.
    """
    rng = np.random.default_rng(policy.seed)
    frames = [pd.DataFrame(columns=CALIBRATION_COLUMNS)]
    for year in range(2, history.year_count):
        shocks = estimate_shocks(history, year, value_cv, policy)
        draws = _draw_year(rng, history, year, shocks, policy.simulation_count)
        actual = history.amount[:, year].sum(axis=2)
        plan = history.forecast(year).sum(axis=2)
        months = pd.DatetimeIndex(history.months[year].astype("datetime64[ns]")).as_unit("us")
        young = ~history.active_months(year - 1).all(axis=1)
        company = (plan.sum(axis=0)[None], draws.sum(axis=1)[:, None], actual.sum(axis=0)[None])
        for period, length in PERIODS.items():
            for level, entities, parts, is_young in (
                (COMPANY_ENTITY, (COMPANY_ENTITY,), company, np.zeros(1, dtype=bool)),
                ("group", history.group_ids, (plan, draws, actual), young),
            ):
                planned, drawn, won = (_in_periods(part, length) for part in parts)
                frame = _rows(level, entities, months[::length], planned, drawn, won)
                frame.insert(2, "period_type", period)
                frames.append(frame.assign(is_young=np.repeat(is_young, planned.shape[1])))
    filled = [frame for frame in frames if len(frame)]
    joined = pd.concat(filled, ignore_index=True) if filled else frames[0]
    key = ["level", "entity_id", "period_type", "period_on"]
    return joined.sort_values(key, ignore_index=True)


def calibration_summary(calibration: pd.DataFrame) -> pd.DataFrame:
    """Count how many held-out periods fell into their band, by level and length of period.

    Returns:
        SUMMARY_COLUMNS; the verdict compares the share with 72 to 88 %, and says where fewer than
        ten periods prove nothing.
    """
    rows = []
    for (level, period), part in calibration.groupby(["level", "period_type"], sort=True):
        held = int(part["is_held"].sum())
        rate = held / len(part)
        verdict = "too few to tell" if len(part) < 10 else "holds"
        if len(part) >= 10 and not WANTED[0] <= rate <= WANTED[1]:
            verdict = "too narrow" if rate < WANTED[0] else "too wide"
        above = int((part["actual_amount"] > part["high_amount"]).sum())
        rows.append(
            (level, period, len(part), held, rate, above, len(part) - held - above,
             int(part["is_young"].sum()), verdict)
        )  # fmt: skip
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def _noise_of_months(chance: FloatArray, plan: FloatArray) -> FloatArray:
    """Spread the variance that chance adds to a year over months as forecast; both (G, 12)."""
    spread: FloatArray = chance.sum(axis=1, keepdims=True) * plan / plan.sum(axis=1, keepdims=True)
    return spread


def _in_periods(months: FloatArray, length: int) -> FloatArray:
    """Sum the last axis in periods of so many months."""
    sums: FloatArray = months.reshape(*months.shape[:-1], -1, length).sum(axis=-1)
    return sums


def _draw_year(
    rng: np.random.Generator, history: History, year: int, shocks: Shocks, draws: int
) -> FloatArray:
    """Draw a year's months by group as they looked from its start; shape (draws, G, 12)."""
    mean = history.forecast(year)
    groups = len(history.group_ids)
    level = history.amount[:, year - 1].sum(axis=1)  # (G, 2)
    scale = ratio(mean, level[:, None, :])
    count = history.count[:, year - 1].sum(axis=1)[:, None, :] * scale
    # Squares of past amounts hold the values' own spread already.
    square = history.square[:, year - 1].sum(axis=1)[:, None, :] * scale
    forecast, deals, squares = (part.sum(axis=2).ravel() for part in (mean, count, square))
    certain = np.zeros(groups * YEAR_MONTHS)
    sums = compound_sums(rng, forecast, deals, squares, certain, draws, value_cv=0.0)
    sums = sums.reshape(draws, groups, YEAR_MONTHS)
    company = shock_factors(rng, shocks.company_rate, (draws, 1), shocks.company_observations)
    group = shock_factors(rng, shocks.group_rate, (draws, groups), shocks.group_observations)
    sums *= (company * group)[:, :, None]
    sums *= shock_factors(rng, shocks.month_rate, (draws, 1, YEAR_MONTHS))
    sums *= shock_factors(rng, shocks.group_month_rate, (draws, groups, YEAR_MONTHS))
    for place, unsure in enumerate(np.sqrt(history.level_variance(year - 1))):
        sums[:, place] *= shock_factors(rng, float(unsure), (draws, 1))
    return sums


def _rows(
    level: str,
    entities: tuple[str, ...],
    starts: pd.DatetimeIndex,
    plan: FloatArray,
    draws: FloatArray,
    actual: FloatArray,
) -> pd.DataFrame:
    low, high = np.quantile(draws, BAND, axis=0)
    count = len(starts)
    return pd.DataFrame(
        {
            "level": level,
            "entity_id": np.repeat(entities, count),
            "period_on": np.tile(starts, len(entities)),
            "forecast_amount": np.round(plan.ravel(), 2),
            "low_amount": np.round(low.ravel(), 2),
            "high_amount": np.round(high.ravel(), 2),
            "actual_amount": np.round(actual.ravel(), 2),
            "is_held": ((low <= actual) & (actual <= high)).ravel(),
        }
    )
