"""How much may move by choice: budgets of the company, of groups and of reps.

A move by choice takes an account from an active owner who could keep it. Where a decision of a
person or a rule takes the account away, or its family is not yet together, the move is forced: it
is counted apart and no budget limits it. Moves by choice of earlier plans still count for the days
of the move budget.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverers import HOUSE
from optimization.policy import CoveragePolicy

COMPANY = pd.DataFrame({"rep_id": [None], "group_id": [None]}).astype("str")
MOVES, AMOUNT = "moves", "currency"


@dataclass(frozen=True, eq=False)
class MoveBudget:
    """What may move by choice, by entity: the company, a group, a rep; E entities.

    Attributes:
        rule: The same in every table.
        unit: What is counted: moves, or a year's potential in company currency.
        setting: Where the company file sets the rate; ``{}`` stands for the entity.
        labels: rep_id and group_id by entity, E rows.
        owner: Entity that an account is taken from, -1 for none; shape (A,).
        use: Units that moving the account takes, shape (A,).
        rate: Share of what the entity covers that may move, shape (E,).
        earlier: Units that earlier plans took, shape (E,).
    """

    rule: str
    unit: str
    setting: str
    labels: pd.DataFrame
    owner: IntArray
    use: FloatArray
    rate: FloatArray
    earlier: FloatArray

    @property
    def covered(self) -> FloatArray:
        """Units that the entity covers today, shape (E,)."""
        known = self.owner >= 0
        total = np.bincount(self.owner[known], self.use[known], minlength=len(self.rate))
        return total.astype(np.float64)

    @property
    def limit(self) -> FloatArray:
        """Units that may still move, whole moves; shape (E,)."""
        most = self.rate * self.covered
        if self.unit == MOVES:
            # 0.29 * 100 is 28.999999999999996: the nudge keeps the limit a reader would compute.
            most = np.floor(most + 1e-9)
        return np.maximum(most - self.earlier, 0.0)


def move_budgets(inputs: CoverageInputs, policy: CoveragePolicy) -> list[MoveBudget]:
    """Every budget that the policy sets, the company's first."""
    accounts, one = inputs.accounts, np.ones(len(inputs.accounts))
    of_company = np.where(inputs.has_present, 0, -1).astype(np.int64)
    earlier = accounts["recent_move_count"].to_numpy(dtype=np.float64)
    budgets = [
        MoveBudget(
            "moves", MOVES, "coverage.move_budget_rate", COMPANY, of_company, one,
            np.array([policy.move_budget_rate]), np.array([earlier.sum()]),
        )
    ]  # fmt: skip
    if policy.move_budget_amount_rate is not None:
        potential = inputs.potential
        budgets.append(
            MoveBudget(
                "moved_amount", AMOUNT, "coverage.move_budget_amount_rate", COMPANY, of_company,
                potential, np.array([policy.move_budget_amount_rate]),
                np.array([earlier @ potential]),
            )
        )  # fmt: skip
    if policy.group_move_rates:
        rates = dict(policy.group_move_rates)
        groups = pd.Index(sorted(rates))
        budgets.append(
            MoveBudget(
                "group_moves", MOVES, "groups: {}: move_budget_rate",
                pd.DataFrame({"rep_id": None, "group_id": groups}).astype("str"),
                groups.get_indexer(pd.Index(inputs.present_group)).astype(np.int64), one,
                np.array([rates[group] for group in groups]),
                _earlier(accounts["recent_move_group_ids"], groups),
            )
        )  # fmt: skip
    if policy.rep_move_rate is not None:
        owners = inputs.coverers[inputs.coverers["rep_id"] != HOUSE]
        reps = pd.Index(owners["rep_id"])
        budgets.append(
            MoveBudget(
                "rep_moves", MOVES, "coverage.rep_move_rate", owners,
                reps.get_indexer(pd.Index(accounts["present_rep_id"])).astype(np.int64), one,
                np.full(len(reps), policy.rep_move_rate),
                _earlier(accounts["recent_move_rep_ids"], reps),
            )
        )  # fmt: skip
    return budgets


def _earlier(lost_by: pd.Series[str], names: pd.Index) -> FloatArray:
    """Earlier moves by whom they took an account from; ``A | B`` for two of one account; (E,)."""
    each = lost_by.dropna().str.split(" | ", regex=False).explode()
    return np.asarray(each.value_counts().reindex(names).fillna(0.0), dtype=np.float64)
