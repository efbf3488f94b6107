"""What the UI shows of any table: what it is, its row count and its columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagster_project.warehouse.duckdb_file import Warehouse
from dagster_project.warehouse.tables import Table, quote_relation

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


def table_specs(
    tables: Iterable[Table],
    deps: list[dg.AssetKey],
    group: str,
    owners: list[str],
    *kinds: str,
) -> list[dg.AssetSpec]:
    """One asset for each table that a step writes.

    Args:
        tables: The tables.
        deps: What all of them follow from.
        group: Group they stand in.
        owners: Who answers for them.
        kinds: What they are made with.
    """
    return [
        dg.AssetSpec(
            [table.schema, table.name],
            deps=deps,
            group_name=group,
            description=table.grain,
            owners=owners,
            kinds=set(kinds),
            metadata={"dagster/table_name": table.relation},
        )
        for table in tables
    ]


def table_results(
    warehouse: Warehouse,
    tables: Iterable[Table],
    extra: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[dg.MaterializeResult[None]]:
    """Say of each table as it was written how large it is, and what else is known of it by name."""
    with warehouse.connect() as connection:
        for table in tables:
            facts = table_facts(connection, table.relation, table.meanings)
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey([table.schema, table.name]),
                metadata={**facts, **(extra or {}).get(table.name, {})},
            )
