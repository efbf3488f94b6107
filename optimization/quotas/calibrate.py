"""How unsure bookings have been: shocks estimated from history, and bands tested on it.

Belongs here: walking through past years, forecasting each from the years before it alone, and
what the errors say. Does not belong here: forecasting the plan (``outlook``).

Years are counted back from the end of the history, so that the last one is whole. A year is
forecast as the year before it, grown by the earlier years' mean growth (shrunk by one year
without growth, because growth fades), spread over months by the shares of all earlier years
(shrunk to a flat year by 24 pseudo-deals): the rule the plan's outlook itself goes by.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.errors import DataError
from optimization.policy import QuotaPolicy
from optimization.quotas.frames import require_columns, require_numbers
from optimization.quotas.seasons import REVENUE_TYPES, YEAR_MONTHS
from optimization.quotas.simulate import Shocks, compound_sums, shock_factors

PSEUDO_DEALS = 24.0
PRIOR_YEARS = 2.0
MOST_GROWTH = 0.5
BAND = (0.10, 0.90)
COMPANY_ENTITY = "company"
CALIBRATION_COLUMNS = [
    "level",
    "entity_id",
    "month",
    "forecast_amount",
    "low_amount",
    "high_amount",
    "actual_amount",
    "is_held",
]
HISTORY_KEY = ["group_id", "month", "revenue_type"]
HISTORY_AMOUNTS = ["won_amount", "won_count", "won_square"]


@dataclass(frozen=True)
class History:
    """Whole past years; G groups, Y years (oldest first), 12 months, 2 revenue types.

    Attributes:
        group_ids: Names, sorted; length G.
        months: First day of each month; shape (Y, 12).
        amount: Won amounts; shape (G, Y, 12, 2).
        count: Numbers of won deals; shape (G, Y, 12, 2).
        square: Sums of squared won amounts; shape (G, Y, 12, 2).
    """

    group_ids: tuple[str, ...]
    months: NDArray[np.datetime64]
    amount: NDArray[np.float64]
    count: NDArray[np.float64]
    square: NDArray[np.float64]

    @classmethod
    def from_frame(cls, history: pd.DataFrame) -> History:
        """Read group_id, month, revenue_type, won_amount, won_count, won_square.

        The first months that do not fill a year are left out; a missing month won nothing.

        Raises:
            DataError: A column is missing, a key doubled, a type unknown or an amount negative.
        """
        rows = require_columns(history, "history", [*HISTORY_KEY, *HISTORY_AMOUNTS], HISTORY_KEY)
        for column in HISTORY_AMOUNTS:
            rows[column] = require_numbers(rows, "history", column, HISTORY_KEY)
        unknown = sorted(set(rows["revenue_type"]) - set(REVENUE_TYPES))
        if unknown:
            raise DataError("history has unknown revenue types", unknown, "Use new or existing.")
        rows["month"] = pd.to_datetime(rows["month"]).dt.to_period("M")
        groups = sorted(set(rows["group_id"]))
        if rows.empty:
            empty = np.zeros((0, 0, YEAR_MONTHS, 2))
            return cls((), np.zeros((0, YEAR_MONTHS), "datetime64[M]"), empty, empty, empty)
        last, first = rows["month"].max(), rows["month"].min()
        years = ((last - first).n + 1) // YEAR_MONTHS
        calendar = pd.period_range(end=last, periods=years * YEAR_MONTHS, freq="M")
        cells = pd.MultiIndex.from_product([groups, calendar, REVENUE_TYPES], names=HISTORY_KEY)
        wide = rows.set_index(HISTORY_KEY).reindex(cells).fillna(0.0)
        shape = (len(groups), years, YEAR_MONTHS, len(REVENUE_TYPES))
        amount, count, square = (
            wide[column].to_numpy(dtype=np.float64).reshape(shape) for column in HISTORY_AMOUNTS
        )
        starts = calendar.to_timestamp().to_numpy().astype("datetime64[M]")
        return cls(tuple(groups), starts.reshape(-1, YEAR_MONTHS), amount, count, square)

    @property
    def year_count(self) -> int:
        """Number of whole years."""
        return int(self.amount.shape[1])

    def forecast(self, year: int) -> NDArray[np.float64]:
        """Forecast a year's amounts from the years before it; shape (G, 12, 2)."""
        won = self.amount[:, :year].sum(axis=(0, 1))
        deals = self.count[:, :year].sum(axis=(0, 1, 2))
        total = won.sum(axis=0)
        share = np.divide(won, total, out=np.full(won.shape, 1 / YEAR_MONTHS), where=total > 0)
        share = (share * deals + PSEUDO_DEALS / YEAR_MONTHS) / (deals + PSEUDO_DEALS)
        level = self.amount[:, year - 1].sum(axis=1) * (1 + self.growth(year))
        forecast: NDArray[np.float64] = level[:, None, :] * share[None]
        return forecast

    def growth(self, year: int) -> float:
        """Expect a year's growth over the year before it, from earlier years alone."""
        total = self.amount[:, :year].sum(axis=(0, 2, 3))
        grown = [later / earlier - 1 for earlier, later in pairwise(total) if earlier > 0]
        return float(np.clip(sum(grown) / (len(grown) + 1), -MOST_GROWTH, MOST_GROWTH))


