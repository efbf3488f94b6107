"""Sources over a connection: increments equal a reload, faults are survived, secrets hide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import psycopg
import pytest

from dagster_project.company.model import Company
from dagster_project.company.yaml_file import CompanyError
from dagster_project.sources.errors import PermanentSourceError, SourceError
from dagster_project.sources.pull import pull_table
from dagster_project.warehouse.contract import LANDING

from .inputs.remote import FILES, company, pull
from .inputs.server import KEY, SECRET, Service

FIELDS = {
    "account_id": "Id",
    "name": "Name",
    "owner_rep_id": "OwnerId",
    "created_at": "CreatedDate",
}
SALESFORCE = {
    "kind": "salesforce",
    "domain": "acme.my",
    "key_variable": "SF_KEY",
    "secret_variable": "SF_SECRET",  # pragma: allowlist secret
    "tables": {"accounts": {"object": "Account", "columns": FIELDS}},
}
DATABASE = {
    "kind": "sql",
    "url_variable": "CRM_URL",
    "tables": {
        "opportunities": {
            "query": "select * from crm.deals",
            "key": "id",
            "cursor": "changed_at",
            "deleted": "is_gone",
            "columns": {"opportunity_id": "id"},
        }
    },
}


def account(number: int, day: int, **more: Any) -> dict[str, Any]:
    return {
        "Id": f"001{number}",
        "Name": f"Account {number}",
        "OwnerId": "E1",
        "CreatedDate": "2025-01-01T00:00:00.000+0000",
        "SystemModstamp": f"2026-01-{day:02}T10:00:00.000+0000",
        "IsDeleted": False,
    } | more


def test_changes_late_rows_and_deletions_give_the_same_as_a_full_reload(
    con: duckdb.DuckDBPyConnection, service: Service
) -> None:
    service.objects["Account"] = [account(i, day=i) for i in range(1, 6)]
    first, rows = pull(con, "accounts", SALESFORCE)
    assert (first.row_count, service.asked[0][:5]) == (5, "bulk ")
    assert rows[0][1:3] == ("0011", "Account 1")
    service.objects["Account"][0] |= {"Name": "Renamed", "SystemModstamp": "2026-01-06T10:00:00Z"}
    service.objects["Account"][1] |= {"IsDeleted": True, "SystemModstamp": "2026-01-06T11:00:00Z"}
    service.objects["Account"].append(
        account(7, day=5) | {"SystemModstamp": "2026-01-05T09:50:00.000+0000"}  # came late
    )
    service.asked.clear()
    second, rows = pull(con, "accounts", SALESFORCE)
    assert "WHERE SystemModstamp >= 2026-01-05T09:45:00Z" in service.asked[0]
    assert [row[1] for row in rows] == ["0011", "0013", "0014", "0015", "0017"]
    assert rows[0][2] == "Renamed"
    again, whole = pull(duckdb.connect(), "accounts", SALESFORCE)
    assert whole == rows
    assert again.content_hash == second.content_hash != first.content_hash


def test_another_definition_reads_everything_again(
    con: duckdb.DuckDBPyConnection, service: Service
) -> None:
    service.objects["Account"] = [account(1, day=1, Industry="mining")]
    pull(con, "accounts", SALESFORCE)
    fields = {"object": "Account", "columns": FIELDS | {"industry": "Industry"}}
    _, rows = pull(con, "accounts", SALESFORCE | {"tables": {"accounts": fields}})
    assert rows[0][4] == "mining"


@pytest.mark.parametrize("faults", [[429], [503, 500], ["expired"], [429, "expired", 502]])
def test_a_busy_server_and_an_expired_token_are_survived(
    con: duckdb.DuckDBPyConnection, service: Service, faults: list[Any]
) -> None:
    service.objects["Account"] = [account(i, day=i) for i in range(1, 6)]
    pull(con, "accounts", SALESFORCE)
    service.objects["Account"].append(account(6, day=6))
    service.faults = list(faults)
    assert pull(con, "accounts", SALESFORCE)[0].row_count == 6
    assert service.faults == []
    assert service.log_ins == (3 if "expired" in faults else 2)


@pytest.mark.parametrize("fault", ["truncated", "repeats"])
def test_a_broken_answer_changes_nothing_and_can_be_tried_again(
    con: duckdb.DuckDBPyConnection, service: Service, fault: str
) -> None:
    service.objects["Account"] = [account(i, day=5) for i in range(1, 6)]
    pull(con, "accounts", SALESFORCE)
    before = con.execute("select * from source.accounts order by all").fetchall()
    service.objects["Account"][0]["Name"] = "Renamed"
    service.faults = ["truncated"] if fault == "truncated" else []
    service.repeats_page = fault == "repeats"
    with pytest.raises(SourceError, match="run again") as caught:
        pull(con, "accounts", SALESFORCE)
    assert not isinstance(caught.value, PermanentSourceError)
    assert con.execute("select * from source.accounts order by all").fetchall() == before
    service.repeats_page = False
    assert pull(con, "accounts", SALESFORCE)[1][0][2] == "Renamed"


def test_a_refusal_is_final_and_keeps_the_secrets(
    con: duckdb.DuckDBPyConnection, service: Service
) -> None:
    service.objects["Account"] = [account(1, day=1)]
    pull(con, "accounts", SALESFORCE)
    service.faults = ["forbidden"]
    with pytest.raises(PermanentSourceError, match="refused") as caught:
        pull(con, "accounts", SALESFORCE)
    for secret in (KEY, SECRET, "token-2"):
        assert secret not in str(caught.value)


@pytest.fixture
def deals(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A database of deals; run statements in it with ``deals(sql, ...)``."""
    monkeypatch.setenv("CRM_URL", postgres.url("postgresql+psycopg"))

    def run(*statements: str) -> None:
        with psycopg.connect(postgres.url()) as server:
            for statement in statements:
                server.execute(statement)

    run(
        "drop schema if exists crm cascade",
        "create schema crm",
        "create table crm.deals (id bigint, account_id text, rep_id text, is_closed boolean, "
        "is_won boolean, amount numeric, created_at timestamptz, changed_at timestamptz, "
        "is_gone boolean default false)",
        "insert into crm.deals select i, 'A' || i, 'E1', true, i % 2 = 0, i * 1.5, "
        "timestamptz '2025-01-01 00:00+00', timestamptz '2026-01-01 00:00+00' + i * interval '1 h' "
        "from generate_series(1, 50) as n (i)",
    )
    return run


