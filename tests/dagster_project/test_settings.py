"""Where state lives: the home of each company, and the orchestrator's within it."""

from __future__ import annotations

import yaml

from dagster_project.runtime.settings import REPOSITORY, Settings, load_settings


def test_each_company_has_a_home_of_its_own_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("COVERAGE_HOME", raising=False)
    monkeypatch.delenv("COVERAGE_COMPANY", raising=False)
    demo = load_settings()
    assert demo.company_path == REPOSITORY / "examples" / "demo" / "company.yml"
    assert demo.home == REPOSITORY / "var"
    monkeypatch.setenv("COVERAGE_COMPANY", str(tmp_path / "acme" / "company.yml"))
    assert load_settings().home == REPOSITORY / "var" / "acme"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COVERAGE_HOME", "here")
    acme = load_settings()
    assert acme.home == tmp_path / "here"
    assert acme.warehouse_path == tmp_path / "here" / "warehouse.duckdb"
    assert acme.published_path == tmp_path / "here" / "published" / "coverage.duckdb"


def test_the_orchestrators_home_keeps_the_repositorys_settings(tmp_path):
    from dagster_project.runtime.instance import prepare_dagster_home

    settings = Settings(tmp_path / "company.yml", tmp_path / "home")
    copy = settings.dagster_home / "dagster.yaml"
    own = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    assert own["telemetry"] == {"enabled": False}
    for spoilt in (None, "telemetry: {enabled: true}\n"):
        if spoilt is not None:
            copy.write_text(spoilt, encoding="utf-8")
        prepare_dagster_home(settings)
        kept = yaml.safe_load(copy.read_text(encoding="utf-8"))
        assert {name: kept[name] for name in own} == own
