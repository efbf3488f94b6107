"""Formats of dates and numbers: found out where the cells leave one reading, else asked for."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.company.model import Company
from dagster_project.sources.errors import SourceError
from dagster_project.sources.pull import pull_table
from dagster_project.warehouse.contract import LANDING

from .inputs.workbook import workbook

Landed = tuple[list[Any], tuple[str, ...]]
Land = Callable[..., Landed]


@pytest.fixture
def land(tmp_path: Path) -> Land:
    """Land one column of deals (or another table); gives its values and the notes."""

    def write(
        cells: Sequence[str],
        column: str = "created_at",
        *,
        table: str = "opportunities",
        zone: str = "America/New_York",
        source: dict[str, Any] | None = None,
        **spec: Any,
    ) -> Landed:
        given_ = {c.name: "1" for c in LANDING[table].columns if not c.is_nullable}
        given_ |= {"created_at": "2025-01-01"} if table == "opportunities" else {}
        rows = [given_ | {column: cell} for cell in cells]
        lines = [";".join(rows[0]), *(";".join(row.values()) for row in rows)]
        (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return pull_rows(tmp_path, column, table, zone, source, path="rows.csv", **spec)

    return write


def pull_rows(
    folder: Path,
    column: str,
    table: str,
    zone: str,
    source: dict[str, Any] | None,
    **spec: Any,
) -> Landed:
    names = ("accounts", "opportunities", "employees")
    tables = {name: {"path": f"{name}.csv"} for name in names} | {table: spec}
    company = Company.model_validate(
        {
            "company": {"id": "acme", "name": "Acme", "timezone": zone},
            "source": {
                "kind": "files",
                "folder": str(folder),
                "delimiter": ";",
                "tables": tables,
                **(source or {}),
            },
        }
    )
    with duckdb.connect() as con:
        result = pull_table(con, company, LANDING[table], f"raw.{table}__pulled")
        rows = con.execute(f"select {column} from raw.{table}__pulled order by _row").fetchall()
    return [row[0] for row in rows], result.notes


DAYS = [dt.datetime(2024, 1, 31), dt.datetime(2025, 11, 5), dt.datetime(2026, 2, 3)]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("%Y-%m-%d", None),
        ("%Y/%m/%d", None),
        ("%d.%m.%Y", "day.month.year"),
        ("%d/%m/%Y", "day/month/year"),
        ("%m/%d/%Y", "month/day/year"),
        ("%m/%d/%y", "month/day/year"),
        ("%d.%m.%y", "day.month.year"),
        ("%d-%m-%Y", "day-month-year"),
        ("%d-%b-%Y", None),
        ("%B %d, %Y", None),
    ],
)
def test_dates_are_read_as_all_cells_agree(land: Land, pattern: str, said: str | None) -> None:
    values, notes = land([day.strftime(pattern) for day in DAYS])
    assert values == DAYS
    assert notes == ((f"created_at: dates are read as {said}",) if said else ())


@pytest.mark.parametrize("time", [" %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M"])
@pytest.mark.parametrize("date", ["%d.%m.%Y", "%m/%d/%Y", "%m/%d/%y", "%Y-%m-%d"])
def test_times_of_day_are_read_morning_and_evening(land: Land, date: str, time: str) -> None:
    moments = [day.replace(hour=20, minute=55) for day in DAYS] + [DAYS[0].replace(hour=8)]
    if date == "%Y-%m-%d" and time.startswith(","):
        return
    values, _ = land([moment.strftime(date + time) for moment in moments])
    assert values == moments


def test_dates_that_two_orders_fit_are_asked_about_and_read_as_set(land: Land) -> None:
    cells = ["05/04/2024", "06/07/2025"]
    values, notes = land(cells)
    assert values == [None, None]
    assert notes[0] == (
        "created_at: day and month cannot be told apart in dates written with '/'; set date_format "
        "to day_first or month_first"
    )
    assert notes[1].startswith(
        "created_at: 2 of 2 cells cannot be read as a date, such as '05/04/2024'; set date_format"
    )
    day_first = [dt.datetime(2024, 4, 5), dt.datetime(2025, 7, 6)]
    month_first = [dt.datetime(2024, 5, 4), dt.datetime(2025, 6, 7)]
    assert land(cells, date_format="day_first") == (day_first, ())
    assert land(cells, source={"date_format": "day_first"}) == (day_first, ())
    assert land(cells, source={"date_format": "day_first"}, date_format="%m/%d/%Y") == (
        month_first,
        (),
    )
    by_column = {"created_at": {"column": "created_at", "date_format": "month_first"}}
    assert land(cells, date_format="day_first", columns=by_column) == (month_first, ())


def test_another_column_of_the_table_tells_day_and_month_apart(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(
        "rep_id;role;hire_date;termination_date\nR1;ae;05/04/2020;12/31/2025\nR2;ae;06/07/2021;\n"
    )
    values, _ = pull_rows(tmp_path, "hire_date", "employees", "UTC", None, path="people.csv")
    assert values == [dt.date(2020, 5, 4), dt.date(2021, 6, 7)]


def test_a_column_of_two_orders_is_left_to_its_source(land: Land) -> None:
    values, notes = land(["31/01/2024", "01/31/2024", "2024-01-31"])
    assert values == [None, None, DAYS[0]]
    assert "day first in some cells and month or year first in others" in notes[0]


@pytest.mark.parametrize(
    ("cell", "local"),
    [
        ("2026-07-01 02:00:00 UTC", "2026-06-30 22:00"),
        ("2026-07-01T02:00:00Z", "2026-06-30 22:00"),
        ("2026-07-01 02:00 GMT", "2026-06-30 22:00"),
        ("2026-07-01 02:00:00 Europe/Berlin", "2026-06-30 20:00"),
        ("2026-07-01 02:00:00-07:00", "2026-07-01 05:00"),
        ("2026-07-01 08:55 PM", "2026-07-01 20:55"),
        ("2026-07-01 02:00:00 EST", None),  # two zones have this name
        ("2026-07-01 02:00:00 Mars/Olympus", None),
        ("2026-07-01 25:00:00", None),
    ],
)
def test_a_zone_is_kept_to_or_the_cell_is_unreadable(
    land: Land, cell: str, local: str | None
) -> None:
    values, notes = land([cell, "2026-07-01 12:00:00"])
    assert values[0] == (local and dt.datetime.fromisoformat(local))
    assert any("1 of 2 cells cannot be read" in note for note in notes) == (local is None)


def test_a_column_that_is_all_midnight_utc_holds_dates(land: Land) -> None:
    cells = ["2026-07-01T00:00:00Z", "2026-07-02T00:00:00.000+0000", "2026-07-03"]
    values, notes = land(cells)
    assert values == [dt.datetime(2026, 7, day) for day in (1, 2, 3)]
    assert notes == ("created_at: all times are midnight UTC, so they are read as dates",)
    values, notes = land([*cells, "2026-07-04T01:00:00Z"])
    assert values[0] == dt.datetime(2026, 6, 30, 20)
    assert notes == ()


def test_midnight_utc_in_a_parquet_file_is_a_date_too(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        con.execute(
            "copy (select 'O1' as opportunity_id, 'A' as account_id, 'R' as rep_id, true as "
            "is_closed, true as is_won, timestamptz '2026-07-01 00:00+00' as created_at) "
            f"to '{tmp_path / 'deals.parquet'}'"
        )
    values, notes = pull_rows(
        tmp_path, "created_at", "opportunities", "America/New_York", None, path="deals.parquet"
    )
    assert values == [dt.datetime(2026, 7, 1)]
    assert "midnight UTC" in notes[0]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1010", "-5", "2.5"], [1010, -5, 2.5]),
        (["1.010,00", "20,5", "1.234.567,89"], [1010, 20.5, 1234567.89]),
        (["1,010.00", "20.5", "1,234,567.89"], [1010, 20.5, 1234567.89]),
        (["1 010,00", "20,5"], [1010, 20.5]),
        (["1\u00a0010,00", "20,5"], [1010, 20.5]),
        (["1'010.50", "20"], [1010.5, 20]),
        (["10.000", "12.345", "7"], [10000, 12345, 7]),
        (["10,000", "12,345"], [10000, 12345]),
        (["10.000", "0.125"], [10, 0.125]),
        (["10.000", "1234.500"], [10, 1234.5]),
        (["10,000", "0,125"], [10, 0.125]),
        (["10.000", "7.25"], [10, 7.25]),
        (["1.5e3", "2"], [1500, 2]),
    ],
)
def test_numbers_are_read_as_all_cells_agree(
    land: Land, cells: list[str], values: list[float]
) -> None:
    found, notes = land(cells, "amount")
    assert found == pytest.approx(values)
    assert len(notes) <= 1


def test_a_share_with_three_decimals_is_no_thousand(land: Land) -> None:
    assert land(["1.000", "1.000"], "fte", table="employees")[0] == [1.0, 1.0]


def test_numbers_that_two_formats_fit_are_asked_about_and_read_as_set(land: Land) -> None:
    values, notes = land(["10.000", "10,000"], "amount")
    assert "set decimal" in notes[0]
    assert values == [10.0, None]
    spec = {"decimal": ",", "thousands": "."}
    assert land(["10.000", "10,000", "1.00"], "amount", **spec)[0] == [10000, 10, None]
    assert land(["10.000"], "amount", thousands="none", decimal=".")[0] in ([10.0], [10000.0])


@settings(max_examples=25)
@given(
    numbers=st.lists(st.integers(-10_000_000, 10_000_000), min_size=4, max_size=20),
    decimal=st.sampled_from(",."),
    is_grouped=st.booleans(),
)
def test_money_with_cents_is_read_whatever_its_signs(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], decimal: str, is_grouped: bool
) -> None:
    folder = tmp_path_factory.mktemp("money")
    other = "." if decimal == "," else ","
    cells = []
    for number in numbers:
        text = f"{number / 100:,.2f}" if is_grouped else f"{number / 100:.2f}"
        cells.append(text.translate(str.maketrans({",": other, ".": decimal})))
    lines = [f"O{i};A;R;true;true;2025-01-01;{cell}" for i, cell in enumerate(cells)]
    header = "opportunity_id;account_id;rep_id;is_closed;is_won;created_at;amount"
    (folder / "deals.csv").write_text("\n".join([header, *lines]))
    values, _ = pull_rows(folder, "amount", "opportunities", "UTC", None, path="deals.csv")
    assert values == pytest.approx([number / 100 for number in numbers])


@settings(max_examples=25)
@given(
    days=st.lists(st.dates(dt.date(1990, 1, 1), dt.date(2068, 1, 1)), min_size=1, max_size=20),
    pattern=st.sampled_from(["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m/%d/%y"]),
)
def test_a_date_is_never_read_as_another_one(
    tmp_path_factory: pytest.TempPathFactory, days: list[dt.date], pattern: str
) -> None:
    folder = tmp_path_factory.mktemp("days")
    lines = [f"R{i};ae;{day.strftime(pattern)}" for i, day in enumerate(days)]
    (folder / "people.csv").write_text("\n".join(["rep_id;role;hire_date", *lines]))
    values, _ = pull_rows(folder, "hire_date", "employees", "UTC", None, path="people.csv")
    placeholders = {dt.date(1970, 1, 1)}
    for value, day in zip(values, days, strict=True):
        assert value in (None, day) or day in placeholders
    if any(day.day > 12 for day in days) and not placeholders & set(days):
        assert values == days


def test_words_for_true_and_false_of_usual_languages_are_read(land: Land) -> None:
    words = ["Ja", "Oui", "Sim", "Sí", "1.0", "TRUE", "Nein", "Non", "Não", "0.0", "no", r"\N"]
    assert land(words, "is_won")[0] == [True] * 6 + [False] * 5 + [None]


def test_a_word_under_values_that_no_cell_holds_is_named(land: Land) -> None:
    columns = {"is_won": {"column": "is_won", "values": {"Closed Won": "true", "Clsed": "false"}}}
    _, notes = land(["Closed Won", "Closed Lost", "Open"], "is_won", columns=columns)
    assert notes[0] == (
        "is_won: 'Clsed' under values matches no cell, so it has no effect; there are "
        "'Closed Won', 'Closed Lost', 'Open'"
    )


def test_a_database_dump_s_marks_are_read(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text(
        '"account_id";"name";"industry";"employees"\n'
        '"A1";"The \\"Best\\" Ltd";\\N;\\N\n"A2";"Plain";"retail";"5"\n'
    )
    values, _ = pull_rows(tmp_path, "name", "accounts", "UTC", None, path="accounts.csv")
    assert values == ['The "Best" Ltd', "Plain"]
    values, _ = pull_rows(tmp_path, "industry", "accounts", "UTC", None, path="accounts.csv")
    assert values == [None, "retail"]


def test_encoding_and_delimiter_are_set_per_table(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_bytes(
        "account_id|name\nA1|Caf\xe9 5\u20ac\n".encode("cp1252")
    )
    for encoding in ("windows-1252", "latin-1"):
        values, _ = pull_rows(
            *(tmp_path, "name", "accounts", "UTC", {"encoding": "utf-8"}),
            path="accounts.csv", delimiter="|", encoding=encoding,
        )  # fmt: skip
        assert values == ["Café 5€"]
    with pytest.raises(SourceError, match="line 2: byte 0xE9 is not UTF-8; set encoding"):
        pull_rows(
            tmp_path, "name", "accounts", "UTC", None,
            path="accounts.csv", delimiter="|", encoding="utf-8",
        )  # fmt: skip


def test_a_wrong_byte_beside_right_ones_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_bytes("account_id;name\nA1;Zoë\nA2;".encode() + b"Caf\xe9\n")
    with pytest.raises(SourceError, match="line 3: byte 0xE9 is not UTF-8"):
        pull_rows(tmp_path, "name", "accounts", "UTC", None, path="accounts.csv")


def test_deleted_rows_of_a_file_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text(
        "account_id;name;IsDeleted\nA1;a;FALSE\nA2;b;TRUE\nA3;c;\n"
    )
    values, notes = pull_rows(
        tmp_path, "name", "accounts", "UTC", None, path="accounts.csv", deleted="IsDeleted"
    )
    assert (values, notes) == (["a", "c"], ("1 rows marked as deleted in IsDeleted are left out",))
    values, notes = pull_rows(tmp_path, "name", "accounts", "UTC", None, path="accounts.csv")
    assert values == ["a", "b", "c"]
    assert "set deleted: IsDeleted under source.tables.accounts" in notes[0]
    with pytest.raises(SourceError, match="neither true nor false"):
        pull_rows(tmp_path, "name", "accounts", "UTC", None, path="accounts.csv", deleted="name")
    with pytest.raises(SourceError, match="no column 'Deleted'"):
        pull_rows(tmp_path, "name", "accounts", "UTC", None, path="accounts.csv", deleted="Deleted")


def test_a_spreadsheet_is_read_with_its_types(tmp_path: Path) -> None:
    header = [
        "opportunity_id",
        "account_id",
        "rep_id",
        "is_closed",
        "is_won",
        "created_at",
        "amount",
    ]
    deal = [1001, "A1", "R1", True, False, dt.date(2025, 3, 31), 12.5]
    workbook(
        tmp_path / "deals.xlsx",
        [["Deals of Acme"], [], header, deal, [1002, *deal[1:]], ["Grand total (2)"]],
    )

    def pull(column: str) -> Landed:
        return pull_rows(tmp_path, column, "opportunities", "UTC", None, path="deals.xlsx")

    assert pull("opportunity_id")[0] == ["1001", "1002"]
    assert pull("created_at")[0] == [dt.datetime(2025, 3, 31)] * 2
    assert pull("amount")[0] == [12.5, 12.5]
    values, notes = pull("is_closed")
    assert values == [True, True]
    assert [note.split(" of ")[0] for note in notes] == ["the first 1 rows", "the last 1 rows"]
    with pytest.raises(SourceError, match=r"no sheet 'Exports'; did you mean 'Export'"):
        pull_rows(
            *(tmp_path, "amount", "opportunities", "UTC", None),
            path="deals.xlsx", sheet="Exports",
        )  # fmt: skip


def test_a_file_with_random_bytes_is_refused_in_words(tmp_path: Path) -> None:
    draw = random.Random(7)
    for name in ("accounts.csv", "accounts.xlsx"):
        for _ in range(20):
            (tmp_path / name).write_bytes(draw.randbytes(draw.randint(1, 400)))
            with pytest.raises(SourceError, match=r"^accounts: "):
                pull_rows(tmp_path, "name", "accounts", "UTC", None, path=name)
