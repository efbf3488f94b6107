"""Formats of dates and numbers: what is set, and what all cells of a column agree on.

Cells are looked at by their *shape* (every digit a 9), of which a column has few. Where the shapes
leave one reading only, it is taken and said; where they leave two, the cells stay unreadable and
the setting that decides is named. Dates that begin with the year need no decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dagster_project.warehouse.tables import quote_text

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.sections.formats import Formats
    from dagster_project.sources.relation import Relation

Order = Literal["day_first", "month_first"]
MIDNIGHT = "all times are midnight UTC, so they are read as dates"
# A column with more shapes holds something else than dates or numbers.
MOST_SHAPES = 300
_SAMPLE_ROWS = 20_000
# Beyond these, sampled rows are all there is to see: text that is read as it stands.
_YEAR_FIRST = (
    r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?)?"
)
# Three decimals may be thousands.
_PLAIN_NUMBER = r"[+-]?[0-9]+([.]([0-9]{1,2}|[0-9]{4,}))?([eE][+-]?[0-9]+)?"
_PARTED = re.compile(r"(9{1,2})([./-])(9{1,2})\2(9{4}|99)(?:[ T,]+.*)?")
_ZONE = r"( ?(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)| [A-Za-z]+/[A-Za-z_/]+)"
_MIDNIGHT_UTC = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]00:00(:00([.,]0+)?)? ?(Z|UTC|GMT|[+-]00(:?00)?)"
# Shares of one and the like: three decimals are decimals there.
_SHARES = ("fte", "absent_share", "share", "rate")


@dataclass(frozen=True)
class Shape:
    """Cells of one column that look alike.

    Attributes:
        text: The cells with every digit as a 9.
        count: How many.
        first: Largest number before the first sign of a date, None where there is none.
        second: Largest number after it.
        has_zero: Some begin with a zero before a decimal sign, as 0.5 does.
        is_midnight: All of them are midnight UTC.
    """

    text: str
    count: int
    first: int | None = None
    second: int | None = None
    has_zero: bool = False
    is_midnight: bool = False


@dataclass(frozen=True)
class Format:
    """How one column is read.

    Attributes:
        orders: Order of day and month by the sign between them, for dates.
        pattern: The one pattern dates have, where it was set.
        is_date_only: Times are midnight UTC and no times at all.
        decimal: Sign before the decimals.
        thousands: Sign between thousands, empty where there is none.
    """

    orders: Mapping[str, Order] = field(default_factory=dict)
    pattern: str | None = None
    is_date_only: bool = False
    decimal: str = "."
    thousands: str = ""


PLAIN = Format()


def stated(formats: Sequence[Formats | None]) -> Format:
    """Take each setting from the nearest section that has it.

    Args:
        formats: Sections from the nearest (the column) to the farthest (the source).
    """

    def first(name: str) -> str | None:
        values = (getattr(part, name) for part in formats if part is not None)
        return next((value for value in values if value is not None), None)

    dates, thousands = first("date_format"), first("thousands")
    orders: dict[str, Order] = {}
    if dates in ("day_first", "month_first"):
        orders = dict.fromkeys("./-", dates)  # type: ignore[arg-type]
    return Format(
        orders=orders,
        pattern=dates if dates and "%" in dates else None,
        decimal=first("decimal") or ("," if thousands == "." else "."),
        thousands="" if thousands in (None, "none") else str(thousands),
    )


def shapes(
    con: duckdb.DuckDBPyConnection,
    cells: Mapping[str, tuple[str, bool]],
    relation: Relation,
) -> dict[str, list[Shape]]:
    """Look at columns of text that hold dates or numbers.

    Args:
        con: Any connection that sees the scan.
        cells: Per column its SQL, giving cleaned text, and whether it holds dates.
        relation: What is read.

    Returns:
        Shapes by column; none for a column whose cells are read as they stand.
    """
    if not cells:
        return {}
    unusual = ", ".join(
        f"coalesce(bool_or({sql} is not null and not regexp_full_match({sql}, "
        f"'{_YEAR_FIRST if is_date else _PLAIN_NUMBER}')), false)"
        for sql, is_date in cells.values()
    )
    flags = con.execute(
        f"select {unusual} from (select * from {relation.sql} limit {_SAMPLE_ROWS})",
        list(relation.parameters),
    ).fetchone()
    assert flags is not None
    found = {}
    for (column, (sql, is_date)), is_unusual in zip(cells.items(), flags, strict=True):
        if is_unusual:
            found[column] = _shapes_of(con, sql, is_date, relation)
    return found


def _shapes_of(
    con: duckdb.DuckDBPyConnection, sql: str, is_date: bool, relation: Relation
) -> list[Shape]:
    part = r"'^([0-9]{1,2})[./-]([0-9]{1,2})[./-]'"
    dates = (
        f"max(try_cast(regexp_extract(cell, {part}, 1) as integer)), "
        f"max(try_cast(regexp_extract(cell, {part}, 2) as integer)), false, "
        f"bool_and(regexp_full_match(cell, '{_MIDNIGHT_UTC}'))"
    )
    numbers = "null, null, bool_or(regexp_matches(cell, '^[+-]?0[.,]')), false"
    rows = con.execute(
        "select regexp_replace(cell, '[0-9]', '9', 'g') as shape, count(*), "
        f"{dates if is_date else numbers} "
        f"from (select {sql} as cell from {relation.sql}) where cell is not null "
        f"group by 1 order by 2 desc, 1 limit {MOST_SHAPES + 1}",
        list(relation.parameters),
    ).fetchall()
    return [Shape(*row) for row in rows] if len(rows) <= MOST_SHAPES else []


def date_formats(
    columns: Mapping[str, Sequence[Shape]], given: Mapping[str, Format]
) -> tuple[dict[str, Format], list[str]]:
    """Decide how the dates of a table are read.

    Day and month are told apart by all columns of the table together: one export writes them alike.

    Args:
        columns: Shapes by column.
        given: What is set for each of them.

    Returns:
        Format by column, and what was decided or could not be, as notes.
    """
    notes, pooled = [], {}
    for sign in "./-":
        pooled[sign] = _order(sign, (s for found in columns.values() for s in found))
    decided = {}
    for column, found in columns.items():
        form = given[column]
        zoned = [s for s in found if s.is_midnight]
        others = [s for s in found if not s.is_midnight]
        if zoned and not any(re.search(r":99", s.text) for s in others):
            form = Format(form.orders, form.pattern, is_date_only=True)
            notes.append(f"{column}: {MIDNIGHT}")
        signs = sorted({m[2] for s in found if (m := _PARTED.fullmatch(s.text))})
        if form.orders or form.pattern or not signs:
            decided[column] = form
            continue
        orders: dict[str, Order] = {}
        for sign in signs:
            order = pooled[sign] if pooled[sign] != "both" else _order(sign, found)
            if order == "both":
                notes.append(
                    f"{column}: dates written with '{sign}' are day first in some cells and month "
                    "or year first in others; correct them at the source"
                )
            elif order is None:
                notes.append(
                    f"{column}: day and month cannot be told apart in dates written with "
                    f"'{sign}'; set date_format to day_first or month_first"
                )
            else:
                orders[sign] = order
                parts = ("day", "month") if order == "day_first" else ("month", "day")
                notes.append(f"{column}: dates are read as {sign.join((*parts, 'year'))}")
        decided[column] = Format(orders, None, form.is_date_only)
    return decided, notes


def _order(sign: str, found: Iterable[Shape]) -> Order | Literal["both"] | None:
    """Tell day and month apart by numbers above 12; a point alone means day first."""
    parted = [s for s in found if (m := _PARTED.fullmatch(s.text)) and m[2] == sign]
    # 24-05-01 begins with a year of two digits.
    if sign == "-" and any(_PARTED.fullmatch(s.text)[4] == "99" for s in parted):  # type: ignore[index]
        return "both"
    day_first = any((s.first or 0) > 12 for s in parted)
    month_first = any((s.second or 0) > 12 for s in parted)
    if day_first and month_first:
        return "both"
    if day_first or (sign == "." and not month_first):
        return "day_first"
    return "month_first" if month_first else None


def number_format(column: str, found: Sequence[Shape], given: Format) -> tuple[Format, list[str]]:
    """Decide which sign of a column's numbers is the decimal one.

    Args:
        column: Name of the column; shares and rates have decimals, never thousands.
        found: Its shapes.
        given: What is set.

    Returns:
        The format, and what was decided or could not be, as notes.
    """
    if given.decimal != "." or given.thousands:
        return given, []
    decimals: set[str] = set()
    undecided: set[str] = set()
    spaced = ""
    for shape in found:
        text = shape.text.lstrip("+-")
        if match := re.fullmatch(r"9{1,3}(?:([ '])999)+(?:[.,]9*)?", text):
            spaced = match[1]
            text = text.replace(spaced, "")
        if not re.fullmatch(r"9*[.,][9.,]*", text):
            continue
        sign = max(".,", key=text.rfind)
        head, _, tail = text.rpartition(sign)
        if set(head) & set(".,") - {sign}:
            decimals.add(sign)
        elif sign in head:
            decimals.add(_other(sign))
        elif len(tail) != 3 or len(head) > 3 or shape.has_zero or column.endswith(_SHARES):
            decimals.add(sign)
        else:
            undecided.add(sign)
    if len(decimals) > 1 or (not decimals and len(undecided) > 1):
        return given, [f"{column}: ',' and '.' may both be the decimal sign; set decimal"]
    if not decimals and not undecided and not spaced:
        return given, []
    # 10.000 in every row is ten thousand: decimals come in other numbers than three, too.
    decimal = decimals.pop() if decimals else _other(undecided.pop()) if undecided else "."
    is_grouped = any(_other(decimal) in s.text for s in found if s.text.strip("+-9., '") == "")
    thousands = spaced or (_other(decimal) if is_grouped else "")
    if decimal == "." and not thousands:
        return given, []
    words = f"and '{thousands}' stands between thousands" if thousands else "no sign in thousands"
    return Format(decimal=decimal, thousands=thousands), [
        f"{column}: '{decimal}' is read as the decimal sign, {words}"
    ]


def _other(sign: str) -> str:
    return "," if sign == "." else "."


def number_sql(text: str, form: Format) -> str:
    """Build SQL that writes a number as SQL does; null where it is grouped wrongly.

    Args:
        text: SQL of the cleaned cell.
        form: How it is written.
    """
    if form.decimal == "." and not form.thousands:
        return text
    point = f"replace({text}, ',', '.')" if form.decimal == "," else text
    if not form.thousands:
        # A point is no decimal sign here.
        return f"case when not contains({text}, '.') then {point} end"
    sign = form.thousands.replace("'", "''")
    pattern = rf"[+-]?[0-9]{{1,3}}([{sign}][0-9]{{3}})+([{form.decimal}][0-9]*)?"
    bare = f"replace({text}, '{sign}', '')"
    if form.decimal == ",":
        bare = f"replace({bare}, ',', '.')"
    return (
        f"case when not contains({text}, '{sign}') then {point} "
        f"when regexp_full_match({text}, '{pattern}') then {bare} end"
    )


def date_sql(text: str, form: Format, timezone: str) -> str:
    """Build SQL that reads a date or time; null where it cannot be read.

    Dates that begin with the year are always read. A time with a zone becomes the company's local
    time; zones are offsets, UTC, GMT, Z or names such as Europe/Berlin, as abbreviations of others
    have several meanings.

    Args:
        text: SQL of the cleaned cell.
        form: How it is written.
        timezone: The company's time zone.
    """
    plain = f"try_cast({text} as timestamp)"
    day = f"try_cast(left({text}, 10) as timestamp)"
    moment = f"regexp_replace({text}, ' ?(UTC|GMT)$', '+00')"
    zoned = f"timezone('{timezone}', try_cast({moment} as timestamptz))"
    if form.is_date_only:
        zoned = day
    # Two common forms are told apart by length, before any pattern.
    is_plain = f"length({text}) = 10 or (length({text}) = 19 and substr({text}, 17, 1) = ':')"
    cases = (
        f"when ({is_plain}) and substr({text}, 5, 1) in ('-', '/') then {plain} "
        f"when regexp_full_match({text}, '{_YEAR_FIRST}') then {plain} "
        f"when regexp_full_match({text}, '{_YEAR_FIRST}{_ZONE}') then {zoned} "
    )
    if form.pattern is not None:
        return f"case {cases} else try_strptime({text}, {quote_text(form.pattern)}) end"
    cases += f"when regexp_matches({text}, '^[0-9]{{4}}-') then {_strptime(text, '%Y-%m-%d')} "
    for sign, order in sorted(form.orders.items()):
        parts = "[0-9]{1,2}[" + sign + "][0-9]{1,2}[" + sign + "]"
        day_month = ("%d", "%m") if order == "day_first" else ("%m", "%d")
        for digits, year in (("[0-9]{4}", "%Y"), ("[0-9]{2}", "%y")):
            written = sign.join((*day_month, year))
            cases += (
                f"when regexp_matches({text}, '^{parts}{digits}([ ,T]|$)') "
                f"then {_strptime(text, written)} "
            )
    named = ", ".join(f"'{pattern}'" for pattern in _NAMED_MONTHS)
    cases += f"when regexp_matches({text}, '[A-Za-z]{{3}}') then try_strptime({text}, [{named}]) "
    return f"case {cases} end"


_NAMED_MONTHS = ("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")


def _strptime(text: str, date: str) -> str:
    times = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %I:%M %p")
    patterns = ", ".join(f"'{date}{time}'" for time in times)
    return f"try_strptime({text}, [{patterns}])"
