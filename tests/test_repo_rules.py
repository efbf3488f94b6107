"""Rules of the repository that no linter knows: a broken one is a red test instead of folklore."""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_project.planning.coverage import COVERAGE_MARTS
from dagster_project.planning.quotas import QUOTA_MARTS
from expectations import load_suite, suite_names

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("dagster_project", "optimization", "expectations")
HEAVY_LIBRARIES = ("great_expectations", "cvxpy", "matplotlib", "highspy", "scipy")
OPTIMISER_INPUTS = (
    "coverage_accounts",
    "coverage_coverers",
    "rep_months",
    "seasonality",
    "company_goals",
)


def tracked_files() -> list[Path]:
    """Every file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (REPOSITORY / name for name in listed.stdout.split("\0") if name)
    return sorted(path for path in set(paths) if path.is_file())


def text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def python_files(*folders: str) -> list[Path]:
    files = [file for folder in folders for file in sorted((REPOSITORY / folder).rglob("*.py"))]
    assert files
    return files


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported_modules(path: Path) -> Iterator[str]:
    """Everything a file imports anywhere, also inside functions and for types only."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


# Layers.


def importing(folders: Sequence[str], packages: set[str]) -> dict[str, set[str]]:
    """Which files of these folders import which of these packages."""
    found = {
        name(path): packages & {module.split(".")[0] for module in imported_modules(path)}
        for path in python_files(*folders)
    }
    return {path: hits for path, hits in found.items() if hits}


def test_the_optimiser_and_the_suites_know_nothing_of_orchestration_or_storage():
    outer = {"dagster", "dagster_dbt", "dagster_project", "duckdb", "dbt"}
    assert importing(["optimization", "expectations"], outer) == {}


def test_the_product_imports_no_tests_and_no_benchmarks():
    assert importing(PACKAGES, {"tests", "benchmarks", "pytest", "hypothesis"}) == {}


def test_only_the_warehouse_module_opens_a_database_file_for_writing():
    opening = {
        name(path)
        for path in python_files("dagster_project")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "duckdb.connect"
        and ast.unparse(node) not in ("duckdb.connect()", "duckdb.connect(':memory:')")
        and "read_only=True" not in ast.unparse(node)
    }
    assert opening == {"dagster_project/warehouse/duckdb_file.py"}


def test_a_module_of_definitions_builds_one_concept_and_shows_nothing_else():
    for path in sorted((REPOSITORY / "dagster_project" / "defs").glob("[a-z]*.py")):
        public = [
            node.name
            for node in tree_of(path).body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
            and not node.decorator_list
            and not node.name.startswith("_")
        ]
        assert public == ["build"], path.name


def test_every_module_says_what_it_is_and_every_folder_what_belongs_in_it():
    words = {name(path): ast.get_docstring(tree_of(path)) or "" for path in python_files(*PACKAGES)}
    assert [path for path, text in words.items() if not text] == []
    silent = [
        path
        for path, text in words.items()
        if path.count("/") > 1 and path.endswith("/__init__.py") and "elongs here" not in text
    ]
    # A folder of definitions holds definitions only; sections are one model each.
    assert silent == [
        "dagster_project/company/sections/__init__.py",
        "dagster_project/defs/__init__.py",
    ]


def test_at_most_four_modules_stand_at_the_root_of_the_orchestration():
    assert len(list((REPOSITORY / "dagster_project").glob("*.py"))) <= 4


def imports() -> dict[str, set[str]]:
    """Which module of ours imports which, also inside functions and for types only."""
    modules = {
        name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path in python_files(*PACKAGES)
    }
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        found = set()
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= inner if inner & set(modules) else {node.module}
        graph[module] = (found & set(modules)) - {module}
    return graph


def cycles(graph: dict[str, set[str]]) -> list[str]:
    """Nodes that reach themselves, by removing those that depend on nothing that is left."""
    left = {node: set(edges) for node, edges in graph.items()}
    while free := {node for node, edges in left.items() if not edges & set(left)}:
        left = {node: edges for node, edges in left.items() if node not in free}
    return sorted(left)


def test_no_modules_import_each_other_in_a_circle():
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c", "d"]
    assert cycles(imports()) == []


def test_the_verifier_and_what_it_imports_know_no_solver():
    graph = imports()
    reached, new = set(), {module for module in graph if module.startswith("optimization.verify")}
    while new:
        reached |= new
        new = {inner for module in new for inner in graph[module]} - reached
    assert {module for module in reached if module.startswith("optimization")} <= {
        "optimization",
        "optimization.arrays",
        "optimization.coverers",
        "optimization.errors",
        "optimization.frames",
        "optimization.newcomers",
        "optimization.policy",
        "optimization.tables",
        # What any pair is worth, to hold the bound against pairs that no plan lists.
        *(module for module in graph if module.startswith("optimization.values")),
        *(module for module in graph if module.startswith("optimization.verify")),
    }


# Tests.


