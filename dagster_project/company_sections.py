"""The sections of a company.yml as models: types, ranges, defaults and what each setting means.

Belongs here: one model per section and checks inside one section. Does not belong here: relations
between sections, loading and the company as a whole (``dagster_project.company``).
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dagster_project.company_file import close_matches

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
Text = Annotated[str, Field(min_length=1)]
Rate = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A part of the file: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Identity(Section):
    """Who the company is and which calendar it keeps."""

    id: Slug = Field(description="short name in lower case, such as acme")
    name: Text = Field(description="name shown in reports")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        default="USD", description="ISO 4217 code of all amounts, such as USD"
    )
    timezone: str = Field(default="UTC", description="IANA time zone, such as Europe/Berlin")
    fiscal_year_start_month: int = Field(
        default=1, ge=1, le=12, description="first month of the fiscal year, 1 to 12"
    )
    as_of: dt.date | None = Field(
        default=None, description="`data` (the latest date in the data) or a date, YYYY-MM-DD"
    )
    owner: Text = Field(
        default="team:sales-operations", description="owner of the assets, such as team:sales"
    )
    seed: int = Field(default=20260701, ge=0, description="seed of every random draw")

    @field_validator("as_of", mode="before")
    @classmethod
    def _read_as_of(cls, value: Any) -> Any:
        return None if value == "data" else value

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, value: str) -> str:
        zones = available_timezones()
        if value not in zones:
            raise ValueError(
                f"no such time zone (found {value!r}); {close_matches(value, zones)}"
                "use an IANA name such as Europe/Berlin"
            )
        return value


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


class ColumnMapping(Section):
    """Where one contract column comes from."""

    column: Text | None = Field(default=None, description="name of the column in the source")
    values: dict[str, str] = Field(
        default_factory=dict, description="raw value: canonical value, applied before reading it"
    )
    value: str | None = Field(default=None, description="a constant for every row")

    @field_validator("value", "values", mode="before")
    @classmethod
    def _write_booleans(cls, value: Any) -> Any:
        """YAML reads true and yes as booleans; the cells of a source are text."""
        if isinstance(value, dict):
            return {
                cls._write_booleans(key): cls._write_booleans(item) for key, item in value.items()
            }
        return str(value).lower() if isinstance(value, bool) else value

    @model_validator(mode="after")
    def _check_one_origin(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("give either `column` or `value`, and not both")
        if self.value is not None and self.values:
            raise ValueError("`values` needs `column`; remove `values` or `value`")
        return self


class TableSource(Section):
    """Where one landed table comes from: a file with a mapping, or files and a query."""

    path: Text | None = Field(
        default=None, description="CSV or Parquet file, or a pattern, inside the folder"
    )
    columns: dict[str, ColumnMapping] = Field(
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

    @field_validator("columns", mode="before")
    @classmethod
    def _read_short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: {"column": entry} if isinstance(entry, str) else entry
            for name, entry in value.items()
        }

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


class SizeBand(Section):
    """A band of account sizes, up to the next band."""

    name: Slug = Field(description="name of the band")
    min_employees: int = Field(ge=0, description="smallest number of employees in the band")


class Segments(Section):
    """How accounts are grouped."""

    size_bands: tuple[SizeBand, ...] = Field(
        default=(
            SizeBand(name="smb", min_employees=1),
            SizeBand(name="mid_market", min_employees=200),
            SizeBand(name="enterprise", min_employees=2000),
        ),
        min_length=1,
        description="bands from small to large",
    )
    installed_base_months: Count = Field(
        default=24, description="months after its last won deal an account counts as a customer"
    )


class CoverageRule(Section):
    """Hours a kind of account needs; the first rule that fits counts."""

    lifecycle: Literal["installed_base", "new_business", "any"] = Field(
        default="any", description="installed_base, new_business or any"
    )
    size_band: Slug = Field(default="any", description="name of a size band, or any")
    hours_per_year: NotNegative = Field(description="hours of selling time per account and year")


class Capacity(Section):
    """What a rep can carry."""

    covering_roles: tuple[Text, ...] = Field(
        default=("account_executive",), min_length=1, description="roles that cover accounts"
    )
    selling_hours_per_year: Positive = Field(
        default=1200, description="hours a full-time rep sells in a year"
    )
    ramp_months: int = Field(default=6, ge=0, description="months until a new rep is fully able")
    ramp_start_rate: Rate = Field(default=0.3, description="share of the hours in the first month")
    max_accounts_per_rep: Count = Field(default=80, description="most accounts a rep may cover")
    cost_per_hour: NotNegative = Field(default=60, description="cost of one selling hour")
    overtime_cost_per_hour: NotNegative = Field(
        default=120, description="price of an hour a rep lacks for accounts it covers today"
    )


class Coverage(Section):
    """How the coverage plan is made."""

    horizon_months: Count = Field(default=12, description="months the plan looks ahead")
    candidates_per_account: Count = Field(default=10, description="reps weighed per account")
    move_budget_rate: Rate = Field(
        default=0.10, description="share of covered accounts that may change rep"
    )
    disruption_rate: Rate = Field(
        default=0.15, description="share of an account's existing business lost by a change"
    )
    mip_gap: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0005, description="relative gap at which the solver may stop"
    )
    solve_seconds: Positive = Field(default=120, description="seconds the solver may take")
    lock_named_accounts: bool = Field(default=True, description="named accounts keep their rep")
    lock_stages: tuple[Text, ...] = Field(
        default=(), description="an open deal in one of these stages locks its account"
    )
    uncovered_loss_rate: Rate = Field(
        default=0.15, description="share of its business an uncovered account loses"
    )


class Group(Section):
    """A sales group; groups found in HR and not listed get the defaults."""

    group_id: Text = Field(description="identifier of the group, as HR uses it")
    name: str | None = Field(default=None, description="name shown in reports")
    over_assignment_rate: Annotated[float, Field(ge=0, le=0.25)] = Field(
        default=0.10, description="quotas above target, 0 to 0.25"
    )
    budget_amount: NotNegative | None = Field(default=None, description="yearly budget, or null")


class Goal(Section):
    """A goal for one type of revenue over the next twelve months."""

    revenue_type: Literal["new", "existing"] = Field(description="new or existing")
    target_amount: NotNegative | None = Field(default=None, description="amount to win")
    growth_rate: Annotated[float, Field(gt=-1, le=10)] | None = Field(
        default=None, description="growth over the last twelve months, 0.05 is 5 %"
    )

    @model_validator(mode="after")
    def _check_one_measure(self) -> Self:
        if (self.target_amount is None) == (self.growth_rate is None):
            raise ValueError("give either `target_amount` or `growth_rate`, and not both")
        return self


class CompPlan(Section):
    """What a role earns on what it wins."""

    role: Text = Field(description="role the plan is for, as HR uses it")
    commission_rate: Rate = Field(default=0.06, description="share of won amount paid out")
    ote_amount: NotNegative | None = Field(default=None, description="on-target earnings, or null")


class Partner(Section):
    """A partner who may cover accounts for a share of the margin."""

    partner_id: Text = Field(description="identifier of the partner")
    name: str | None = Field(default=None, description="name shown in reports")
    margin_share: Rate = Field(default=0.3, description="share of the margin the partner keeps")
    hours_per_year: Positive = Field(description="hours the partner offers per year")
    max_accounts: Count | None = Field(default=None, description="most accounts, or null")
    size_bands: tuple[Slug, ...] = Field(min_length=1, description="size bands it may cover")


class Gates(Section):
    """When a pull is refused as a whole."""

    max_quarantine_rate: Rate = Field(
        default=0.25, description="share of a table's rows that may be set aside"
    )
    min_rows: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, description="landing table: fewest rows to accept"
    )
