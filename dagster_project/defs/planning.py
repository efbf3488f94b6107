"""The plan: who covers which account, which quotas follow, and the checks that keep it honest."""

from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg

from dagster_project.context import company, owners
from dagster_project.planning.coverage import (
    COVERAGE_TABLES,
    coverage_violations,
    plan_coverage,
)
from dagster_project.planning.coverage_tables import PLAN_TABLES
from dagster_project.planning.facts import coverage_facts
from dagster_project.planning.quotas import QUOTA_TABLES, plan_quotas, quota_violations
from dagster_project.plots.gallery import PICTURES
from dagster_project.warehouse.duckdb_file import Warehouse
from dagster_project.warehouse.facts import table_facts
from optimization.errors import InfeasibleError, PlanningError

_COVERAGE_INPUTS = [
    dg.AssetKey(["marts", name])
    for name in ("coverage_accounts", "coverage_candidates", "coverage_coverers")
]
_QUOTA_INPUTS = [
    dg.AssetKey(["plan", "coverage_assignments"]),
    *(
        dg.AssetKey(["marts", name])
        for name in (
            "seasonality",
            "sales_cycles",
            "rep_months",
            "company_goals",
            "coverage_groups",
            "group_bookings",
            "deal_spread",
            "agreed_quotas",
            "account_pipeline",
            "new_business_lags",
            "customer_seasons",
        )
    ),
]


def _specs(names: Iterable[str], deps: list[dg.AssetKey], kinds: set[str]) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            ["plan", name],
            deps=deps,
            group_name="planning",
            description=PLAN_TABLES[name].description,
            owners=owners(),
            kinds=kinds,
            metadata={"dagster/table_name": f"plan.{name}"},
        )
        for name in names
    ]


def _stop(error: PlanningError) -> dg.Failure:
    """Turn a planning error into a failed step that says what to mend."""
    facts = {}
    if isinstance(error, InfeasibleError):
        facts["shortfalls"] = dg.MetadataValue.md("\n".join(f"- {s}" for s in error.shortfalls))
    return dg.Failure(
        f"No plan was made; the published plan stays as it is. {error}",
        metadata=facts,
        allow_retries=False,
    )


def _results(
    warehouse: Warehouse, names: Iterable[str], extra: dict[str, dict[str, dg.MetadataValue]]
) -> Iterator[dg.MaterializeResult[None]]:
    with warehouse.connect() as connection:
        for name in names:
            facts = table_facts(connection, f"plan.{name}", PLAN_TABLES[name].columns)
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(["plan", name]), metadata={**facts, **extra.get(name, {})}
            )


@dg.multi_asset(
    name="coverage_plan",
    specs=_specs(COVERAGE_TABLES, _COVERAGE_INPUTS, {"python", "cvxpy"}),
)
def coverage_plan(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
    """Decide who covers which account; nothing is written unless every rule holds."""
    try:
        plan = plan_coverage(warehouse)
    except PlanningError as error:
        raise _stop(error) from error
    yield from _results(warehouse, COVERAGE_TABLES, coverage_facts(plan))


@dg.multi_asset(
    name="quota_plan",
    specs=_specs(QUOTA_TABLES, _QUOTA_INPUTS, {"python", "cvxpy"}),
)
def quota_plan(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
    """Split the goal over groups, reps and months; every sum holds to the cent."""
    try:
        plan = plan_quotas(warehouse)
    except PlanningError as error:
        raise _stop(error) from error
    outlook = plan.attainment_outlook
    whole = outlook[(outlook["level"] == "company") & outlook["is_default"]].iloc[0]
    yield from _results(
        warehouse,
        QUOTA_TABLES,
        {
            "attainment_outlook": {
                "probability_of_company_target": dg.MetadataValue.float(
                    float(whole["probability"])
                ),
                "chance_by_buffer": dg.MetadataValue.md(PICTURES["chances"].markdown(outlook)),
            },
            "group_targets": {
                "quota_waterfall": dg.MetadataValue.md(
                    PICTURES["quotas"].markdown(
                        plan.group_targets, plan.quota_allocations, plan.company_targets
                    )
                )
            },
            "calibration_summary": _shares_held(plan.calibration_summary),
            "budget_check": {
                "groups_over_budget": dg.MetadataValue.int(
                    int((plan.budget_check["verdict"] == "over budget").sum())
                )
            },
        },
    )


def _shares_held(summary: Any) -> dict[str, dg.MetadataValue]:
    """Show how many past periods their 80 % bands held, where there were any."""
    return {
        f"{row.level}_{row.period_type}s_held": dg.MetadataValue.float(float(row.held_rate))
        for row in summary.itertuples(index=False)
    }


def _verdict(violations: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not violations,
        description="; ".join(violations[:5]) or None,
        metadata={"violations": violations[:20], "count": len(violations)},
    )


@dg.asset_check(
    asset=dg.AssetKey(["plan", "coverage_assignments"]),
    additional_deps=[
        dg.AssetKey(["plan", n]) for n in COVERAGE_TABLES if n != "coverage_assignments"
    ],
    blocking=True,
    description="Every rule of the plan, recomputed from the written tables without the solver.",
)
def coverage_plan_keeps_every_rule(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Verify capacity, eligibility, locks, moves, scores and the certificate."""
    return _verdict(coverage_violations(warehouse))


@dg.asset_check(
    asset=dg.AssetKey(["plan", "quota_allocations"]),
    additional_deps=[dg.AssetKey(["plan", n]) for n in ("group_targets", "company_targets")],
    blocking=True,
    description="Every sum of targets and quotas, recomputed in cents from the written tables.",
)
def quota_plan_adds_up(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Verify goals, buffers and rep sums."""
    return _verdict(quota_violations(warehouse))


@dg.asset_check(
    asset=dg.AssetKey(["plan", "plan_certificates"]),
    blocking=False,
    description="The plan is proven to be near the best possible one.",
)
def gap_is_within_the_wanted_one(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warn when the solver stopped with a wider gap than the company file asks for."""
    gap = float(warehouse.read("plan.plan_certificates")["gap_rate"].iloc[0])
    wanted = company().coverage.mip_gap
    return dg.AssetCheckResult(
        passed=gap <= wanted * 1.000001,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"gap_rate": gap, "wanted_gap_rate": wanted},
    )
