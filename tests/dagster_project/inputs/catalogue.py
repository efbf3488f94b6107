"""The catalogue of bad input: per kind, what is done to a healthy company and what becomes of it.

Belongs here: the entries. Does not belong here: how they are judged (``company``).

Each entry is either *blocked* by a rule or in words, *set aside* with a reason, *mended* with a
note, or *listed* for people while it changes nothing. Entries marked ``seen`` were found in real
files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from .company import Rows, as_csv

Spoil = Callable[[Rows], Rows | bytes]
FUTURE = str(dt.date.today() + dt.timedelta(days=400))


@dataclass(frozen=True)
class BadInput:
    """One kind of bad input.

    Attributes:
        name: What is wrong, in words.
        table: Table that is spoilt.
        spoil: Healthy rows to spoilt rows, or to the bytes of the file.
        outcome: What becomes of it.
        expected: Rule or words that block, reason, note, or rule or key that is listed.
        row: Row number, where single rows are set aside or mended.
        settings: Sections of the company file beside the usual ones.
        after_healthy: The healthy company was accepted before.
        seen: Found in a real file.
    """

    name: str
    table: str
    spoil: Spoil
    outcome: Literal["blocked", "set aside", "mended", "listed"]
    expected: str
    row: int = 1
    settings: dict[str, Any] = field(default_factory=dict)
    after_healthy: bool = False
    seen: bool = False


def every(**cells: str) -> Spoil:
    """Write these cells into every row."""
    return lambda rows: [row | cells for row in rows]


def first(**cells: str) -> Spoil:
    """Write these cells into the first row."""
    return lambda rows: [rows[0] | cells, *rows[1:]]


def last(**cells: str) -> Spoil:
    """Write these cells into the last row (an open deal, the manager)."""
    return lambda rows: [*rows[:-1], rows[-1] | cells]


def raw(change: Callable[[bytes], bytes]) -> Spoil:
    """Change the bytes of the file."""
    return lambda rows: change(as_csv(rows))


def without(*columns: str) -> Spoil:
    """Drop columns."""
    return lambda rows: [{k: v for k, v in row.items() if k not in columns} for row in rows]


def header_only(rows: Rows) -> bytes:
    return as_csv(rows).splitlines(keepends=True)[0]


def doubled(rows: Rows) -> Rows:
    return rows + rows[:3]


def each(column: str, write: Callable[[int], str]) -> Spoil:
    """Write another cell into every row, by the row's number from 0."""
    return lambda rows: [row | {column: write(i)} for i, row in enumerate(rows)]


def odd_one(column: str, odd: str, others: str) -> Spoil:
    """Write one cell into the first row and another one into all others."""
    return each(column, lambda i: others if i else odd)


def changed(column: str, change: Callable[[str], str]) -> Spoil:
    """Change the cell of every row."""
    return lambda rows: [row | {column: change(row[column])} for row in rows]


def only_when(**wanted: str) -> Callable[[Spoil], Spoil]:
    """Spoil the rows that have these cells."""

    def limited(spoil: Spoil) -> Spoil:
        def change(rows: Rows) -> Rows:
            hit = [all(row[k] == v for k, v in wanted.items()) for row in rows]
            spoilt = spoil(rows)
            assert not isinstance(spoilt, bytes)
            return [s if h else r for r, s, h in zip(rows, spoilt, hit, strict=True)]

        return change

    return limited


def again(column: str) -> Spoil:
    """Add every row once more under another id."""
    return lambda rows: rows + [row | {column: f"X{i}"} for i, row in enumerate(rows)]


def circle(rows: Rows) -> Rows:
    ring = {0: "A001", 1: "A002", 2: "A000"}
    return [row | {"parent_account_id": ring.get(i, "")} for i, row in enumerate(rows)]


def managers_in_a_circle(rows: Rows) -> Rows:
    return [row | {"manager_id": "R00"} if row["rep_id"] == "M01" else row for row in rows]


