"""Pulls: every kind of source lands the same contract, one table at a time, beside the accepted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.company.sections.remote import Remote, RestSource, SalesforceSource, SqlSource
from dagster_project.company.sections.sources import DemoSource, FilesSource, TableSource
from dagster_project.runtime.credentials import MissingSecretError
from dagster_project.runtime.settings import load_settings
from dagster_project.sources.errors import PermanentSourceError, SourceError
from dagster_project.sources.mapping import report
from dagster_project.sources.result import PullResult

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.model import Company
    from dagster_project.warehouse.contract import LandingTable

__all__ = ["PermanentSourceError", "PullResult", "SourceError", "pull_table"]


def pull_table(
    con: duckdb.DuckDBPyConnection,
    company: Company,
    table: LandingTable,
    target: str,
    home: Path | None = None,
) -> PullResult:
    """Pull one landing table by the company's kind of source.

    Whatever goes wrong with a table about people is said without a cell of it.

    Args:
        con: Warehouse connection, open for writing.
        company: The company whose source is read.
        table: Landing table to pull.
        target: Table to create or replace, ``schema.name``.
        home: State folder; the demo company's files are generated in it. Default: the settings'.

    Returns:
        What was read.

    Raises:
        SourceError: The source could not be read now.
        PermanentSourceError: The source or its mapping is wrong.
    """
    try:
        return _pull(con, company, table, target, home)
    except SourceError:
        raise
    except Exception as error:
        if not table.is_personal:
            raise
        kind = f"{type(error).__module__}.{type(error).__name__}"
        raise PermanentSourceError(
            f"{table.name}: cannot be read ({kind}). The message itself is not shown, as it may "
            "hold a person's data; read the same source by hand to see it"
        ) from None


def _pull(
    con: duckdb.DuckDBPyConnection,
    company: Company,
    table: LandingTable,
    target: str,
    home: Path | None,
) -> PullResult:
    source = company.source_of(table.name)
    timezone = company.company.timezone
    if isinstance(source, Remote) and not source.has(table.name):
        con.execute(table.landed().create_sql(target))
        return report(con, table, target, source_columns=None)
    try:
        if isinstance(source, SqlSource):
            from dagster_project.sources import database

            return database.pull(con, table, target, source, timezone)
        if isinstance(source, SalesforceSource):
            from dagster_project.sources import salesforce

            return salesforce.pull(con, table, target, source, timezone)
        if isinstance(source, RestSource):
            from dagster_project.sources import rest

            return rest.pull(con, table, target, source, timezone)
    except MissingSecretError as error:
        raise PermanentSourceError(str(error)) from None
    from dagster_project.sources import files

    if isinstance(source, DemoSource):
        source = _demo_files(company, source, home or load_settings().home)
    return files.pull(con, company, table, target, source)


def _demo_files(company: Company, source: DemoSource, home: Path) -> FilesSource:
    from dagster_project.demo.generate import ensure_demo
    from dagster_project.warehouse.contract import LANDING

    folder = ensure_demo(company, home)
    return FilesSource(
        kind="files",
        folder=str(folder),
        tables={
            name: TableSource(path=file.name)
            for name in LANDING
            if (file := folder / f"{name}.{source.format}").exists()
        },
    )
