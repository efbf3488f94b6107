"""What the UI shows of any table: its row count and its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagster_project.warehouse.tables import quote_relation

if TYPE_CHECKING:
    import duckdb


def table_facts(
    connection: duckdb.DuckDBPyConnection, table: str, descriptions: Mapping[str, str]
) -> dict[str, Any]:
    """Row count and column schema of a table as the metadata the UI shows.

    Args:
        connection: The warehouse.
        table: Qualified name.
        descriptions: Description by column.
    """
    count = connection.execute(f"select count(*) from {quote_relation(table)}").fetchall()[0][0]
    columns = connection.execute(f"describe {quote_relation(table)}").fetchall()
    return {
        "dagster/row_count": int(count),
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(name=row[0], type=row[1], description=descriptions.get(row[0]))
                for row in columns
            ]
        ),
    }