def _blocked(name: str, table: str, spoil: Spoil, expected: str, **more: Any) -> BadInput:
    return BadInput(name, table, spoil, "blocked", expected, **more)


def _aside(name: str, table: str, spoil: Spoil, expected: str, **more: Any) -> BadInput:
    return BadInput(name, table, spoil, "set aside", expected, **more)


def _mended(name: str, table: str, spoil: Spoil, expected: str, **more: Any) -> BadInput:
    return BadInput(name, table, spoil, "mended", expected, **more)


def _listed(name: str, table: str, spoil: Spoil, expected: str, **more: Any) -> BadInput:
    return BadInput(name, table, spoil, "listed", expected, **more)


DEALS, ACCOUNTS, PEOPLE = "opportunities", "accounts", "employees"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"

FILES = (
    _blocked("a Git LFS pointer", DEALS, lambda _: LFS, "git lfs pull", seen=True),
    _blocked("an empty file", ACCOUNTS, lambda _: b"", "is empty"),
    _blocked("a row with a cell too many", ACCOUNTS, raw(lambda b: b + b"A,b,c,d,e,f,g,h\r\n"),
             "cells where the header has", seen=True),
    _blocked("a row cut short", ACCOUNTS, raw(lambda b: b + b"A99,Short\r\n"),
             "cells where the header has"),
    _blocked("a byte of another encoding", ACCOUNTS,
             raw(lambda b: b.replace(b"Customer", b"Fran\x87ois", 1)), "not UTF-8", seen=True),
    _blocked("a quote that never ends", ACCOUNTS,
             raw(lambda b: b.replace(b"Customer", b'"Customer', 1)), "accounts"),
    _blocked("a column named twice", ACCOUNTS,
             raw(lambda b: b.replace(b"industry", b"name", 1)), "names a column twice"),
    _blocked("a cell of three megabytes", ACCOUNTS, first(name="x" * 3_000_000),
             "line is longer", seen=True),
    _blocked("a spreadsheet renamed to csv", ACCOUNTS, lambda _: b"PK\x03\x04" + bytes(600),
             "is a spreadsheet; name it .xlsx"),
    _blocked("a log-in page saved as csv", ACCOUNTS, lambda _: b"<!DOCTYPE html>\n<html>\n",
             "is a web page"),
    _blocked("JSON saved as csv", ACCOUNTS, lambda _: b'[{"account_id": "A1"}]\n',
             "is JSON"),
    _blocked("a required column renamed", DEALS,
             raw(lambda b: b.replace(b"rep_id", b"owner_id", 1)), "required column 'rep_id'"),
    _blocked("an HR file without a header line", PEOPLE,
             raw(lambda b: b.split(b"\n", 1)[1]), "no header line", seen=True),
    _blocked("a required column dropped", PEOPLE, without("role"), "required column 'role'"),
)  # fmt: skip

