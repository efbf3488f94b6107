"""From pulled to accepted: the swap that raw tables go through once every gate has passed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dagster_project.warehouse.tables import all_or_none, quote_identifier, quote_relation

if TYPE_CHECKING:
    import duckdb

    from dagster_project.sources.result import PullResult

PULLED = "__pulled"
COMPANY_FILE = "company_file"
# What each pull brought, and the same for the pulls that stand in ``raw`` now.
PULLS, ACCEPTED = "quality.pulls", "quality.accepted_pulls"
_COLUMNS = (
    "table_name VARCHAR, row_count BIGINT, content_hash VARCHAR, watermark VARCHAR, "
    "is_absent BOOLEAN, issue_count BIGINT, fix_count BIGINT, source_columns VARCHAR[], "
    "notes VARCHAR[]"
)


def create_records(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the records of pulls, empty, where there are none yet."""
    connection.execute("create schema if not exists quality")
    for table in (PULLS, ACCEPTED):
        connection.execute(f"create table if not exists {table} ({_COLUMNS})")
        # A warehouse of an earlier version has no notes.
        connection.execute(f"alter table {table} add column if not exists notes VARCHAR[]")


def record_pull(connection: duckdb.DuckDBPyConnection, result: PullResult) -> None:
    """Remember what a pull brought, for the plan's identity and for the next pull."""
    _record(
        connection,
        [
            result.table,
            result.row_count,
            result.content_hash,
            result.watermark,
            result.absent,
            result.issue_count,
            result.fix_count,
            list(result.source_columns),
            list(result.notes),
        ],
    )


def _record(connection: duckdb.DuckDBPyConnection, row: list[object]) -> None:
    create_records(connection)
    connection.execute(f"delete from {PULLS} where table_name = ?", [row[0]])
    connection.execute(f"insert into {PULLS} values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def landed_company(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Id of the company whose tables the warehouse holds, None while it holds none."""
    exists = connection.execute(
        "select 1 from information_schema.tables "
        "where table_schema = 'raw' and table_name = 'company_settings'"
    ).fetchall()
    if not exists:
        return None
    rows = connection.execute("select company_id from raw.company_settings").fetchall()
    return str(rows[0][0]) if rows else None


def record_company_file(connection: duckdb.DuckDBPyConnection, config_hash: str) -> None:
    """Remember which settings were landed, like a pull."""
    _record(connection, [COMPANY_FILE, 1, config_hash, None, False, 0, 0, [], []])


def accept(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> dict[str, int]:
    """Swap the pulled tables in, all or none.

    Args:
        connection: The warehouse.
        tables: Names of tables in schema ``raw``.

    Returns:
        Row count by table.

    Raises:
        duckdb.Error: A pulled table is missing; nothing was changed.
    """
    names = list(tables)
    with all_or_none(connection):
        for name in names:
            connection.execute(f"drop table if exists {quote_relation(f'raw.{name}')}")
            pulled = quote_relation(f"raw.{name}{PULLED}")
            connection.execute(f"alter table {pulled} rename to {quote_identifier(name)}")
        connection.execute(f"create or replace table {ACCEPTED} as select * from {PULLS}")
    return {
        name: connection.execute(
            f"select count(*) from {quote_relation(f'raw.{name}')}"
        ).fetchall()[0][0]
        for name in names
    }


def accepted_hashes(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Content hash by accepted table, and the settings' hash under :data:`COMPANY_FILE`."""
    rows = connection.execute(
        f"select table_name, content_hash from {ACCEPTED} order by 1"
    ).fetchall()
    return dict(rows)
