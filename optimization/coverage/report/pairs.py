"""The weighed pairs as a table: what each is worth and what it uses of every rule."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.coverage.problem.units import CoverageProblem
from optimization.coverage.problem.validation import PART_COLUMNS

PAIR_COLUMNS = [
    "account_id",
    "rep_id",
    "unit_account_id",
    "is_present",
    "is_chosen_move",
    "is_open",
    "forbidden_reason",
    "present_group_id",
    "hours",
    "potential_amount",
    *PART_COLUMNS,
    "value_amount",
    "value_sd_amount",
    "strength_sd_amount",
    "new_amount",
    "existing_amount",
    "unserved_amount",
    "win_rate",
    "similarity",
    "strength_note",
]


def pair_rows(problem: CoverageProblem) -> pd.DataFrame:
    """Return the candidates, and with each what a reader needs to recompute the bound.

    Adds unit_account_id (the first account of those that are covered together), potential_amount
    (business a year whoever covers the account), is_chosen_move, present_group_id (group of the
    active owner) and is_open (neither a rule nor a lock closes the pair for any account of the
    unit).
    """
    inputs, accounts = problem.inputs, problem.inputs.accounts
    first = accounts.groupby(inputs.unit_of)["account_id"].min().to_numpy(dtype=object)
    whole = problem.unit_pair >= 0
    closed = np.append(problem.closed_count, 1)[problem.unit_pair] > 0
    table = inputs.candidates.assign(
        unit_account_id=first[inputs.unit_of[inputs.account_of]],
        potential_amount=inputs.potential[inputs.account_of],
        is_chosen_move=inputs.is_chosen_move,
        present_group_id=inputs.present_group[inputs.account_of],
        is_open=whole & ~closed,
    )
    # Who states pairs by hand need not state what only describes them.
    return table.reindex(columns=PAIR_COLUMNS)
