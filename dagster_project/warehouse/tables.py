"""Tables as data: the one way in which any table of the pipeline is described.

What creates a table, fills it, documents it, publishes it and shows it in the UI follows from these
values; a column is added in one place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# By the beginning or end of a name.
_TYPES = {
    " is_": "BOOLEAN",
    "_count ": "BIGINT",
    "_months ": "BIGINT",
    "_days ": "BIGINT",
    " position ": "BIGINT",
    "_amount ": "DOUBLE",
    "_rate ": "DOUBLE",
    "hours ": "DOUBLE",
    "_on ": "DATE",
    " month ": "DATE",
}


def quote_identifier(name: str) -> str:
    """Quote one name for use in SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_relation(relation: str) -> str:
    """Quote a qualified name, schema and table apart."""
    return ".".join(map(quote_identifier, relation.split(".")))


def quote_text(value: object) -> str:
    """Quote a text, or what reads as one, for use as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"


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

    @classmethod
    def of(
        cls,
        schema: str,
        name: str,
        grain: str,
        key: tuple[str, ...],
        stated: Mapping[str, tuple[str, str]],
    ) -> Table:
        """Describe a table by its columns' types and meanings, by name and in order."""
        return cls(
            schema, name, grain, key, tuple(Column(n, *facts) for n, facts in stated.items())
        )

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


def columns(meanings: Mapping[str, str], names: str, **types: str) -> tuple[Column, ...]:
    """Describe columns by name, each with the meaning its name has.

    Args:
        meanings: Meaning by name.
        names: Names in order, separated by spaces.
        types: Types of the columns whose name does not tell it, see :func:`type_by_name`.

    Raises:
        KeyError: A name has no meaning.
    """
    return tuple(
        Column(name, types.get(name) or type_by_name(name), meanings[name])
        for name in names.split()
    )


def type_by_name(name: str) -> str:
    """Read a column's type off its name, as the naming rules have it; VARCHAR where none holds."""
    return next((type_ for part, type_ in _TYPES.items() if part in f" {name} "), "VARCHAR")


def tables_by_name(*tables: Table) -> dict[str, Table]:
    """List tables by their name, in order."""
    return {table.name: table for table in tables}


@contextmanager
def all_or_none(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Run statements as one transaction, which also brings them to the disk at once."""
    import duckdb

    connection.execute("begin transaction")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        # A commit that failed, such as on a full disk, has ended the transaction itself.
        with suppress(duckdb.TransactionException):
            connection.execute("rollback")
        raise
