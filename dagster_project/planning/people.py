"""People and pay as the quota plan reads them: comp plans, money, and planned hires."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from dagster_project.company.model import Company
from dagster_project.company.policy_tables import DEFAULT_COMMISSION_RATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from optimization.quotas.budget import MoneyInputs
    from optimization.quotas.open_heads import OpenHead
    from optimization.quotas.pay import CompPlan

_YEAR_MONTHS = 12


def comp_plans_by_role(company: Company) -> dict[str, CompPlan]:
    """Translate pay plans; a covering role without one earns the default rate."""
    from optimization.quotas.pay import CompPlan

    plans = {
        role: CompPlan(role, DEFAULT_COMMISSION_RATE) for role in company.capacity.covering_roles
    }
    for plan in company.comp_plans:
        is_open = plan.commission_rate is None and plan.ote_amount is None
        plans[plan.role] = CompPlan(
            role=plan.role,
            commission_rate=DEFAULT_COMMISSION_RATE if is_open else plan.commission_rate,
            is_individual=plan.rate == "own_quota",
            ote_amount=plan.ote_amount,
            variable_share=plan.variable_share,
            accelerators=tuple((s.from_attainment, s.rate_multiplier) for s in plan.accelerators),
            cap_attainment=plan.cap_attainment,
            quota_ote_band=plan.quota_ote_band,
            rollup_multiple=plan.rollup_multiple,
        )
    return plans


def money_inputs(
    tables: Mapping[str, pd.DataFrame], company: Company, months: pd.DatetimeIndex
) -> MoneyInputs:
    """Shape people, partners and budgets for the plan's months.

    Args:
        tables: quota_people, quota_accounts, coverage_assignments, shadow_prices.
        company: The company's settings.
        months: The plan's open months.
    """
    import pandas as pd

    from optimization.quotas.budget import Hire, MoneyInputs

    year_share = len(months) / _YEAR_MONTHS
    begin, end = months[0], months[-1] + pd.offsets.MonthEnd()
    accounts = tables["coverage_assignments"].merge(
        tables["quota_accounts"][["account_id", "margin_rate"]], on="account_id"
    )
    booked = accounts["new_amount"] + accounts["existing_amount"]
    accounts["booking_amount"] = booked
    accounts["contribution_amount"] = booked * accounts["margin_rate"]
    partner_share = {}
    for partner in company.partners:
        own = accounts["rep_id"] == partner.partner_id
        margin = accounts.loc[own, "contribution_amount"].sum() / max(booked[own].sum(), 1e-9)
        partner_share[partner.partner_id] = partner.margin_share * float(max(margin, 0.0))
    prices = tables["shadow_prices"]
    of_hours = prices[prices["rule"] == "hours"].groupby("group_id")["shadow_price_amount"].mean()
    return MoneyInputs(
        people=tables["quota_people"],
        comp_plans=comp_plans_by_role(company),
        budgets={
            group.group_id: group.budget_amount * year_share
            for group in company.groups
            if group.budget_amount is not None
        },
        accounts=accounts.loc[
            accounts["coverer_type"] == "rep",
            ["group_id", "hours", "booking_amount", "contribution_amount"],
        ],
        training={g.group_id: g.training_amount * year_share for g in company.groups},
        hires=tuple(
            Hire(
                group_id=hire.group_id,
                cost_amount=hire.base_pay_amount
                * _share_after(hire.start_on, begin, end, year_share)
                + hire.hiring_cost_amount * (begin.date() <= hire.start_on <= end.date()),
                hours=sum(hire_ramp(hire.start_on, months, company))
                * company.capacity.selling_hours_per_year
                / _YEAR_MONTHS,
                count=hire.count,
            )
            for hire in company.hires
        ),
        partner_share=partner_share,
        hour_price={str(group): float(price) for group, price in of_hours.items()},
        year_share=year_share,
        is_budget_binding=company.quotas.budget == "block",
    )


def _share_after(
    start: dt.date, begin: pd.Timestamp, end: pd.Timestamp, year_share: float
) -> float:
    """Return the share of a year that somebody who starts then is paid for within the plan."""
    days = (end.date() - max(start, begin.date())).days + 1
    return year_share * max(days, 0) / ((end - begin).days + 1)


def hire_ramp(start: dt.date, months: Iterable[pd.Timestamp], company: Company) -> list[float]:
    """Return the share of full productivity that a hire has in each of the plan's months."""
    capacity = company.capacity
    rates = []
    for month in months:
        tenure = (month.year - start.year) * _YEAR_MONTHS + month.month - start.month
        ramp = tenure / capacity.ramp_months if capacity.ramp_months else 1.0
        rate = min(1.0, capacity.ramp_start_rate + (1 - capacity.ramp_start_rate) * ramp)
        rates.append(rate if tenure >= 0 else 0.0)
    return rates


def open_heads(company: Company, months: Iterable[pd.Timestamp]) -> list[OpenHead]:
    """Return one open head for each planned hire that starts within the plan, first start first."""
    from optimization.quotas.open_heads import OpenHead

    heads: list[OpenHead] = []
    numbers: dict[str, int] = {}
    for hire in sorted(company.hires, key=lambda hire: hire.start_on):
        ramp = tuple(hire_ramp(hire.start_on, months, company))
        for _ in range(hire.count):
            numbers[hire.group_id] = numbers.get(hire.group_id, 0) + 1
            if any(ramp):
                heads.append(
                    OpenHead(
                        head_id=f"open head {hire.group_id} {numbers[hire.group_id]}",
                        group_id=hire.group_id,
                        role=hire.role,
                        hours_per_year=company.capacity.selling_hours_per_year,
                        ramp=ramp,
                    )
                )
    return heads


def uncovered_accounts(accounts: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """Return the accounts nobody covers, with the group that misses them: the owner of record's."""
    house = set(assignments.loc[assignments["coverer_type"] == "house", "account_id"])
    return accounts[accounts["account_id"].isin(house)].rename(
        columns={"owner_group_id": "group_id", "hours_per_year": "hours"}
    )[["account_id", "group_id", "hours", "new_amount", "existing_amount"]]
