"""The warehouse: the only place that opens the working DuckDB file.

DuckDB allows one writing process per file, so a refresh holds a file lock for as long as it runs:
a second one waits, then gives up with a message that names the first. Every connection of a process
opens the file in the same way, because DuckDB refuses two configurations of one file.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import dagster as dg
import duckdb
from filelock import FileLock, Timeout
from pydantic import PrivateAttr

from dagster_project.runtime.life import end_sign_of_life, hold_sign_of_life
from dagster_project.runtime.private import keep_private
from dagster_project.warehouse.tables import Table, quote_identifier, quote_relation

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_WAIT_SECONDS = 3600
ENDING_SECONDS = 120
# The same as in dbt/profiles.yml, where the reason stands.
CONFIG: dict[str, str | bool | int | float | list[str]] = {"threads": 1}


class WarehouseBusyError(Exception):
    """Another program holds the warehouse; trying again later helps."""


class Warehouse(dg.ConfigurableResource[None]):
    """One company's working DuckDB file, locked for the length of a run.

    Attributes:
        path: The DuckDB file.
        wait_seconds: How long a run waits for another one to end.
    """

    path: str
    wait_seconds: float = DEFAULT_WAIT_SECONDS
    _lock: FileLock | None = PrivateAttr(default=None)
    _kept: duckdb.DuckDBPyConnection | None = PrivateAttr(default=None)
    _life: FileLock | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Take the lock, waiting for a run that holds it, and keep the file open.

        DuckDB drops what it has in memory when the last connection closes; a kept one saves every
        step from reading the file again.

        Raises:
            WarehouseBusyError: The other run did not end in time, or another program has the file.
        """
        path = Path(self.path)
        keep_private(path.parent)
        if context.run is not None:  # every step needs the warehouse, so every run passes here
            self._life = hold_sign_of_life(path.parent, context.run.run_id)
        try:
            self._take(path, context)
        except BaseException:
            self._end_life()
            raise

    def _take(self, path: Path, context: dg.InitResourceContext) -> None:
        self._lock = FileLock(f"{path}.lock")
        # Who holds the lock; the lock file itself is emptied by whoever tries to take it.
        holder = Path(f"{path}.holder")
        patience = 0.0
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            notice = (
                f"Another refresh ({_read(holder)}) has {path.name}; this one waits for it to end, "
                f"for at most {self.wait_seconds / 60:.0f} minutes."
            )
            if context.log is not None:
                context.log.warning(notice)
            # The log of a refresh from the command line goes to the UI, and its user waits here.
            print(notice, file=sys.stderr, flush=True)
            # The other one gives the lock back a moment before its process lets go of the file.
            patience = ENDING_SECONDS
            try:
                self._lock.acquire(timeout=self.wait_seconds)
            except Timeout:
                raise WarehouseBusyError(
                    f"another refresh ({_read(holder)}) has held {path.name} for "
                    f"{self.wait_seconds:.0f} seconds; wait for it to end, or stop it, and start "
                    "again"
                ) from None
        try:
            holder.write_text(f"process {os.getpid()}, since {dt.datetime.now():%H:%M:%S}", "utf-8")
            self._kept = self._open(patience)
        except Exception:
            self._lock.release()
            raise

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close the file and release the lock."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        if self._lock is not None:
            self._lock.release()
        self._end_life()

    def _end_life(self) -> None:
        if self._life is not None:
            end_sign_of_life(self._life)
            self._life = None

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection for the length of the block.

        Raises:
            WarehouseBusyError: A program outside the pipeline has the file open.
        """
        connection = self._open()
        try:
            yield connection
        finally:
            connection.close()

    def _open(self, patience: float = 0.0) -> duckdb.DuckDBPyConnection:
        deadline = monotonic() + patience
        while True:
            try:
                return duckdb.connect(self.path, config=CONFIG)
            except duckdb.IOException as error:
                if "lock" not in str(error).lower():
                    raise
                if monotonic() >= deadline:
                    raise WarehouseBusyError(
                        f"{Path(self.path).name} is open in another program; close it there (BI "
                        "tools read published/coverage.duckdb instead) and start again: "
                        f"{error}"
                    ) from None
            sleep(0.2)

    def read(self, table: str) -> pd.DataFrame:
        """Read a whole table in its stored order."""
        with self.connect() as connection:
            return connection.execute(f"select * from {quote_relation(table)}").df()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8")
    except OSError:  # it took the lock a moment ago
        return "just started"


def read_coded(connection: duckdb.DuckDBPyConnection, table: str) -> pd.DataFrame:
    """Read a whole table, its texts as sorted categories: a code a row instead of a text."""
    relation = quote_relation(table)
    columns = []
    for name, kind, *_ in connection.execute(f"describe {relation}").fetchall():
        column = quote_identifier(name)
        if kind == "VARCHAR":
            levels = quote_identifier(f"levels of {name}")
            connection.execute(
                f"create or replace temp type {levels} as enum (select distinct {column} "
                f"from {relation} where {column} is not null order by 1)"
            )
            column = f"cast({column} as {levels}) as {column}"
        columns.append(column)
    return connection.execute(f"select {', '.join(columns)} from {relation}").df()


def fill_table(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows: Iterable[Mapping[str, object]],
    relation: str | None = None,
) -> None:
    """Replace a small table by the given rows.

    Args:
        connection: Where to write.
        table: The table.
        rows: Cells by column name.
        relation: Another place than the table's own.
    """
    connection.execute(table.create_sql(relation))
    cells = [[row[name] for name in table.column_names] for row in rows]
    if cells:
        marks = ", ".join("?" for _ in table.columns)
        target = quote_relation(relation or table.relation)
        connection.executemany(f"insert into {target} values ({marks})", cells)


def write_frame(connection: duckdb.DuckDBPyConnection, table: Table, frame: pd.DataFrame) -> None:
    """Replace a table by a frame, every column cast to its type.

    Args:
        connection: Where to write.
        table: The table.
        frame: Rows; its columns must be exactly the table's.

    Raises:
        ValueError: The frame's columns are not the table's.
    """
    if tuple(frame.columns) != table.column_names:
        raise ValueError(
            f"{table.relation}: columns {list(frame.columns)} are not {list(table.column_names)}"
        )
    casts = ", ".join(
        f"cast({quote_identifier(c.name)} as {c.type}) as {quote_identifier(c.name)}"
        for c in table.columns
    )
    connection.register("frame_to_write", frame)
    try:
        connection.execute(
            f"create or replace table {quote_relation(table.relation)} "
            f"as select {casts} from frame_to_write"
        )
    finally:
        connection.unregister("frame_to_write")
