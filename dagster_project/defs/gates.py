"""Gates: the suites as blocking checks on what was pulled, and the swap that follows them."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from dagster_project.company.policy_tables import POLICY_TABLES
from dagster_project.context import Context
from dagster_project.defs.ingest import NOTES
from dagster_project.gates.keys import explained
from dagster_project.gates.pull_facts import FACTS, record_facts
from dagster_project.gates.record import record_results, suite_parameters
from dagster_project.gates.run import check_specs, run_gate, to_check_results
from dagster_project.planning.history import HISTORY_TABLES, LAST_PLAN, prepare_history
from dagster_project.sources.landing import PULLED, accept
from dagster_project.warehouse.contract import LANDING
from dagster_project.warehouse.duckdb_file import Warehouse
from dagster_project.warehouse.facts import table_results

# What the optimiser reads, gated after dbt and before planning: suite and mart.
PLANNING_INPUTS = {
    "coverage_accounts": "coverage_accounts",
    "coverage_coverers": "coverage_coverers",
    "goals": "company_goals",
    "rep_months": "rep_months",
    "seasonality": "seasonality",
}
PLANNING_OUTPUTS = ("coverage_pairs", "coverage_assignments", "quota_allocations")
PULL_FACTS = dg.AssetKey(["quality", "pull_facts"])
_PULLS = [dg.AssetKey([table.system, table.name]) for table in LANDING.values()]


def _build_gate(
    here: Context, suite: str, key: dg.AssetKey, relation: str
) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(name=f"gate_{suite}", specs=check_specs(suite, key), can_subset=False)
    def gate(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        with warehouse.connect() as connection:
            results = run_gate(
                connection,
                suite,
                relation,
                parameters=suite_parameters(suite, here.company),
                min_rows=here.company.gates.min_rows.get(suite),
            )
            if key == PULL_FACTS:
                results = explained(connection, results)
            record_results(connection, results, context.run.run_id)
        for result in results:
            if not result.passed:
                context.log.warning(result.message)
        yield from to_check_results(results, key)

    return gate


def _build_pull_facts(here: Context) -> dg.AssetsDefinition:
    @dg.asset(
        key=PULL_FACTS,
        deps=_PULLS,
        group_name="gates",
        description="What each pull brought beside the last accepted one: rows, columns, cells "
        "that were mended or could not be read, keys that match no record.",
        owners=here.owners,
        kinds={"duckdb"},
        metadata={"dagster/table_name": FACTS},
    )
    def pull_facts(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        """Compare all pulled tables with the accepted ones before they are judged."""
        with warehouse.connect() as connection:
            notes = record_facts(connection, here.company)
            rows = connection.execute(
                f"select table_name, row_count, last_row_count, fix_count, issue_count from {FACTS}"
            ).fetchall()
        names = ("table", "rows", "rows_before", "mended_rows", "rows_with_unreadable_cells")
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(rows),
                "pulled_rows": sum(row[1] for row in rows),
                "mended_rows": sum(row[3] for row in rows),
                "rows_with_unreadable_cells": sum(row[4] for row in rows),
                NOTES: dg.MetadataValue.json([f"{table}: {note}" for table, note in notes]),
                "pulls": dg.MetadataValue.table(
                    [dg.TableRecord(dict(zip(names, row, strict=True))) for row in rows],
                    dg.TableSchema([dg.TableColumn(name) for name in names]),
                ),
            }
        )

    return pull_facts


def _build_accepted_tables(here: Context) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="accepted_tables",
        specs=[
            *(
                dg.AssetSpec(
                    ["raw", table.name],
                    deps=[*_PULLS, PULL_FACTS],
                    group_name="gates",
                    description=f"{table.grain}, accepted: every blocking rule passed.",
                    owners=here.owners,
                    kinds={"duckdb"},
                    metadata={"dagster/table_name": f"raw.{table.name}"},
                )
                for table in LANDING.values()
            ),
            *(
                dg.AssetSpec(
                    ["policy", name],
                    deps=[dg.AssetKey(["policy", "company_file"])],
                    group_name="policy",
                    description=f"Settings of the company file: {name.replace('_', ' ')}.",
                    owners=here.owners,
                    kinds={"duckdb"},
                    metadata={"dagster/table_name": f"raw.{name}"},
                )
                for name in POLICY_TABLES
            ),
        ],
    )
    def accepted_tables(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
        """Swap all pulled tables in at once, so that raw is always one consistent pull."""
        with warehouse.connect() as connection:
            counts = accept(connection, [*LANDING, *POLICY_TABLES])
        for name, count in counts.items():
            system = "raw" if name in LANDING else "policy"
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey([system, name]), metadata={"dagster/row_count": count}
            )

    return accepted_tables


def _build_last_plan(here: Context) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="last_plan",
        specs=[
            dg.AssetSpec(
                ["history", name],
                deps=[
                    *(dg.AssetKey(["raw", table]) for table in LANDING),
                    *(dg.AssetKey(["policy", table]) for table in POLICY_TABLES),
                ],
                group_name="history",
                description=table.grain,
                owners=here.owners,
                kinds={"duckdb"},
                metadata={"dagster/table_name": f"history.{name}"},
            )
            for name, table in HISTORY_TABLES.items()
        ],
    )
    def last_plan(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
        """Lay out what earlier plans decided: it is an input like the CRM's tables."""
        with warehouse.connect() as connection:
            plan_id, note = prepare_history(connection)
        said: dict[str, dict[str, Any]] = {
            name: {"starts_from_plan_id": plan_id} for name in HISTORY_TABLES
        }
        if note:
            said[LAST_PLAN][NOTES] = dg.MetadataValue.json([note])
        yield from table_results(warehouse, HISTORY_TABLES.values(), said)

    return last_plan


def build(here: Context) -> dg.Definitions:
    """The swap, and a gate per pulled table, planning input and planning output."""
    gated = [
        *(
            (table.name, [table.system, table.name], f"raw.{table.name}{PULLED}")
            for table in LANDING.values()
        ),
        ("pulls", PULL_FACTS.path, FACTS),
        *((suite, ["marts", mart], f"marts.{mart}") for suite, mart in PLANNING_INPUTS.items()),
        *((name, ["plan", name], f"plan.{name}") for name in PLANNING_OUTPUTS),
    ]
    return dg.Definitions(
        assets=[_build_pull_facts(here), _build_accepted_tables(here), _build_last_plan(here)],
        asset_checks=[
            _build_gate(here, suite, dg.AssetKey(key), relation) for suite, key, relation in gated
        ],
    )
