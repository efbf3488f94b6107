"""Each kind of bad input in the catalogue: blocked, set aside, mended or listed; none is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.transform.check import create_empty_sources
from dagster_project.transform.manifest import invoke
from dagster_project.warehouse.duckdb_file import Warehouse

from .inputs.catalogue import CATALOGUE, BadInput
from .inputs.company import company_of, forget_pulls, healthy, judge, write_files

pytestmark = pytest.mark.slow

REASONS = {"blocked", "set aside", "mended", "listed"}


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse with the staging models as views, so that each case needs no dbt of its own."""
    folder = tmp_path_factory.mktemp("staged")
    made = Warehouse(path=str(folder / "warehouse.duckdb"))
    create_empty_sources(made)
    models = ["--target", "check", "--select", "path:models/staging/crm", "path:models/staging/hr"]
    outcome = invoke(None, ["run", *models], folder / "target", Path(made.path))
    results = outcome.result.results
    assert [result.message for result in results if result.status != "success"] == []
    with made.connect() as connection:
        for node in (result.node for result in results):
            if node.config.materialized == "table":
                connection.execute(f"drop table staging.{node.name}")
                connection.execute(f"create view staging.{node.name} as {node.compiled_code}")
    return made


def test_the_catalogue_holds_sixty_kinds_and_all_that_were_seen_in_real_files():
    names = [case.name for case in CATALOGUE]
    assert len(names) == len(set(names)) >= 60
    assert {case.outcome for case in CATALOGUE} == REASONS
    assert sum(case.seen for case in CATALOGUE) >= 13


def test_the_documents_count_the_kinds_as_they_are(repository: Path):
    kinds, seen = len(CATALOGUE), sum(case.seen for case in CATALOGUE)
    reliability = (repository / "docs" / "reliability.md").read_text("utf-8")
    assert f"| {kinds} kinds, {seen} of them seen in real files;" in reliability


def test_the_healthy_company_passes_without_a_word(staged: Warehouse, tmp_path: Path):
    write_files(tmp_path, healthy())
    forget_pulls(staged)
    judgement = judge(staged, company_of(tmp_path), {*healthy(), "pulls"})
    assert (judgement.blocked_by, judgement.warnings, judgement.problems) == ([], [], [])
    assert judgement.notes == []
    assert {name: set(rows) for name, rows in judgement.reasons.items() if rows} == {}
    assert {name: rows for name, rows in judgement.fixes.items() if rows} == {}


@pytest.mark.parametrize("case", CATALOGUE, ids=lambda case: case.name)
def test_bad_input(staged: Warehouse, tmp_path: Path, case: BadInput):
    good = healthy()
    forget_pulls(staged)
    if case.after_healthy:
        write_files(tmp_path, good)
        assert judge(staged, company_of(tmp_path), set()).blocked_by == []
    write_files(tmp_path, good | {case.table: case.spoil(good[case.table])})
    # Great Expectations takes its time; where a single row is at stake, staging alone decides.
    suites = {case.table, "pulls"} if case.outcome in ("blocked", "listed") else set()
    judgement = judge(staged, company_of(tmp_path, case.settings), suites)
    if case.outcome == "blocked":
        assert any(case.expected in words for words in judgement.blocked_by), judgement.blocked_by
        return
    assert judgement.blocked_by == []
    for name, (pulled, kept, aside) in judgement.counts.items():
        assert pulled == kept + aside, name
    reasons, fixes = judgement.reasons[case.table], judgement.fixes[case.table]
    if case.outcome == "set aside":
        assert reasons.get(case.row) == case.expected, reasons
        assert len(reasons) == 1
    elif case.outcome == "mended":
        assert case.row not in reasons
        assert case.expected in fixes.get(case.row, ""), fixes
    else:
        suggested = {problem[3] for problem in judgement.problems}
        said = any(note.startswith(case.expected) for note in judgement.notes)
        assert said or case.expected in {*judgement.warnings, *suggested}, judgement
