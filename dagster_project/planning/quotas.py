"""Between warehouse and quotas: read goals, books, people and money, and write what was decided.

cvxpy is imported by the optimiser, which is imported inside functions: definitions load without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dagster_project.backtest.tables import keep_backtest
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

# What quotas follow from: marts, and tables of the coverage plan.
QUOTA_MARTS = (
    "account_pipeline",
    "account_years",
    "agreed_quotas",
    "company_goals",
    "coverage_coverers",
    "coverage_groups",
    "customer_seasons",
    "deal_spread",
    "goal_parts",
    "group_bookings",
    "new_business_lags",
    "plan_months",
    "quota_accounts",
    "quota_people",
    "rep_months",
    "sales_cycles",
    "seasonality",
)
QUOTA_PLANS = ("coverage_assignments", "shadow_prices")
LAST_BACKTEST = "plan_backtest_summary"
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
        first_year_multiple=quotas.first_year_multiple,
        month_figure_cv=quotas.month_figure_cv,
        ote_weight=quotas.ote_weight,
        effort_response=quotas.effort_response,
        scenario_rates=quotas.scenario_rates,
        wanted_probability=quotas.wanted_probability,
        stacked_warning_rate=quotas.stacked_warning_rate,
        seed=company.company.seed,
    )


def covered_book(accounts: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """Join each account of the plan to its season's key and its deals' value."""
    from optimization.quotas.inputs import BOOK_COLUMNS

    known = accounts[["account_id", "season_key", "new_deal_amount", "existing_deal_amount"]]
    book = assignments.merge(known, on="account_id", how="left", validate="one_to_one")
    # Who takes a vacant account over is as new to it as who takes it from an owner.
    book["is_moved"] = (book["rep_id"] != book["present_rep_id"]).fillna(True).astype(bool)
    return book[list(BOOK_COLUMNS)]


def read_tables(warehouse: Warehouse) -> dict[str, pd.DataFrame]:
    """Read every table that quotas follow from, by name."""
    return {
        **{name: warehouse.read(f"marts.{name}") for name in QUOTA_MARTS},
        **{name: warehouse.read(f"plan.{name}") for name in QUOTA_PLANS},
        LAST_BACKTEST: warehouse.read(f"backtest.{LAST_BACKTEST}"),
    }


def quota_inputs(tables: Mapping[str, pd.DataFrame], company: Company) -> dict[str, Any]:
    """Shape what quotas follow from, by the optimiser's argument names.

    Args:
        tables: Those of :func:`read_tables`.
        company: The company's settings.
    """
    from optimization.quotas.open_heads import staff_open_heads

    calendar, rep_months = tables["plan_months"], tables["rep_months"]
    months = sorted(calendar.loc[calendar["is_open"], "month"])
    book, coverers, ramps = staff_open_heads(
        covered_book(tables["quota_accounts"], tables["coverage_assignments"]),
        tables["coverage_coverers"],
        rep_months[rep_months["month"].isin(months)],
        uncovered_accounts(tables["quota_accounts"], tables["coverage_assignments"]),
        open_heads(company, months),
        months,
    )
    return {
        "book": book,
        "seasonality": tables["seasonality"],
        "sales_cycles": tables["sales_cycles"],
        "rep_months": ramps,
        "goals": tables["company_goals"],
        "groups": tables["coverage_groups"],
        "coverers": coverers,
        "months": months,
    }


def context_of_past(tables: Mapping[str, pd.DataFrame]) -> QuotaContext:
    """Shape what past deals and those open now say, whatever the goal and the people."""
    from optimization.quotas.context import QuotaContext
    from optimization.values.pipeline import OpenBusiness

    starts = tables["quota_accounts"][["account_id", "year_starts_in"]]
    return QuotaContext(
        history=tables["group_bookings"],
        account_years=tables["account_years"],
        value_cv=float(tables["deal_spread"]["value_cv"].iloc[0]),
        open_business=OpenBusiness(
            pipeline=tables["account_pipeline"],
            lags=tables["new_business_lags"],
            customer_seasons=tables["customer_seasons"],
            year_starts=starts[starts["year_starts_in"].notna()],
        ),
    )


def quota_context(
    tables: Mapping[str, pd.DataFrame], company: Company, inputs: dict[str, Any]
) -> QuotaContext:
    """Shape what else a company may know: parts of goals, past quotas, history, people and pay."""
    import pandas as pd

    from optimization.quotas.goals import parts_left

    months = pd.DatetimeIndex(inputs["months"])
    agreed = tables["agreed_quotas"].assign(month=lambda quotas: pd.to_datetime(quotas["month"]))
    year_ago = months - pd.DateOffset(years=1)
    last = agreed[agreed["month"].isin(year_ago)]
    is_under_way = len(months) < _YEAR_MONTHS
    keeps = is_under_way and company.quotas.mid_year == "keep"
    bookings = tables["group_bookings"].rename(columns={"won_amount": "amount"})
    begun = months[-1] - pd.DateOffset(months=_YEAR_MONTHS - 1)
    past = pd.to_datetime(bookings["month"])
    covering = inputs["coverers"]
    return replace(
        context_of_past(tables),
        goal_parts=parts_left(
            tables["goal_parts"],
            bookings[(past >= begun) & (past < months[0])],
            inputs["goals"],
            sorted(set(covering.loc[covering["coverer_type"] != "house", "group_id"])),
            months,
            company.quotas.company_buffer_rate,
        ),
        last_quotas=last.groupby("rep_id")["amount"].sum().reset_index(),
        won=tables["quota_accounts"][["account_id", "won_amount"]],
        in_force=agreed[agreed["month"].isin(months)] if keeps else None,
        backtest=tables[LAST_BACKTEST],
        comp_plans=comp_plans_by_role(company),
        money=money_inputs(tables, company, months),
        hours_per_position=company.capacity.selling_hours_per_year * len(months) / _YEAR_MONTHS,
    )


def plan_quotas(warehouse: Warehouse, company: Company) -> QuotaPlan:
    """Split the company goal over groups, reps and months, and write it.

    Raises:
        optimization.errors.PlanningError: No quotas; nothing was written.
    """
    from optimization.plan_quotas import allocate_quotas

    with warehouse.connect() as connection:
        keep_backtest(connection)
    tables = read_tables(warehouse)
    inputs = quota_inputs(tables, company)
    context = quota_context(tables, company, inputs)
    plan = allocate_quotas(**inputs, policy=quota_policy(company), context=context)
    write_plan(warehouse, company, {table: getattr(plan, table) for table in QUOTA_TABLES})
    return plan


def quota_violations(warehouse: Warehouse, company: Company) -> list[str]:
    """Recompute every rule of targets, quotas, chances and budgets from the tables as written."""
    from optimization.tables import QuotaPlan
    from optimization.verify.quotas import verify_quotas

    tables = read_tables(warehouse)
    inputs = quota_inputs(tables, company)
    context = quota_context(tables, company, inputs)
    plan = QuotaPlan(
        **{name: warehouse.read(f"plan.{name}").drop(columns="plan_id") for name in QUOTA_TABLES}
    )
    wanted = ("book", "goals", "groups", "coverers", "rep_months", "months")
    return verify_quotas(
        plan,
        **{name: inputs[name] for name in wanted},
        policy=quota_policy(company),
        context=context,
    )