WHOLE_TABLES = (
    _blocked("no account at all", ACCOUNTS, header_only, "row_count_is_plausible"),
    _blocked("no deal at all", DEALS, header_only, "row_count_is_plausible"),
    _blocked("no employee at all", PEOPLE, header_only, "row_count_is_plausible"),
    _blocked("account ids twice", ACCOUNTS, doubled, "account_id_is_unique", seen=True),
    _blocked("deals joined to their lines", DEALS, doubled, "opportunity_id_is_unique", seen=True),
    _blocked("an employee once per position held", PEOPLE, doubled, "rep_id_is_unique"),
    _blocked("a rep in two groups", PEOPLE, lambda rows: [*rows, rows[0] | {"group_id": "north"}],
             "rep_id_is_unique"),
    _blocked("products twice", "products", doubled, "product_id_is_unique"),
    _blocked("account ids gone", ACCOUNTS, every(account_id=""), "account_id_is_present"),
    _blocked("ids a spreadsheet turned into dates", DEALS,
             each("opportunity_id", lambda i: f"2019-07-{1 + i % 28:02} 00:00:00"),
             "opportunity_id_is_present", seen=True),
    _blocked("ids a spreadsheet rounded", ACCOUNTS,
             each("account_id", lambda i: f"{1 + i / 100:.2f}E+11"), "account_id_is_present",
             seen=True),
    _blocked("every deal without its rep", DEALS, every(rep_id=""), "rep_id_is_present"),
    _blocked("every deal without its account", DEALS, every(account_id=""),
             "account_id_is_present"),
    _blocked("a pull of open deals only", DEALS, every(is_closed="false", is_won="false"),
             "closed_deals_exist"),
    _blocked("nothing won", DEALS, every(is_won="false"), "won_deals_exist"),
    _blocked("a status in another language", DEALS, every(is_closed="Abgeschlossen"),
             "is_closed_is_known"),
    _blocked("the sign of amounts turned", DEALS,
             changed("amount", lambda amount: f"-{amount}"),
             "amount_is_not_negative"),
    _blocked("won deals without amounts", DEALS, only_when(is_won="true")(every(amount="")),
             "amount_of_won_deals_is_known"),
    _blocked("a deal of 950 millions", DEALS, first(amount="950000000"), "amount_is_usual",
             seen=True),
    _blocked("an open deal of 950 millions", DEALS, last(amount="950000000"), "amount_is_usual"),
    _blocked("years of two digits everywhere", DEALS, every(created_at="24-05-01"),
             "created_at_is_present", seen=True),
    _blocked("all dates in the future", DEALS, every(created_at=FUTURE),
             "created_at_is_not_in_the_future"),
    _blocked("closed deals without their dates", DEALS, every(closed_at=""),
             "closed_at_is_present_when_closed"),
    _blocked("everybody has left", PEOPLE, every(termination_date="2025-01-31"),
             "active_covering_rep_exists"),
    _blocked("nobody in a covering role", PEOPLE, every(role="Closer"),
             "active_covering_rep_exists"),
    _blocked("40 % fewer accounts than yesterday", ACCOUNTS, lambda rows: rows[:18],
             "rows_did_not_vanish", after_healthy=True),
    _blocked("an optional table that came empty", "activities", header_only,
             "rows_did_not_vanish", after_healthy=True),
    _blocked("a column that was there yesterday", ACCOUNTS, without("industry"),
             "columns_did_not_vanish", after_healthy=True),
)  # fmt: skip

