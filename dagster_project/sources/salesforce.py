"""Pull from Salesforce: Bulk 2.0 for everything, queryAll for what changed or was deleted."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dagster_project.company.sections.remote import SalesforceSource, SalesforceTable
from dagster_project.runtime.credentials import read_secret
from dagster_project.sources import http, mirror
from dagster_project.sources.errors import PermanentSourceError

if TYPE_CHECKING:
    import duckdb

    from dagster_project.sources.result import PullResult
    from dagster_project.warehouse.contract import LandingTable


def pull(
    con: duckdb.DuckDBPyConnection,
    table: LandingTable,
    target: str,
    source: SalesforceSource,
    timezone: str,
) -> PullResult:
    """Read one object.

    A token that expired on the way is renewed once, and the pull starts anew.

    Raises:
        SourceError: Salesforce did not answer properly now.
        PermanentSourceError: It refused the log-in or a field. No message holds a secret.
    """
    try:
        from simple_salesforce.exceptions import SalesforceExpiredSession
    except ImportError:
        raise PermanentSourceError(
            "source.kind: salesforce needs an extra: pip install 'sales-coverage[salesforce]'"
        ) from None
    spec = source.tables[table.name]
    secrets = [
        read_secret(source.key_variable, "source.key_variable"),
        read_secret(source.secret_variable, "source.secret_variable"),
    ]
    definition = mirror.Definition.of(
        source,
        spec,
        service=f"{table.name}: Salesforce",
        text=f"{source.domain} {_soql(spec, None)}",
    )

    def once() -> PullResult:
        client = _log_in(source.domain, *secrets)
        try:
            return mirror.pull(
                con, table, target, definition, lambda since: _pages(client, spec, since), timezone
            )
        finally:
            secrets.append(client.session_id)

    with http.answering(definition.service, secrets, is_personal=table.is_personal):
        try:
            return once()
        except SalesforceExpiredSession:
            return once()


def _log_in(domain: str, key: str, secret: str, *_: str) -> Any:
    from simple_salesforce.api import Salesforce

    return Salesforce(
        consumer_key=key, consumer_secret=secret, domain=domain, session=http.new_session()
    )


def _fields(spec: SalesforceTable) -> list[str]:
    mapped = [entry.column for entry in spec.columns.values() if entry.column is not None]
    return list(dict.fromkeys([spec.key, spec.cursor, spec.deleted, *mapped]))


def _soql(spec: SalesforceTable, since: dt.datetime | None) -> str:
    query = f"SELECT {', '.join(_fields(spec))} FROM {spec.object}"
    if since is None:
        return query
    return (
        f"{query} WHERE {spec.cursor} >= {since:%Y-%m-%dT%H:%M:%SZ} "
        f"ORDER BY {spec.cursor}, {spec.key}"
    )


def _pages(client: Any, spec: SalesforceTable, since: dt.datetime | None) -> Iterator[mirror.Page]:
    fields = _fields(spec)
    yield mirror.Page(tuple(fields), [])
    if since is None:
        for text in getattr(client.bulk2, spec.object).query(_soql(spec, None)):
            yield _page(fields, list(csv.DictReader(io.StringIO(text))))
        return
    # By the service's own pages, so that one that comes again is known at once.
    answer = client.query(_soql(spec, since), include_deleted=True)
    while True:
        records = answer["records"]
        yield _page(fields, [{name: mirror.dig(r, name) for name in fields} for r in records])
        if answer["done"]:
            return
        answer = client.query_more(answer["nextRecordsUrl"], identifier_is_url=True)


def _page(fields: list[str], records: list[dict[str, Any]]) -> mirror.Page:
    moments = [mirror.as_moment(record[SalesforceTable.cursor]) for record in records]
    return mirror.Page(
        tuple(fields),
        [tuple(mirror.as_text(record[f]) or None for f in fields) for record in records],
        max((moment for moment in moments if moment is not None), default=None),
    )
