"""``python -m benchmarks.prepare``: everything that is made once and not measured.

Belongs here: the data of a size, the orchestrator's empty home, dbt's manifest and the SQL it
compiles. Does not belong here: anything timed. Runs as a child process, so that the process that
starts the measured ones stays small.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

# Stages between the builds of dbt, in the order of the job, and which of them writes a schema.
MADE_OUTSIDE = ("strength", "plan")
WRITTEN_BY = {"strength": "strength", "levels": "strength", "plan": "plan"}


def prepare_home() -> None:
    """Generate the company's files, and leave the data bases and the manifest of a former run."""
    import dagster as dg

    from dagster_project.company.load import load_company
    from dagster_project.demo.generate import ensure_demo
    from dagster_project.runtime.instance import prepare_dagster_home
    from dagster_project.runtime.settings import load_settings
    from dagster_project.transform.manifest import ensure_manifest

    settings = load_settings()
    ensure_demo(load_company(settings.company_path), settings.home)
    prepare_dagster_home(settings)
    with dg.DagsterInstance.get() as instance:
        instance.get_runs(limit=1)
        instance.all_asset_keys()
    ensure_manifest()


def compile_sql() -> list[dict[str, Any]]:
    """Compile the dbt project against the home's warehouse, which is empty so far.

    Returns:
        Models and data tests in an order in which they can run: ``unique_id``, ``kind``
        (``table``, ``view`` or ``test``), ``schema``, ``relation``, ``sql``, and ``reads``: what
        made outside of dbt the node needs, ``plan``, else ``strength``, else nothing.
    """
    from dagster_project.transform.manifest import invoke, manifest

    with tempfile.TemporaryDirectory() as target:
        invoke(manifest(), ["compile"], Path(target))
        return list(_nodes(json.loads(Path(target, "manifest.json").read_text(encoding="utf-8"))))


def _nodes(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    nodes = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "test")
    }
    reads = {
        key: WRITTEN_BY[source["schema"]]
        for key, source in manifest["sources"].items()
        if source["schema"] in WRITTEN_BY
    }
    parents = {key: set(node["depends_on"]["nodes"]) for key, node in nodes.items()}
    for key in TopologicalSorter(parents).static_order():
        if key not in nodes:
            continue
        needed = {reads[parent] for parent in parents[key] if parent in reads}
        if needed:
            reads[key] = max(needed, key=MADE_OUTSIDE.index)
        node = nodes[key]
        is_test = node["resource_type"] == "test"
        kind = "test" if is_test else node["config"]["materialized"]
        if kind == "ephemeral":
            continue  # dbt has written it into its readers
        if kind not in ("test", "table", "view"):
            raise RuntimeError(f"{key} is a {kind}; the floor knows tables, views and tests")
        yield {
            "unique_id": key,
            "kind": kind,
            "schema": node["schema"],
            "relation": f"{node['schema']}.{node['alias']}",
            "sql": node["compiled_code"],
            "reads": reads.get(key, ""),
        }


def main() -> None:
    """Prepare the home that the environment names; write the SQL to the path given if it is new."""
    compiled = Path(sys.argv[1])
    prepare_home()
    if not compiled.exists():
        compiled.write_text(json.dumps(compile_sql()), encoding="utf-8")


if __name__ == "__main__":
    main()
