"""Pulls: every source table lands beside the accepted one, untouched by the gates so far."""

import dagster as dg

from dagster_project.company.policy_tables import POLICY_TABLES, build_policy_tables
from dagster_project.context import Context
from dagster_project.publishing.preflight import UNFIT, refuse_unpublishable
from dagster_project.runtime.freshness import NIGHTLY
from dagster_project.sources.errors import PermanentSourceError
from dagster_project.sources.landing import PULLED, landed_company, record_company_file, record_pull
from dagster_project.sources.pull import pull_table
from dagster_project.warehouse.contract import LANDING, LandingTable
from dagster_project.warehouse.duckdb_file import Warehouse, fill_table
from dagster_project.warehouse.facts import table_facts

# What a pull tells people, as metadata that the refresh command prints.
NOTES = "notes"
# Sources can be late or busy; the solver and the checks are never retried.
RETRY = dg.RetryPolicy(
    max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)


def _build_pull(here: Context, table: LandingTable) -> dg.AssetsDefinition:
    @dg.asset(
        key=[table.system, table.name],
        group_name=table.system,
        description=f"{table.grain}, as the source has it today. Not yet checked.",
        owners=here.owners,
        kinds={"duckdb", "python"},
        retry_policy=RETRY,
        freshness_policy=NIGHTLY,
        metadata={"dagster/table_name": f"raw.{table.name}{PULLED}"},
    )
    def pull(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        target = f"raw.{table.name}{PULLED}"
        with warehouse.connect() as connection:
            connection.execute("create schema if not exists raw")
            try:
                result = pull_table(connection, here.company, table, target, here.settings.home)
            except PermanentSourceError as error:
                raise dg.Failure(str(error), allow_retries=False) from None
            record_pull(connection, result)
            for note in result.notes:
                context.log.info(f"{table.name}: {note}")
            facts = table_facts(connection, target, table.meanings)
        return dg.MaterializeResult(
            metadata={
                **facts,
                "content_hash": result.content_hash,
                "watermark": result.watermark or "none",
                "unreadable_cells_rows": result.issue_count,
                "is_absent": result.absent,
                NOTES: dg.MetadataValue.json([f"{table.name}: {note}" for note in result.notes]),
            }
        )

    return pull


def _build_company_file(here: Context) -> dg.AssetsDefinition:
    @dg.asset(
        key=["policy", "company_file"],
        group_name="policy",
        description="The company file as small tables: segments, hours, goals, budgets, overrides.",
        owners=here.owners,
        kinds={"duckdb", "yaml"},
    )
    def company_file(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        """Land the validated settings; refuse a run that could not publish at its end."""
        try:
            refuse_unpublishable(here.settings.home, here.company.publishing)
        except UNFIT as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        tables = build_policy_tables(here.company)
        with warehouse.connect() as connection:
            held, wanted = landed_company(connection), here.company.company.id
            if held not in (None, wanted):
                raise dg.Failure(
                    f"This state folder belongs to company {held!r}, not to {wanted!r}; "
                    "set COVERAGE_HOME to another folder for it.",
                    allow_retries=False,
                )
            connection.execute("create schema if not exists raw")
            for name, rows in tables.items():
                fill_table(connection, POLICY_TABLES[name], rows, f"raw.{name}{PULLED}")
            record_company_file(connection, here.company.config_hash())
        return dg.MaterializeResult(
            metadata={
                "config_hash": here.company.config_hash(),
                **{f"{name}_rows": len(rows) for name, rows in tables.items()},
            }
        )

    return company_file


def build(here: Context) -> dg.Definitions:
    """One asset per table of the landing contract, and the company file."""
    pulls = [_build_pull(here, table) for table in LANDING.values()]
    return dg.Definitions(assets=[_build_company_file(here), *pulls])
