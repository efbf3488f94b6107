"""Where a company's data comes from."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dagster_project.company.sections.base import Section, Slug, Text
from dagster_project.company.sections.columns import Columns
from dagster_project.company.sections.formats import Formats


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


class FileFormats(Formats):
    """How files are written; what is not set is found out from the file, and said."""

    encoding: Literal["utf-8", "utf-16", "windows-1252", "latin-1"] | None = Field(
        default=None,
        description="encoding of CSV files: utf-8, utf-16, windows-1252 or latin-1; null finds it "
        "out",
    )
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = Field(
        default=None,
        description="character between the cells of a CSV file; null finds out ',', ';', '|' or "
        "a tab",
    )


class TableSource(FileFormats):
    """Where one landed table comes from: a file with a mapping, or files and a query."""

    path: Text | None = Field(
        default=None,
        description="CSV or Parquet file or spreadsheet, or a pattern, inside the folder",
    )
    columns: Columns = Field(
        default_factory=dict,
        description="contract column: source column; those not listed keep their name",
    )
    header: tuple[Text, ...] | None = Field(
        default=None,
        min_length=1,
        description="names of the columns in their order, for files without a header line",
    )
    sheet: Text | None = Field(
        default=None, description="sheet of a spreadsheet; null takes the first with rows"
    )
    deleted: Text | None = Field(
        default=None,
        description="column of the file that is true for deleted rows; they are left out",
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
        if self.query is not None and self.deleted is not None:
            raise ValueError("`deleted` belongs to `path`; leave deleted rows out of the `query`")
        if self.query is not None and (self.columns or not self.inputs):
            raise ValueError("a `query` needs `inputs` and names its columns itself (no `columns`)")
        return self


class FilesSource(FileFormats):
    """CSV and Parquet files and spreadsheets in a folder."""

    kind: Literal["files"] = Field(description="files")
    folder: Text = Field(description="folder of the files, relative to the company.yml")
    tables: dict[str, TableSource] = Field(description="landing table: where it comes from")
