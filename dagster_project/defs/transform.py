"""dbt models and tests as assets and checks: marts before planning, review tables after it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test, get_subset_selection_for_context

from dagster_project.context import owners, settings
from dagster_project.plots.gallery import PICTURES
from dagster_project.transform.build import NodeResult, build, failing_records
from dagster_project.transform.manifest import ensure_manifest
from dagster_project.warehouse.duckdb_file import Warehouse
from dagster_project.warehouse.facts import table_facts

settings()  # the profile reads the warehouse path from the environment
MANIFEST: Mapping[str, Any] = json.loads(ensure_manifest().read_text(encoding="utf-8"))
REVIEW = "tag:review"
# Pictures of one table, by its name.
_OF_TABLE = {picture.tables[0]: picture for picture in PICTURES.values() if not picture.tables[1:]}


class Translator(DagsterDbtTranslator):
    """Names assets by layer and model, and shows them as the other assets are shown."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Describe one model; the group is its layer."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if node is None or node["resource_type"] != "model":
            return spec
        return spec.replace_attributes(
            group_name=node["fqn"][1],
            description=node["description"] or None,
            owners=owners(),
            kinds={"dbt", "duckdb"},
        )

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        """Describe one test as dbt does; dagster-dbt looks for the words in its meta alone."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        described = manifest["nodes"][unique_id]["description"]
        return spec and spec._replace(description=described)


TRANSLATOR = Translator()


def _run(
    context: dg.AssetExecutionContext, warehouse: Warehouse, select: str, exclude: str
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    selection, _ = get_subset_selection_for_context(
        context, MANIFEST, select, exclude, "", TRANSLATOR, None
    )
    results = build(selection, settings().home / "dbt")
    with warehouse.connect() as connection:
        for result in results:
            node = MANIFEST["nodes"][result.unique_id]
            if node["resource_type"] == "model" and result.is_good:
                key = TRANSLATOR.get_asset_spec(MANIFEST, result.unique_id, None).key
                descriptions = {n: c["description"] for n, c in node["columns"].items()}
                table = f"{node['schema']}.{node['alias']}"
                yield dg.MaterializeResult(
                    asset_key=key,
                    metadata={
                        **table_facts(connection, table, descriptions),
                        **_pictures(connection, table),
                        "seconds": result.seconds,
                    },
                )
            elif node["resource_type"] == "test" and result.status != "skipped":
                check = get_asset_check_key_for_test(MANIFEST, TRANSLATOR, result.unique_id, None)
                if check is not None and check in context.selected_asset_check_keys:
                    found = ([], []) if result.is_good else failing_records(connection, result)
                    yield _check_result(check, result, *found)
    broken = [result for result in results if result.status in ("error", "runtime error", "fail")]
    if broken:
        raise dg.Failure(
            "dbt stopped before planning; the published plan stays as it is.\n"
            + "\n".join(_describe_broken(result) for result in broken),
            allow_retries=False,
        )


def _pictures(
    connection: duckdb.DuckDBPyConnection, table: str
) -> dict[str, dg.MarkdownMetadataValue]:
    picture = _OF_TABLE.get(table.partition(".")[2])
    if picture is None:
        return {}
    frame = connection.execute(f"select * from {table}").df()
    return {picture.draw.__name__: dg.MetadataValue.md(picture.markdown(frame))}


def _check_result(
    key: dg.AssetCheckKey, result: NodeResult, keys: list[str], sentences: list[str]
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.is_good,
        severity=dg.AssetCheckSeverity.WARN
        if result.status == "warn"
        else dg.AssetCheckSeverity.ERROR,
        description=None if result.is_good else _describe_failure(key, result, keys, sentences),
        metadata={
            "failed_rows": result.failures,
            "seconds": result.seconds,
            **({"failing_keys": keys} if keys else {}),
            **({"sentences": sentences} if sentences else {}),
        },
    )


def _describe_broken(result: NodeResult) -> str:
    node = MANIFEST["nodes"][result.unique_id]
    described = node["description"] if node["resource_type"] == "test" else ""
    return f"- {node['name']}: {described or result.message}"


def _describe_failure(
    key: dg.AssetCheckKey, result: NodeResult, keys: list[str], sentences: list[str]
) -> str:
    told = "; ".join(sentences[:5])
    if result.status == "warn" and told:
        return told
    shown = told or f"e.g. {', '.join(keys[:5])}"
    described = MANIFEST["nodes"][result.unique_id]["description"]
    return f"{key.name} failed for {result.failures} rows ({shown}). {described}"


@dbt_assets(
    manifest=MANIFEST,
    exclude=REVIEW,
    dagster_dbt_translator=TRANSLATOR,
    name="dbt_before_planning",
)
def dbt_before_planning(
    context: dg.AssetExecutionContext, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Staging, intermediate models and marts, with their tests."""
    yield from _run(context, warehouse, "fqn:*", REVIEW)


@dbt_assets(
    manifest=MANIFEST,
    select=REVIEW,
    dagster_dbt_translator=TRANSLATOR,
    name="dbt_after_planning",
)
def dbt_after_planning(
    context: dg.AssetExecutionContext, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Review tables that read the finished plan, with the tests of its sums."""
    yield from _run(context, warehouse, REVIEW, "")
