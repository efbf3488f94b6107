"""Mirrors: what a source over a connection holds, kept in the warehouse and brought up to date.

Cells are text, as in a CSV file, so that all kinds of sources are read
by the same rules. Merging and moving the watermark are one transaction: a pull that breaks off
changes neither. A full reload and the increments after it give the same table, row by row, because
it always lands in the order of its key.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import pyarrow as pa

from dagster_project.company.sections.columns import ColumnMapping
from dagster_project.company.sections.formats import Formats
from dagster_project.company.sections.remote import Remote
from dagster_project.sources.errors import PermanentSourceError, SourceError
from dagster_project.sources.mapping import land, refuse_missing_columns, report
from dagster_project.sources.relation import Relation
from dagster_project.sources.result import PullResult
from dagster_project.warehouse.contract import LandingTable
from dagster_project.warehouse.tables import all_or_none, quote_identifier

if TYPE_CHECKING:
    import duckdb

_STATE = (
    "create table if not exists source._watermarks "
    "(table_name VARCHAR, definition VARCHAR, watermark TIMESTAMP, reloaded_at TIMESTAMP)"
)
_TRUE = ("true", "t", "1", "yes")
_PAGE, _PLACE = "page_of_rows", "_place_in_page"


class _Spec(Protocol):
    """One table as a remote section describes it."""

    @property
    def key(self) -> str: ...
    @property
    def cursor(self) -> str | None: ...
    @property
    def deleted(self) -> str | None: ...
    @property
    def columns(self) -> dict[str, ColumnMapping]: ...


@dataclass(frozen=True)
class Page:
    """Some rows of a source.

    Attributes:
        columns: Their names.
        rows: Cells as text, None where there is nothing.
        latest: Time of the latest change in them, UTC without a zone.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[str | None, ...]]
    latest: dt.datetime | None = None


@dataclass(frozen=True)
class Definition:
    """What is mirrored.

    Attributes:
        service: Name of the source in messages.
        text: What is asked for; when it changes, everything is read again.
        key: Column that identifies a row.
        cursor: Column with the time of the last change, if the source has one.
        deleted: Column that is true for deleted rows, if there is one.
        mapping: Where each contract column comes from.
        full_reload_days: Days after which everything is read again.
        overlap_minutes: Minutes read again before the watermark, for rows that came late.
        formats: Formats of dates and numbers, the table's before the source's.
    """

    service: str
    text: str
    key: str
    cursor: str | None
    deleted: str | None
    mapping: dict[str, ColumnMapping]
    full_reload_days: int
    overlap_minutes: int
    formats: tuple[Formats, ...] = ()

    @classmethod
    def of(cls, source: Remote, spec: _Spec, *, service: str, text: str) -> Self:
        """Define a mirror by the settings that every kind of source shares."""
        return cls(
            service=service,
            text=text,
            key=spec.key,
            cursor=spec.cursor,
            deleted=spec.deleted,
            mapping=spec.columns,
            full_reload_days=source.full_reload_days,
            overlap_minutes=source.overlap_minutes,
            formats=tuple(part for part in (spec, source) if isinstance(part, Formats)),
        )


def dig(record: Mapping[str, Any], field: str) -> Any:
    """Read a field, also one of a record inside, such as Owner.Name."""
    if field in record:
        return record[field]
    first, _, rest = field.partition(".")
    inner = record.get(first)
    return dig(inner, rest) if rest and isinstance(inner, Mapping) else None


def as_text(value: object) -> str | None:
    """Write a cell as text; what is nested becomes JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return str(value)


def as_moment(value: object) -> dt.datetime | None:
    """Read the time of a change, UTC without a zone; None where it is no time."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    return value if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)


Fetch = Callable[[dt.datetime | None], Iterator[Page]]


def pull(
    con: duckdb.DuckDBPyConnection,
    table: LandingTable,
    target: str,
    definition: Definition,
    fetch: Fetch,
    timezone: str,
) -> PullResult:
    """Bring a mirror up to date and land it.

    Args:
        con: Warehouse connection.
        table: The landing table.
        target: Table to create or replace, ``schema.name``.
        definition: What is mirrored.
        fetch: Reads pages of everything (None) or of what changed since a time in UTC.
        timezone: The company's time zone.

    Raises:
        SourceError: The source answered with a page twice, or broke off; nothing was changed.
        PermanentSourceError: The key is missing, or a mapped column.
    """
    con.execute("create schema if not exists source")
    con.execute(_STATE)
    mirror = f"source.{quote_identifier(table.name)}"
    described = hashlib.sha256(
        json.dumps([definition.text, definition.key, definition.cursor]).encode()
    ).hexdigest()
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    since = _since(con, table.name, definition, described, now)
    with all_or_none(con):
        if since is None:
            con.execute(f"drop table if exists {mirror}")
        latest = _merge(con, mirror, definition, fetch(since))
        if since is None:
            con.execute("delete from source._watermarks where table_name = ?", [table.name])
            con.execute(
                "insert into source._watermarks values (?, ?, ?, ?)",
                [table.name, described, latest, now],
            )
        else:
            con.execute(
                "update source._watermarks set watermark = greatest(watermark, ?) "
                "where table_name = ?",
                [latest, table.name],
            )
    return _land(con, table, target, mirror, definition, timezone)


