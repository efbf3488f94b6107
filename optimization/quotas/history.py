"""Past years of won business, and the forecast of one of them from the years before it.

Years are counted back from the end of the history, so that the last one is whole. A year is
forecast as the year before it (a group that began within it as if it had sold all year), grown by
the earlier years' mean growth (shrunk by one year without growth, because growth fades), spread
over months by the shares of all earlier years where they did better than a flat year.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import BoolArray, FloatArray, ratio
from optimization.errors import DataError
from optimization.frames import require_columns, require_numbers
from optimization.values.seasons import REVENUE_TYPES, YEAR_MONTHS

PSEUDO_DEALS = 24.0
MOST_GROWTH = 0.5
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
    amount: FloatArray
    count: FloatArray
    square: FloatArray

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

    def shares(self, year: int) -> FloatArray:
        """Return shares of the months in the years before one, shrunk to flat; shape (12, 2)."""
        won = self.amount[:, :year].sum(axis=(0, 1))
        deals = self.count[:, :year].sum(axis=(0, 1, 2))
        shares: FloatArray = (_parts(won) * deals + PSEUDO_DEALS / YEAR_MONTHS) / (
            deals + PSEUDO_DEALS
        )
        return shares

    def season(self, year: int, until: int) -> FloatArray:
        """Return the shares to forecast a year with, flat where flat did no worse; shape (12, 2).

        The test are the years before ``until``, each forecast from the years before it: the rule
        by which the plan's own seasons are chosen.
        """
        own, flat = np.zeros(2), np.zeros(2)
        for tested in range(1, until):
            actual = _parts(self.amount[:, tested].sum(axis=0))
            own += ((self.shares(tested) - actual) ** 2).sum(axis=0)
            flat += ((1 / YEAR_MONTHS - actual) ** 2).sum(axis=0)
        chosen: FloatArray = np.where(own < flat, self.shares(year), 1 / YEAR_MONTHS)
        return chosen

    def active_months(self, year: int) -> BoolArray:
        """Tell which months of a year lie after a group's first win ever; shape (G, 12)."""
        is_old = self.amount[:, :year].sum(axis=(1, 2, 3)) > 0
        has_won = np.cumsum(self.amount[:, year].sum(axis=2), axis=1) > 0
        active: BoolArray = has_won | is_old[:, None]
        return active

    def forecast(self, year: int, until: int | None = None) -> FloatArray:
        """Forecast a year's amounts from the years before it; shape (G, 12, 2).

        Args:
            year: The year.
            until: First year that must not be looked at to choose the season; default the year.
        """
        season = self.season(year, until or year)
        active = self.active_months(year - 1) @ season  # (G, 2)
        won = self.amount[:, year - 1].sum(axis=1)
        level = ratio(won, active)
        amount: FloatArray = (level * (1 + self.growth(year)))[:, None, :] * season[None]
        return amount

    def level_variance(self, year: int) -> FloatArray:
        """Return the squared relative error that chance leaves in a year's level; shape (G,)."""
        total = self.amount[:, year].sum(axis=(1, 2))
        square = self.square[:, year].sum(axis=(1, 2))
        return ratio(square, total**2)

    def growth(self, year: int) -> float:
        """Expect a year's growth over the year before it, from earlier years alone."""
        total = self.amount[:, :year].sum(axis=(0, 2, 3))
        grown = [later / earlier - 1 for earlier, later in pairwise(total) if earlier > 0]
        return float(np.clip(sum(grown) / (len(grown) + 1), -MOST_GROWTH, MOST_GROWTH))


def _parts(amounts: FloatArray) -> FloatArray:
    """Return each month's share of the year by type, flat where nothing was won; shape (12, 2)."""
    return ratio(amounts, amounts.sum(axis=0), 1 / YEAR_MONTHS)
