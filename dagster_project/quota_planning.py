"""Between warehouse and quotas: read goals, books, people and money, and write what was decided.

Belongs here: which table and which setting feeds which argument of the quota plan. Does not belong
here: coverage (``planning``), any decision (``optimization``) or asset definition (``defs``).
cvxpy is imported by the optimiser, which is imported inside functions: definitions load without it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from dagster_project.company import Company
from dagster_project.context import company
from dagster_project.planning import write_plan
from dagster_project.policy_tables import DEFAULT_COMMISSION_RATE
from dagster_project.warehouse import Warehouse
from optimization.policy import QuotaPolicy

if TYPE_CHECKING:
    import pandas as pd

    from optimization.quotas.budget import MoneyInputs
    from optimization.quotas.context import QuotaContext
    from optimization.quotas.pay import CompPlan
    from optimization.quotas.plan import QuotaPlan

QUOTA_TABLES = (
    "company_targets",
    "group_targets",
    "quota_allocations",
    "rep_quotas",
    "quota_transfers",
    "attainment_outlook",
    "buffer_advice",
    "outlook_calibration",
    "budget_check",
    "budget_cuts",
)
_YEAR_MONTHS = 12


def quota_policy(settings: Company) -> QuotaPolicy:
    """Translate the company file into the quota model's policy."""
    quotas = settings.quotas
    return QuotaPolicy(
        company_buffer_rate=quotas.company_buffer_rate,
        hardness_weight=quotas.hardness_weight,
        max_hardness_shift_rate=quotas.max_hardness_shift_rate,
        anti_ratchet_weight=quotas.anti_ratchet_weight,
        year_on_year_band=quotas.year_on_year_band,
        ote_weight=quotas.ote_weight,
        effort_response=quotas.effort_response,
        scenario_rates=quotas.scenario_rates,
        wanted_probability=quotas.wanted_probability,
        stacked_warning_rate=quotas.stacked_warning_rate,
        seed=settings.company.seed,
    )


def covered_book(
    accounts: pd.DataFrame, assignments: pd.DataFrame, deal_values: pd.DataFrame
) -> pd.DataFrame:
    """Join each account of the plan to its season's key (the industry) and its deals' value."""
    from optimization.quotas.inputs import BOOK_COLUMNS

    book = assignments.merge(
        accounts[["account_id", "industry"]], on="account_id", how="left", validate="one_to_one"
    ).merge(
        deal_values[["account_id", "new_value_per_win", "existing_value_per_win"]],
        on="account_id",
        how="left",
        validate="one_to_one",
    )
    return book.rename(
        columns={
            "industry": "season_key",
            "new_value_per_win": "new_deal_amount",
            "existing_value_per_win": "existing_deal_amount",
        }
    )[list(BOOK_COLUMNS)]


def quota_inputs(warehouse: Warehouse) -> dict[str, Any]:
    """Read what quotas follow from, by the optimiser's argument names."""
    months = warehouse.read("intermediate.int_company__plan_months")
    open_months = months[months["is_open"]]
    rep_months = warehouse.read("marts.rep_months")
    return {
        "book": covered_book(
            warehouse.read("marts.coverage_accounts"),
            warehouse.read("plan.coverage_assignments"),
            warehouse.read("intermediate.int_accounts__potential"),
        ),
        "seasonality": warehouse.read("marts.seasonality"),
        "sales_cycles": warehouse.read("marts.sales_cycles"),
        "rep_months": rep_months[rep_months["month"].isin(open_months["month"])],
        "goals": warehouse.read("marts.company_goals"),
        "groups": warehouse.read("marts.coverage_groups"),
        "coverers": warehouse.read("marts.coverage_coverers"),
        "months": sorted(open_months["month"]),
    }