def patched(tree: ast.Module) -> Iterator[str]:
    """The objects whose attributes a file sets, as dotted names with imports spelt out."""
    names = {
        alias.asname or alias.name.split(".")[0]: prefix + alias.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for prefix in [f"{node.module}." if isinstance(node, ast.ImportFrom) else ""]
        for alias in node.names
    }

    def spelt_out(expression: ast.expr) -> str:
        first, dot, rest = ast.unparse(expression).partition(".")
        return names[first] + dot + rest if first in names else ""

    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called, target = ast.unparse(node.func).rpartition(".")[2], node.args[0]
            if called not in ("setattr", "delattr", "patch", "object"):
                continue
            if isinstance(target, ast.Constant) and isinstance(target.value, str):
                yield target.value.rpartition(".")[0]
            else:
                yield spelt_out(target)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield spelt_out(node.value)
        elif isinstance(node, ast.Constant) and "import " in str(node.value):
            # A few lines for a process of their own are tests, too.
            with contextlib.suppress(SyntaxError):
                yield from patched(ast.parse(str(node.value)))


def is_of_the_standard_library(dotted: str) -> bool:
    """Tell whether a name is a module or class of the standard library, however it is reached."""
    parts = dotted.split(".") if dotted else []
    for count in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            found = getattr(found, part, None)
        home = getattr(found, "__module__", None) or getattr(found, "__name__", "")
        return str(home).partition(".")[0] in sys.stdlib_module_names
    return False


@pytest.mark.parametrize(
    "line",
    [
        "import time; monkeypatch.setattr(time, 'sleep', f)",
        "from pathlib import Path; patch.setattr(Path, 'mkdir', f)",
        "monkeypatch.setattr('builtins.print', f)",
        "from dagster_project.company import load as l; monkeypatch.setattr(l.Path, 'open', f)",
        "import os.path as p; p.exists = f",
        "with mock.patch('dagster_project.runtime.settings.os.environ'): pass",
        "SCRIPT = 'import os\\nos.execv = print'",
    ],
)
def test_a_patch_of_the_standard_library_is_recognised(line):
    assert [is_of_the_standard_library(dotted) for dotted in patched(ast.parse(line))] == [True]


def test_no_test_patches_what_the_standard_library_shares():
    """Such a patch reaches every user of the module, subprocess and pytest among them."""
    found = {
        f"{name(path)}: {dotted}"
        for path in python_files("tests")
        if path != Path(__file__)  # the examples above are patches
        for dotted in patched(tree_of(path))
        if is_of_the_standard_library(dotted)
    }
    assert found == set()


# The folder named dbt beside the library named dbt.


@pytest.mark.filterwarnings("ignore:sqlglotrs")
def test_the_library_dbt_is_not_hidden_by_the_folder_dbt():
    import dbt
    from dagster_dbt.compat import DBT_PYTHON_VERSION

    assert dbt.__file__ is not None
    assert "site-packages" in dbt.__file__
    # Where the folder wins, dagster-dbt says nothing and takes itself to be on another dbt.
    assert DBT_PYTHON_VERSION is not None


def test_no_python_package_under_the_dbt_folder():
    assert list((REPOSITORY / "dbt").rglob("__init__.py")) == []
    assert list((REPOSITORY / "dbt").rglob("*.py")) == []


# Suites and gates.


def test_a_suite_starts_with_a_row_count_and_names_each_rule_once():
    assert suite_names()
    for suite in suite_names():
        rules = load_suite(suite)["expectations"]
        assert rules[0]["type"] == "expect_table_row_count_to_be_between", suite
        names = [rule["meta"]["check"] for rule in rules]
        assert len(names) == len(set(names)), suite


@pytest.mark.parametrize("mart", OPTIMISER_INPUTS)
def test_every_table_the_optimiser_reads_has_a_blocking_gate(definitions, mart):
    key = dg.AssetKey(["marts", mart])
    graph = definitions.resolve_asset_graph()
    specs = [
        graph.get_check_spec(check) for check in graph.asset_check_keys if check.asset_key == key
    ]
    assert [spec for spec in specs if spec.blocking and "suite" in spec.metadata]


def test_every_mart_that_shapes_a_plan_is_gated_or_what_it_shapes_is():
    """The list above must not fall behind the modules that read for the optimiser."""
    # Buffers of groups, cycles, open deals, agreed quotas and the past only shape quotas and their
    # outlook; dbt tests guard them. What values follow from is judged by what it makes: the gate on
    # plan.coverage_pairs refuses a worth that is missing or beyond all reason.
    shaping = {"sales_cycles", "coverage_groups", "agreed_quotas", "group_bookings", "deal_spread"}
    shaping |= {"account_pipeline", "new_business_lags", "customer_seasons", "account_years"}
    shaping |= {"plan_months", "goal_parts", "quota_accounts", "quota_people"}
    shaping |= {"pair_accounts", "pair_win_rates", "rep_similarities", "strength_notes"}
    shaping |= {"forbidden_pairs", "asked_certificates", "held_certificates", "value_months"}
    assert {*COVERAGE_MARTS, *QUOTA_MARTS} == {*OPTIMISER_INPUTS, *shaping}


