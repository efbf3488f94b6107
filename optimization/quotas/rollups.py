"""Quotas of managers and overlay roles: what the reps below them carry, shared among them.

The people of one role in one group together carry ``rollup_multiple`` x what the group's reps
carry, in equal parts; people without a group of reps carry the company's. One is the plain
roll-up; two lets two specialists each carry the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from optimization.arrays import IntArray
from optimization.quotas.cents import apportion, to_amounts
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.pay import CompPlan

ROLLUP_COLUMNS = [
    "rep_id",
    "role",
    "group_id",
    "credit_rate",
    "rolled_up_amount",
    "quota_amount",
]


def quota_rollups(
    inputs: QuotaInputs,
    people: pd.DataFrame | None,
    comp_plans: Mapping[str, CompPlan] | None,
    quotas: IntArray,
) -> pd.DataFrame:
    """Return one row per person with a pay plan and no accounts of its own.

    Args:
        inputs: Reps and their groups.
        people: rep_id, role, group_id (may be empty); None where nobody is known.
        comp_plans: By role.
        quotas: Rep quotas in cents, shape (R, M, 2).

    Returns:
        ROLLUP_COLUMNS: group_id is missing where the whole company is rolled up.
    """
    rows: list[dict[str, Any]] = []
    year = quotas.sum(axis=(1, 2))
    by_group = np.bincount(inputs.rep_group, weights=year, minlength=len(inputs.group_ids))
    totals = {name: int(total) for name, total in zip(inputs.group_ids, by_group, strict=True)}
    if people is not None:
        above = people[~people["rep_id"].isin(inputs.rep_ids)]
        scope = above["group_id"].where(above["group_id"].isin(list(totals)), None)
        for role, plan in sorted((comp_plans or {}).items()):
            of_role = above[above["role"] == role]
            for group, staff in of_role.groupby(scope[of_role.index].fillna("")):
                total = totals.get(str(group), int(year.sum()))
                carried = round(plan.rollup_multiple * total)
                ids = sorted(staff["rep_id"])
                for rep, cents in zip(ids, apportion(carried, np.ones(len(ids))), strict=True):
                    rate = plan.rollup_multiple / len(ids)
                    rows.append(
                        dict(
                            zip(
                                ROLLUP_COLUMNS,
                                (rep, role, group or None, rate, total / 100, int(cents)),
                                strict=True,
                            )
                        )
                    )
    frame = pd.DataFrame(rows, columns=ROLLUP_COLUMNS)
    frame["quota_amount"] = to_amounts(frame["quota_amount"].tolist())
    frame = frame.astype({"credit_rate": float, "rolled_up_amount": float})
    return frame.sort_values("rep_id", ignore_index=True)
