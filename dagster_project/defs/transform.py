"""dbt models and tests as assets and checks, in three builds.

Before the strengths are estimated, between that and planning, and after planning.
"""

from collections.abc import Iterator

import dagster as dg
from dagster_dbt import dbt_assets
from dagster_dbt.asset_utils import get_subset_selection_for_context

from dagster_project.context import Context
from dagster_project.transform.build import build_models
from dagster_project.transform.events import Translator, to_events
from dagster_project.transform.manifest import described
from dagster_project.warehouse.duckdb_file import Warehouse

_REVIEW = "tag:review"
# Whatever reads, near or far, what the estimates of strengths and of the company's level write.
_AFTER_ESTIMATES = "source:strength+ source:levels+"


def _build_models(here: Context, name: str, select: str, exclude: str) -> dg.AssetsDefinition:
    translator = Translator(here.owners)

    @dbt_assets(
        manifest=described(),
        select=select,
        exclude=exclude,
        dagster_dbt_translator=translator,
        name=name,
    )
    def models(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        selection, _ = get_subset_selection_for_context(
            context, described(), select, exclude, "", translator, None
        )
        results = build_models(selection, here.settings.home / "dbt", here.settings.warehouse_path)
        with warehouse.connect() as connection:
            yield from to_events(connection, results, translator, context.selected_asset_check_keys)

    return models


def build(here: Context) -> dg.Definitions:
    """What the estimate of strengths reads, what planning reads, what reads the finished plan."""
    return dg.Definitions(
        assets=[
            _build_models(here, "dbt_before_strength", "fqn:*", f"{_AFTER_ESTIMATES} {_REVIEW}"),
            _build_models(here, "dbt_before_planning", _AFTER_ESTIMATES, _REVIEW),
            _build_models(here, "dbt_after_planning", _REVIEW, ""),
        ]
    )