def test_planning_and_publishing_read_nothing_below_the_marts():
    lower = re.compile(r"\b(?:raw|staging|intermediate)\.\w")
    folders = ("dagster_project/planning", "dagster_project/publishing", "dagster_project/defs")
    reading = {
        name(path): found
        for path in python_files(*folders)
        if (found := lower.findall(path.read_text(encoding="utf-8")))
    }
    assert reading == {}


# dbt models, from the manifest.


@pytest.fixture(scope="session")
def models(dbt_manifest: dict[str, Any]) -> list[dict[str, Any]]:
    found = [n for n in dbt_manifest["nodes"].values() if n["resource_type"] == "model"]
    assert len(found) > 30
    return found


def test_every_model_says_what_one_row_of_it_is(models):
    assert [m["name"] for m in models if "one row" not in m["description"]] == []


def tables_for_readers(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Marts and review tables; a step of a mart is written into it and no table of its own."""
    read = [
        model
        for model in models
        if model["fqn"][1] in ("marts", "review") and model["config"]["materialized"] != "ephemeral"
    ]
    assert {model["fqn"][1] for model in read} == {"marts", "review"}
    return read


def test_every_table_that_python_or_bi_reads_has_a_contract_with_all_columns_described(models):
    read = tables_for_readers(models)
    loose = [model["name"] for model in read if not model["config"]["contract"]["enforced"]]
    silent = [
        f"{model['name']}.{column['name']}"
        for model in read
        for column in model["columns"].values()
        if not column["description"]
    ]
    assert (loose, silent) == ([], [])


def test_every_model_has_a_test(models, dbt_manifest):
    tested = {
        node
        for test in dbt_manifest["nodes"].values()
        if test["resource_type"] == "test"
        for node in test["depends_on"]["nodes"]
    }
    tested |= {f"model.coverage.{test['model']}" for test in dbt_manifest["unit_tests"].values()}
    read = tables_for_readers(models)
    assert [m["name"] for m in read if m["unique_id"] not in tested] == []


# Loading.

LOAD = """
import sys
from dagster_project.definitions import defs
defs()
print(" ".join(name for name in %r if name in sys.modules))
"""


def test_loading_the_code_location_imports_no_heavy_library(run_python, definitions, tmp_path):
    # ``definitions`` has made the manifest, so that this process need not parse.
    loaded = run_python(LOAD % (HEAVY_LIBRARIES,), COVERAGE_HOME=str(tmp_path))
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.split() == []


def test_the_optimisers_errors_and_policy_load_without_the_solver(run_python):
    code = "import sys, optimization.errors, optimization.policy; print('cvxpy' in sys.modules)"
    assert run_python(code).stdout.strip() == "False"


# Documents.

RELEASE = re.compile(r"^## \[(\d+\.\d+\.\d+)\]", re.MULTILINE)


def test_the_readme_is_read_in_five_minutes():
    assert len((REPOSITORY / "README.md").read_text(encoding="utf-8").split()) <= 900


@pytest.mark.parametrize("page", ["README.md", "benchmarks/README.md"])
def test_what_a_refresh_costs_was_measured_at_the_last_release(page):
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    last = RELEASE.search((REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"))[1]
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    measured = re.findall(r"measured at version (\d+\.\d+\.\d+)", text)
    assert [project["version"], *measured] == [last, last], "measure again: make bench"


# Files.


def test_no_file_names_a_place_on_somebodys_machine():
    # Put together here, so that this file does not name one itself.
    place = re.compile(r"(?<![\w.}-])/(?:" + "|".join(("work", "root", "home", "Users")) + r")/\w")
    naming = [
        f"{name(path)}:{number}"
        for path in tracked_files()
        for number, line in enumerate((text_of(path) or "").splitlines(), 1)
        if place.search(line)
    ]
    assert naming == []


def test_every_locked_requirement_has_a_version_and_hashes_and_no_address():
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert len(entries) > 100
    for entry in entries:
        first = entry.splitlines()[0]
        assert re.match(r"[A-Za-z0-9][\w.\-]*(\[[\w,.\-]+\])?==\S+", first), first
        assert "--hash=sha256:" in entry, first


def test_every_direct_dependency_is_locked():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[\w.\-]+", line)[0].lower().replace("_", "-") for line in wanted}
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    locked = {line.split("==")[0].split("[")[0] for line in lock.splitlines() if "==" in line}
    assert names - {entry.strip().lower() for entry in locked} == set()


def test_no_data_of_others_is_in_the_repository():
    kinds = {".csv", ".parquet", ".duckdb", ".xlsx"}
    data = {name(path) for path in tracked_files() if path.suffix in kinds}
    own = {path for path in data if path.startswith("tests/")}
    assert data - own == {"examples/demo/overrides.csv", "examples/demo/ratings.csv"}
