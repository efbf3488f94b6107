"""Which period of a rep's quota carries a figure: a month, or only a quarter.

A month in which less than about a deal is expected is nothing to hold anybody to: whether it is
made is the chance of that deal. A rep's months carry a figure where, in its mean month,

    standard deviation by chance of single deals / mean = sqrt(months x variance) / mean <= limit

with variance and mean of all planned months together; else its quarters do. For n deals of one
value the ratio is 1 / sqrt(n) (Poisson), so a limit of 1 asks for a deal a month.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

MONTH, QUARTER = "month", "quarter"


def figure_periods(
    values: pd.DataFrame, rep_ids: tuple[str, ...], months: int, limit: float | None
) -> pd.DataFrame:
    """Finest period whose figure counts, by rep.

    Args:
        values: Table ``pair_month_values``.
        rep_ids: R reps.
        months: Number of planned months.
        limit: Largest such ratio of a month that carries a figure; None lets every month.

    Returns:
        R rows by rep_id; columns new, existing and all (both together), each month or quarter. A
        rep of whom nothing is expected has months: there is nothing to be unsure of.
    """
    parts = values.assign(variance=values["sd_amount"] ** 2)
    by_kind = parts.groupby(["rep_id", "revenue_type"])[["expected_amount", "variance"]].sum()
    whole = parts.assign(revenue_type="all")
    whole = whole.groupby(["rep_id", "revenue_type"])[["expected_amount", "variance"]].sum()
    sums = pd.concat([by_kind, whole])
    unsure = np.sqrt(months * sums["variance"]) > (limit or np.inf) * sums["expected_amount"]
    found = unsure.map({True: QUARTER, False: MONTH}).unstack("revenue_type")
    kinds = ["new", "existing", "all"]
    every = pd.DataFrame(found.reindex(index=list(rep_ids), columns=kinds))
    return every.astype(object).fillna(MONTH)
