"""What every coverer carries before and under the plan: accounts, hours, value, potential."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.arrays import IntArray
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.problem.rules import balance_targets

LOAD_COLUMNS = [
    "rep_id",
    "coverer_type",
    "group_id",
    "capacity_hours",
    "accounts_before",
    "accounts_after",
    "hours_before",
    "hours_after",
    "value_before_amount",
    "value_after_amount",
    "potential_share_amount",
    "potential_before_amount",
    "potential_after_amount",
]


def rep_loads(inputs: CoverageInputs, chosen: IntArray) -> pd.DataFrame:
    """One row per coverer, sorted by rep_id; the house stands for what nobody covers.

    Args:
        inputs: The problem.
        chosen: Candidate row per account, shape (A,).
    """
    potential, share = balance_targets(inputs)
    parts = {
        "accounts_{}": np.ones(len(inputs.candidates)),
        "hours_{}": inputs.hours,
        "value_{}_amount": inputs.value,
        "potential_{}_amount": potential[inputs.account_of],
    }
    size = len(inputs.coverers)
    sums = {
        name.format(when): np.bincount(inputs.coverer_of[rows], part[rows], minlength=size)
        for name, part in parts.items()
        for when, rows in (("before", inputs.as_is_rows), ("after", chosen))
    }
    limit = np.where(np.isfinite(inputs.capacity_hours), inputs.capacity_hours, np.nan)
    table = inputs.coverers[["rep_id", "coverer_type", "group_id"]].assign(
        capacity_hours=limit, potential_share_amount=share, **sums
    )
    table = table.astype({"accounts_before": "int64", "accounts_after": "int64"})
    return table[LOAD_COLUMNS].sort_values("rep_id", ignore_index=True)
