"""What is estimated between two builds of dbt: strengths of reps, level of the company."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.context import Context
from dagster_project.planning.facts import strength_facts
from dagster_project.planning.levels import LEVEL_INPUT, LEVEL_TABLES, estimate_levels
from dagster_project.planning.strength_tables import STRENGTH_TABLES
from dagster_project.planning.strengths import STRENGTH_INPUTS, estimate
from dagster_project.warehouse.duckdb_file import Warehouse
from dagster_project.warehouse.facts import table_results, table_specs
from optimization.errors import PlanningError


def build(here: Context) -> dg.Definitions:
    """One step that writes every table of strengths, and one the company's level."""

    @dg.multi_asset(
        name="strengths",
        specs=table_specs(
            STRENGTH_TABLES.values(),
            [dg.AssetKey(["marts", mart]) for mart in STRENGTH_INPUTS.values()],
            "strength",
            here.owners,
            "python",
            "numpy",
        ),
    )
    def strengths(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
        """Fit wins and deal values, test them on later deals, and write the verdict."""
        try:
            found = estimate(warehouse)
        except PlanningError as error:
            raise dg.Failure(
                f"Strengths were not estimated; the published plan stays as it is. {error}",
                allow_retries=False,
            ) from error
        yield from table_results(warehouse, STRENGTH_TABLES.values(), strength_facts(found))

    @dg.multi_asset(
        name="levels",
        specs=table_specs(
            LEVEL_TABLES.values(),
            [dg.AssetKey(["marts", LEVEL_INPUT])],
            "strength",
            here.owners,
            "python",
            "numpy",
        ),
    )
    def levels(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
        """Estimate what the company is expected to win, from all its years."""
        estimate_levels(warehouse)
        yield from table_results(warehouse, LEVEL_TABLES.values())

    return dg.Definitions(assets=[strengths, levels])