def _since(
    con: duckdb.DuckDBPyConnection,
    name: str,
    definition: Definition,
    described: str,
    now: dt.datetime,
) -> dt.datetime | None:
    """Return the time from which changes are wanted; None means everything."""
    rows = con.execute(
        "select definition, watermark, reloaded_at from source._watermarks where table_name = ?",
        [name],
    ).fetchall()
    if definition.cursor is None or not rows:
        return None
    before, watermark, reloaded_at = rows[0]
    is_due = now - reloaded_at >= dt.timedelta(days=definition.full_reload_days)
    if before != described or watermark is None or is_due:
        return None
    since: dt.datetime = watermark - dt.timedelta(minutes=definition.overlap_minutes)
    return since


def _merge(
    con: duckdb.DuckDBPyConnection,
    mirror: str,
    definition: Definition,
    pages: Iterator[Page],
) -> dt.datetime | None:
    """Merge pages by key and return the latest change seen, that of deleted rows included."""
    key = quote_identifier(definition.key)
    seen: set[str] = set()
    latest: dt.datetime | None = None
    for page in pages:
        _check(definition, page, seen)
        if page.latest is not None:
            latest = page.latest if latest is None else max(latest, page.latest)
        cells = list(zip(*page.rows, strict=True)) or [()] * len(page.columns)
        columns = {
            name: pa.array(values, pa.string())
            for name, values in zip(page.columns, cells, strict=True)
        }
        columns[_PLACE] = pa.array(range(len(page.rows)), pa.int64())
        con.register(_PAGE, pa.table(columns))
        rows = f"(select * exclude ({_PLACE}) from {_PAGE} qualify row_number() over ("
        rows += f"partition by {key} order by {_PLACE} desc) = 1)"
        try:
            con.execute(f"create table if not exists {mirror} as select * from {rows} limit 0")
            con.execute(f"delete from {mirror} where {key} in (select {key} from {_PAGE})")
            # The last of several states of one row counts; a deleted row is gone.
            gone = "false"
            if definition.deleted in page.columns:
                flag = f"lower({quote_identifier(str(definition.deleted))})"
                gone = f"coalesce({flag} in {_TRUE}, false)"
            con.execute(f"insert into {mirror} by name select * from {rows} where not {gone}")
        finally:
            con.unregister(_PAGE)
    return latest


def _check(definition: Definition, page: Page, seen: set[str]) -> None:
    if definition.key not in page.columns:
        raise PermanentSourceError(
            f"{definition.service}: there is no column {definition.key!r} to tell rows apart; "
            f"it has {', '.join(page.columns)}"
        )
    at = page.columns.index(definition.key)
    if any(row[at] is None for row in page.rows):
        raise PermanentSourceError(
            f"{definition.service}: rows without {definition.key!r} cannot be told apart; name "
            "another key, or leave them out"
        )
    content = hashlib.sha256(repr(page.rows).encode()).hexdigest()
    if page.rows and content in seen:
        raise SourceError(
            f"{definition.service} sent the same page twice; run again, and if it does so again, "
            "correct how its pages follow each other in company.yml"
        )
    seen.add(content)


def _land(
    con: duckdb.DuckDBPyConnection,
    table: LandingTable,
    target: str,
    mirror: str,
    definition: Definition,
    timezone: str,
) -> PullResult:
    columns = {row[0]: "VARCHAR" for row in con.execute(f"describe {mirror}").fetchall()}
    refuse_missing_columns(table, definition.mapping, columns, definition.service, is_file=False)
    key = quote_identifier(definition.key)
    ordered = f"(select * from {mirror} order by {key})"
    con.execute(f"create schema if not exists {quote_identifier(target.split('.')[0])}")
    relation = Relation(ordered, columns)
    notes = land(con, target, table, definition.mapping, relation, timezone, definition.formats)
    return report(con, table, target, source_columns=tuple(columns), notes=notes)
