"""Tables as data: the one way in which any table of the pipeline is described.

What creates a table, fills it, documents it, publishes it and shows it in the UI follows from these
values; a column is added in one place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def quote_identifier(name: str) -> str:
    """Quote one name for use in SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_relation(relation: str) -> str:
    """Quote a qualified name, schema and table apart."""
    return ".".join(map(quote_identifier, relation.split(".")))


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: Snake case.
        type: DuckDB type.
        meaning: Meaning and unit, for a user.
        is_nullable: A row may be without a value.
        is_personal: Personal data of an employee: its cells never appear in a message or log.
    """

    name: str
    type: str
    meaning: str = ""
    is_nullable: bool = True
    is_personal: bool = False


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        schema: Schema of the warehouse.
        name: Name in it.
        grain: What one row is.
        key: Columns that identify a row, in sort order; none where there is one row.
        columns: All columns, in order.
    """

    schema: str
    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def relation(self) -> str:
        """Qualified name."""
        return f"{self.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def types(self) -> dict[str, str]:
        """Type by column, in order."""
        return {column.name: column.type for column in self.columns}

    @property
    def meanings(self) -> dict[str, str]:
        """Meaning by column, in order."""
        return {column.name: column.meaning for column in self.columns}

    def create_sql(self, relation: str | None = None, *, keep: bool = False) -> str:
        """Write the statement that creates the table, empty and typed.

        Args:
            relation: Another place than its own.
            keep: Leave a table alone that is there already, instead of replacing it.
        """
        body = ", ".join(f"{quote_identifier(c.name)} {c.type}" for c in self.columns)
        create = "create table if not exists" if keep else "create or replace table"
        return f"{create} {quote_relation(relation or self.relation)} ({body})"


def columns(meanings: Mapping[str, str], **types: str) -> tuple[Column, ...]:
    """Describe columns by name and type, each with the meaning its name has.

    Raises:
        KeyError: A name has no meaning.
    """
    return tuple(Column(name, type_, meanings[name]) for name, type_ in types.items())


def tables_by_name(*tables: Table) -> dict[str, Table]:
    """List tables by their name, in order."""
    return {table.name: table for table in tables}


@contextmanager
def all_or_none(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Run statements as one transaction, which also brings them to the disk at once."""
    connection.execute("begin transaction")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
