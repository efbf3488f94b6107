"""What is kept of published plans and where else they are served.

Nothing here changes a plan.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dagster_project.company.sections.base import Count, Section, SqlName, Variable


class PostgresTarget(Section):
    """A PostgreSQL database that serves the published tables as well."""

    url_variable: Variable = Field(
        description="environment variable with the address, postgresql://user:password@host/name"
    )
    schema_name: SqlName = Field(default="coverage", description="schema of the tables")


class Publishing(Section):
    """What is kept and where it is served."""

    keep_plans: Count = Field(default=30, description="plans that stay, the current one included")
    readable_by: Literal["everyone", "group", "owner"] = Field(
        default="everyone",
        description="users of this machine who may read what is published: everyone, group or "
        "owner; all other state is its owner's alone",
    )
    postgresql: PostgresTarget | None = Field(
        default=None, description="serve the tables from PostgreSQL too"
    )
