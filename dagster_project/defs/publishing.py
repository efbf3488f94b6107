"""Publishing: the last step, and the only one that writes what BI reads."""

import dagster as dg

from dagster_project.context import Context
from dagster_project.planning.coverage import current_plan_id, unfit_to_publish
from dagster_project.planning.history import plan_hashes, record_plan
from dagster_project.planning.identity import code_version
from dagster_project.planning.quotas import quota_violations
from dagster_project.plots.gallery import PICTURES
from dagster_project.publishing.files import publish
from dagster_project.publishing.postgresql import serve, serving_address
from dagster_project.publishing.runs import forget_run, forget_unpublished, record_run
from dagster_project.publishing.tables import (
    RUNS,
    published_columns,
    published_tables,
    select_published,
)
from dagster_project.runtime.outcome import failed_checks, read_events
from dagster_project.sources.landing import COMPANY_FILE
from dagster_project.warehouse.duckdb_file import Warehouse


def build(here: Context) -> dg.Definitions:
    """The published plan."""
    published = published_tables()
    # Tables of the gates and the history of runs are written as steps go by.
    inputs = [
        dg.AssetKey([table.schema, name])
        for name, table in sorted(published.items())
        if table.schema != "quality" and table != RUNS
    ]

    @dg.asset(
        key=["published", "coverage"],
        deps=inputs,
        group_name="published",
        description="The plan as BI tools read it: one DuckDB file and one folder of Parquet "
        "files, replaced whole and only after every check passed.",
        owners=here.owners,
        kinds={"duckdb", "parquet"},
    )
    def published_coverage(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> dg.MaterializeResult[None]:
        """Record the run and replace the published files; refuse a plan that does not hold."""
        plan_id = current_plan_id(warehouse, here.company)
        problems = unfit_to_publish(warehouse, here.company, plan_id) or quota_violations(
            warehouse, here.company
        )
        if problems:
            raise dg.Failure(
                "Nothing was published. " + "; ".join(problems[:5]) + ". Run the whole refresh.",
                allow_retries=False,
            )
        warnings = failed_checks(read_events(context.instance, context.run.run_id))
        target = here.company.publishing.postgresql
        url = serving_address(here.company.publishing)
        tables = {name: select_published(table, plan_id) for name, table in published.items()}
        columns = {name: published_columns(table) for name, table in published.items()}
        comments = {name: {c.name: c.meaning for c in all_} for name, all_ in columns.items()}
        contracts = {name: {c.name: c.type for c in all_} for name, all_ in columns.items()}
        with warehouse.connect() as connection:
            hashes = plan_hashes(connection)
            forget_unpublished(connection, here.settings.published_path)
            record_run(
                connection,
                {
                    "run_id": context.run.run_id,
                    "plan_id": plan_id,
                    "code_version": code_version(),
                    "input_hashes": hashes,
                    "failed_check_count": len(warnings),
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
                # The published file is another database: no transaction spans both. (A killed run
                # leaves its record behind; the next one takes it out.)
                forget_run(connection, context.run.run_id)
                raise
            record_plan(connection, plan_id)
            runs = connection.execute("select * from plan.plan_runs order by finished_at").df()
        last = runs.iloc[-1]
        return dg.MaterializeResult(
            metadata={
                "plan_id": plan_id,
                "published_file": dg.MetadataValue.path(str(result.database_path)),
                "rows": sum(result.row_counts.values()),
                "value_amount": float(last["objective_amount"]),
                "gap_rate": float(last["gap_rate"]),
                "moved_accounts": int(last["moved_count"]),
                "uncovered_accounts": int(last["uncovered_count"]),
                "missing_hours": float(last["missing_hours"]),
                "quarantined_rows": int(last["quarantined_count"]),
                "failed_warning_rules": int(last["failed_check_count"]),
                "gap_over_time": dg.MetadataValue.md(PICTURES["gaps"].markdown(runs)),
                "moves_over_time": dg.MetadataValue.md(PICTURES["moves"].markdown(runs)),
            }
        )

    return dg.Definitions(assets=[published_coverage])
