"""Publishing: the last step, and the only one that writes what BI reads; its checks and readers."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb

from dagster_project.context import Context
from dagster_project.planning.coverage import current_plan_id, unfit_to_publish
from dagster_project.planning.history import plan_hashes, record_plan
from dagster_project.planning.identity import code_version
from dagster_project.planning.quotas import quota_violations
from dagster_project.plots.gallery import PICTURES
from dagster_project.publishing.files import PublishResult, publish
from dagster_project.publishing.postgresql import serve, serving_address
from dagster_project.publishing.runs import forget_run, forget_unpublished, record_run
from dagster_project.publishing.tables import (
    RUNS,
    published_columns,
    published_tables,
    select_published,
)
from dagster_project.publishing.whole import damaged_tables
from dagster_project.runtime.freshness import NIGHTLY
from dagster_project.runtime.outcome import failed_checks, read_events
from dagster_project.sources.landing import COMPANY_FILE
from dagster_project.transform.manifest import described
from dagster_project.warehouse.duckdb_file import Warehouse
from dagster_project.warehouse.tables import Table

_FIX = "Run a refresh: it replaces both forms by the plan that it makes."
_PUBLICATION = "published_plan"  # dbt's exposure of the publication itself
_PULL_FACTS = dg.AssetKey(["quality", "pull_facts"])


def _key(name: str) -> dg.AssetKey:
    return dg.AssetKey(["published", name])


def _source(table: Table) -> dg.AssetKey:
    """The asset that a published table is copied from."""
    if table == RUNS:
        return dg.AssetKey(["plan", "plan_certificates"])
    # What the gates find is written while they judge what was pulled.
    return _PULL_FACTS if table.schema == "quality" else dg.AssetKey([table.schema, table.name])


def _lineage(table: Table) -> dg.TableColumnLineage:
    """Published columns are the source's own, under the same names."""
    return dg.TableColumnLineage(
        {
            column.name: [dg.TableColumnDep(_source(table), column.name)]
            for column in table.columns
            if table != RUNS and table.schema != "quality"
        }
    )


def _schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(
        [
            dg.TableColumn(column.name, column.type.lower(), column.meaning)
            for column in published_columns(table)
        ]
    )


def _publish(
    here: Context, connection: duckdb.DuckDBPyConnection, plan_id: str, run_id: str, warnings: int
) -> PublishResult:
    """Record the run and replace the published files; a failure leaves neither."""
    published = published_tables()
    tables = {name: select_published(table, plan_id) for name, table in published.items()}
    columns = {name: published_columns(table) for name, table in published.items()}
    comments = {name: {c.name: c.meaning for c in all_} for name, all_ in columns.items()}
    contracts = {name: {c.name: c.type for c in all_} for name, all_ in columns.items()}
    target = here.company.publishing.postgresql
    url = serving_address(here.company.publishing)
    hashes = plan_hashes(connection)
    forget_unpublished(connection, here.settings.published_path)
    record_run(
        connection,
        {
            "run_id": run_id,
            "plan_id": plan_id,
            "code_version": code_version(),
            "input_hashes": hashes,
            "failed_check_count": warnings,
        },
    )

    def serve_too() -> None:
        if target is not None and url is not None:
            serve(connection, tables, url=url, schema=target.schema_name, comments=comments)

    try:
        result = publish(
            connection,
            tables,
            home=here.settings.home,
            plan_id=plan_id,
            manifest={
                "company_id": here.company.company.id,
                "code_version": code_version(),
                "config_hash": hashes[COMPANY_FILE],
                "seed": here.company.company.seed,
                "input_hashes": hashes,
            },
            comments=comments,
            contracts=contracts,
            keep_plans=here.company.publishing.keep_plans,
            readable_by=here.company.publishing.readable_by,
            serve_too=serve_too,
        )
    except BaseException:
        # The published file is another database: no transaction spans both. (A killed run leaves
        # its record behind; the next one takes it out.)
        forget_run(connection, run_id)
        raise
    record_plan(connection, plan_id)
    return result


