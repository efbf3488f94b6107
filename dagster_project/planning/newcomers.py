"""Who could be hired: one full-time rep more in each group, ramping from the plan's first month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.company.model import Company
from dagster_project.planning.pay_bands import with_pay_bands
from dagster_project.planning.people import hire_ramp

if TYPE_CHECKING:
    from dagster_project.warehouse.duckdb_file import Warehouse
    from optimization.newcomers import Newcomers
    from optimization.values.tables import ValueTables

_YEAR_MONTHS = 12


def newcomers(tables: ValueTables, warehouse: Warehouse, company: Company) -> Newcomers:
    """Describe a newcomer for each group of reps.

    The role is its group's usual one; certificates are those that most of the group hold; the cost
    is on-target earnings of the role's pay plan over the planning horizon, or hours at
    ``capacity.cost_per_hour`` where it states none, and the usual one-off cost of a planned hire.
    No pay of a person enters.

    Args:
        tables: What values follow from.
        warehouse: Holds goals, groups and the plan's months.
        company: Hours, ramp and pay plans.
    """
    import pandas as pd

    from optimization.newcomers import Newcomers

    coverers = tables.coverage_coverers
    reps = coverers[coverers["coverer_type"] == "rep"].dropna(subset=["group_id"])
    months = pd.DatetimeIndex(pd.to_datetime(tables.value_months["month"])).sort_values()
    first = months[0].date()
    year = pd.date_range(first, periods=_YEAR_MONTHS, freq="MS")
    hours = company.capacity.selling_hours_per_year / _YEAR_MONTHS
    held = tables.held_certificates
    rows, certified = [], []
    for group, staff in reps.groupby("group_id"):
        name, role = f"newcomer {group}", staff["role"].mode().iloc[0]
        cost, source = _cost(role, company)
        rows.append(
            {
                "rep_id": name,
                "coverer_type": "rep",
                "group_id": group,
                "role": role,
                "capacity_hours": hours * sum(hire_ramp(first, year, company)),
                "max_accounts": company.capacity.max_accounts_per_rep,
                "newcomer_cost_amount": cost,
                "cost_source": source,
            }
        )
        count = held.loc[held["rep_id"].isin(staff["rep_id"]), "certification"].value_counts()
        certified += [(name, what) for what in sorted(count.index[count > len(staff) / 2])]
    known = warehouse.read("marts.plan_months")["month"]
    calendar = pd.DatetimeIndex(pd.to_datetime(known)).union(months)
    ramp = hire_ramp(first, calendar, company)
    ramps = [
        (row["rep_id"], month, rate)
        for row in rows
        for month, rate in zip(calendar, ramp, strict=True)
    ]
    of_months = pd.DataFrame(ramps, columns=["rep_id", "month", "ramp_rate"])
    table = pd.DataFrame(rows)
    if len(table):
        table = with_pay_bands(table, tables.coverage_accounts, of_months, warehouse, company)
    return Newcomers(table, of_months, pd.DataFrame(certified, columns=["rep_id", "certification"]))


def _cost(role: str, company: Company) -> tuple[float, str]:
    """Pay and one-off cost of one over the planning horizon, and the setting that the pay is of."""
    plans = {plan.role: plan.ote_amount for plan in company.comp_plans}
    pay, source = plans.get(role), "comp_plans.ote_amount"
    if pay is None:
        pay = company.capacity.cost_per_hour * company.capacity.selling_hours_per_year
        source = "capacity.cost_per_hour"
    once = [hire.hiring_cost_amount for hire in company.hires if hire.role == role]
    mean = sum(once) / len(once) if once else 0.0
    return pay * company.coverage.horizon_months / _YEAR_MONTHS + mean, source
