"""The back-test of the plan as a whole: made on demand and monthly, read by every refresh."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.backtest.build import BacktestError, build_past
from dagster_project.backtest.run import backtest
from dagster_project.backtest.tables import BACKTEST_TABLES
from dagster_project.context import Context
from dagster_project.planning.quotas import QUOTA_MARTS
from dagster_project.warehouse.duckdb_file import Warehouse
from dagster_project.warehouse.facts import table_results, table_specs
from optimization.errors import PlanningError

GROUP = "backtest"


def build(here: Context) -> dg.Definitions:
    """One step that makes the plans of past years again and compares them with what came."""

    @dg.multi_asset(
        name="plan_backtest",
        specs=table_specs(
            BACKTEST_TABLES.values(),
            [dg.AssetKey(["marts", mart]) for mart in QUOTA_MARTS],
            GROUP,
            here.owners,
            "python",
            "dbt",
        ),
    )
    def plan_backtest(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
        """Cut the inputs at past year ends, plan, and compare."""
        try:
            _, summary = backtest(
                warehouse, here.company, here.settings.home / "backtest", build_past
            )
        except (BacktestError, PlanningError) as error:
            raise dg.Failure(
                f"No back-test was made; the last one stays in force. {error}",
                allow_retries=False,
            ) from error
        verdicts = {
            f"{row.level}_verdict": dg.MetadataValue.text(str(row.sentence))
            for row in summary.itertuples(index=False)
        }
        yield from table_results(
            warehouse, BACKTEST_TABLES.values(), {"plan_backtest_summary": verdicts}
        )

    return dg.Definitions(assets=[plan_backtest])
