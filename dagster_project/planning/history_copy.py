"""A copy of the record of plans beside the warehouse, from which a new warehouse gets it back.

The warehouse can be made again from pulls; what plans decided, and when, cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.sources.landing import landed_company
from dagster_project.warehouse.tables import Table, all_or_none, quote_text

if TYPE_CHECKING:
    import duckdb

COPY = "plan_record.duckdb"
_CATALOG = "plan_record"


def copy_history(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> None:
    """Write the record to its copy, whole or not at all.

    Args:
        connection: The warehouse; one in memory has no copy.
        tables: What is recorded.
    """
    copy = _place(connection)
    if copy is None:
        return
    new = copy.with_name(f"{copy.name}.new")
    for left in (new, Path(f"{new}.wal")):
        left.unlink(missing_ok=True)
    connection.execute(f"attach {quote_text(new)} as {_CATALOG}")
    try:
        with all_or_none(connection):
            connection.execute(
                f"create table {_CATALOG}.company as select ? as company_id",
                [landed_company(connection)],
            )
            for table in tables:
                connection.execute(f"create table {_CATALOG}.{table.name} as from {table.relation}")
    finally:
        connection.execute(f"detach {_CATALOG}")
    new.replace(copy)


def restore_history(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> str | None:
    """Fill the record of a new warehouse from its copy.

    Args:
        connection: The warehouse, its record made.
        tables: What is recorded, the plans first.

    Returns:
        What was done, for people; None where there was nothing to do.
    """
    import duckdb

    copy = _place(connection)
    if copy is None or not copy.exists():
        return None
    if connection.execute(f"select 1 from {tables[0].relation} limit 1").fetchall():
        return None
    try:
        connection.execute(f"attach {quote_text(copy)} as {_CATALOG} (read_only)")
        try:
            of_company = connection.execute(f"from {_CATALOG}.company").fetchall()
            if of_company != [(landed_company(connection),)]:
                return None
            with all_or_none(connection):
                for table in tables:
                    connection.execute(
                        f"insert into {table.relation} by name from {_CATALOG}.{table.name}"
                    )
            [(count, last)] = connection.execute(
                f"select count(*), max_by(plan_id, number) from {tables[0].relation}"
            ).fetchall()
        finally:
            connection.execute(f"detach {_CATALOG}")
    except duckdb.Error:
        return (
            f"the warehouse is new, and the record of earlier plans in {copy.name} cannot be read: "
            "this is made as the first plan; put a copy of that file there and run again"
        )
    return (
        f"the warehouse is new: the record of {count:,} plans, the last one {last}, was restored "
        f"from {copy.name}; results of earlier gates and back-tests are not in it"
    )


def _place(connection: duckdb.DuckDBPyConnection) -> Path | None:
    [(path,)] = connection.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchall()
    return Path(path).with_name(COPY) if path else None
