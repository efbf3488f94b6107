"""A company.yml: what is accepted, what is refused, and whether the message says how to fix it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dagster_project.company.load import load_company
from dagster_project.company.model import Company
from dagster_project.company.policy_tables import POLICY_TABLES, build_policy_tables
from dagster_project.company.yaml_file import CompanyError

SMALLEST = "company: {id: acme, name: Acme}\nsource: {kind: demo}\n"
OVERRIDES_HEADER = "account_id,rep_id,action,author,reason,expires_on\n"

Write = Callable[..., Company]


@pytest.fixture
def load(tmp_path: Path) -> Write:
    """Write a company.yml (and an overrides file) and load it."""

    def write_and_load(text: str, overrides: str | None = None) -> Company:
        (tmp_path / "company.yml").write_text(text, encoding="utf-8")
        if overrides is not None:
            (tmp_path / "overrides.csv").write_text(overrides, encoding="utf-8")
        return load_company(tmp_path / "company.yml")

    return write_and_load


def test_two_lines_are_a_whole_company(load: Write, tmp_path: Path) -> None:
    company = load(SMALLEST)
    assert company.path == tmp_path / "company.yml"
    assert company.company.as_of is None
    assert company.coverage.move_budget_rate == 0.10
    assert [band.min_employees for band in company.segments.size_bands] == [1, 200, 2000]


@pytest.mark.parametrize(
    ("extra", "path", "fix"),
    [
        ("coverage: {move_budget_rat: 0.1}", "coverage.move_budget_rat:", "'move_budget_rate'"),
        ("coverage: {move_budget_rate: 1.5}", "coverage.move_budget_rate:", "found 1.5"),
        ("covrage: {}", "covrage:", "'coverage'"),
        ("goals: [{revenue_type: new}]", "goals[0]:", "either `target_amount` or `growth_rate`"),
        ("groups: [{name: x}]", "groups[0].group_id:", "identifier of the group"),
        ("groups: [{group_id: a}, {group_id: a}]", "groups[1].group_id:", "listed twice"),
        (
            "segments: {size_bands: [{name: a, min_employees: 9}, {name: b, min_employees: 9}]}",
            "segments.size_bands[1].min_employees:",
            "from small to large",
        ),
        (
            "coverage_policies: [{size_band: tiny, hours_per_year: 5}]",
            "coverage_policies[0].size_band:",
            "smb, mid_market, enterprise",
        ),
        ("gates: {min_rows: {acounts: 5}}", "gates.min_rows.acounts:", "accounts"),
        (
            "partners: [{partner_id: p, hours_per_year: 9, size_bands: [any]}]",
            "partners[0].size_bands[0]:",
            "smb",
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_its_path_and_a_fix(
    load: Write, extra: str, path: str, fix: str
) -> None:
    with pytest.raises(CompanyError) as caught:
        load(SMALLEST + extra)
    [problem] = caught.value.problems
    assert problem.startswith(path)
    assert fix in problem


def test_every_problem_is_listed_at_once(load: Write) -> None:
    text = "company: {id: Acme!, name: A, timezone: Europe/Berln}\nsource: {kind: demo, sed: 1}\n"
    with pytest.raises(CompanyError) as caught:
        load(text)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "company.id",
        "company.timezone",
        "source.sed",
    ]
    assert "'Europe/Berlin'" in str(caught.value)


def test_a_mapping_to_no_contract_column_or_table_is_refused(load: Write) -> None:
    text = (
        "company: {id: acme, name: Acme}\n"
        "source:\n  kind: files\n  folder: .\n  tables:\n"
        "    accounts: {path: a.csv, columns: {nmae: x}}\n"
        "    employes: {path: e.csv}\n"
        "    opportunities: {path: o.csv}\n"
    )
    with pytest.raises(CompanyError) as caught:
        load(text)
    joined = "\n".join(caught.value.problems)
    assert "source.tables.accounts.columns.nmae: no such contract column; did you mean" in joined
    assert "source.tables.employes: no such table; did you mean 'employees'" in joined
    assert "source.tables.employees: is missing" in joined


@pytest.mark.parametrize(
    ("table", "fix"),
    [
        ("{path: a.csv, query: select 1}", "either `path` or `query`"),
        ("{query: select 1}", "needs `inputs`"),
        ("{path: a.csv, inputs: {x: x.csv}}", "belong to a `query`"),
        ("{path: a.csv, columns: {name: {column: a, value: b}}}", "either `column` or `value`"),
    ],
)
def test_a_table_has_exactly_one_origin(load: Write, table: str, fix: str) -> None:
    text = "company: {id: acme, name: Acme}\nsource: {kind: files, folder: ., tables: {accounts: "
    with pytest.raises(CompanyError, match=fix) as caught:
        load(f"{text}{table}}}}}")
    assert "source.tables.accounts" in caught.value.problems[0]


def test_a_key_written_twice_is_refused_with_both_lines(load: Write) -> None:
    with pytest.raises(CompanyError, match=r"source: written twice \(lines 2 and 3\)"):
        load(SMALLEST + "source: {kind: demo, seed: 2}\n")


@pytest.mark.parametrize("text", ["a: [", "as_of: 2026-13-45", "", "- a"])
def test_a_file_that_is_no_mapping_is_refused(load: Write, text: str) -> None:
    with pytest.raises(CompanyError, match=r"company\.yml cannot be used"):
        load(text)


def test_a_missing_file_is_refused_with_the_variable_to_set(tmp_path: Path) -> None:
    with pytest.raises(CompanyError, match="COVERAGE_COMPANY"):
        load_company(tmp_path / "nowhere.yml")


def test_environment_variables_fill_settings(load: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "company: {id: acme, name: '${ACME_NAME:-Acme}'}\nsource: {kind: demo}\n"
    assert load(text).company.name == "Acme"
    monkeypatch.setenv("ACME_NAME", "Acme Ltd")
    assert load(text).company.name == "Acme Ltd"


def test_an_unset_variable_without_default_is_named(load: Write) -> None:
    with pytest.raises(CompanyError, match=r"company\.name: environment variable ACME_NOT_SET"):
        load("company: {id: acme, name: '${ACME_NOT_SET}'}\nsource: {kind: demo}\n")


def test_policy_tables_fit_their_types_and_fill_in_defaults(load: Write) -> None:
    company = load(
        SMALLEST
        + "coverage_policies: [{lifecycle: installed_base, hours_per_year: 40}]\n"
        + "goals: [{revenue_type: existing, target_amount: 5}]\n"
        + "groups: [{group_id: north}]\n"
        + "overrides: overrides.csv\n",
        OVERRIDES_HEADER + "A1,E1,keep,Head of sales,Renewal,2026-12-31\n",
    )
    tables = build_policy_tables(company)
    assert tables.keys() == POLICY_TABLES.keys()
    con = duckdb.connect()
    for name, rows in tables.items():
        con.execute(POLICY_TABLES[name].create_sql(name))
        for row in rows:
            assert tuple(row) == POLICY_TABLES[name].column_names
            for column in POLICY_TABLES[name].columns:
                assert row[column.name] is not None or column.is_nullable
            marks = ", ".join("?" * len(row))
            con.execute(f"insert into {name} values ({marks})", list(row.values()))
    assert [tuple(row.values()) for row in tables["coverage_policies"]] == [
        (1, "installed_base", "any", 40.0),
        (2, "any", "any", 12.0),
    ]
    assert [tuple(row.values()) for row in tables["goals"]] == [
        ("new", None, 0.05),
        ("existing", 5.0, None),
    ]
    assert tables["goal_parts"] == tables["seasons"] == tables["hires"] == []
    assert tables["people_policy"][0]["turnover_trigger_rate"] == 0.2
    assert tables["groups"][0]["name"] == "north"
    assert tables["overrides"][0]["expires_on"] == dt.date(2026, 12, 31)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("A1,E1,kept,x,y,2026-12-31\n", r"line 2: action: .*keep \(this rep covers it\)"),
        ("A1,E1,married,x,y,2026-12-31\n", "line 2: action: .*'married' is now 'keep'"),
        ("A1,,single,x,y,2026-12-31\n", "line 2: action: .*'single' is now 'release'"),
        ("A1,E1,divorced,x,y,2026-12-31\n", "line 2: action: .*'divorced' is now 'remove'"),
        ("A1,E1,forbidden,x,y,2026-12-31\n", "line 2: action: .*'forbidden' is now 'forbid'"),
        ("A1,E1,keep,x,,2026-12-31\n", "line 2: reason"),
        ("A1,E1,keep,x,y,soon\n", "line 2: expires_on"),
        ("A1,E1,keep,x,y,2026-12-31,z\n", "line 2: .*too many cells"),
        (
            "A1,E1,keep,x,y,2026-12-31\nA1,E2,keep,x,y,2026-12-31\n",
            "line 3: account A1 is decided twice",
        ),
        (
            "A1,E1,keep,x,y,2026-12-31\nA1,E1,remove,x,y,2026-12-31\n",
            "line 3: account A1 is decided twice",
        ),
    ],
)
def test_a_wrong_override_is_refused_with_its_line(load: Write, rows: str, problem: str) -> None:
    with pytest.raises(CompanyError, match=problem):
        load(SMALLEST + "overrides: overrides.csv\n", OVERRIDES_HEADER + rows)


def test_an_overrides_file_without_a_column_or_missing_is_refused(load: Write) -> None:
    with pytest.raises(CompanyError, match=r"overrides\.csv cannot be read"):
        load(SMALLEST + "overrides: overrides.csv\n")
    with pytest.raises(CompanyError, match="lacks author, reason"):
        load(SMALLEST + "overrides: overrides.csv\n", "account_id,rep_id,action,expires_on\n")


def test_the_hash_follows_what_was_decided_and_nothing_else(load: Write, tmp_path: Path) -> None:
    files = (
        "source: {kind: files, folder: %s, tables: {accounts: {path: a.csv}, "
        "opportunities: {path: o.csv}, employees: {path: e.csv}}}\n"
        "company: {id: acme, name: Acme}\n"
    )
    first = load(files % "here").config_hash()
    assert load("# a comment\n" + files % tmp_path).config_hash() == first
    assert load(files % "here" + "coverage: {move_budget_rate: 0.2}\n").config_hash() != first
    row = "A1,E1,keep,x,y,2026-12-31\n"
    settings = files % "here" + "overrides: overrides.csv\n"
    with_override = load(settings, OVERRIDES_HEADER + row).config_hash()
    assert with_override != first
    changed = load(settings, OVERRIDES_HEADER + row.replace("E1", "E2")).config_hash()
    assert changed != with_override


def test_settings_cannot_be_changed_after_loading(load: Write) -> None:
    company = load(SMALLEST)
    with pytest.raises(ValueError, match="frozen"):
        company.coverage.mip_gap = 0.5  # type: ignore[misc]
