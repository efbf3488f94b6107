"""Pull from any database that SQLAlchemy knows, all of it or what changed since the last pull."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dagster_project.company.sections.remote import SqlSource, SqlTable
from dagster_project.runtime.credentials import read_secret, redact
from dagster_project.sources import mirror
from dagster_project.sources.errors import PermanentSourceError, SourceError
from dagster_project.sources.personal import without_cells

if TYPE_CHECKING:
    import duckdb

    from dagster_project.sources.result import PullResult
    from dagster_project.warehouse.contract import LandingTable

CONNECT_SECONDS = 60  # unless the address has a connect_timeout of its own
_ROWS_PER_PAGE = 20_000


def pull(
    con: duckdb.DuckDBPyConnection,
    table: LandingTable,
    target: str,
    source: SqlSource,
    timezone: str,
) -> PullResult:
    """Read one table from a database.

    Raises:
        SourceError: The database cannot be reached now.
        PermanentSourceError: The query or the log-in is wrong. No message holds the address.
    """
    spec = source.tables[table.name]
    url = read_secret(source.url_variable, "source.url_variable")
    definition = mirror.Definition.of(
        source, spec, service=f"{table.name}: the database", text=spec.query
    )
    is_connected = False
    try:
        address = sa.make_url(url)
        is_postgres = address.get_backend_name() == "postgresql"
        has_own = "connect_timeout" in address.query
        options = {"connect_timeout": CONNECT_SECONDS} if is_postgres and not has_own else {}
        engine = sa.create_engine(address, poolclass=sa.pool.NullPool, connect_args=options)
        fetch = lambda since: _pages(engine, spec, since)  # noqa: E731
        if table.is_personal:
            with engine.connect():
                pass  # what goes wrong until here is no matter of rows, and is said in full
            is_connected = True
        return mirror.pull(con, table, target, definition, fetch, timezone)
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        cause = getattr(error, "orig", None) or error
        reason = redact(" ".join(str(cause).split()), [url])
        if is_connected:
            reason = without_cells(cause, reason, spec.query)
        kind = SourceError if isinstance(error, sa.exc.OperationalError) else PermanentSourceError
        raise kind(f"{definition.service} cannot be read: {reason}") from None


def _pages(engine: sa.Engine, spec: SqlTable, since: dt.datetime | None) -> Iterator[mirror.Page]:
    # In brackets, so that it can be nothing but one select.
    query = sa.select(sa.text("*")).select_from(sa.text(f"({spec.query}) as pulled"))
    if since is not None and spec.cursor is not None:
        # Without a type, so that the database reads it as the column's own.
        value = sa.bindparam("since", f"{since.isoformat(' ')}+00:00", type_=sa.types.NullType())
        query = query.where(sa.column(spec.cursor) >= value)
    settings: dict[str, Any] = {"stream_results": True, "yield_per": _ROWS_PER_PAGE}
    if engine.dialect.name == "postgresql":
        settings |= {"postgresql_readonly": True}
    with engine.connect().execution_options(**settings) as connection:
        result = connection.execute(query)
        columns = tuple(result.keys())
        at = columns.index(spec.cursor) if spec.cursor in columns else None
        yield mirror.Page(columns, [])
        for rows in result.partitions():
            moments = [] if at is None else [mirror.as_moment(row[at]) for row in rows]
            yield mirror.Page(
                columns,
                [tuple(mirror.as_text(cell) for cell in row) for row in rows],
                max((moment for moment in moments if moment is not None), default=None),
            )