SINGLE_ROWS = (
    _aside("a deal without an id", DEALS, first(opportunity_id=""), "opportunity_id_missing"),
    _aside("a deal without an account", DEALS, first(account_id=""), "account_id_missing"),
    _aside("a deal with a stranger", DEALS, first(account_id="A999"), "account_unknown"),
    _aside("a deal without a rep", DEALS, first(rep_id=""), "rep_id_missing"),
    _aside("a deal whose rep is the word None", DEALS, first(rep_id="None"), "rep_id_missing",
           seen=True),
    _aside("an id a spreadsheet turned into a date", DEALS, first(opportunity_id="2019-07-13"),
           "opportunity_id_missing", seen=True),
    _aside("an id a spreadsheet rounded", DEALS, first(account_id="1.00E+11"),
           "account_id_missing", seen=True),
    _aside("a letter in an amount", DEALS, first(amount="12,5O"), "cell_unreadable"),
    _aside("digits in groups of two", DEALS, first(amount="1,23,450"), "cell_unreadable"),
    _aside("a currency sign in an amount", DEALS, first(amount="$1200"), "cell_unreadable"),
    _aside("an amount beyond all numbers", DEALS, first(amount="1e999"), "cell_unreadable"),
    _aside("a date whose day could be its month", DEALS, first(created_at="05/04/2024"),
           "cell_unreadable"),
    _aside("a time in a zone of several meanings", DEALS, first(created_at="2024-01-05 10:00 IST"),
           "cell_unreadable"),
    _aside("a last day that is no date", PEOPLE, first(termination_date="31/31/2025"),
           "cell_unreadable"),
    _aside("a year of two digits", DEALS, first(created_at="24-01-05"), "cell_unreadable",
           seen=True),
    _aside("the 30th of February", DEALS, first(created_at="2024-02-30"), "cell_unreadable"),
    _aside("a serial day number", DEALS, first(created_at="45322"), "cell_unreadable"),
    _aside("a status that is neither", DEALS, first(is_won="maybe"), "cell_unreadable"),
    _aside("a deal without a status", DEALS, first(is_closed=""), "status_missing"),
    _aside("won and still open", DEALS, last(is_won="true"), "won_but_open", row=120),
    _aside("a placeholder for the opening date", DEALS, first(created_at="1900-01-01"),
           "created_at_missing", seen=True),
    _aside("opened tomorrow", DEALS, first(created_at=FUTURE, closed_at=FUTURE),
           "created_in_future"),
    _aside("closed without a date", DEALS, first(closed_at=""), "closed_at_missing"),
    _aside("closed next year", DEALS, first(closed_at=FUTURE), "closed_in_future"),
    _aside("a credit note", DEALS, first(amount="-5"), "credit_taken_off_wins"),
    _aside("a credit note before any win", DEALS,
           first(amount="-5", created_at="2023-01-01", closed_at="2023-01-02"),
           "credit_without_win"),
    _aside("a lost deal with a negative amount", DEALS, first(amount="-5", is_won="false"),
           "amount_negative"),
    _aside("a currency without a rate", DEALS, first(currency="GBP"), "currency_without_rate"),
    _aside("a kind of revenue nobody knows", DEALS, first(revenue_type="barter"),
           "revenue_type_unknown"),
    _aside("an account without an id", ACCOUNTS, first(account_id=""), "account_id_missing"),
    _aside("an account without a name", ACCOUNTS, first(name=" \u00a0"), "name_missing"),
    _aside("an employee without an id", PEOPLE, last(rep_id=""), "rep_id_missing", row=25),
    _aside("an employee without a role", PEOPLE, last(role=""), "role_missing", row=25),
    _aside("forty hours in the place of a share", PEOPLE, first(fte="40"), "fte_out_of_range"),
    _aside("less than nobody", PEOPLE, first(fte="-1"), "fte_out_of_range"),
    _aside("a product without an id", "products",
           lambda rows: [rows[0] | {"product_id": ""}, *rows],
           "product_id_missing"),
    _aside("a call planned for later", "activities", first(at=f"{FUTURE} 10:00:00"),
           "at_in_future"),
    _aside("a call without a date", "activities", first(at=""), "at_missing"),
    _aside("a quota entered twice", "quotas", lambda rows: [*rows, rows[0]], "entered_twice",
           row=13),
    _aside("an absence entered twice", "absences", lambda rows: [*rows, rows[0]], "entered_twice",
           row=3),
    _aside("a share of less than nothing", "splits", first(share="-0.5"), "share_out_of_range"),
    _aside("a certification of nobody", "certifications",
           lambda rows: [rows[0] | {"rep_id": ""}, *rows * 30], "rep_id_missing"),
)  # fmt: skip