def quota_context(warehouse: Warehouse, inputs: dict[str, Any]) -> QuotaContext:
    """Read what else a company may know: parts of goals, past quotas, history, people and pay."""
    import pandas as pd

    from optimization.quotas.context import QuotaContext
    from optimization.quotas.goals import parts_left

    settings = company()
    months = pd.DatetimeIndex(inputs["months"])
    agreed = warehouse.read("marts.agreed_quotas")
    agreed["month"] = pd.to_datetime(agreed["month"])
    year_ago = months - pd.DateOffset(years=1)
    last = agreed[agreed["month"].isin(year_ago)]
    is_under_way = len(months) < _YEAR_MONTHS
    keeps = is_under_way and settings.quotas.mid_year == "keep"
    bookings = warehouse.read("marts.group_bookings").rename(columns={"won_amount": "amount"})
    begun = months[-1] - pd.DateOffset(months=_YEAR_MONTHS - 1)
    past = pd.to_datetime(bookings["month"])
    covering = inputs["coverers"]
    return QuotaContext(
        goal_parts=parts_left(
            warehouse.read("raw.goal_parts"),
            bookings[(past >= begun) & (past < months[0])],
            inputs["goals"],
            sorted(set(covering.loc[covering["coverer_type"] != "house", "group_id"])),
            months,
            settings.quotas.company_buffer_rate,
        ),
        last_quotas=last.groupby("rep_id")["amount"].sum().reset_index(),
        in_force=agreed[agreed["month"].isin(months)] if keeps else None,
        history=bookings.rename(columns={"amount": "won_amount"}),
        value_cv=float(warehouse.read("marts.deal_spread")["value_cv"].iloc[0]),
        comp_plans=_comp_plans(settings),
        money=_money(warehouse, settings, months),
        hours_per_position=settings.capacity.selling_hours_per_year * len(months) / _YEAR_MONTHS,
    )


def _comp_plans(settings: Company) -> dict[str, CompPlan]:
    """Translate pay plans; a covering role without one earns the default rate."""
    from optimization.quotas.pay import CompPlan

    plans = {
        role: CompPlan(role, DEFAULT_COMMISSION_RATE) for role in settings.capacity.covering_roles
    }
    for plan in settings.comp_plans:
        is_open = plan.commission_rate is None and plan.ote_amount is None
        plans[plan.role] = CompPlan(
            role=plan.role,
            commission_rate=DEFAULT_COMMISSION_RATE if is_open else plan.commission_rate,
            ote_amount=plan.ote_amount,
            variable_share=plan.variable_share,
            accelerators=tuple((s.from_attainment, s.rate_multiplier) for s in plan.accelerators),
            cap_attainment=plan.cap_attainment,
            quota_ote_band=plan.quota_ote_band,
        )
    return plans


