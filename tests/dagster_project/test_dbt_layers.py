"""The dbt project from its manifest: which layer reads which, and what its tests say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dagster_project.publishing.tables import published_tables

MOST_LINES = 150
FEWEST_WORDS = 4
Nodes = list[dict[str, Any]]


@pytest.fixture(scope="module")
def models(dbt_manifest: dict[str, Any]) -> Nodes:
    return of_type(dbt_manifest, "model")


def of_type(manifest: dict[str, Any], resource: str) -> Nodes:
    found = [node for node in manifest["nodes"].values() if node["resource_type"] == resource]
    assert len(found) > 30
    return found


def layer(node: dict[str, Any]) -> str:
    return str(node["fqn"][1])


def readings(models: Nodes, of: str) -> set[tuple[str, str]]:
    """Which layers the models of a layer read, sources by their names: ``(layer, source)``."""
    layers = {model["unique_id"]: layer(model) for model in models}
    return {
        ("source", read.split(".")[2]) if read.startswith("source.") else ("model", layers[read])
        for model in models
        if layer(model) == of
        for read in model["depends_on"]["nodes"]
    }


ALLOWED = {
    "staging": {"staging"},
    "intermediate": {"staging", "intermediate"},
    "marts": {"staging", "intermediate", "marts"},
    "review": {"staging", "intermediate", "marts", "review"},
}


@pytest.mark.parametrize("of", ALLOWED)
def test_the_layers_read_one_way(models, of):
    read = {name for kind, name in readings(models, of) if kind == "model"}
    assert read <= ALLOWED[of]


def test_every_layer_is_one_that_is_known(models):
    assert {layer(model) for model in models} == set(ALLOWED)


@pytest.mark.parametrize("of", sorted(set(ALLOWED) - {"staging"}))
def test_sources_are_read_through_staging(models, of):
    assert {name for kind, name in readings(models, of) if kind == "source"} == set()


def test_a_staging_model_is_named_by_the_system_it_reads(models):
    for model in (model for model in models if layer(model) == "staging"):
        system = model["fqn"][2]
        prefixes = tuple(f"{kind}_{system}__" for kind in ("stg", "base", "quarantined"))
        assert model["name"].startswith(prefixes), model["name"]


def test_steps_are_written_into_their_readers_and_all_else_is_there_to_look_at(models):
    thin = {model["name"] for model in models if model["config"]["materialized"] == "ephemeral"}
    systems = {"policy", "history", "plan"}
    expected = {
        model["name"]
        for model in models
        if {"steps", "base"} & set(model["fqn"][2:-1]) or model["fqn"][2] in systems
    }
    assert thin == expected - {"base_crm__opportunities"}


def test_what_reads_the_finished_plan_is_built_after_it(models):
    plan = {model["unique_id"] for model in models if model["name"].startswith("stg_plan__")}
    early = [
        model["name"]
        for model in models
        if plan & {model["unique_id"], *model["depends_on"]["nodes"]}
        and "review" not in model["tags"]
    ]
    assert early == []


def test_the_published_marts_are_those_that_publishing_lists(models):
    listed = {name for name, table in published_tables().items() if table.schema == "marts"}
    marts = [model for model in models if layer(model) == "marts"]
    assert {model["fqn"][2] for model in marts} == {"planning", "published", "steps"}
    assert {model["name"] for model in marts if model["fqn"][2] == "published"} == listed


def test_every_dbt_test_is_named_by_a_sentence_and_says_what_its_failure_means(dbt_manifest):
    tests = of_type(dbt_manifest, "test")
    short = [test["name"] for test in tests if len(test["name"].split("_")) < FEWEST_WORDS]
    silent = [test["name"] for test in tests if len(test["description"].split()) < 2 * FEWEST_WORDS]
    assert (short, silent) == ([], [])


def test_every_dbt_test_is_a_check_in_the_ui(definitions, dbt_manifest):
    checks = {key.name for key in definitions.resolve_asset_graph().asset_check_keys}
    assert {test["name"] for test in of_type(dbt_manifest, "test")} - checks == set()


def test_every_model_is_short_enough_to_read_in_one_go(models, repository: Path):
    lengths = {
        model["name"]: (repository / "dbt" / model["original_file_path"]).read_text().count("\n")
        for model in models
    }
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}
