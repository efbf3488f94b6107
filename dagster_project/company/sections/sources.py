"""Where a company's data comes from."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dagster_project.company.sections.base import Section, Slug, Text
from dagster_project.company.sections.columns import Columns


class DemoSource(Section):
    """An invented company, generated from a seed."""

    kind: Literal["demo"] = Field(description="demo")
    seed: int = Field(default=20260701, ge=0, description="seed of the generator")
    accounts: int = Field(default=600, ge=50, description="number of accounts, 50 or more")
    reps: int = Field(default=30, ge=10, description="number of covering reps, 10 or more")
    groups: int = Field(default=5, ge=2, le=8, description="number of sales groups, 2 to 8")
    opportunities: int = Field(default=8000, ge=500, description="number of deals, 500 or more")
    years: int = Field(default=4, ge=2, le=10, description="years of history, 2 to 10")
    end_on: dt.date = Field(default=dt.date(2026, 6, 30), description="last day of the history")
    format: Literal["csv", "parquet"] = Field(default="csv", description="csv or parquet")

    @model_validator(mode="after")
    def _check_reps_fill_groups(self) -> Self:
        if self.reps < 2 * self.groups:
            raise ValueError("fewer than 2 reps per group; raise reps or lower groups")
        return self


class TableSource(Section):
    """Where one landed table comes from: a file with a mapping, or files and a query."""

    path: Text | None = Field(
        default=None, description="CSV or Parquet file, or a pattern, inside the folder"
    )
    columns: Columns = Field(
        default_factory=dict,
        description="contract column: source column; those not listed keep their name",
    )
    inputs: dict[Slug, Text] = Field(
        default_factory=dict, description="name used in the query: file inside the folder"
    )
    query: Text | None = Field(
        default=None,
        description="one select over the inputs (text, with a _row); gives contract columns",
    )

    @model_validator(mode="after")
    def _check_one_form(self) -> Self:
        if (self.path is None) == (self.query is None):
            raise ValueError("give either `path` or `query`, and not both")
        if self.path is not None and self.inputs:
            raise ValueError("`inputs` belong to a `query`; remove them or `path`")
        if self.query is not None and (self.columns or not self.inputs):
            raise ValueError("a `query` needs `inputs` and names its columns itself (no `columns`)")
        return self


class FilesSource(Section):
    """CSV and Parquet files in a folder."""

    kind: Literal["files"] = Field(description="files")
    folder: Text = Field(description="folder of the files, relative to the company.yml")
    encoding: Literal["utf-8", "utf-16", "latin-1"] = Field(
        default="utf-8", description="encoding of the CSV files: utf-8, utf-16 or latin-1"
    )
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = Field(
        default=",", description="character between the cells of a CSV file"
    )
    tables: dict[str, TableSource] = Field(description="landing table: where it comes from")
