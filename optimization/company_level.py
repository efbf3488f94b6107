"""What the company is expected to win in the next twelve months: its level, from all its years.

One year's total is noisy, so all whole years count. The logarithm of a year's total is taken as a
level, a growth that is shrunk to what economies grow, a part that stays (a random walk), a part
that goes with the year (good and bad years), and what chance of single deals adds, which is known
from the deals. The sizes of the two parts are not known: each pair on a grid counts as much as it
explains the years, beside a prior of ``shared_shock_rate`` for both together (a Gaussian process
with its hyperparameters averaged over a grid; Rasmussen & Williams, Gaussian Processes for Machine
Learning, 2006, ch. 2 and 5). So the forecast holds its own error: of the level, of growth and of
the year to come.

A customer that brought a large part of any year, or bought a deal far beyond the usual, is set
apart: it is expected to bring what it has brought itself, shrunk by few deals, and neither lifts
nor lowers what others are expected to bring.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray, ratio
from optimization.frames import require_columns, require_numbers
from optimization.values.seasons import REVENUE_TYPES

LARGE_RATE = 0.10
OWN_YEARS = 3
# Deals after which a large account's own history counts as much as what its kind predicts.
OWN_DEALS = 2.0
# Prices and economies grow so much a year; companies differ from that by so much.
USUAL_GROWTH, GROWTH_SD = 0.03, 0.06
MOST_GROWN = 2.0
_GRID = np.array([0.01, 0.03, 0.06, 0.10, 0.15, 0.22, 0.32])
# Standard deviations of what stays and of what goes with the year, by pair.
_PAIRS = np.array(list(product(_GRID, _GRID)))
_YEAR_SD = np.sqrt((_PAIRS**2).sum(axis=1))
# Narrow steps of the grid hold less of the prior than wide ones.
_WIDTHS = np.outer(np.gradient(_GRID), np.gradient(_GRID)).ravel()
_FLAT = 100.0
YEAR_KEY = ["account_id", "year_back", "revenue_type"]
_SUMS = ["won_amount", "won_count", "won_square"]
YEAR_AMOUNTS = [*_SUMS, "largest_deal_amount"]
YEAR_COLUMNS = [*YEAR_KEY, *YEAR_AMOUNTS, "has_unusual_deal"]
LEVEL_COLUMNS = [
    "revenue_type",
    "level_amount",
    "last_year_amount",
    "year_count",
    "growth_rate",
    "error_rate",
    "sentence",
]
LARGE_COLUMNS = ["account_id", "own_amount", "own_weight", "share", "largest_deal_amount"]


@dataclass(frozen=True)
class Forecast:
    """A log-normal mixture over what a year may bring; J pairs of the grid.

    Attributes:
        amount: Its mean; 0 where nothing was won yet.
        log_mean: Mean of the logarithm by pair; shape (J,).
        log_sd: Its standard deviation by pair; shape (J,).
        year_sd: What of that is the year's own, whatever is known of the level; shape (J,).
        weight: Weight of each pair, sums to 1; shape (J,).
        growth_rate: Growth a year that is expected, in the mean.
    """

    amount: float
    log_mean: FloatArray
    log_sd: FloatArray
    year_sd: FloatArray
    weight: FloatArray
    growth_rate: float

    @property
    def error_rate(self) -> float:
        """Standard deviation of the logarithm over all pairs."""
        mean = float(self.weight @ self.log_mean)
        return float(np.sqrt(self.weight @ (self.log_sd**2 + (self.log_mean - mean) ** 2)))

    def factors(self, rng: np.random.Generator, draws: int) -> FloatArray:
        """Draw what a year brings over what is expected of it; shape (draws,), mean 1."""
        pair = rng.choice(len(self.weight), draws, p=self.weight)
        logs = self.log_mean[pair] + self.log_sd[pair] * rng.standard_normal(draws)
        mean = self.weight @ np.exp(self.log_mean + self.log_sd**2 / 2)
        factors: FloatArray = np.exp(logs) / mean
        return factors


@dataclass(frozen=True)
class Spread:
    """How far parts may lie off what they are part of: a mixture of log-normals of mean 1.

    Attributes:
        log_sd: Standard deviation of the logarithm by pair of the grid; shape (J,).
        weight: Weight of each pair, sums to 1; shape (J,).
    """

    log_sd: FloatArray
    weight: FloatArray

    @property
    def error_rate(self) -> float:
        """Standard deviation of the logarithm over all pairs."""
        return float(np.sqrt(self.weight @ self.log_sd**2))

    def factors(self, rng: np.random.Generator, draws: int, parts: int) -> FloatArray:
        """Draw factors, those of one draw from one pair; shape (draws, parts)."""
        sd = self.log_sd[rng.choice(len(self.weight), draws, p=self.weight)][:, None]
        factors: FloatArray = np.exp(sd * rng.standard_normal((draws, parts)) - sd**2 / 2)
        return factors


@dataclass(frozen=True)
class CompanyLevel:
    """What is expected of the company but for its large accounts, and of each of those.

    Attributes:
        others: Forecast of everybody else; None without any whole year.
        table: One row per revenue type, LEVEL_COLUMNS.
        large: One row per large account, LARGE_COLUMNS: what it brings a year by its own
            history, grown as the others have, the weight of that beside what its kind predicts,
            its share of the last year's bookings, and its largest deal.
    """

    others: Forecast
    table: pd.DataFrame
    large: pd.DataFrame


def company_level(account_years: pd.DataFrame, shared_shock_rate: float) -> CompanyLevel:
    """Estimate the level.

    Args:
        account_years: account_id, year_back (1: the last twelve months; whole years only, or the
            one there is), revenue_type, won_amount, won_count, won_square (sum of squared amounts),
            largest_deal_amount, has_unusual_deal (true where a deal is far beyond the company's
            usual).
        shared_shock_rate: What the year's two shared parts are thought to be before any year is
            seen, as standard deviation.

    Raises:
        DataError: A column is missing, a key doubled or an amount negative.
    """
    rows = require_columns(account_years, "account_years", YEAR_COLUMNS, YEAR_KEY)
    for column in YEAR_AMOUNTS:
        rows[column] = require_numbers(rows, "account_years", column, YEAR_KEY)
    years = int(rows["year_back"].max()) if len(rows) else 0
    by_year = _totals(rows, years)
    of_account = rows.pivot_table("won_amount", "account_id", "year_back", "sum", fill_value=0.0)
    of_account = of_account.reindex(columns=range(1, years + 1), fill_value=0.0)
    shares = of_account.div(np.where(by_year[0] > 0, by_year[0], np.inf), axis=1)
    is_large = shares.gt(LARGE_RATE).any(axis=1)
    is_large |= rows.groupby("account_id")["has_unusual_deal"].any().astype(bool)
    large_ids = shares.index[is_large]
    others = rows[~rows["account_id"].isin(large_ids)]
    totals, _, squares = _totals(others, years)
    forecast = forecast_year(totals, squares, shared_shock_rate)
    window = slice(0, OWN_YEARS)
    mean = totals[window].mean() if years else 0.0
    grown = np.clip(forecast.amount / mean, 1 / MOST_GROWN, MOST_GROWN) if mean > 0 else 1.0
    large = rows[rows["account_id"].isin(large_ids) & (rows["year_back"] <= OWN_YEARS)]
    deals = large.groupby("account_id")["won_count"].sum().reindex(large_ids).fillna(0.0)
    largest = rows.groupby("account_id")["largest_deal_amount"].max().reindex(large_ids)
    own = of_account.loc[large_ids].iloc[:, window].mean(axis=1)
    return CompanyLevel(
        others=forecast,
        table=_table(others, by_year, totals, forecast, years, len(large_ids)),
        large=pd.DataFrame(
            {
                "account_id": large_ids.astype(object),
                "own_amount": (own * grown).to_numpy(dtype=np.float64),
                "own_weight": (deals / (deals + OWN_DEALS)).to_numpy(dtype=np.float64),
                "share": shares.loc[large_ids].iloc[:, 0].to_numpy(dtype=np.float64)
                if years
                else np.zeros(0),
                "largest_deal_amount": largest.to_numpy(dtype=np.float64),
            },
            columns=LARGE_COLUMNS,
        ).sort_values("account_id", ignore_index=True),
    )


def forecast_year(totals: FloatArray, squares: FloatArray, shared_shock_rate: float) -> Forecast:
    """Forecast the next year from yearly totals, the last one first.

    Args:
        totals: Won amounts by year; shape (Y,). Years that won nothing are left out.
        squares: Sums of the squared amounts of their deals; shape (Y,).
        shared_shock_rate: Prior scale of the parts that stay and that go.
    """
    known = totals > 0
    if not known.any():
        none = np.zeros(1)
        unsure = none + shared_shock_rate
        return Forecast(0.0, none, unsure, unsure, none + 1.0, 0.0)
    chance = ratio(squares[known], totals[known] ** 2)
    usual = np.log1p(USUAL_GROWTH)
    found = _explain(np.log(totals[known]) + chance / 2, chance, np.flatnonzero(known) + 1, usual)
    weight = _weights(found.fit, shared_shock_rate)
    return Forecast(
        amount=float(weight @ np.exp(found.log_mean + found.log_sd**2 / 2)),
        log_mean=found.log_mean,
        log_sd=found.log_sd,
        year_sd=_YEAR_SD,
        weight=weight,
        growth_rate=float(np.expm1(usual + weight @ found.slope)),
    )


def group_spread(totals: FloatArray, squares: FloatArray, shared_shock_rate: float) -> Spread:
    """Estimate how far a group's year may lie off the company's, from its share in past years.

    Args:
        totals: Won amounts by group and year, the last one first; shape (G, Y).
        squares: Sums of the squared amounts of their deals; shape (G, Y).
        shared_shock_rate: Prior scale, as for the company.
    """
    company = totals.sum(axis=0)
    fits, variances = np.zeros(len(_PAIRS)), []
    for total, square in zip(totals, squares, strict=True):
        share = ratio(total, company)
        known = (share > 0) & (share < 1)
        if known.any():
            # A group is part of what it is measured against.
            chance = ratio(square[known], total[known] ** 2) * (1 - share[known]) ** 2
            found = _explain(np.log(share[known]), chance, np.flatnonzero(known) + 1, 0.0)
            fits += found.fit
            variances.append(found.log_sd**2)
    if not variances:
        return Spread(np.full(1, shared_shock_rate), np.ones(1))
    return Spread(np.sqrt(np.mean(variances, axis=0)), _weights(fits, shared_shock_rate))


@dataclass(frozen=True)
class _Explained:
    """One series under each pair of the grid: how well it fits, and the year to come; all (J,)."""

    fit: FloatArray
    log_mean: FloatArray
    log_sd: FloatArray
    slope: FloatArray


def _explain(
    log_total: FloatArray, chance: FloatArray, years_back: NDArray[np.intp], usual_growth: float
) -> _Explained:
    """Condition the year to come on past ones under each pair of the grid."""
    # Time from the oldest year on, the year to come last.
    time = np.append(years_back.max() - years_back, years_back.max()).astype(np.float64)
    centre = (log_total - usual_growth * time[:-1]).mean()
    seen = log_total - usual_growth * time[:-1] - centre
    growth = GROWTH_SD**2 * np.outer(time, time)
    walk = np.minimum.outer(time, time)
    fit, log_mean, log_sd, slope = (np.zeros(len(_PAIRS)) for _ in range(4))
    for place, (stays, goes) in enumerate(_PAIRS):
        kernel = _FLAT + growth + stays**2 * walk + goes**2 * np.eye(len(time))
        noisy = kernel[:-1, :-1] + np.diag(chance)
        weights = np.linalg.solve(noisy, kernel[:-1, -1])
        solved = np.linalg.solve(noisy, seen)
        fit[place] = -(seen @ solved + np.linalg.slogdet(noisy)[1]) / 2
        log_mean[place] = centre + usual_growth * time[-1] + weights @ seen
        log_sd[place] = np.sqrt(max(kernel[-1, -1] - weights @ kernel[:-1, -1], 1e-12))
        slope[place] = GROWTH_SD**2 * (time[:-1] @ solved)
    return _Explained(fit, log_mean, log_sd, slope)


def _weights(fit: FloatArray, shared_shock_rate: float) -> FloatArray:
    """Weigh each pair by how well it explains the years, beside the prior; sums to 1."""
    prior = np.exp(-(_PAIRS**2).sum(axis=1) / max(shared_shock_rate, 1e-3) ** 2)
    weight = np.exp(fit - fit.max()) * prior * _WIDTHS
    weights: FloatArray = weight / weight.sum()
    return weights


def _totals(rows: pd.DataFrame, years: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sums of amounts, counts and squares by year, the last one first; each of shape (years,)."""
    by_year = rows.groupby("year_back")[_SUMS].sum().reindex(range(1, years + 1)).fillna(0.0)
    amount, count, square = (by_year[name].to_numpy(dtype=np.float64) for name in _SUMS)
    return amount, count, square


def _table(
    others: pd.DataFrame,
    by_year: tuple[FloatArray, FloatArray, FloatArray],
    totals: FloatArray,
    forecast: Forecast,
    years: int,
    large_count: int,
) -> pd.DataFrame:
    """Split the level over revenue types as the last year was."""
    last = others[others["year_back"] == 1].groupby("revenue_type")["won_amount"].sum()
    by_type = last.reindex(list(REVENUE_TYPES)).fillna(0.0).to_numpy(dtype=np.float64)
    part = ratio(by_type, by_type.sum() * np.ones(len(by_type)))
    apart = f", {large_count} large accounts apart" if large_count else ""
    sentence = (
        f"Estimated from {years} whole years{apart}; {forecast.growth_rate:.1%} growth a year is "
        f"expected, and one year in three lies more than {forecast.error_rate:.0%} off."
    )
    return pd.DataFrame(
        {
            "revenue_type": list(REVENUE_TYPES),
            "level_amount": forecast.amount * part,
            "last_year_amount": by_type,
            "year_count": years,
            "growth_rate": forecast.growth_rate,
            "error_rate": forecast.error_rate,
            "sentence": sentence,
        },
        columns=LEVEL_COLUMNS,
    )
