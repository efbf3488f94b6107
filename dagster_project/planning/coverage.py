"""Between warehouse and optimiser: read the inputs, hand them over, write what was decided.

cvxpy is imported by the optimiser, which is imported inside functions: definitions load without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagster_project.company.model import Company
from dagster_project.planning.coverage_tables import COVERAGE_TABLES
from dagster_project.planning.history import last_prices, plan_hashes
from dagster_project.planning.identity import code_version, plan_id
from dagster_project.planning.newcomers import newcomers
from dagster_project.planning.pay_bands import with_pay_bands
from dagster_project.planning.quota_tables import PLAN_TABLES
from dagster_project.warehouse.duckdb_file import Warehouse, write_frame
from dagster_project.warehouse.tables import all_or_none
from optimization.policy import CoveragePolicy, PartnerTerms, ValuePolicy
from optimization.values.tables import VALUE_TABLES, ValueTables

if TYPE_CHECKING:
    import pandas as pd

    from optimization.tables import CoveragePlan
    from optimization.values.pairs import PairValues

# What values and coverage follow from: marts, each read once.
COVERAGE_MARTS = VALUE_TABLES
# Tables that have a longer name in the warehouse than in the plan.
_SHORT = {
    "coverage_pairs": "pairs",
    "coverage_assignments": "assignments",
    "assignment_explanations": "explanations",
    "plan_changes": "changes",
    "plan_certificates": "certificate",
    "plan_gains": "gains",
    "gain_bridge": "bridge",
}
_FIELDS = {table: _SHORT.get(table, table) for table in COVERAGE_TABLES}


def current_plan_id(warehouse: Warehouse, company: Company) -> str:
    """Name the plan that follows from the accepted inputs, the last plan, settings and code."""
    with warehouse.connect() as connection:
        hashes = plan_hashes(connection)
        as_of = connection.execute(
            "select cast(as_of_on as varchar) from marts.plan_calendar"
        ).fetchall()[0][0]
    return plan_id(hashes, code_version(), company.company.seed, as_of)


def coverage_policy(company: Company) -> CoveragePolicy:
    """Translate the company file into the optimiser's policy."""
    horizon_years = company.coverage.horizon_months / 12
    balance = company.coverage.balance
    return CoveragePolicy(
        move_budget_rate=company.coverage.move_budget_rate,
        move_budget_amount_rate=company.coverage.move_budget_amount_rate,
        rep_move_rate=company.coverage.rep_move_rate,
        mip_gap=company.coverage.mip_gap,
        solve_seconds=company.coverage.solve_seconds,
        overtime_amount_per_hour=company.capacity.overtime_cost_per_hour * horizon_years,
        seed=company.company.seed,
        exact_pairs=company.coverage.exact_pairs,
        group_move_rates=tuple(
            (group.group_id, group.move_budget_rate)
            for group in company.groups
            if group.move_budget_rate is not None
        ),
        balance_band_rate=balance.band_rate if balance else None,
        balance_price_rate=balance.price_rate if balance else 0.0,
        ote_price_rate=company.coverage.ote_price_rate,
        min_load_rate=company.coverage.min_load_rate,
        idle_amount_per_hour=company.coverage.idle_cost_per_hour * horizon_years,
        partner_budgets=tuple(
            (partner.partner_id, partner.budget_amount)
            for partner in company.partners
            if partner.budget_amount is not None
        ),
    )


def value_policy(company: Company) -> ValuePolicy:
    """Translate the company file into what a pair is valued by."""
    return ValuePolicy(
        disruption_rate=company.coverage.disruption_rate,
        uncovered_loss_rate=company.coverage.uncovered_loss_rate,
        candidates_per_account=company.coverage.candidates_per_account,
        partners=tuple(
            PartnerTerms(partner.partner_id, partner.margin_share, partner.size_bands)
            for partner in company.partners
        ),
    )


def pair_values(warehouse: Warehouse, company: Company) -> PairValues:
    """Read what values follow from, and make what values any pair."""
    from optimization.values.model import ValueModel
    from optimization.values.pairs import PairValues

    marts = {name: warehouse.read(f"marts.{name}") for name in VALUE_TABLES}
    marts["coverage_coverers"] = with_pay_bands(
        marts["coverage_coverers"],
        marts["coverage_accounts"],
        marts["rep_months"],
        warehouse,
        company,
    )
    tables = ValueTables(**marts)
    return PairValues(ValueModel.read(tables, value_policy(company)))


def plan_coverage(warehouse: Warehouse, company: Company) -> CoveragePlan:
    """Decide who covers which account, and write it.

    Raises:
        optimization.errors.PlanningError: No plan; nothing was written.
    """
    from optimization.plan_coverage import solve_coverage
    from optimization.values.candidates import first_candidates

    with warehouse.connect() as connection:
        prices = last_prices(connection)
    values = pair_values(warehouse, company)
    tables = values.model.tables
    plan = solve_coverage(
        tables.coverage_accounts,
        first_candidates(values),
        tables.coverage_coverers,
        coverage_policy(company),
        prices,
        values,
        newcomers(tables, warehouse, company),
    )
    write_plan(
        warehouse,
        company,
        {table: getattr(plan, field) for table, field in _FIELDS.items()},
    )
    return plan


def coverage_violations(warehouse: Warehouse, company: Company) -> list[str]:
    """Recompute every rule of the coverage plan from the tables as written."""
    from optimization.tables import CoveragePlan
    from optimization.verify.coverage import verify_coverage

    frames = {
        field: warehouse.read(f"plan.{table}").drop(columns="plan_id")
        for table, field in _FIELDS.items()
    }
    values = pair_values(warehouse, company)
    return verify_coverage(
        values.model.tables.coverage_accounts,
        values.model.tables.coverage_coverers,
        coverage_policy(company),
        CoveragePlan(**frames),
        values,
        newcomers(values.model.tables, warehouse, company),
    )


def unfit_to_publish(warehouse: Warehouse, company: Company, plan_id: str) -> list[str]:
    """List why the written tables must not be published; empty where they may be.

    The job's own checks come first. This is for a run of the publishing step alone, which sees
    whatever earlier runs left in the warehouse.
    """
    with warehouse.connect() as connection:
        for table in PLAN_TABLES:
            rows = connection.execute(f"select distinct plan_id from plan.{table}").fetchall()
            others = sorted({str(row[0]) for row in rows} - {plan_id})
            if others:
                return [f"plan.{table} belongs to plan {others[0]}, not to {plan_id}"]
    return coverage_violations(warehouse, company)


def write_plan(warehouse: Warehouse, company: Company, frames: Mapping[str, pd.DataFrame]) -> None:
    """Write the tables of a plan, all or none."""
    name = current_plan_id(warehouse, company)
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists plan")
        with all_or_none(connection):
            for table, frame in frames.items():
                identified = frame.copy()
                identified.insert(0, "plan_id", name)
                write_frame(connection, PLAN_TABLES[table], identified)