def _money(warehouse: Warehouse, settings: Company, months: pd.DatetimeIndex) -> MoneyInputs:
    """Read people, partners and budgets for the plan's months."""
    import pandas as pd

    from optimization.quotas.budget import Hire, MoneyInputs

    year_share = len(months) / _YEAR_MONTHS
    begin, end = months[0], months[-1] + pd.offsets.MonthEnd()
    employees = warehouse.read("staging.stg_hr__employees")
    hired = pd.to_datetime(employees["hired_on"]).fillna(begin)
    left = pd.to_datetime(employees["terminated_on"]).fillna(end)
    first, last = hired.mask(hired < begin, begin), left.mask(left > end, end)
    days = ((last - first).dt.days + 1).clip(lower=0)
    people = employees[["rep_id", "role", "group_id", "base_pay"]].assign(
        group_id=employees["group_id"].mask(employees["group_id"] == "(no group)"),
        paid_share=days / ((end - begin).days + 1),
        is_covering=employees["role"].isin(settings.capacity.covering_roles),
    )
    accounts = warehouse.read("plan.coverage_assignments").merge(
        warehouse.read("marts.coverage_accounts")[["account_id", "margin_rate"]], on="account_id"
    )
    booked = accounts["new_amount"] + accounts["existing_amount"]
    accounts["booking_amount"] = booked
    accounts["contribution_amount"] = booked * accounts["margin_rate"]
    partner_share = {}
    for partner in settings.partners:
        own = accounts["rep_id"] == partner.partner_id
        margin = accounts.loc[own, "contribution_amount"].sum() / max(booked[own].sum(), 1e-9)
        partner_share[partner.partner_id] = partner.margin_share * float(max(margin, 0.0))
    prices = warehouse.read("plan.shadow_prices")
    of_hours = prices[prices["rule"] == "hours"].groupby("group_id")["shadow_price_amount"].mean()
    return MoneyInputs(
        people=people[people["paid_share"] > 0],
        comp_plans=_comp_plans(settings),
        budgets={
            group.group_id: group.budget_amount * year_share
            for group in settings.groups
            if group.budget_amount is not None
        },
        accounts=accounts.loc[
            accounts["coverer_type"] == "rep",
            ["group_id", "hours", "booking_amount", "contribution_amount"],
        ],
        training={g.group_id: g.training_amount * year_share for g in settings.groups},
        hires=tuple(
            Hire(
                group_id=hire.group_id,
                cost_amount=hire.base_pay_amount
                * _share_after(hire.start_on, begin, end, year_share)
                + hire.hiring_cost_amount * (begin.date() <= hire.start_on <= end.date()),
                hours=_ramped_hours(hire.start_on, months, settings),
                count=hire.count,
            )
            for hire in settings.hires
        ),
        partner_share=partner_share,
        hour_price={str(group): float(price) for group, price in of_hours.items()},
        year_share=year_share,
        is_budget_binding=settings.quotas.budget == "block",
    )


def _share_after(
    start: dt.date, begin: pd.Timestamp, end: pd.Timestamp, year_share: float
) -> float:
    """Return the share of a year that somebody who starts then is paid for within the plan."""
    days = (end.date() - max(start, begin.date())).days + 1
    return year_share * max(days, 0) / ((end - begin).days + 1)


def _ramped_hours(start: dt.date, months: pd.DatetimeIndex, settings: Company) -> float:
    """Return the selling hours that a full-time hire brings in the plan's months."""
    capacity = settings.capacity
    hours = 0.0
    for month in months:
        tenure = (month.year - start.year) * _YEAR_MONTHS + month.month - start.month
        if tenure >= 0:
            ramp = tenure / capacity.ramp_months if capacity.ramp_months else 1.0
            rate = capacity.ramp_start_rate + (1 - capacity.ramp_start_rate) * ramp
            hours += capacity.selling_hours_per_year / _YEAR_MONTHS * min(1.0, rate)
    return hours


def plan_quotas(warehouse: Warehouse) -> QuotaPlan:
    """Split the company goal over groups, reps and months, and write it.

    Raises:
        optimization.errors.PlanningError: No quotas; nothing was written.
    """
    from optimization.quotas.plan import allocate_quotas

    inputs = quota_inputs(warehouse)
    context = quota_context(warehouse, inputs)
    plan = allocate_quotas(**inputs, policy=quota_policy(company()), context=context)
    write_plan(warehouse, {table: getattr(plan, table) for table in QUOTA_TABLES})
    return plan


def quota_violations(warehouse: Warehouse) -> list[str]:
    """Recompute every sum of targets and quotas from the tables as written."""
    from optimization.verify.quotas import verify_quotas

    inputs = quota_inputs(warehouse)
    context = quota_context(warehouse, inputs)
    return verify_quotas(
        warehouse.read("plan.group_targets"),
        warehouse.read("plan.quota_allocations"),
        warehouse.read("plan.company_targets"),
        goals=inputs["goals"],
        groups=inputs["groups"],
        coverers=inputs["coverers"],
        book=inputs["book"],
        months=inputs["months"],
        default_over_assignment_rate=quota_policy(company()).default_over_assignment_rate,
        goal_parts=context.goal_parts,
        is_carried=context.in_force is not None and len(context.in_force) > 0,
    )
