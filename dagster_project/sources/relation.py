"""What any kind of source is once it can be read: a FROM clause with its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """What is read: a FROM clause over any kind of source.

    Attributes:
        sql: FROM clause; rows are numbered in its order and written in that of their content.
        columns: DuckDB type by column.
        parameters: Parameters of the clause.
        notes: What was found out about it, for people.
    """

    sql: str
    columns: Mapping[str, str]
    parameters: tuple[object, ...] = ()
    notes: tuple[str, ...] = ()
