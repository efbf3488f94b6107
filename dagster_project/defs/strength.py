"""What is estimated between two builds of dbt: strengths of reps, level of the company."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.context import Context
from dagster_project.planning.facts import strength_facts
from dagster_project.planning.levels import LEVEL_INPUT, LEVEL_TABLES, estimate_levels
from dagster_project.planning.strength_tables import STRENGTH_TABLES
from dagster_project.planning.strengths import STRENGTH_INPUTS, estimate
from dagster_project.warehouse.duckdb_file import Warehouse
from dagster_project.warehouse.facts import table_facts
from optimization.errors import PlanningError


def build(here: Context) -> dg.Definitions:
    """One step that writes every table of strengths, and one the company's level."""

    @dg.multi_asset(
        name="strengths",
        specs=[
            dg.AssetSpec(
                ["strength", name],
                deps=[dg.AssetKey(["marts", mart]) for mart in STRENGTH_INPUTS.values()],
                group_name="strength",
                description=table.grain,
                owners=here.owners,
                kinds={"python", "numpy"},
                metadata={"dagster/table_name": f"strength.{name}"},
            )
            for name, table in STRENGTH_TABLES.items()
        ],
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
        extra = strength_facts(found)
        with warehouse.connect() as connection:
            for name, table in STRENGTH_TABLES.items():
                facts = table_facts(connection, table.relation, table.meanings)
                yield dg.MaterializeResult(
                    asset_key=dg.AssetKey(["strength", name]),
                    metadata={**facts, **extra.get(name, {})},
                )

    @dg.multi_asset(
        name="levels",
        specs=[
            dg.AssetSpec(
                ["levels", name],
                deps=[dg.AssetKey(["marts", LEVEL_INPUT])],
                group_name="strength",
                description=table.grain,
                owners=here.owners,
                kinds={"python", "numpy"},
                metadata={"dagster/table_name": table.relation},
            )
            for name, table in LEVEL_TABLES.items()
        ],
    )
    def levels(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
        """Estimate what the company is expected to win, from all its years."""
        estimate_levels(warehouse)
        with warehouse.connect() as connection:
            for name, table in LEVEL_TABLES.items():
                facts = table_facts(connection, table.relation, table.meanings)
                yield dg.MaterializeResult(asset_key=dg.AssetKey(["levels", name]), metadata=facts)

    return dg.Definitions(assets=[strengths, levels])
