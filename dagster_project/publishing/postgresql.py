"""Serving from PostgreSQL: the published tables in a database server, for tools that need one.

Rows are deleted and copied in, never tables swapped: under PostgreSQL's own versions of rows, a
reader neither waits for the transaction nor sees part of it, and the transaction never waits for a
reader. (Renaming a schema gave a mixed read in every fifth query when it was tried.) Only a table
whose columns changed is made anew, which waits for its readers for at most :data:`LOCK_SECONDS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster_project.publishing.files import PublishError
from dagster_project.runtime.credentials import MissingSecretError, read_secret, redact

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.sections.publishing import Publishing

LOCK_SECONDS = 60
CONNECT_SECONDS = 60  # unless the address has a connect_timeout of its own
_BATCH = 10_000
_TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}


def serving_address(publishing: Publishing) -> str | None:
    """Find the address of the server, None where none is set.

    Raises:
        PublishError: The variable that holds it is not set, or the driver is not installed.
    """
    if publishing.postgresql is None:
        return None
    try:
        import psycopg  # noqa: F401

        return read_secret(publishing.postgresql.url_variable, "publishing.postgresql.url_variable")
    except ImportError:
        raise PublishError(
            "publishing.postgresql needs an extra: pip install 'sales-coverage[postgresql]'"
        ) from None
    except MissingSecretError as error:
        raise PublishError(str(error)) from None


def serve(
    con: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    *,
    url: str,
    schema: str,
    comments: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, int]:
    """Replace the served tables by these, all in one transaction.

    Args:
        con: Open connection that sees what the tables select from.
        tables: Per published name a SELECT.
        url: ``postgresql://user:password@host:port/database``.
        schema: Schema of the tables; made if missing.
        comments: Per published name the meaning of its columns.

    Returns:
        Rows per table.

    Raises:
        PublishError: The server could not be reached or refused; it serves the plan before. The
            message holds no secret.
    """
    import psycopg

    try:
        address = url.replace("postgresql+psycopg://", "postgresql://")
        has_own = "connect_timeout" in psycopg.conninfo.conninfo_to_dict(address)
        patience = {} if has_own else {"connect_timeout": CONNECT_SECONDS}
        with psycopg.connect(psycopg.conninfo.make_conninfo(address, **patience)) as server:
            cursor = server.cursor()
            cursor.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
            # One publication at a time; readers are not concerned.
            cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"publish {schema}"])
            cursor.execute(psycopg.sql.SQL("create schema if not exists {}").format(_name(schema)))
            return {
                name: _replace(con, cursor, schema, name, query, (comments or {}).get(name, {}))
                for name, query in tables.items()
            }
    except (psycopg.Error, OSError) as error:
        reason = redact(" ".join(str(error).split()), [url])
        raise PublishError(
            f"PostgreSQL (schema {schema}) was not changed and serves the plan before. {reason}"
        ) from None


def _replace(
    con: duckdb.DuckDBPyConnection,
    cursor: Any,
    schema: str,
    name: str,
    query: str,
    meanings: Mapping[str, str],
) -> int:
    from psycopg.sql import SQL, Literal

    columns = [(row[0], _type(row[1])) for row in con.execute(f"describe {query}").fetchall()]
    table = SQL("{}.{}").format(_name(schema), _name(name))
    cursor.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = %s and table_name = %s order by ordinal_position",
        [schema, name],
    )
    served = [(row[0], row[1].split("(")[0]) for row in cursor.fetchall()]
    wanted = [(column, _REPORTED.get(kind, kind).split("(")[0]) for column, kind in columns]
    if served != wanted:
        cursor.execute(SQL("drop table if exists {}").format(table))
        body = SQL(", ").join(
            SQL("{} {}").format(_name(column), SQL(kind)) for column, kind in columns
        )
        cursor.execute(SQL("create table {} ({})").format(table, body))
        for column, _ in columns:
            if column in meanings:
                cursor.execute(
                    SQL("comment on column {}.{} is {}").format(
                        table, _name(column), Literal(meanings[column])
                    )
                )
    else:
        cursor.execute(SQL("delete from {}").format(table))
    rows = con.execute(query)
    count = 0
    with cursor.copy(SQL("copy {} from stdin").format(table)) as copy:
        while batch := rows.fetchmany(_BATCH):
            for row in batch:
                copy.write_row(row)
            count += len(batch)
    return count


_REPORTED = {"timestamp": "timestamp without time zone"}


def _type(kind: str) -> str:
    if kind.startswith("DECIMAL"):
        return kind.replace("DECIMAL", "numeric")
    return _TYPES[kind]


def _name(name: str) -> Any:
    from psycopg.sql import Identifier

    return Identifier(name)
