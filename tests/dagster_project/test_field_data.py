"""Real export sets and small companies with one fault each, read where they lie.

They stand beside the repository, in ../shared/data, or where FIELD_DATA_DIR says; without them
these tests are skipped.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from dagster_project.company.load import load_company
from dagster_project.company.model import Company
from dagster_project.sources.errors import SourceError
from dagster_project.sources.pull import pull_table
from dagster_project.warehouse.contract import LANDING

DATA = os.environ.get("FIELD_DATA_DIR") or Path(__file__).parents[3] / "shared" / "data"
Landed = tuple[list[tuple[Any, ...]], tuple[str, ...]]
MIN_TOTAL = 191_400.0


def data(*parts: str) -> Path:
    path = Path(DATA).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path.name} is not in the folder of public data sets; see FIELD_DATA_DIR")
    return path


def land(company: Company, table: str, columns: str) -> Landed:
    with duckdb.connect() as con:
        result = pull_table(con, company, LANDING[table], f"raw.{table}__pulled")
        rows = con.execute(f"select {columns} from raw.{table}__pulled order by _row").fetchall()
    return rows, result.notes


def small(name: str) -> Company:
    return load_company(data("field", name, "company.yml"))


def company_of(folder: Path, **tables: Any) -> Company:
    return Company.model_validate(
        {
            "company": {"id": "field", "name": "Field"},
            "source": {"kind": "files", "folder": str(folder), "tables": tables},
        }
    )


@pytest.fixture(scope="module")
def healthy() -> Landed:
    return land(small("min"), "opportunities", "opportunity_id, amount, created_at, closed_at")


def test_the_healthy_company_lands_without_a_note(healthy: Landed) -> None:
    rows, notes = healthy
    assert notes == ()
    assert len(rows) == 120
    assert sum(row[1] for row in rows) == MIN_TOTAL


def test_dates_with_points_and_a_decimal_comma_give_the_same_dates(healthy: Landed) -> None:
    rows, notes = land(
        small("min_eu"), "opportunities", "opportunity_id, created_at, closed_at, amount"
    )
    assert [row[:3] for row in rows] == [(row[0], row[2], row[3]) for row in healthy[0]]
    assert rows[0][3] == 1010.0
    assert rows[1][3] == 1020.1
    assert len(notes) == 3


@pytest.mark.parametrize(("name", "said"), [("min_euro", 0), ("min_euro8", 1)])
def test_a_euro_sign_of_windows_is_read_set_or_not(name: str, said: int) -> None:
    rows, notes = land(small(name), "accounts", "name")
    assert len(rows) == 12
    assert any("€" in name for (name,) in rows)
    assert len(notes) == said


def test_the_footer_of_a_report_is_no_deal(healthy: Landed) -> None:
    rows, notes = land(
        small("min_footer"), "opportunities", "opportunity_id, amount, created_at, closed_at"
    )
    assert rows == healthy[0]
    assert notes == ("the last 2 lines of deals.csv are a footer and no rows",)


@pytest.mark.parametrize("name", ["min_leaver2", "min_leaver3"])
def test_a_leaver_is_one_in_either_date_format(name: str) -> None:
    rows, _ = land(small(name), "employees", "rep_id, termination_date")
    assert rows == [("R1", dt.date(2025, 12, 31)), ("R2", None), ("R3", None)]


def test_a_file_without_a_header_line_names_nobody() -> None:
    with pytest.raises(SourceError, match="no header line") as caught:
        land(small("min_nohdr"), "employees", "1")
    assert "Jane" not in str(caught.value)
    header = ["rep_id", "name", "role", "group_id", "hire_date"]
    folder = data("field", "min_nohdr", "data")
    tables = {name: {"path": f"{name}.csv"} for name in ("accounts", "opportunities")}
    company = company_of(folder, employees={"path": "reps.csv", "header": header}, **tables)
    assert [row[0] for row in land(company, "employees", "rep_id")[0]] == ["R1", "R2", "R3"]


def test_a_time_in_utc_becomes_the_local_one() -> None:
    rows, _ = land(small("min_utc"), "opportunities", "opportunity_id, created_at")
    assert dict(rows)["O15"] == dt.datetime(2025, 2, 28, 21)


def test_a_salesforce_export_is_read_as_it_is() -> None:
    folder = data("salesforce_export")
    company = company_of(
        folder,
        accounts={
            "path": "Account.csv",
            "deleted": "IsDeleted",
            "columns": {
                "account_id": "Id", "name": "Name", "industry": "Industry",
                "employees": "NumberOfEmployees", "annual_revenue": "AnnualRevenue",
            },
        },
        opportunities={
            "path": "Opportunity.csv",
            "columns": {
                "opportunity_id": "Id", "account_id": "AccountId", "rep_id": {"value": "U1"},
                "stage": "StageName", "amount": "Amount", "is_closed": "IsClosed",
                "is_won": "IsWon", "created_at": "CreatedDate", "closed_at": "CloseDate",
            },
        },
        stage_changes={
            "path": "OpportunityHistory.csv",
            "columns": {
                "opportunity_id": "OpportunityId", "stage": "StageName", "entered_at": "CreatedDate"
            },
        },
        employees={"path": "User.csv"},
    )  # fmt: skip
    rows, notes = land(company, "accounts", "account_id, employees, annual_revenue, _issues")
    assert (len(rows), rows[0], notes) == (18, ("001bm00001ZL8U9AAL", 1000, 139e6, None), ())
    rows, notes = land(
        company, "opportunities", "created_at, closed_at, is_closed, amount, _issues"
    )
    assert len(rows) == 36
    assert {row[4] for row in rows} == {None}
    assert rows[0][:4] == (dt.datetime(2026, 2, 23), dt.datetime(2024, 2, 3), False, 15000)
    assert notes == (
        "created_at: dates are read as month/day/year",
        "closed_at: dates are read as month/day/year",
    )
    rows, _ = land(company, "stage_changes", "entered_at, _issues")
    assert len(rows) == 48
    assert rows[0] == (dt.datetime(2026, 2, 23, 20, 55), None)


def test_a_brazilian_export_is_read_by_its_own_headers() -> None:
    company = company_of(
        data("brazil_sales"),
        accounts={
            "path": "empresas.csv",
            "columns": {
                "account_id": "id_empresa", "name": "nome_empresa", "country": "pais",
                "industry": "segmento",
            },
        },
        opportunities={
            "path": "oportunidades.csv",
            "columns": {
                "opportunity_id": "id_oportunidade", "account_id": "id_empresa",
                "rep_id": "id_vendedor", "product_id": "id_produto", "amount": "valor",
                "created_at": "data", "closed_at": "data", "stage": "estagio",
                "is_closed": {
                    "column": "estagio",
                    "values": {"Closed": True, "Lead": False, "Commit": False, "Pipeline": False},
                },
                "is_won": {
                    "column": "estagio",
                    "values": {"Closed": True, "Lead": False, "Commit": False, "Pipelin": False},
                },
            },
        },
        employees={
            "path": "vendedores.csv",
            "columns": {"rep_id": "id_vendedor", "name": "nome_vendedor", "role": {"value": "ae"}},
        },
    )  # fmt: skip
    rows, notes = land(company, "opportunities", "is_closed, is_won, amount")
    assert len(rows) == 8331
    assert sum(closed for closed, _, _ in rows) == 819
    assert notes == (
        "is_won: 'Pipelin' under values matches no cell, so it has no effect; there are "
        "'Pipeline', 'Lead', 'Closed', 'Commit'",
        "is_won: 2,469 of 8,331 cells cannot be read as true or false, such as 'Pipeline'; map its "
        "words under values, or correct them at the source",
    )
    assert len(land(company, "accounts", "1")[0]) == 30
    assert land(company, "employees", "rep_id")[1] == ()


@pytest.mark.whole_job
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("min_ownercase", "2 keys differ in case or punctuation only from a record"),
        ("min_sf15", "as ids of 15 and of 18 characters do"),
    ],
)
def test_keys_of_another_spelling_block_with_reason_count_example_and_suggestion(
    tmp_path: Path, run_refresh: Callable[..., Any], name: str, said: str
) -> None:
    run = run_refresh(data("field", name, "company.yml"), tmp_path / "home")
    assert run.code == 1
    assert "keys_match_their_records failed for 1 of 11 tables" in run.verdict
    assert said in run.verdict


@pytest.mark.whole_job
def test_a_goal_that_is_met_stops_no_plan_at_its_gate(
    tmp_path: Path, run_refresh: Callable[..., Any]
) -> None:
    run = run_refresh(data("field", "min_goalmet", "company.yml"), tmp_path / "home")
    assert run.code == 0, run.verdict
    assert "the goal is reached" in run.stdout
    assert "made as of 2026-05-22" in run.stdout


def with_quotas(folder: Path, quotas: str) -> Path:
    """The company of min_quota with one of its files of agreed quotas."""
    tables = data("field", "min_quota", "data")
    path = folder / "company.yml"
    path.write_text(
        "company: {id: mini, name: Mini, as_of: data}\n"
        f"source:\n  kind: files\n  folder: {tables}\n  tables:\n"
        "    accounts: {path: accounts.csv}\n    opportunities: {path: deals.csv}\n"
        f"    employees: {{path: reps.csv}}\n    quotas: {{path: {quotas}}}\n"
        "coverage_policies: [{hours_per_year: 100}]\n"
    )
    return path


@pytest.mark.whole_job
def test_a_quota_of_somebody_unknown_is_set_aside_with_its_amount_and_loads_nobody(
    tmp_path: Path, run_refresh: Callable[..., Any]
) -> None:
    run = run_refresh(with_quotas(tmp_path, "quotas9.csv"), tmp_path / "home")
    assert run.code == 0, run.verdict
    assert run.published(
        "select table_name, reason, row_count, amount from quarantine_summary"
    ) == [("quotas", "rep_unknown", 1, 50000.0)]
    assert "1 quotas set aside: rep unknown (50,000 USD)" in run.stdout
    assert "rep_id: 1 of 2 rows name no record of employees, such as 'R9'" in run.stdout


@pytest.mark.whole_job
def test_a_quota_of_a_rep_without_accounts_is_shown_and_loads_nobody(
    tmp_path: Path, run_refresh: Callable[..., Any]
) -> None:
    run = run_refresh(with_quotas(tmp_path, "quotas.csv"), tmp_path / "home")
    assert run.code == 0, run.verdict
    quotas = run.published("select rep_id, quota_amount, idle_quota_amount from rep_quotas")
    assert [(rep, float(asked), float(idle)) for rep, asked, idle in sorted(quotas)] == [
        ("R1", 33_333.32, 0.0),
        ("R2", 33_333.32, 0.0),
        ("R3", 0.0, 33_333.32),
    ]
    assert "R3 covers no account: nobody is asked for its 33,333 in force" in run.stdout


def test_the_files_of_the_docs_example_are_settings(repository: Path) -> None:
    text = (repository / "docs" / "reliability.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(source:.*?)```", text, re.DOTALL)
    [example] = [example for example in examples if "kind: files" in example]
    settings = yaml.safe_load(example) | {"company": {"id": "acme", "name": "Acme"}}
    assert "exchange_rates" in Company.model_validate(settings).source.tables
