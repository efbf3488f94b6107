"""The plan: who covers which account, which quotas follow, and the checks that keep it honest."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.context import Context
from dagster_project.planning.coverage import COVERAGE_MARTS, coverage_violations, plan_coverage
from dagster_project.planning.coverage_tables import COVERAGE_TABLES
from dagster_project.planning.facts import coverage_facts, quota_facts
from dagster_project.planning.pay_bands import PAY_MARTS
from dagster_project.planning.quota_tables import QUOTA_TABLES
from dagster_project.planning.quotas import (
    LAST_BACKTEST,
    QUOTA_MARTS,
    QUOTA_PLANS,
    plan_quotas,
    quota_violations,
)
from dagster_project.warehouse.duckdb_file import Warehouse
from dagster_project.warehouse.facts import table_results, table_specs
from optimization.errors import InfeasibleError, PlanningError

_COVERAGE_INPUTS = [
    dg.AssetKey(["marts", name]) for name in ("plan_calendar", *COVERAGE_MARTS, *PAY_MARTS)
]
_QUOTA_INPUTS = [
    *(dg.AssetKey(["marts", name]) for name in QUOTA_MARTS),
    *(dg.AssetKey(["plan", name]) for name in QUOTA_PLANS),
    dg.AssetKey(["backtest", LAST_BACKTEST]),
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


def _verdict(violations: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not violations,
        description="; ".join(violations[:5]) or None,
        metadata={
            "violations": violations[:20],
            "count": len(violations),
            "rule": "The optimiser broke a rule of its own plan; report it with these violations.",
        },
    )


# Part of the planning step, so that it is judged before anything is published.
_GAP = dg.AssetCheckSpec(
    "gap_is_within_the_wanted_one",
    asset=dg.AssetKey(["plan", "plan_certificates"]),
    description="The plan is proven to be near the best possible one.",
)


def _judge_gap(gap: float, wanted: float) -> dg.AssetCheckResult:
    """Warn when the solver stopped with a wider gap than the company file asks for."""
    passed = gap <= wanted * 1.000001
    rule = (
        f"The solver stopped at a gap of {gap:.3%}, and coverage.mip_gap asks for {wanted:.3%}. "
        "Allow more coverage.solve_seconds, or a wider gap."
    )
    return dg.AssetCheckResult(
        asset_key=_GAP.asset_key,
        check_name=_GAP.name,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if passed else rule,
        metadata={
            "gap_rate": gap,
            "wanted_gap_rate": wanted,
            **({} if passed else {"rule": rule}),
        },
    )


def _build_plans(here: Context) -> list[dg.AssetsDefinition]:
    @dg.multi_asset(
        name="coverage_plan",
        specs=table_specs(
            COVERAGE_TABLES.values(), _COVERAGE_INPUTS, "planning", here.owners, "python", "cvxpy"
        ),
        check_specs=[_GAP],
    )
    def coverage_plan(
        warehouse: Warehouse,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Decide who covers which account; nothing is written unless every rule holds."""
        try:
            plan = plan_coverage(warehouse, here.company)
        except PlanningError as error:
            raise _stop(error) from error
        yield from table_results(warehouse, COVERAGE_TABLES.values(), coverage_facts(plan))
        gap = float(plan.certificate["solver_gap_rate"].iloc[0])
        yield _judge_gap(gap, here.company.coverage.mip_gap)

    @dg.multi_asset(
        name="quota_plan",
        specs=table_specs(
            QUOTA_TABLES.values(), _QUOTA_INPUTS, "planning", here.owners, "python", "cvxpy"
        ),
    )
    def quota_plan(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
        """Split the goal over groups, reps and months; every sum holds to the cent."""
        try:
            plan = plan_quotas(warehouse, here.company)
        except PlanningError as error:
            raise _stop(error) from error
        yield from table_results(warehouse, QUOTA_TABLES.values(), quota_facts(plan))

    return [coverage_plan, quota_plan]


def _build_checks(here: Context) -> list[dg.AssetChecksDefinition]:
    @dg.asset_check(
        asset=dg.AssetKey(["plan", "coverage_assignments"]),
        additional_deps=[
            dg.AssetKey(["plan", n]) for n in COVERAGE_TABLES if n != "coverage_assignments"
        ],
        blocking=True,
        description="Every rule of the plan, recomputed from the tables without the solver.",
    )
    def coverage_plan_keeps_every_rule(warehouse: Warehouse) -> dg.AssetCheckResult:
        """Verify capacity, eligibility, locks, moves, scores and the certificate."""
        return _verdict(coverage_violations(warehouse, here.company))

    @dg.asset_check(
        asset=dg.AssetKey(["plan", "quota_allocations"]),
        additional_deps=[
            dg.AssetKey(["plan", n]) for n in QUOTA_TABLES if n != "quota_allocations"
        ],
        blocking=True,
        description="Every rule of quotas, chances and budgets, recomputed from the tables.",
    )
    def quota_plan_adds_up(warehouse: Warehouse) -> dg.AssetCheckResult:
        """Verify goals, proportions, rep sums, bands, chances and budgets."""
        return _verdict(quota_violations(warehouse, here.company))

    return [coverage_plan_keeps_every_rule, quota_plan_adds_up]


def build(here: Context) -> dg.Definitions:
    """Both plans, their verification, and the warnings people should read."""
    return dg.Definitions(assets=_build_plans(here), asset_checks=_build_checks(here))
