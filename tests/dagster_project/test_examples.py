"""The example companies load, and where their public data is at hand they land completely."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.company.load import load_company
from dagster_project.company.model import Company
from dagster_project.company.sections.sources import FilesSource
from dagster_project.demo.generate import ensure_demo
from dagster_project.sources.pull import pull_table
from dagster_project.sources.result import PullResult
from dagster_project.warehouse.contract import LANDING

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("demo", "maven_crm", "adventureworks")


def data_folder(company: Company) -> Path:
    assert isinstance(company.source, FilesSource)
    return (company.path.parent / company.source.folder).resolve()


def land(name: str) -> tuple[duckdb.DuckDBPyConnection, dict[str, PullResult], Path]:
    company = load_company(EXAMPLES / name / "company.yml")
    folder = data_folder(company)
    if not folder.is_dir():
        pytest.skip(f"the public data set {name} is not at {os.path.relpath(folder)}")
    con = duckdb.connect()
    results = {
        table.name: pull_table(con, company, table, f"main.{table.name}")
        for table in LANDING.values()
    }
    return con, results, folder


@pytest.fixture(scope="module")
def maven() -> tuple[duckdb.DuckDBPyConnection, dict[str, PullResult], Path]:
    return land("maven_crm")


@pytest.fixture(scope="module")
def adventureworks() -> tuple[duckdb.DuckDBPyConnection, dict[str, PullResult], Path]:
    return land("adventureworks")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def first(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    return con.execute(query).fetchall()[0]


def test_every_example_is_a_valid_company_of_its_own() -> None:
    companies = [load_company(EXAMPLES / name / "company.yml") for name in NAMES]
    assert [company.company.id for company in companies] == list(NAMES)
    assert {path.parent.name for path in EXAMPLES.glob("*/company.yml")} == set(NAMES)


def test_the_demo_s_overrides_and_groups_name_records_that_exist(tmp_path: Path) -> None:
    company = load_company(EXAMPLES / "demo" / "company.yml")
    folder = ensure_demo(company, tmp_path)
    owners = {row["account_id"]: row["owner_rep_id"] for row in read(folder / "accounts.csv")}
    assert len(company.override_rows) == 3
    for row in company.override_rows:
        assert owners[row.account_id] == row.rep_id
    groups = {row["group_id"] for row in read(folder / "employees.csv")}
    assert {group.group_id for group in company.groups} == groups


def test_the_demo_s_overspent_group_costs_more_than_its_budget(tmp_path: Path) -> None:
    company = load_company(EXAMPLES / "demo" / "company.yml")
    folder = ensure_demo(company, tmp_path)
    staff = {row["rep_id"]: row for row in read(folder / "employees.csv")}
    cost = {group.group_id: 0.0 for group in company.groups}
    for row in staff.values():
        cost[row["group_id"]] += float(row["base_pay"])
    for deal in read(folder / "opportunities.csv"):
        if deal["is_won"] == "true" and deal["closed_at"] >= "2025-07-01":
            cost[staff[deal["rep_id"]]["group_id"]] += 0.06 * float(deal["amount"])
    over = {
        group.group_id
        for group in company.groups
        if group.budget_amount is not None and cost[group.group_id] > group.budget_amount
    }
    assert over == {"midwest"}


def test_maven_lands_every_row(
    maven: tuple[duckdb.DuckDBPyConnection, dict[str, PullResult], Path],
) -> None:
    _, results, folder = maven
    for table, file in (
        ("accounts", "accounts.csv"),
        ("opportunities", "sales_pipeline.csv"),
        ("products", "products.csv"),
        ("employees", "sales_teams.csv"),
    ):
        assert results[table].row_count == len(read(folder / file))
        assert results[table].issue_count == 0
    assert results["activities"].absent


def test_maven_deals_keep_their_order_outcome_and_value(
    maven: tuple[duckdb.DuckDBPyConnection, dict[str, PullResult], Path],
) -> None:
    con, _, folder = maven
    deals = read(folder / "sales_pipeline.csv")
    landed = con.execute("select opportunity_id from opportunities order by _row").fetchall()
    assert [row[0] for row in landed] == [deal["opportunity_id"] for deal in deals]
    won = [deal for deal in deals if deal["deal_stage"] == "Won"]
    query = "select count(*), sum(amount) from opportunities where is_won and is_closed"
    assert first(con, query) == (len(won), sum(float(deal["close_value"]) for deal in won))
    unusable = [deal for deal in deals if not deal["account"] or not deal["engage_date"]]
    assert first(
        con, "select count(*) from opportunities where account_id is null or created_at is null"
    ) == (len(unusable),)
    assert len(unusable) / len(deals) < 0.3


def test_maven_s_misspelt_values_are_mended_so_that_nothing_is_lost_in_a_join(
    maven: tuple[duckdb.DuckDBPyConnection, dict[str, PullResult], Path],
) -> None:
    con, _, _ = maven
    lost = "select count(*) from opportunities anti join products using (product_id)"
    assert first(con, lost) == (0,)
    values = "select list(distinct industry), list(distinct country) from accounts"
    industries, countries = first(con, values)
    assert "technology" in industries
    assert "technolgy" not in industries
    assert "Philipines" not in countries
    owners = "select count(*) from accounts semi join employees on owner_rep_id = rep_id"
    assert first(con, owners) == (85,)


def test_adventureworks_lands_every_store_and_every_order_with_a_sales_person(
    adventureworks: tuple[duckdb.DuckDBPyConnection, dict[str, PullResult], Path],
) -> None:
    con, results, folder = adventureworks
    orders = [row for row in read(folder / "SalesOrderHeader.csv") if row["SalesPersonID"]]
    assert results["opportunities"].row_count == len(orders)
    amount = first(con, "select sum(amount) from opportunities")[0]
    assert amount == pytest.approx(sum(float(order["SubTotal"]) for order in orders))
    assert results["accounts"].row_count == len(read(folder / "Store.csv"))
    assert results["products"].row_count == len(read(folder / "Product.csv"))
    complete = (
        "select count(*) from accounts "
        "where industry is not null and employees > 0 and region is not null"
    )
    assert first(con, complete) == (results["accounts"].row_count,)
    assert all(result.issue_count == 0 for result in results.values())


def test_adventureworks_people_have_a_group_unless_they_manage(
    adventureworks: tuple[duckdb.DuckDBPyConnection, dict[str, PullResult], Path],
) -> None:
    con, _, _ = adventureworks
    query = """
        select role, count(*), count(group_id), count(hire_date), min(base_pay) > 30000
        from employees group by 1 order by 1
    """
    assert con.execute(query).fetchall() == [
        ("account_executive", 14, 14, 14, True),
        ("sales_manager", 3, 0, 3, True),
    ]
    deals = "select count(*) from opportunities semi join accounts using (account_id)"
    assert first(con, deals) == (3806,)
    new = (
        "select count(*), count(distinct account_id) from opportunities where revenue_type = 'new'"
    )
    assert len(set(first(con, new))) == 1