def estimate_shocks(history: History, until: int, value_cv: float, policy: QuotaPolicy) -> Shocks:
    """Estimate what moves many accounts together from errors of the years before ``until``.

    A squared relative error, less what chance of single deals explains, is one sight of a
    shock's variance; the policy's shared_shock_rate counts as PRIOR_YEARS more of them.

    Args:
        history: Whole past years.
        until: First year not to look at.
        value_cv: Passed on.
        policy: shared_shock_rate, the prior of the year's shocks.
    """
    prior = policy.shared_shock_rate**2
    company, group, month = [], [], []
    for year in range(1, until):
        plan = history.forecast(year).sum(axis=2)
        actual = history.amount[:, year].sum(axis=2)
        # What chance adds: of this year's deals, and of the year the level was taken from.
        chance = history.square[:, year].sum(axis=2)
        before = history.square[:, year - 1].sum(axis=(1, 2))
        by_group, total = plan.sum(axis=1), plan.sum()
        if total <= 0:
            continue
        noise = chance.sum(axis=1) + before
        company.append(((actual.sum() - total) ** 2 - noise.sum()) / total**2)
        lift = actual.sum() / total
        sized = by_group > 0
        left = (actual.sum(axis=1) - by_group * lift) ** 2 - noise
        group.append(left[sized].sum() / (by_group[sized] ** 2).sum())
        own = np.divide(actual.sum(axis=1), by_group, out=np.zeros_like(by_group), where=sized)
        month_left = (actual - plan * own[:, None]) ** 2 - chance
        month.append(month_left.sum() / (plan**2).sum())
    seen = len(company)
    return Shocks(
        company_rate=_pooled(company, prior),
        group_rate=_pooled(group, prior),
        month_rate=_pooled(month, 0.0),
        value_cv=value_cv,
        growth_rate=history.growth(until),
        evidence=f"{seen} years forecast from those before them, beside the policy's "
        f"shared_shock_rate of {policy.shared_shock_rate:g}; growth of {history.growth(until):.1%} "
        "is expected as in those years",
    )


def _pooled(sights: list[float], prior: float) -> float:
    pooled = (sum(sights) + PRIOR_YEARS * prior) / (len(sights) + PRIOR_YEARS)
    return float(np.sqrt(max(pooled, 0.0)))


def calibrate(history: History, value_cv: float, policy: QuotaPolicy) -> pd.DataFrame:
    """Test 80 % bands on months that the forecast had not seen.

    Every year from the third on is held out: forecast and shocks come from earlier years alone.

    Returns:
        One row per group and month, and per month of the company, with CALIBRATION_COLUMNS.
    """
    rng = np.random.default_rng(policy.seed)
    frames = [pd.DataFrame(columns=CALIBRATION_COLUMNS)]
    for year in range(2, history.year_count):
        shocks = estimate_shocks(history, year, value_cv, policy)
        draws = _draw_year(rng, history, year, shocks, policy.simulation_count)
        actual = history.amount[:, year].sum(axis=2)
        plan = history.forecast(year).sum(axis=2)
        months = pd.DatetimeIndex(history.months[year].astype("datetime64[ns]")).as_unit("us")
        frames.append(
            _rows(COMPANY_ENTITY, (COMPANY_ENTITY,), months, plan.sum(0)[None],
                  draws.sum(axis=1)[:, None], actual.sum(0)[None])
        )  # fmt: skip
        frames.append(_rows("group", history.group_ids, months, plan, draws, actual))
    filled = [frame for frame in frames if len(frame)]
    joined = pd.concat(filled, ignore_index=True) if filled else frames[0]
    return joined.sort_values(["level", "entity_id", "month"], ignore_index=True)


def _draw_year(
    rng: np.random.Generator, history: History, year: int, shocks: Shocks, draws: int
) -> NDArray[np.float64]:
    """Draw a year's months by group as they looked from its start; shape (draws, G, 12)."""
    mean = history.forecast(year)
    groups = len(history.group_ids)
    level = history.amount[:, year - 1].sum(axis=1)  # (G, 2)
    scale = np.divide(mean, level[:, None, :], out=np.zeros_like(mean), where=level[:, None, :] > 0)
    count = history.count[:, year - 1].sum(axis=1)[:, None, :] * scale
    # Squares of past amounts hold the values' own spread already.
    square = history.square[:, year - 1].sum(axis=1)[:, None, :] * scale
    total = level.sum(axis=1)
    unsure = np.divide(
        np.sqrt(history.square[:, year - 1].sum(axis=(1, 2))),
        total, out=np.zeros_like(total), where=total > 0,
    )  # fmt: skip
    forecast, deals, squares = (part.sum(axis=2).ravel() for part in (mean, count, square))
    certain = np.zeros(groups * YEAR_MONTHS)
    sums = compound_sums(rng, forecast, deals, squares, certain, draws, value_cv=0.0)
    sums = sums.reshape(draws, groups, YEAR_MONTHS)
    sums *= shock_factors(rng, shocks.company_rate, (draws, 1, 1))
    sums *= shock_factors(rng, shocks.group_rate, (draws, groups, 1))
    sums *= shock_factors(rng, shocks.month_rate, (draws, groups, YEAR_MONTHS))
    for group in range(groups):
        sums[:, group] *= shock_factors(rng, float(unsure[group]), (draws, 1))
    return sums


def _rows(
    level: str,
    entities: tuple[str, ...],
    months: pd.DatetimeIndex,
    plan: NDArray[np.float64],
    draws: NDArray[np.float64],
    actual: NDArray[np.float64],
) -> pd.DataFrame:
    low, high = np.quantile(draws, BAND, axis=0)
    count = len(months)
    return pd.DataFrame(
        {
            "level": level,
            "entity_id": np.repeat(entities, count),
            "month": np.tile(months, len(entities)),
            "forecast_amount": np.round(plan.ravel(), 2),
            "low_amount": np.round(low.ravel(), 2),
            "high_amount": np.round(high.ravel(), 2),
            "actual_amount": np.round(actual.ravel(), 2),
            "is_held": ((low <= actual) & (actual <= high)).ravel(),
        },
        columns=CALIBRATION_COLUMNS,
    )