def test_a_database_is_pulled_by_increments_that_equal_a_full_reload(
    con: duckdb.DuckDBPyConnection, deals: Callable[..., None]
) -> None:
    first, rows = pull(con, "opportunities", DATABASE)
    assert first.row_count == 50
    assert first.issue_count == 0
    deals(
        "update crm.deals set amount = 7, changed_at = '2026-02-01 00:00+00' where id = 3",
        "update crm.deals set is_gone = true, changed_at = '2026-02-01 01:00+00' where id = 4",
        "insert into crm.deals values (51, 'A1', 'E1', false, false, 9, '2026-02-01', "
        "'2026-02-02')",
        "update crm.deals set amount = 99 where id = 10",  # without a new time: not seen yet
    )
    second, rows = pull(con, "opportunities", DATABASE)
    amounts = {row[1]: row[9] for row in rows}
    assert (len(amounts), amounts["3"], amounts["51"], amounts["10"]) == (50, 7, 9, 15)
    assert "4" not in amounts
    deals("update crm.deals set changed_at = '2026-02-03' where id = 10")
    third, rows = pull(con, "opportunities", DATABASE)
    whole, reloaded = pull(duckdb.connect(), "opportunities", DATABASE)
    assert rows == reloaded
    assert third.content_hash == whole.content_hash != second.content_hash


def test_a_query_can_only_read(con: duckdb.DuckDBPyConnection, deals: Callable[..., None]) -> None:
    for query in (
        "delete from crm.deals returning id",
        "with gone as (delete from crm.deals returning *) select * from gone",
        "select * from crm.deals) as a; drop table crm.deals; select * from (select 1 as id",
    ):
        spec = DATABASE["tables"]["opportunities"] | {"query": query}
        with pytest.raises(SourceError, match="the database"):
            pull(con, "opportunities", DATABASE | {"tables": {"opportunities": spec}})
    assert pull(con, "opportunities", DATABASE)[0].row_count == 50


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:hush-hush@127.0.0.1:1/x",  # pragma: allowlist secret
        "hush-hush",
    ],
)
def test_an_address_that_does_not_work_is_not_shown(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CRM_URL", url)
    with pytest.raises(SourceError, match="cannot be read") as caught:
        pull(con, "opportunities", DATABASE)
    assert "hush-hush" not in str(caught.value)


def test_a_variable_that_is_not_set_is_named(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PermanentSourceError, match="CRM_URL is not set"):
        pull(con, "opportunities", DATABASE)


def test_a_table_comes_from_one_source_and_secrets_are_no_settings() -> None:
    with pytest.raises(CompanyError, match="comes from 2 sources"):
        Company.model_validate(
            {
                "company": {"id": "acme", "name": "Acme"},
                "source": FILES,
                "more_sources": [SALESFORCE],
            }
        )
    with pytest.raises(ValueError, match="url_variable"):
        company(DATABASE | {"url_variable": "postgresql://user:password@host/db"})


def test_an_optional_table_that_no_source_names_lands_empty(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute("create schema raw")
    result = pull_table(con, company(DATABASE), LANDING["products"], "raw.products__pulled")
    assert (result.absent, result.row_count) == (True, 0)
