"""Pull from a REST service that answers JSON, such as BambooHR, through dlt's client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dagster_project.company.sections.remote import RestPages, RestSource, RestTable
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
    source: RestSource,
    timezone: str,
) -> PullResult:
    """Read one table.

    Raises:
        SourceError: The service did not answer properly now.
        PermanentSourceError: It refused. No message holds a secret.
    """
    spec = source.tables[table.name]
    definition = mirror.Definition.of(
        source,
        spec,
        service=f"{table.name}: {source.address}",
        text=f"{source.address} {spec.model_dump_json(exclude={'columns'})}",
    )
    secret, client = _client(source)
    with http.answering(definition.service, [secret], is_personal=table.is_personal):
        return mirror.pull(
            con,
            table,
            target,
            definition,
            lambda since: _pages(client, table, spec, since),
            timezone,
        )


def _client(source: RestSource) -> tuple[str, Any]:
    try:
        from dlt.sources.helpers.rest_client.auth import BearerTokenAuth, HttpBasicAuth
        from dlt.sources.helpers.rest_client.client import RESTClient
    except ImportError:
        raise PermanentSourceError(
            "source.kind: rest needs an extra: pip install 'sales-coverage[rest]'"
        ) from None
    if source.user_variable is not None:
        secret = read_secret(source.user_variable, "source.user_variable")
        # An API key is a user; the password is not looked at.
        auth: Any = HttpBasicAuth(secret, "x")
    else:
        secret = read_secret(str(source.token_variable), "source.token_variable")
        auth = BearerTokenAuth(secret)
    headers = {"Accept": "application/json"}
    session: Any = http.new_session()
    return secret, RESTClient(source.address, headers=headers, auth=auth, session=session)


def _pages(
    client: Any, table: LandingTable, spec: RestTable, since: dt.datetime | None
) -> Iterator[mirror.Page]:
    parameters = dict(spec.parameters)
    if since is not None and spec.since is not None:
        parameters[spec.since] = f"{since:%Y-%m-%dT%H:%M:%SZ}"
    wanted = [entry.column for entry in spec.columns.values() if entry.column is not None]
    marks = [name for name in (spec.key, spec.cursor, spec.deleted) if name is not None]
    fields = tuple(dict.fromkeys([*marks, *wanted]))
    yield mirror.Page(fields, [])
    for records in client.paginate(
        spec.path, params=parameters, paginator=_paginator(spec.pages), data_selector=spec.records
    ):
        if not records:
            _refuse_an_answer_without_rows(records.response.json(), table, spec)
        moments = [mirror.as_moment(mirror.dig(r, spec.cursor)) for r in records if spec.cursor]
        yield mirror.Page(
            fields,
            [tuple(mirror.as_text(mirror.dig(record, f)) for f in fields) for record in records],
            max((moment for moment in moments if moment is not None), default=None),
        )


def _refuse_an_answer_without_rows(answer: Any, table: LandingTable, spec: RestTable) -> None:
    """Refuse an answer without the list of rows: unlike an empty list, it is no empty table."""
    from dlt.common.jsonpath import find_values

    if not find_values(spec.records, answer):
        there = type(answer).__name__
        if isinstance(answer, dict):
            # Names of fields may be people: a service may key its records by them.
            there = f"{len(answer)} fields" if table.is_personal else ", ".join(sorted(answer))
        raise PermanentSourceError(
            f"{spec.path}: the answer has no {spec.records!r}, it has {there}; correct `records`"
        )


def _paginator(pages: RestPages) -> Any:
    from dlt.sources.helpers.rest_client import paginators

    if pages.kind == "next_link":
        return paginators.JSONLinkPaginator(pages.at)
    if pages.kind == "cursor":
        parameter = pages.parameter or "cursor"
        return paginators.JSONResponseCursorPaginator(pages.at, cursor_param=parameter)
    if pages.kind == "offset":
        return paginators.OffsetPaginator(
            limit=pages.size,
            offset_param=pages.parameter or "offset",
            limit_param=pages.size_parameter,
            total_path=pages.total,
        )
    if pages.kind == "page_number":
        return paginators.PageNumberPaginator(
            base_page=pages.first, page_param=pages.parameter or "page", total_path=pages.total
        )
    return paginators.SinglePagePaginator()
