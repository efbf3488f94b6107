"""Between warehouse and quotas: read goals, books, people and money, and write what was decided.

cvxpy is imported by the optimiser, which is imported inside functions: definitions load without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_project.company.model import Company
from dagster_project.planning.coverage import write_plan
from dagster_project.planning.people import (
    comp_plans_by_role,
    money_inputs,
    open_heads,
    uncovered_accounts,
)
from dagster_project.planning.quota_tables import QUOTA_TABLES
from dagster_project.warehouse.duckdb_file import Warehouse
from optimization.policy import QuotaPolicy

if TYPE_CHECKING:
    import pandas as pd

    from optimization.quotas.context import QuotaContext
    from optimization.tables import QuotaPlan

_YEAR_MONTHS = 12


def quota_policy(company: Company) -> QuotaPolicy:
    """Translate the company file into the quota model's policy."""
    quotas = company.quotas
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
        seed=company.company.seed,
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


def quota_inputs(warehouse: Warehouse, company: Company) -> dict[str, Any]:
    """Read what quotas follow from, by the optimiser's argument names."""
    from optimization.quotas.open_heads import staff_open_heads

    calendar = warehouse.read("intermediate.int_company__plan_months")
    months = sorted(calendar.loc[calendar["is_open"], "month"])
    rep_months = warehouse.read("marts.rep_months")
    book, coverers, ramps = staff_open_heads(
        covered_book(
            warehouse.read("marts.coverage_accounts"),
            warehouse.read("plan.coverage_assignments"),
            warehouse.read("intermediate.int_accounts__potential"),
        ),
        warehouse.read("marts.coverage_coverers"),
        rep_months[rep_months["month"].isin(months)],
        uncovered_accounts(warehouse),
        open_heads(company, months),
        months,
    )
    return {
        "book": book,
        "seasonality": warehouse.read("marts.seasonality"),
        "sales_cycles": warehouse.read("marts.sales_cycles"),
        "rep_months": ramps,
        "goals": warehouse.read("marts.company_goals"),
        "groups": warehouse.read("marts.coverage_groups"),
        "coverers": coverers,
        "months": months,
    }


def quota_context(warehouse: Warehouse, company: Company, inputs: dict[str, Any]) -> QuotaContext:
    """Read what else a company may know: parts of goals, past quotas, history, people and pay."""
    import pandas as pd

    from optimization.quotas.context import QuotaContext
    from optimization.quotas.goals import parts_left
    from optimization.quotas.pipeline import OpenBusiness

    months = pd.DatetimeIndex(inputs["months"])
    agreed = warehouse.read("marts.agreed_quotas")
    agreed["month"] = pd.to_datetime(agreed["month"])
    year_ago = months - pd.DateOffset(years=1)
    last = agreed[agreed["month"].isin(year_ago)]
    is_under_way = len(months) < _YEAR_MONTHS
    keeps = is_under_way and company.quotas.mid_year == "keep"
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
            company.quotas.company_buffer_rate,
        ),
        last_quotas=last.groupby("rep_id")["amount"].sum().reset_index(),
        in_force=agreed[agreed["month"].isin(months)] if keeps else None,
        history=bookings.rename(columns={"amount": "won_amount"}),
        value_cv=float(warehouse.read("marts.deal_spread")["value_cv"].iloc[0]),
        comp_plans=comp_plans_by_role(company),
        money=money_inputs(warehouse, company, months),
        open_business=OpenBusiness(
            pipeline=warehouse.read("marts.account_pipeline"),
            lags=warehouse.read("marts.new_business_lags"),
            customer_seasons=warehouse.read("marts.customer_seasons"),
            year_starts=_year_starts(warehouse),
        ),
        hours_per_position=company.capacity.selling_hours_per_year * len(months) / _YEAR_MONTHS,
    )


def _year_starts(warehouse: Warehouse) -> pd.DataFrame:
    """Return the first month of customers' fiscal years where the CRM states it."""
    accounts = warehouse.read("staging.stg_crm__accounts")
    known = accounts[accounts["fiscal_year_start_month"].notna()]
    return known[["account_id", "fiscal_year_start_month"]].rename(
        columns={"fiscal_year_start_month": "year_starts_in"}
    )


def plan_quotas(warehouse: Warehouse, company: Company) -> QuotaPlan:
    """Split the company goal over groups, reps and months, and write it.

    Raises:
        optimization.errors.PlanningError: No quotas; nothing was written.
    """
    from optimization.plan_quotas import allocate_quotas

    inputs = quota_inputs(warehouse, company)
    context = quota_context(warehouse, company, inputs)
    plan = allocate_quotas(**inputs, policy=quota_policy(company), context=context)
    write_plan(warehouse, company, {table: getattr(plan, table) for table in QUOTA_TABLES})
    return plan


def quota_violations(warehouse: Warehouse, company: Company) -> list[str]:
    """Recompute every sum of targets and quotas from the tables as written."""
    from optimization.verify.quotas import verify_quotas

    inputs = quota_inputs(warehouse, company)
    context = quota_context(warehouse, company, inputs)
    return verify_quotas(
        warehouse.read("plan.group_targets"),
        warehouse.read("plan.quota_allocations"),
        warehouse.read("plan.company_targets"),
        goals=inputs["goals"],
        groups=inputs["groups"],
        coverers=inputs["coverers"],
        book=inputs["book"],
        months=inputs["months"],
        default_over_assignment_rate=quota_policy(company).default_over_assignment_rate,
        goal_parts=context.goal_parts,
        is_carried=context.in_force is not None and len(context.in_force) > 0,
    )
