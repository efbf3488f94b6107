"""Pulling files: what is cleaned, what is noted, what is refused, and in whose words."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.company.model import Company
from dagster_project.sources.errors import PermanentSourceError, SourceError
from dagster_project.sources.pull import pull_table
from dagster_project.sources.result import PullResult
from dagster_project.warehouse.contract import LANDING

EMPLOYEES = "rep_id,role\nE1,account_executive\n"
ACCOUNTS = "account_id,name\nA1,Acme\n"
DEALS_HEADER = "opportunity_id,account_id,rep_id,is_closed,is_won,created_at"
DEALS = f"{DEALS_HEADER},amount\nO1,A1,E1,true,false,2026-01-31,10\n"

REQUIRED = ("accounts", "opportunities", "employees")

Pull = Callable[..., PullResult]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.fixture
def pull(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Pull:
    """Write files and pull one table; ``tables`` replaces the specification of some tables."""

    def write_and_pull(
        table: str,
        files: dict[str, str | bytes] | None = None,
        source: dict[str, Any] | None = None,
        **tables: dict[str, Any],
    ) -> PullResult:
        for name, content in (files or {}).items():
            data = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name).write_bytes(data)
        required = {name: {"path": f"{name}.csv"} for name in REQUIRED}
        company = Company.model_validate(
            {
                "company": {"id": "acme", "name": "Acme", "timezone": "America/New_York"},
                "source": {
                    "kind": "files",
                    "folder": str(tmp_path),
                    "tables": required | tables,
                    **(source or {}),
                },
            }
        )
        return pull_table(con, company, LANDING[table], f"raw.{table}__pulled")

    return write_and_pull


def rows(con: duckdb.DuckDBPyConnection, table: str, columns: str) -> list[tuple[Any, ...]]:
    return con.execute(f"select {columns} from raw.{table}__pulled order by _row").fetchall()


def test_text_is_trimmed_and_empty_text_is_null(con: duckdb.DuckDBPyConnection, pull: Pull) -> None:
    pull("accounts", {"accounts.csv": 'account_id,name,industry\n A1 ,"\u00a0Ac\u00a0me\t",  \n'})
    assert rows(con, "accounts", "_row, account_id, name, industry, region, _issues") == [
        (1, "A1", "Ac me", None, None, None)
    ]


def test_columns_of_the_landed_table_are_the_contract_s(
    con: duckdb.DuckDBPyConnection, pull: Pull
) -> None:
    pull("opportunities", {"opportunities.csv": DEALS})
    found = con.execute("describe raw.opportunities__pulled").fetchall()
    assert [(row[0], row[1]) for row in found] == [
        ("_row", "BIGINT"),
        *[(column.name, column.type) for column in LANDING["opportunities"].columns],
        ("_issues", "VARCHAR"),
        ("_fixes", "VARCHAR"),
    ]


@pytest.mark.parametrize("word", ["true", "Yes", "Y", "1", "T"])
def test_words_for_true_are_read(con: duckdb.DuckDBPyConnection, pull: Pull, word: str) -> None:
    pull("opportunities", {"opportunities.csv": DEALS.replace("true", word)})
    assert rows(con, "opportunities", "is_closed, _issues") == [(True, None)]


def test_cells_that_cannot_be_read_are_null_and_noted_together(
    con: duckdb.DuckDBPyConnection, pull: Pull
) -> None:
    deals = 'O1,A1,E1,maybe,false,31.13.2026,"12,5O"\nO2,A1,E1,1,0,2026-01-31,1e999\n'
    result = pull("opportunities", {"opportunities.csv": f"{DEALS_HEADER},amount\n{deals}"})
    assert result.issue_count == 2
    assert rows(con, "opportunities", "is_closed, created_at::varchar, amount, _issues") == [
        (
            None,
            None,
            None,
            "is_closed: 'maybe' is not true or false; amount: '12,5O' is not a number; "
            "created_at: '31.13.2026' is not a date and time",
        ),
        (True, "2026-01-31 00:00:00", None, "amount: '1e999' is not a number"),
    ]


def test_a_fraction_is_no_whole_number(con: duckdb.DuckDBPyConnection, pull: Pull) -> None:
    pull("accounts", {"accounts.csv": "account_id,name,employees\nA1,a,3.7\nA2,b,12.0\n"})
    assert rows(con, "accounts", "employees, _issues") == [
        (None, "employees: '3.7' is not a whole number"),
        (12, None),
    ]


def test_pay_never_appears_in_a_note(con: duckdb.DuckDBPyConnection, pull: Pull) -> None:
    pull("employees", {"employees.csv": "rep_id,role,base_pay\nE1,account_executive,91k\n"})
    assert rows(con, "employees", "_issues") == [("base_pay: the value is not a number",)]


@pytest.mark.parametrize(
    ("written", "local"),
    [
        ("2026-02-01T03:30:00Z", "2026-01-31 22:30:00"),
        ("2026-02-01T03:30:00.000+0000", "2026-01-31 22:30:00"),
        ("2026-02-01 05:30:00+02:00", "2026-01-31 22:30:00"),
        ("2026-02-01 03:30:00.5+00", "2026-01-31 22:30:00.5"),
        ("2026-02-01 03:30:00", "2026-02-01 03:30:00"),
        ("2026-02-01 03:30:00.467000000", "2026-02-01 03:30:00.467"),
        ("2026-02-01", "2026-02-01 00:00:00"),
    ],
)
def test_a_time_with_an_offset_lands_in_the_company_s_local_time(
    con: duckdb.DuckDBPyConnection, pull: Pull, written: str, local: str
) -> None:
    pull("opportunities", {"opportunities.csv": DEALS.replace("2026-01-31", written)})
    assert rows(con, "opportunities", "created_at::varchar, _issues") == [(local, None)]


def test_columns_are_renamed_mapped_and_filled_with_constants(
    con: duckdb.DuckDBPyConnection, pull: Pull
) -> None:
    pull(
        "accounts",
        {"crm.csv": "Id,Title,Sector,vip\nA1,Acme,technolgy,ja\nA2,Bolt,food,nein\n"},
        accounts={
            "path": "crm.csv",
            "columns": {
                "account_id": "Id",
                "name": "Title",
                "industry": {"column": "Sector", "values": {"technolgy": "technology"}},
                "is_named": {"column": "vip", "values": {"ja": True, "nein": False}},
                "country": {"value": "O'Land"},
            },
        },
    )
    assert rows(con, "accounts", "account_id, industry, is_named, country, _issues") == [
        ("A1", "technology", True, "O'Land", None),
        ("A2", "food", False, "O'Land", None),
    ]


def test_rows_keep_the_file_s_order_in_a_large_file_with_line_ends_in_cells(
    con: duckdb.DuckDBPyConnection, pull: Pull
) -> None:
    body = "".join(f'A{i},"line\r\nend, {i}"\r\n' for i in range(1, 200_001))
    result = pull("accounts", {"accounts.csv": "account_id,name\r\n" + body})
    assert result.row_count == 200_000
    wrong = con.execute(
        "select count(*) from raw.accounts__pulled where account_id <> 'A' || _row"
    ).fetchall()
    assert wrong == [(0,)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"account_id,name\nA1,a\nA2,b,c\n", r"accounts\.csv line 3: 3 cells .* header has 2"),
        (b"account_id,name\nA1,a\nA2\n", r"accounts\.csv line 3: 1 cells .* header has 2"),
        (b"account_id,name\nA1,Fran\x87ois\n", r"line 2: byte 0x87 is not UTF-8; .*windows-1252"),
        (b'account_id,name\nA1,"a "b" c"\n', "line 2: a quoted cell is not closed"),
        (b"account_id,name,Name\nA1,a,b\n", "names a column twice"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7\n", "git lfs pull"),
    ],
)
def test_a_broken_file_is_refused_for_good_with_its_line(
    pull: Pull, content: bytes, message: str
) -> None:
    with pytest.raises(PermanentSourceError, match=message) as caught:
        pull("accounts", {"accounts.csv": content})
    assert "Fran" not in str(caught.value)


def test_a_latin_1_file_is_read_when_set_so(con: duckdb.DuckDBPyConnection, pull: Pull) -> None:
    content = "account_id;name\nA1;François\n".encode("latin-1")
    pull("accounts", {"accounts.csv": content}, {"encoding": "latin-1", "delimiter": ";"})
    assert rows(con, "accounts", "name") == [("François",)]


def test_a_late_or_empty_file_can_be_tried_again(pull: Pull) -> None:
    with pytest.raises(SourceError, match=r"no file accounts\.csv") as caught:
        pull("accounts", {"other.csv": ACCOUNTS})
    assert "other.csv" in str(caught.value)
    assert not isinstance(caught.value, PermanentSourceError)
    with pytest.raises(SourceError, match="is empty") as caught:
        pull("accounts", {"accounts.csv": b""})
    assert not isinstance(caught.value, PermanentSourceError)


def test_missing_columns_are_listed_with_what_there_is(pull: Pull) -> None:
    with pytest.raises(PermanentSourceError) as caught:
        pull(
            "accounts",
            {"accounts.csv": "account_id,nmae,Branche\nA1,a,b\n"},
            accounts={"path": "accounts.csv", "columns": {"industry": "Branch"}},
        )
    message = str(caught.value)
    assert "required column 'name' has no source; did you mean 'nmae'?" in message
    assert "'industry' is mapped to 'Branch'; did you mean 'Branche'?" in message
    assert "accounts.csv, which has account_id, nmae, Branche" in message
    assert "source.tables.accounts.columns" in message


def test_an_optional_table_that_is_not_configured_lands_empty_and_typed(
    con: duckdb.DuckDBPyConnection, pull: Pull
) -> None:
    result = pull("certifications")
    assert (result.absent, result.row_count, result.source_files) == (True, 0, ())
    types = {
        row[0]: row[1] for row in con.execute("describe raw.certifications__pulled").fetchall()
    }
    assert types["valid_to"] == "DATE"


def test_a_pattern_reads_files_in_order_of_their_names(
    con: duckdb.DuckDBPyConnection, pull: Pull
) -> None:
    result = pull(
        "accounts",
        {"acc_2.csv": "account_id,name\nA2,b\n", "acc_1.csv": ACCOUNTS},
        accounts={"path": "acc_*.csv"},
    )
    assert result.source_files == ("acc_1.csv", "acc_2.csv")
    assert rows(con, "accounts", "_row, account_id") == [(1, "A1"), (2, "A2")]
    with pytest.raises(PermanentSourceError, match=r"acc_2\.csv has another header"):
        pull("accounts", {"acc_2.csv": "name,account_id\nb,A2\n"}, accounts={"path": "acc_*.csv"})


def test_a_file_name_with_brackets_is_not_taken_for_a_pattern(pull: Pull) -> None:
    files = {"accounts [new].csv": ACCOUNTS}
    assert pull("accounts", files, accounts={"path": "accounts [new].csv"}).row_count == 1


def test_parquet_and_csv_of_the_same_rows_land_the_same(
    con: duckdb.DuckDBPyConnection, pull: Pull, tmp_path: Path
) -> None:
    con.execute(
        "create table deals as select 'O' || i as opportunity_id, i as account_id, "
        "' E1' as rep_id, i % 2 = 0 as is_closed, false as is_won, "
        "case when i = 3 then 'nan'::double else i / 4 end as amount, "
        "timestamptz '2026-02-01 03:30:00+00' as created_at, date '2026-03-01' as closed_at "
        "from range(1, 6) t(i)"
    )
    path = tmp_path / "deals.parquet"
    con.execute(f"copy deals to '{path}'")
    pull("opportunities", opportunities={"path": "deals.parquet"})
    columns = (
        "opportunity_id, account_id, rep_id, is_closed, amount, created_at::varchar, "
        "closed_at::varchar, _issues"
    )
    from_parquet = rows(con, "opportunities", columns)
    con.execute("update deals set amount = null where isnan(amount)")
    con.execute(f"copy deals to '{tmp_path / 'opportunities.csv'}' (header)")
    pull("opportunities")
    assert rows(con, "opportunities", columns) == from_parquet
    assert from_parquet[2] == (
        "O3", "3", "E1", False, None, "2026-01-31 22:30:00", "2026-03-01 00:00:00", None,
    )  # fmt: skip


def test_the_hash_follows_content_and_mapping_not_dates(pull: Pull, tmp_path: Path) -> None:
    first = pull("accounts", {"accounts.csv": ACCOUNTS})
    os.utime(tmp_path / "accounts.csv", (1, 1))
    assert pull("accounts").content_hash == first.content_hash
    mapped = pull("accounts", accounts={"path": "accounts.csv", "columns": {"region": "name"}})
    assert mapped.content_hash != first.content_hash
    changed = pull("accounts", {"accounts.csv": ACCOUNTS.replace("Acme", "Acne")})
    assert changed.content_hash != first.content_hash


def test_the_watermark_is_the_latest_date(pull: Pull) -> None:
    deals = (
        f"{DEALS_HEADER},closed_at\nO1,A1,E1,1,0,2026-01-31,\nO2,A1,E1,1,0,2026-01-01,2026-03-02\n"
    )
    assert pull("opportunities", {"opportunities.csv": deals}).watermark == "2026-03-02 00:00:00"


def test_a_query_joins_files_whose_cells_are_already_clean(
    con: duckdb.DuckDBPyConnection, pull: Pull
) -> None:
    result = pull(
        "accounts",
        {"stores.csv": "id,title\n2 ,b\n1,a\n", "sizes.csv": "id,staff\n1,7\n2,many\n"},
        accounts={
            "inputs": {"stores": "stores.csv", "sizes": "sizes.csv"},
            "query": "select stores.id as account_id, title as name, staff as employees "
            "from stores left join sizes on stores.id = sizes.id order by stores._row",
        },
    )
    assert result.source_files == ("stores.csv", "sizes.csv")
    assert rows(con, "accounts", "_row, account_id, employees, _issues") == [
        (1, "2", None, "employees: 'many' is not a whole number"),
        (2, "1", 7, None),
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "select id as account_id, title as name, 1 as staff from stores",
            "unknown column 'staff'",
        ),
        ("select id as account_id from stores", "required column 'name' is missing"),
        ("select id as account_id, title as name, id as name from stores", "selected twice"),
        ("drop table stores", "exactly one select"),
        ("select 1; select 2", "exactly one select"),
        ("select titel as name from stores", "titel"),
        ("selct", "syntax error"),
        ("select * from read_csv('/etc/hostname')", "disabled"),
        ("select * from duckdb_settings() where (select count(*) from glob('*')) > 0", "disabled"),
    ],
)
def test_a_query_that_is_wrong_or_reaches_outside_is_refused(
    pull: Pull, query: str, message: str
) -> None:
    spec = {"inputs": {"stores": "stores.csv"}, "query": query}
    with pytest.raises(PermanentSourceError, match=message) as caught:
        pull("accounts", {"stores.csv": "id,title\n1,a\n"}, accounts=spec)
    assert "source.tables.accounts.query" in str(caught.value)


def test_a_query_over_hr_data_never_quotes_a_cell(pull: Pull) -> None:
    spec = {
        "inputs": {"staff": "staff.csv"},
        "query": "select id as rep_id, 'x' as role, cast(pay as double) as base_pay from staff",
    }
    with pytest.raises(PermanentSourceError, match=r"query: .*Conversion") as caught:
        pull("employees", {"staff.csv": "id,pay\n1,91k\n"}, employees=spec)
    assert "91k" not in str(caught.value)


def test_a_second_pull_replaces_the_first(con: duckdb.DuckDBPyConnection, pull: Pull) -> None:
    pull("employees", {"employees.csv": EMPLOYEES + "E2,account_executive\n"})
    pull("employees", {"employees.csv": EMPLOYEES})
    assert rows(con, "employees", "rep_id") == [("E1",)]
