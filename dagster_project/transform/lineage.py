"""Which columns a model's columns are computed from, read off its compiled SQL.

dbt knows models; their columns are followed here through a query's subqueries and unions to the
tables it reads. Conditions of joins and filters do not count: a column's lineage is what its value
is made of. What was found stays beside the manifest until the SQL changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.transform.manifest import MANIFEST_PATH

if TYPE_CHECKING:
    import duckdb
    from sqlglot.optimizer.scope import Scope

# Schema, table, column.
Source = tuple[str, str, str]
Schemas = Mapping[str, Mapping[str, Mapping[str, str]]]


class ColumnLineage:
    """Sources by column, for as many models as are asked for."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, kept: Path | None = None) -> None:
        """Read the columns of every table there is, and what was found before.

        Args:
            connection: The warehouse, with the tables that the models read.
            kept: File of what was found before; beside dbt's manifest if not given.
        """
        self._file = kept or MANIFEST_PATH.with_name("column_lineage.json")
        self._schemas: dict[str, dict[str, dict[str, str]]] = {}
        for schema, table, column, kind in connection.execute(
            "select table_schema, table_name, column_name, data_type "
            "from information_schema.columns order by table_schema, table_name, ordinal_position"
        ).fetchall():
            self._schemas.setdefault(schema, {}).setdefault(table, {})[column] = kind
        self._kept = _read(self._file)
        self._is_changed = False

    def of_model(
        self, name: str, compiled_sql: str, parents: Iterable[tuple[str, str]]
    ) -> dict[str, list[Source]]:
        """Follow the columns of one model.

        Args:
            name: The model, as what was found is kept under.
            compiled_sql: The query that makes it.
            parents: Schema and name of the tables that it reads.

        Returns:
            Sources by column, in order; none for a query that cannot be followed.
        """
        read: dict[str, dict[str, Mapping[str, str]]] = {}
        for schema, table in sorted(parents):
            columns = self._schemas.get(schema, {}).get(table)
            if columns is not None:
                read.setdefault(schema, {})[table] = columns
        key = hashlib.sha256(f"{compiled_sql}\n{json.dumps(read)}".encode()).hexdigest()
        found = self._kept.get(name)
        if found is None or found["key"] != key:
            found = {"key": key, "columns": follow(compiled_sql, read)}
            self._kept[name] = found
            self._is_changed = True
        return {column: [(s, t, c) for s, t, c in of] for column, of in found["columns"].items()}

    def keep(self) -> None:
        """Write what was found, for the next run."""
        if self._is_changed:
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps(self._kept), encoding="utf-8")
            new.replace(self._file)


def follow(sql: str, schemas: Schemas) -> dict[str, list[Source]]:
    """Find the columns that each column of a query is computed from.

    Args:
        sql: One select of DuckDB.
        schemas: Type by column, by table, by schema, of the tables that it reads.

    Returns:
        Sources by column, in order; empty where the query cannot be followed.
    """
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    try:
        query = qualify(
            _without_catalog(parse_one(sql, dialect="duckdb")),
            schema={schema: dict(tables) for schema, tables in schemas.items()},
            dialect="duckdb",
            validate_qualify_columns=False,
        )
        scope = build_scope(query)
    except (SqlglotError, RecursionError):
        return {}
    if scope is None:
        return {}
    seen: dict[tuple[int, str], set[Source]] = {}
    return {
        name: sorted(_sources(scope, name, seen)) for name in query.named_selects if name != "*"
    }


def _without_catalog(query: Any) -> Any:
    from sqlglot import exp

    for table in query.find_all(exp.Table):
        table.set("catalog", None)
    return query


def _sources(scope: Scope, column: str, seen: dict[tuple[int, str], set[Source]]) -> set[Source]:
    place = (id(scope), column)
    if place not in seen:
        seen[place] = set()  # a query that reads itself ends here
        seen[place] |= {source for part in _parts(scope, column, seen) for source in part}
    return seen[place]


def _parts(
    scope: Scope, column: str, seen: dict[tuple[int, str], set[Source]]
) -> Iterator[set[Source]]:
    from sqlglot import exp

    if scope.set_operation_scopes:
        # Columns of a union go by their position; the first select names them.
        names = scope.expression.named_selects
        if column in names:
            position = names.index(column)
            for branch in scope.set_operation_scopes:
                yield _sources(branch, branch.expression.named_selects[position], seen)
        return
    for select in scope.expression.selects:
        if select.alias_or_name != column:
            continue
        for reference in select.find_all(exp.Column):
            source = scope.sources.get(reference.table)
            if isinstance(source, exp.Table):
                yield {(source.db, source.name, reference.name)}
            elif source is not None:
                yield _sources(source, reference.name, seen)
        within = {id(node) for node in select.walk()}
        for subquery in scope.subquery_scopes:
            if id(subquery.expression) in within:
                for name in subquery.expression.named_selects:
                    yield _sources(subquery, name, seen)


def _read(file: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept
