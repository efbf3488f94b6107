"""REST services: every kind of pages, increments, faults, and the HR example of the docs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from urllib3.util import Retry

from dagster_project.sources import http
from dagster_project.sources.errors import PermanentSourceError, SourceError

from .inputs.remote import pull
from .inputs.server import API_KEY, Service

PAGES: dict[str, dict[str, Any]] = {
    "next_link": {"kind": "next_link", "at": "next"},
    "offset": {"kind": "offset", "size": 2},
    "offset_with_total": {"kind": "offset", "size": 2, "total": "meta.total"},
    "page_number": {"kind": "page_number"},
    "page_number_with_total": {"kind": "page_number", "total": "meta.pages"},
    "cursor": {"kind": "cursor", "at": "meta.page.nextCursor", "parameter": "page[after]"},
}
DIRECTORY = {
    "kind": "rest",
    "address": "https://api.bamboohr.com/api/gateway.php/acme/v1",
    "user_variable": "BAMBOO_KEY",
    "tables": {
        "employees": {
            "path": "employees/directory",
            "records": "employees",
            "key": "id",
            "columns": {"rep_id": "id", "name": "displayName", "role": "jobTitle"},
        }
    },
}


def items(kind: str = "next_link", **more: Any) -> dict[str, Any]:
    """A service whose accounts come in one kind of pages."""
    pages = PAGES[kind]
    table = {
        "path": f"v1/{pages['kind']}",
        "records": "data",
        "key": "id",
        "pages": pages,
        "columns": {"account_id": "id", "name": "name", "owner_rep_id": "owner.id"},
    }
    return {
        "kind": "rest",
        "address": "https://crm.example.com",
        "token_variable": "BAMBOO_KEY",
        "tables": {"accounts": table | more},
    }


CHANGES = {"cursor": "changed_at", "since": "updated_since", "deleted": "is_gone"}


def item(number: int, day: int, **more: Any) -> dict[str, Any]:
    stamp = f"2026-01-{day:02}T10:00:00Z"
    given = {"id": f"A{number}", "name": f"Account {number}", "owner": {"id": "E1"}}
    return given | {"changed_at": stamp, "is_gone": False} | more


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client wanted to wait before it tried again; it does not."""
    found: list[float] = []

    class Hurried(Retry):
        def sleep(self, response: Any = None) -> None:
            asked_for = self.get_retry_after(response) if response else None
            found.append(asked_for or self.get_backoff_time())

    monkeypatch.setattr(http, "Retry", Hurried)
    return found


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_pages_of_every_kind_bring_each_row_once(
    con: duckdb.DuckDBPyConnection, service: Service, kind: str, count: int
) -> None:
    service.items = [item(i, day=i) for i in range(1, count + 1)]
    result, rows = pull(con, "accounts", items(kind))
    assert result.row_count == count
    assert [row[1] for row in rows] == [f"A{i}" for i in range(1, count + 1)]
    assert {row[11] for row in rows} <= {"E1"}  # out of the record inside
    assert len(service.asked) == len(set(service.asked))


@pytest.mark.parametrize("kind", PAGES)
def test_increments_with_late_and_deleted_rows_equal_a_full_reload(
    con: duckdb.DuckDBPyConnection, service: Service, kind: str
) -> None:
    service.items = [item(i, day=i) for i in range(1, 6)]
    first, _ = pull(con, "accounts", items(kind, **CHANGES))
    service.items[0] |= {"name": "Renamed", "changed_at": "2026-01-06T10:00:00Z"}
    service.items[1] |= {"is_gone": True, "changed_at": "2026-01-06T11:00:00Z"}
    service.items.append(item(7, day=5, changed_at="2026-01-05T09:50:00Z"))  # came late
    service.items.append(item(8, day=6))
    service.asked.clear()
    second, rows = pull(con, "accounts", items(kind, **CHANGES))
    assert "updated_since=2026-01-05T09%3A45%3A00Z" in service.asked[0]
    assert [row[1] for row in rows] == ["A1", "A3", "A4", "A5", "A7", "A8"]
    again, whole = pull(duckdb.connect(), "accounts", items(kind, **CHANGES))
    assert rows == whole
    assert again.content_hash == second.content_hash != first.content_hash


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("fault", ["truncated", "repeats"])
def test_a_broken_answer_changes_nothing_and_can_be_tried_again(
    con: duckdb.DuckDBPyConnection, service: Service, kind: str, fault: str
) -> None:
    service.items = [item(i, day=5) for i in range(1, 6)]
    pull(con, "accounts", items(kind))
    before = con.execute("select * from source.accounts order by all").fetchall()
    service.items[0]["name"] = "Renamed"
    service.faults = ["truncated"] if fault == "truncated" else []
    service.repeats_page = fault == "repeats"
    with pytest.raises(SourceError, match="run again") as caught:
        pull(con, "accounts", items(kind))
    assert not isinstance(caught.value, PermanentSourceError)
    assert con.execute("select * from source.accounts order by all").fetchall() == before
    service.repeats_page = False
    assert pull(con, "accounts", items(kind))[1][0][2] == "Renamed"


