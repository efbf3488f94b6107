"""The SELECT that feeds a gate: needed columns, computed columns, stand-ins, failing keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

from dagster_project.runtime.visible import visible
from dagster_project.warehouse.tables import quote_text

MAX_SAMPLE_KEYS = 20

Parameters = Mapping[str, Sequence[str] | dt.date | float | None]

_NOT_NULL = "expect_column_values_to_not_be_null"
_BETWEEN = "expect_column_values_to_be_between"
_IDENTITY_TYPES = {
    _NOT_NULL,
    "expect_column_values_to_be_unique",
    "expect_column_unique_value_count_to_be_between",
}
_NUMBER_TYPES = ("BOOLEAN", "DECIMAL", "FLOAT", "INTEGER", "UINTEGER")


@dataclass(frozen=True)
class Feed:
    """The columns of one relation that one suite needs.

    Attributes:
        base: SELECT of the needed and computed columns and the key, as they are.
        stand_ins: Per column that a rule names, the SQL of its small form over ``base``.
        key: SQL of a row's key over ``base``, as text.
    """

    base: str
    stand_ins: Mapping[str, str]
    key: str

    def frame(self, con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
        """Read the small forms, one row per record."""
        items = [f'{sql} as "{column}"' for column, sql in self.stand_ins.items()]
        sql = f"select {', '.join(items) or '1 as _'} from ({self.base})"
        frame: pd.DataFrame = con.execute(sql).df()
        return frame

    def sample_keys(
        self, con: duckdb.DuckDBPyConnection, rule: Mapping[str, Any], values: Sequence[Any]
    ) -> tuple[str, ...]:
        """Find the keys of up to 20 rows that hold a failing value, in order."""
        small = self.stand_ins.get(rule["kwargs"].get("column", ""))
        present = [value for value in values if value is not None]
        if small is not None and rule["type"] == _NOT_NULL:
            where, present = f"{small} is null", []
        elif small is not None and present:
            where = f"{small} in ({', '.join('?' * len(present))})"
        else:
            return ()
        rows = con.execute(
            f"select distinct key from (select {self.key} as key from ({self.base}) "
            f"where {where}) order by key limit {MAX_SAMPLE_KEYS}",
            present,
        ).fetchall()
        return tuple(visible(str(row[0]), keep_lines=False) for row in rows)


def column_types(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Name a relation's columns and their types.

    Raises:
        duckdb.CatalogException: If there is no such relation.
    """
    rows = con.execute(f"describe select * from {relation}").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def build_feed(
    con: duckdb.DuckDBPyConnection,
    suite: Mapping[str, Any],
    relation: str,
    parameters: Parameters,
) -> Feed:
    """Build the SELECT that a suite needs.

    A column that is missing, or computed from a missing one, is left out, so that its rules
    fail one by one with the column's name instead of the whole gate with an SQL error.

    Raises:
        ValueError: If a parameter is not one of the suite's.
        duckdb.CatalogException: If there is no such relation.
    """
    given = column_types(con, relation)
    computed = _computed_columns(suite, parameters)
    kinds = _kinds_by_column(suite)
    items: list[str] = []
    types: dict[str, str] = {}
    for column in dict.fromkeys([*kinds, *suite["meta"]["key"], "_row"]):
        item = f'{computed[column]} as "{column}"' if column in computed else f'"{column}"'
        if column not in computed and column not in given:
            continue
        try:
            types |= column_types(con, f"(select {item} from {relation})")
        except duckdb.BinderException:
            continue
        items.append(item)
    # A row without a key is named by its place in the source.
    nameless = "'row ' || _row" if "_row" in types else "'(none)'"
    parts = [f'coalesce("{p}"::varchar, {nameless})' for p in suite["meta"]["key"] if p in types]
    return Feed(
        base=f"select {', '.join(items) or '1 as _'} from {relation}",
        stand_ins={c: _stand_in(c, types[c], kinds[c]) for c in kinds if c in types},
        key=" || '/' || ".join(parts) or nameless,
    )


def _kinds_by_column(suite: Mapping[str, Any]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for rule in suite["expectations"]:
        if column := rule["kwargs"].get("column"):
            kinds.setdefault(column, set()).add(rule["type"])
    return kinds


def _computed_columns(suite: Mapping[str, Any], parameters: Parameters) -> dict[str, str]:
    known = suite["meta"].get("parameters", {})
    if unknown := set(parameters) - set(known):
        raise ValueError(f"suite {suite['name']} has no parameter {sorted(unknown)}")
    literals = {name: _literal(parameters.get(name, default)) for name, default in known.items()}
    select = suite["meta"].get("select", {})
    return {column: sql.format(**literals) for column, sql in select.items()}


def _literal(value: Sequence[str] | dt.date | float | None) -> str:
    if value is None:
        return "current_date"
    if isinstance(value, int | float):
        return repr(float(value))
    if isinstance(value, dt.date):
        return f"date '{value:%Y-%m-%d}'"
    return ", ".join(map(quote_text, value)) or "null"


def _stand_in(column: str, sql_type: str, kinds: set[str]) -> str:
    """Replace a column by the smallest one on which its rules have the same outcome.

    Presence needs one byte. Identity (unique, distinct) needs a number per value: equal values
    get equal hashes, and 2M distinct ones collide with a probability of 1e-7, which would
    raise a false alarm and never hide a duplicate. Numbers with bounds go as doubles, for
    which alone Great Expectations compares whole columns instead of value by value.
    """
    name = f'"{column}"'
    if kinds == {_NOT_NULL}:
        return f"case when {name} is not null then 1::utinyint end"
    if kinds <= _IDENTITY_TYPES:
        return f"case when {name} is not null then hash({name}) end"
    is_number = sql_type.startswith(_NUMBER_TYPES) or sql_type.endswith("INT")
    return f"{name}::double" if is_number and _BETWEEN in kinds else name