MENDED = (
    _mended("hired again after leaving", PEOPLE, first(termination_date="2018-01-01"),
            "termination_date: before hire_date, taken for an earlier employment"),
    _mended("closed before it was opened", DEALS, first(closed_at="2023-01-01"),
            "closed_at: before created_at, the deal counts and its cycle is unknown"),
    _mended("a no-break space in a name", ACCOUNTS, first(name="Customer\u00a0One"),
            "name: unusual characters replaced", seen=True),
    _mended("a character nobody sees in a key", DEALS, first(account_id="A\u200b000"),
            "account_id: unusual characters replaced"),
    _mended("an accent written as two characters", ACCOUNTS, first(name="Cafe\u0301 One"),
            "name: unusual characters replaced"),
    _mended("an id that became a float", DEALS, first(opportunity_id="1001.0"),
            "opportunity_id: decimals of an id dropped", seen=True),
    _mended("the word NULL for an amount", DEALS, first(amount="NULL"),
            "amount: word for nothing left empty"),
    _mended("NaN for the number of employees", ACCOUNTS, first(employees="NaN"),
            "employees: word for nothing left empty"),
    _mended("the word None for a date", PEOPLE, first(termination_date="None"),
            "termination_date: word for nothing left empty", seen=True),
    _mended("a last day in the year 9999", PEOPLE, first(termination_date="9999-12-31"),
            "termination_date: placeholder date left empty", seen=True),
    _mended("a first day in 1900", PEOPLE, first(hire_date="1900-01-01"),
            "hire_date: placeholder date left empty", seen=True),
    _mended("a number of employees in words", ACCOUNTS, first(employees="many"),
            "employees: 'many' is not a whole number"),
    _mended("half an employee", ACCOUNTS, first(employees="3.5"),
            "employees: '3.5' is not a whole number"),
    _mended("pay that is no number", PEOPLE, odd_one("base_pay", "91k", "1"),
            "base_pay: the value is not a number"),
    _mended("an account above itself", ACCOUNTS, first(parent_account_id="A000"),
            "parent_account_id: leads back to the account, left empty"),
    _mended("three accounts in a circle", ACCOUNTS, circle,
            "parent_account_id: leads back to the account, left empty", row=3),
    _mended("a parent that is no account", ACCOUNTS, first(parent_account_id="B1"),
            "parent_account_id: no such account, left empty"),
    _mended("a fiscal year that starts in month 13", ACCOUNTS,
            odd_one("fiscal_year_start", "13", "4"),
            "fiscal_year_start: no month from 1 to 12, left empty"),
    _mended("managers in a circle", PEOPLE,
            lambda rows: managers_in_a_circle(rows),
            "manager_id: leads back to the employee, left empty", row=25),
    _mended("a rep in no group", PEOPLE, first(group_id=""),
            "group_id: none given, counted under (no group)"),
    _mended("a rep without a share of full time", PEOPLE, first(fte=""),
            "fte: none given, taken as 1"),
    _mended("a currency with a rate", DEALS, first(currency="EUR"),
            "amount: converted from EUR", settings={"company": {
                "id": "acme", "name": "Acme", "as_of": "2026-01-31",
                "exchange_rates": {"EUR": 1.1}}}),
    _mended("a won deal without an amount", DEALS, first(amount=""),
            "amount: none given, counted as 0"),
)  # fmt: skip


def with_footer(rows: Rows) -> bytes:
    return as_csv(rows) + b'"Grand Totals (30 records)"\r\nConfidential - do not distribute\r\n'


def with_title(rows: Rows) -> bytes:
    return b"Accounts of Acme\r\nAs of 2026-01-31\r\n\r\n" + as_csv(rows)


# Read, and said in a note.
FOUND_OUT = (
    _listed("semicolons in the place of commas", ACCOUNTS, raw(lambda b: b.replace(b",", b";")),
            "cells of accounts.csv are separated by ';'"),
    _listed("tabs in the place of commas", DEALS, raw(lambda b: b.replace(b",", b"\t")),
            "cells of opportunities.csv are separated by a tab"),
    _listed("UTF-16 in the place of UTF-8", ACCOUNTS, raw(lambda b: b.decode().encode("utf-16")),
            "accounts.csv is read as utf-16"),
    _listed("a euro sign of Windows", ACCOUNTS,
            raw(lambda b: b.replace(b"Customer", b"5\x80 Caf\xe9", 1)),
            "accounts.csv is read as windows-1252", seen=True),
    _listed("a footer of a report", ACCOUNTS, with_footer,
            "the last 2 lines of accounts.csv are a footer and no rows", seen=True),
    _listed("a title of a report", DEALS, with_title,
            "the first 3 lines of opportunities.csv are a title and no rows", seen=True),
    _listed("a date with the day first", DEALS, first(created_at="31.01.2024"),
            "created_at: dates are read as day.month.year", seen=True),
    _listed("dates with the month first", DEALS, first(created_at="01/31/2024 08:55 PM"),
            "created_at: dates are read as month/day/year", seen=True),
    _listed("thousands separators", DEALS, first(amount="1,234.50"),
            "amount: '.' is read as the decimal sign, and ',' stands between thousands"),
    _listed("a decimal comma", DEALS,
            each("amount", lambda i: f"1.{i:03},50"),
            "amount: ',' is read as the decimal sign, and '.' stands between thousands", seen=True),
    _listed("thousands with a point in every row", DEALS,
            each("amount", lambda i: f"{10 + i}.000"),
            "amount: ',' is read as the decimal sign, and '.' stands between thousands", seen=True),
    _listed("times that are all midnight UTC", DEALS,
            changed("created_at", lambda day: f"{day}T00:00:00.000Z"),
            "created_at: all times are midnight UTC, so they are read as dates", seen=True),
    _listed("deleted rows that are still there", DEALS,
            each("IsDeleted", lambda i: str(i < 7).upper()),
            "7 rows are marked in column IsDeleted and count all the same", seen=True),
    _listed("a unit in the head count", ACCOUNTS, every(employees="11 to 50"),
            "employees: 30 of 30 cells cannot be read as a whole number, such as '11 to 50'"),
)  # fmt: skip

LISTED = (
    _listed("a key spelt without its space", DEALS, first(product_id="Co re"), "core", seen=True),
    _listed("a rep in capitals", DEALS, first(rep_id="r-00"), "R00"),
    _listed("two people with nearly one name", PEOPLE,
            lambda rows: [*rows, rows[0] | {"rep_id": "R77", "name": rows[0]["name"].upper()}],
            "R00", seen=True),
    _listed("two accounts with one name", ACCOUNTS,
            lambda rows: [*rows, rows[0] | {"account_id": "A7", "name": rows[0]["name"] + " Inc."}],
            "A000"),
    _listed("the same deals again under other ids", DEALS, again("opportunity_id"),
            "records_are_distinct", seen=True),
    _listed("the same accounts again under other ids", ACCOUNTS, again("account_id"),
            "records_are_distinct"),
    _listed("the same people again under other ids", PEOPLE, again("rep_id"),
            "records_are_distinct"),
    _listed("a quota with a lost decimal point", "quotas", first(amount="900000"),
            "amount_is_usual"),
    _listed("pay with a lost decimal point", PEOPLE, odd_one("base_pay", "9000000", "90000"),
            "pay_is_usual"),
    _listed("variable pay of a year among that of months", PEOPLE,
            odd_one("variable_pay", "60000", "5000"), "pay_is_usual"),
    _listed("shares that sum to more than the deal", "splits", every(share="0.9"),
            "shares_sum_to_one"),
    _listed("lost deals worth nothing", DEALS,
            only_when(is_won="false", is_closed="true")(every(amount="0")),
            "amount_of_lost_deals_is_known", seen=True),
    _listed("two currencies", DEALS, first(currency="EUR"), "currency_is_single", settings={
        "company": {"id": "acme", "name": "Acme", "as_of": "2026-01-31",
                    "exchange_rates": {"EUR": 1.1}}}),
    _listed("a new column", ACCOUNTS, every(loyalty="gold"), "columns_are_the_same",
            after_healthy=True),
    _listed("a column that changed its format", ACCOUNTS, every(employees="11 to 50"),
            "cells_are_readable"),
    _listed("calls planned for later", "activities", every(at=f"{FUTURE} 10:00:00"),
            "time_is_not_in_the_future"),
    _listed("a certification that ends before it begins", "certifications",
            every(valid_to="2023-01-01"), "end_follows_start"),
)  # fmt: skip

CATALOGUE = (*FILES, *WHOLE_TABLES, *SINGLE_ROWS, *MENDED, *FOUND_OUT, *LISTED)