@pytest.mark.parametrize(
    ("said", "waited"),
    # Where that time is past, the client's own pause follows the second refusal.
    [("7", [7, 7]), ("100000", [300, 300]), ("Wed, 21 Oct 2015 07:28:00 GMT", [1])],
)
def test_a_busy_server_is_given_the_time_it_asks_for_within_reason(
    con: duckdb.DuckDBPyConnection,
    service: Service,
    waits: list[float],
    said: str,
    waited: list[float],
) -> None:
    service.items = [item(1, day=1)]
    service.faults, service.retry_after = [429, 503], said
    assert pull(con, "accounts", items())[0].row_count == 1
    assert [wait for wait in waits if wait > 0] == waited


@pytest.mark.parametrize(("fault", "status"), [(500, "500"), (429, "429")])
def test_a_server_that_stays_broken_is_tried_five_times_and_then_later(
    con: duckdb.DuckDBPyConnection, service: Service, waits: list[float], fault: int, status: str
) -> None:
    service.faults = [fault] * 9
    with pytest.raises(
        SourceError, match=rf"did not answer properly.*{status}.*run again"
    ) as caught:
        pull(con, "accounts", items())
    assert not isinstance(caught.value, PermanentSourceError)
    assert len(service.asked) == 5


def test_a_server_that_does_not_answer_in_time_is_asked_again(
    con: duckdb.DuckDBPyConnection,
    service: Service,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Long enough for the right answer on a machine under load.
    monkeypatch.setattr(http, "TIMEOUT_SECONDS", 3)
    service.items = [item(1, day=1)]
    service.faults = ["silence"]
    assert pull(con, "accounts", items())[0].row_count == 1
    assert waits


def test_a_server_that_never_answers_is_asked_five_times(
    con: duckdb.DuckDBPyConnection,
    service: Service,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "TIMEOUT_SECONDS", 0.2)
    service.faults = ["silence"] * 5
    with pytest.raises(SourceError, match=r"did not answer properly.*timed out.*run again"):
        pull(con, "accounts", items())
    assert len(waits) == 4


@pytest.mark.parametrize("fault", ["expired", "forbidden"])
def test_a_token_that_is_refused_is_final_and_stays_secret(
    con: duckdb.DuckDBPyConnection, service: Service, fault: str
) -> None:
    service.faults = [fault]
    with pytest.raises(PermanentSourceError, match=r"refused.*check address, names") as caught:
        pull(con, "accounts", items())
    assert API_KEY not in str(caught.value)


def test_an_answer_without_the_rows_is_no_empty_table(
    con: duckdb.DuckDBPyConnection, service: Service
) -> None:
    with pytest.raises(PermanentSourceError, match=r"no 'rows', it has data, meta, next; correct"):
        pull(con, "accounts", items(records="rows"))


def test_a_link_in_the_clear_is_not_followed(
    con: duckdb.DuckDBPyConnection, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.items = [item(i, day=i) for i in range(1, 6)]
    page = service.page
    monkeypatch.setattr(
        service, "page", lambda *a: page(*a) | {"next": f"http://127.0.0.1:{service.port}/v1/x"}
    )
    with pytest.raises(SourceError, match="connection adapters"):
        pull(con, "accounts", items())
    assert len(service.asked) == 1


def test_a_directory_of_people_is_read_whole_and_those_who_left_it_are_gone(
    con: duckdb.DuckDBPyConnection, service: Service
) -> None:
    service.employees = [
        {"id": str(i), "displayName": f"P {i}", "jobTitle": "account_executive"} for i in (3, 1, 2)
    ]
    service.faults = [503]
    result, rows = pull(con, "employees", DIRECTORY)
    assert [row[1] for row in rows] == ["1", "2", "3"]
    assert result.source_columns == ("id", "displayName", "jobTitle")
    service.employees.pop()
    assert pull(con, "employees", DIRECTORY)[0].row_count == 2


def test_the_bamboohr_example_of_the_docs_reads_people_page_by_page(
    con: duckdb.DuckDBPyConnection, service: Service, repository: Path
) -> None:
    text = (repository / "docs" / "reliability.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(source:.*?)```", text, re.DOTALL)
    [example] = [example for example in examples if "kind: rest" in example]
    [source] = [s for s in yaml.safe_load(example)["more_sources"] if s["kind"] == "rest"]
    service.employees = [
        {
            "employeeId": str(number),
            "displayName": f"P {number}",
            "jobTitleName": "account_executive",
            "departmentName": "north",
            "hireDate": "2024-02-01",
            "_restrictedFields": [],
        }
        for number in range(1, 6)
    ]
    source["tables"]["employees"]["parameters"]["page[limit]"] = "2"
    result, rows = pull(con, "employees", source)
    assert [row[1] for row in rows] == ["1", "2", "3", "4", "5"]
    assert result.issue_count == 0
    assert all("fields=" in asked for asked in service.asked)
    assert len(service.asked) == 3
