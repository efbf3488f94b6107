"""Past years of won business by group and month.

Years are counted back from the end of the history, so that the last one is whole. A year is spread
over its months by the shares of all earlier years where they did better than a flat year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray, ratio
from optimization.errors import DataError
from optimization.frames import require_columns, require_numbers
from optimization.values.seasons import REVENUE_TYPES, YEAR_MONTHS

PSEUDO_DEALS = 24.0
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
        """Return the shares to spread a year by, flat where flat did no worse; shape (12, 2).

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

    def expected_months(self, year: int) -> FloatArray:
        """Spread what each group won in a year over its months by season; shape (G, 12).

        The season is that of all other years' rule (``season``): what the months of the year
        differ from it by is chance, and good and bad months.
        """
        won = self.amount[:, year].sum(axis=1)  # (G, 2)
        months: FloatArray = won @ self.season(year, self.year_count).T
        return months


def _parts(amounts: FloatArray) -> FloatArray:
    """Return each month's share of the year by type, flat where nothing was won; shape (12, 2)."""
    return ratio(amounts, amounts.sum(axis=0), 1 / YEAR_MONTHS)
