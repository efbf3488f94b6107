"""Outcomes of dbt's nodes as the orchestrator's events: materialised models, evaluated tests."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DbtProject
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from dagster_project.plots.gallery import PICTURES
from dagster_project.transform.build import NodeResult, failing_records
from dagster_project.transform.lineage import ColumnLineage
from dagster_project.transform.manifest import described
from dagster_project.warehouse.facts import table_facts

# Pictures of one table, by its name.
_OF_TABLE = {picture.tables[0]: picture for picture in PICTURES.values() if not picture.tables[1:]}


class Translator(DagsterDbtTranslator):
    """Names assets by layer and model, and shows them as the other assets are shown."""

    def __init__(self, owners: Sequence[str]) -> None:
        super().__init__()
        self._owners = owners

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
            owners=self._owners,
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
        return spec and spec._replace(description=manifest["nodes"][unique_id]["description"])


def to_events(
    connection: duckdb.DuckDBPyConnection,
    results: Sequence[NodeResult],
    translator: Translator,
    selected_checks: Collection[dg.AssetCheckKey],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Yield an event for every model that was built and every selected test that ran.

    Args:
        connection: The warehouse.
        results: Outcome by node.
        translator: Names the assets.
        selected_checks: Checks the step may report on.

    Raises:
        dg.Failure: Some node is broken; the message names each.
    """
    nodes = described()["nodes"]
    lineage = ColumnLineage(connection)
    for result in results:
        node = nodes[result.unique_id]
        if node["resource_type"] == "model" and result.is_good:
            columns = {name: column["description"] for name, column in node["columns"].items()}
            table = f"{node['schema']}.{node['alias']}"
            yield dg.MaterializeResult(
                asset_key=translator.get_asset_spec(described(), result.unique_id, None).key,
                metadata={
                    **table_facts(connection, table, columns),
                    **_pictures(connection, table),
                    "dagster/column_lineage": _follow(lineage, result, translator),
                    "seconds": result.seconds,
                },
            )
        elif node["resource_type"] == "test" and result.status != "skipped":
            check = get_asset_check_key_for_test(described(), translator, result.unique_id, None)
            if check is not None and check in selected_checks:
                found = ([], []) if result.is_good else failing_records(connection, result)
                yield _check_result(check, node["description"], result, *found)
    lineage.keep()
    broken = [result for result in results if result.status in ("error", "runtime error", "fail")]
    if broken:
        raise dg.Failure(
            "dbt stopped; the published plan stays as it is.\n"
            + "\n".join(_describe_broken(nodes[result.unique_id], result) for result in broken),
            allow_retries=False,
        )


def _follow(
    lineage: ColumnLineage, result: NodeResult, translator: Translator
) -> dg.TableColumnLineage:
    """Say which columns of which assets a model's columns are made of."""
    relations = _read_by(result.unique_id)
    columns = lineage.of_model(result.unique_id, result.compiled_sql, relations)
    keys = {place: translator.get_asset_key(node) for place, node in relations.items()}
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(keys[schema, table], name)
                for schema, table, name in sources
                if (schema, table) in keys
            ]
            for column, sources in columns.items()
        }
    )


def _read_by(unique_id: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Tables that a model reads, by schema and name; a model without a table stands for its own."""
    manifest, found = described(), {}
    waiting = list(manifest["nodes"][unique_id]["depends_on"]["nodes"])
    while waiting:
        parent = waiting.pop()
        node = manifest["nodes"].get(parent) or manifest["sources"][parent]
        if node["config"].get("materialized") == "ephemeral":
            waiting += node["depends_on"]["nodes"]
        else:
            found[node["schema"], node.get("alias") or node["identifier"]] = node
    return found


def _pictures(
    connection: duckdb.DuckDBPyConnection, table: str
) -> dict[str, dg.MarkdownMetadataValue]:
    picture = _OF_TABLE.get(table.partition(".")[2])
    if picture is None:
        return {}
    frame = connection.execute(f"select * from {table}").df()
    return {picture.draw.__name__: dg.MetadataValue.md(picture.markdown(frame))}


def _check_result(
    key: dg.AssetCheckKey,
    description: str,
    result: NodeResult,
    keys: list[str],
    sentences: list[str],
) -> dg.AssetCheckResult:
    words = _describe_failure(key, description, result, keys, sentences)
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.is_good,
        severity=dg.AssetCheckSeverity.WARN
        if result.status == "warn"
        else dg.AssetCheckSeverity.ERROR,
        description=None if result.is_good else words,
        metadata={
            "failed_rows": result.failures,
            "seconds": result.seconds,
            **({} if result.is_good else {"rule": description}),
            **({"failing_keys": keys} if keys else {}),
            **({"sentences": sentences} if sentences else {}),
        },
    )


def _describe_broken(node: Mapping[str, Any], result: NodeResult) -> str:
    described = node["description"] if node["resource_type"] == "test" else ""
    return f"- {node['name']}: {described or result.message}"


def _describe_failure(
    key: dg.AssetCheckKey,
    description: str,
    result: NodeResult,
    keys: list[str],
    sentences: list[str],
) -> str:
    explained = "; ".join(sentences[:5])
    if result.status == "warn" and explained:
        return explained
    shown = explained or (f"e.g. {', '.join(keys[:5])}" if keys else "no key")
    return f"{key.name} failed for {result.failures} rows ({shown}). {description}"