def _plan_facts(
    connection: duckdb.DuckDBPyConnection, plan_id: str, result: PublishResult
) -> dict[str, Any]:
    """What the UI shows of the history of plans: the last one's figures, and how they moved."""
    runs = connection.execute("select * from plan.plan_runs order by finished_at").df()
    last = runs.iloc[-1]
    return {
        "plan_id": plan_id,
        "published_file": dg.MetadataValue.path(str(result.database_path)),
        "rows": sum(result.row_counts.values()),
        "value_amount": float(last["objective_amount"]),
        "gap_rate": float(last["gap_rate"]),
        "moved_accounts": int(last["moved_count"]),
        "uncovered_accounts": int(last["uncovered_count"]),
        "missing_hours": float(last["missing_hours"]),
        "quarantined_rows": int(last["quarantined_count"]),
        "failed_warnings": int(last["failed_check_count"]),
        "gap_over_time": dg.MetadataValue.md(PICTURES["gaps"].markdown(runs)),
        "moves_over_time": dg.MetadataValue.md(PICTURES["moves"].markdown(runs)),
    }


def _build_publication(here: Context) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="published__plan",
        # After whatever else can run: no step waits for a gate that only warns, and its verdict is
        # counted among the run's.
        op_tags={"dagster/priority": "-1"},
        specs=[
            dg.AssetSpec(
                _key(name),
                deps=[_source(table)],
                group_name="published",
                description=table.grain,
                owners=here.owners,
                kinds={"duckdb", "parquet"},
                freshness_policy=NIGHTLY,
                metadata={"dagster/table_name": f"coverage.{name}"},
            )
            for name, table in sorted(published_tables().items())
        ],
    )
    def published_plan(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None]]:
        """Replace all published tables at once; refuse a plan that does not hold."""
        plan_id = current_plan_id(warehouse, here.company)
        problems = unfit_to_publish(warehouse, here.company, plan_id) or quota_violations(
            warehouse, here.company
        )
        if problems:
            raise dg.Failure(
                "Nothing was published. " + "; ".join(problems[:5]) + ". Run the whole refresh.",
                allow_retries=False,
            )
        run_id = context.run.run_id
        warnings = failed_checks(read_events(context.instance, run_id))
        with warehouse.connect() as connection:
            result = _publish(here, connection, plan_id, run_id, len(warnings))
            plan_facts = _plan_facts(connection, plan_id, result)
        for name, table in sorted(published_tables().items()):
            yield dg.MaterializeResult(
                asset_key=_key(name),
                metadata={
                    "dagster/row_count": result.row_counts[name],
                    "dagster/column_schema": _schema(table),
                    "dagster/column_lineage": _lineage(table),
                    **(plan_facts if table == RUNS else {"plan_id": plan_id}),
                },
            )

    return published_plan


def _build_check(here: Context) -> dg.AssetChecksDefinition:
    names = sorted(published_tables())

    @dg.multi_asset_check(
        name="published_files",
        specs=[
            dg.AssetCheckSpec(
                "readers_find_the_plan",
                asset=_key(name),
                description="DuckDB and Parquet are the files that were published. " + _FIX,
            )
            for name in names
        ],
        can_subset=False,
    )
    def published_files() -> Iterator[dg.AssetCheckResult]:
        """Compare the files in place with the plan's manifest; may run at any time, by itself."""
        damaged = damaged_tables(here.settings.home, names)
        for name in names:
            reason = damaged.get(name)
            yield dg.AssetCheckResult(
                asset_key=_key(name),
                check_name="readers_find_the_plan",
                passed=reason is None,
                description=reason and f"{reason}. {_FIX}",
                metadata={} if reason is None else {"why": f"{reason}.", "fix": _FIX},
            )

    return published_files


def _build_readers(here: Context) -> list[dg.AssetSpec]:
    """Who reads what is published, as dbt's exposures say."""
    return [
        dg.AssetSpec(
            ["exposures", exposure["name"]],
            deps=[_key(node.rpartition(".")[2]) for node in exposure["depends_on"]["nodes"]],
            group_name="exposures",
            description=exposure["description"],
            owners=here.owners,
            kinds={exposure["type"]},
        )
        for exposure in described()["exposures"].values()
        if exposure["name"] != _PUBLICATION
    ]


def build(here: Context) -> dg.Definitions:
    """One asset per published table, made in one step; the check of the files; the readers."""
    return dg.Definitions(
        assets=[_build_publication(here), *_build_readers(here)],
        asset_checks=[_build_check(here)],
    )
