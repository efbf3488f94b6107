"""Sources that are reached over a connection: databases, Salesforce, REST services.

Secrets are never settings: a setting names the environment variable that holds one.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from dagster_project.company.sections.base import Count, Section, SqlName, Text, Variable
from dagster_project.company.sections.columns import Columns
from dagster_project.company.sections.formats import Formats

FieldName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?$")]
Address = Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?$")]


class Remote(Formats):
    """What every source over a connection has."""

    full_reload_days: Count = Field(
        default=7, description="days after which everything is read again, deletions included"
    )
    overlap_minutes: int = Field(
        default=15, ge=0, description="minutes read again before the last change seen"
    )

    def has(self, table: str) -> bool:
        """Return whether the source names a landing table."""
        return table in getattr(self, "tables", {})


class SqlTable(Formats):
    """One landing table out of a database."""

    query: Text = Field(description="one select; its columns are mapped below")
    key: SqlName = Field(description="column that identifies a row")
    cursor: SqlName | None = Field(
        default=None, description="column with the time of the last change; without it all is read"
    )
    deleted: SqlName | None = Field(
        default=None, description="column that is true for deleted rows"
    )
    columns: Columns = Field(default_factory=dict, description="contract column: source column")

    @model_validator(mode="after")
    def _check_deleted(self) -> Self:
        if self.deleted is not None and self.cursor is None:
            raise ValueError("`deleted` needs `cursor`; leave deleted rows out of the query")
        return self


class SqlSource(Remote):
    """Any database SQLAlchemy knows; PostgreSQL needs the extra postgresql."""

    kind: Literal["sql"] = Field(description="sql")
    url_variable: Variable = Field(
        description="environment variable with the address, such as postgresql+psycopg://..."
    )
    tables: dict[str, SqlTable] = Field(description="landing table: where it comes from")


class SalesforceTable(Formats):
    """One landing table out of a Salesforce object, which always has the same three fields."""

    key: ClassVar[str] = "Id"
    cursor: ClassVar[str] = "SystemModstamp"
    deleted: ClassVar[str] = "IsDeleted"
    object: SqlName = Field(description="object, such as Account")
    columns: Columns = Field(description="contract column: field of the object, such as Owner.Name")


class SalesforceSource(Remote):
    """Salesforce: Bulk 2.0 for all of it, queryAll on SystemModstamp for changes and deletions."""

    kind: Literal["salesforce"] = Field(description="salesforce")
    domain: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")] = Field(
        description="my-domain of the organisation, such as acme.my"
    )
    key_variable: Variable = Field(description="environment variable with the consumer key")
    secret_variable: Variable = Field(description="environment variable with the consumer secret")
    tables: dict[str, SalesforceTable] = Field(description="landing table: where it comes from")


class RestPages(Section):
    """How a service hands out its rows in pages."""

    kind: Literal["single", "next_link", "offset", "page_number", "cursor"] = Field(
        default="single", description="single, next_link, offset, page_number or cursor"
    )
    at: Text = Field(default="next", description="place of the next link or cursor in the answer")
    parameter: Text | None = Field(
        default=None,
        description="query parameter of the cursor, offset or page number; default cursor, offset "
        "or page",
    )
    size: Count = Field(default=100, description="rows per page, for offset")
    size_parameter: Text = Field(default="limit", description="query parameter of it")
    first: int = Field(default=1, ge=0, le=1, description="number of the first page, 0 or 1")
    total: Text | None = Field(
        default=None,
        description="place of the number of rows (offset) or pages (page_number); without it pages "
        "are read until one is empty",
    )

    @model_validator(mode="after")
    def _check_total(self) -> Self:
        if self.total is not None and self.kind not in ("offset", "page_number"):
            raise ValueError("`total` belongs to `offset` and `page_number`")
        return self


class RestTable(Formats):
    """One landing table out of a REST service."""

    path: Annotated[str, Field(pattern=r"^/?[A-Za-z0-9._~/-]+$")] = Field(
        description="path under the address"
    )
    records: Text = Field(default="$", description="place of the rows in the answer, such as data")
    key: Text = Field(description="field that identifies a row")
    parameters: dict[str, str] = Field(default_factory=dict, description="query parameters")
    pages: RestPages = Field(default=RestPages(), description="how pages follow each other")
    cursor: Text | None = Field(default=None, description="field with the time of the last change")
    since: Text | None = Field(default=None, description="query parameter for changes since")
    deleted: Text | None = Field(default=None, description="field that is true for deleted rows")
    columns: Columns = Field(description="contract column: field")

    @model_validator(mode="after")
    def _check_increments(self) -> Self:
        if (self.cursor is None) != (self.since is None):
            raise ValueError("give both `cursor` and `since`, or neither of them")
        return self


class RestSource(Remote):
    """A REST service that answers JSON, such as BambooHR."""

    kind: Literal["rest"] = Field(description="rest")
    address: Address = Field(description="https address that all paths start from")
    user_variable: Variable | None = Field(
        default=None, description="environment variable with the user or API key (basic log-in)"
    )
    token_variable: Variable | None = Field(
        default=None, description="environment variable with a bearer token"
    )
    tables: dict[str, RestTable] = Field(description="landing table: where it comes from")

    @model_validator(mode="after")
    def _check_one_log_in(self) -> Self:
        if (self.user_variable is None) == (self.token_variable is None):
            raise ValueError("give either `user_variable` or `token_variable`")
        return self
