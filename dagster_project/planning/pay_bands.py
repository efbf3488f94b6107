"""What pay asks of a book: each rep's band of quota to on-target earnings, as potential.

Potential is what accounts are expected to book in a year, at last year's level; quotas are the
goal with its buffers. The one becomes the other by the ratio of their sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.company.model import Company

if TYPE_CHECKING:
    import pandas as pd

    from dagster_project.warehouse.duckdb_file import Warehouse

# What bands follow from, beside coverers and accounts.
PAY_MARTS = ("company_goals", "coverage_groups", "plan_months")


def with_pay_bands(
    coverers: pd.DataFrame,
    accounts: pd.DataFrame,
    rep_months: pd.DataFrame,
    warehouse: Warehouse,
    company: Company,
) -> pd.DataFrame:
    """Add ``lowest_potential`` and ``highest_potential``, empty where on-target earnings are not.

    end = the role's end of quota_ote_band x on-target earnings x mean ramp of the plan's months
    / (goal with the company's buffer x (1 + the group's buffer) / potential of all accounts).

    Args:
        coverers: Mart ``coverage_coverers``.
        accounts: Mart ``coverage_accounts``.
        rep_months: rep_id, month, ramp_rate of the coverers.
        warehouse: Holds goals, groups and the plan's months.
        company: Pay plans by role.
    """
    import numpy as np
    import pandas as pd

    plans = {plan.role: plan for plan in company.comp_plans if plan.ote_amount is not None}
    potential = float((accounts["new_amount"] + accounts["existing_amount"]).sum())
    goals, groups, calendar = (warehouse.read(f"marts.{name}") for name in PAY_MARTS)
    months = rep_months[rep_months["month"].isin(calendar["month"])]
    goal = float((goals["goal_amount"] + goals["buffer_amount"]).astype(float).sum())
    if not plans or potential <= 0 or goal <= 0:
        return coverers.assign(lowest_potential=np.nan, highest_potential=np.nan)
    buffers = groups.set_index("group_id")["over_assignment_rate"]
    buffer = coverers["group_id"].map(buffers).astype(float)
    able = coverers["rep_id"].map(months.groupby("rep_id")["ramp_rate"].mean()).astype(float)
    is_rep = coverers["coverer_type"] == "rep"
    pay = (
        coverers["role"].where(is_rep).map({role: plan.ote_amount for role, plan in plans.items()})
    )
    asked = pay.astype(float) * able / (1 + buffer) * potential / goal
    ends = {}
    for place, name in enumerate(("lowest_potential", "highest_potential")):
        factor = coverers["role"].map({r: plan.quota_ote_band[place] for r, plan in plans.items()})
        ends[name] = pd.to_numeric(asked * factor)
    return coverers.assign(**ends)
