"""Who the company is, and when its data is refused as a whole."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from dagster_project.company.sections.base import Positive, Rate, Section, Slug, Text
from dagster_project.company.yaml_file import close_matches


class Identity(Section):
    """Who the company is and which calendar it keeps."""

    id: Slug = Field(description="short name in lower case, such as acme")
    name: Text = Field(description="name shown in reports")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        default="USD", description="ISO 4217 code of all amounts, such as USD"
    )
    exchange_rates: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], Positive] = Field(
        default_factory=dict,
        description="ISO 4217 code: what one unit is worth in the company's currency, whatever the "
        "day; rates by day are a table, exchange_rates",
    )
    timezone: str = Field(default="UTC", description="IANA time zone, such as Europe/Berlin")
    fiscal_year_start_month: int = Field(
        default=1, ge=1, le=12, description="first month of the fiscal year, 1 to 12"
    )
    fiscal_calendar: str = Field(
        default="months", description="months: quotas follow calendar months"
    )
    as_of: dt.date | None = Field(
        default=None, description="`data` (the latest date in the data) or a date, YYYY-MM-DD"
    )
    owner: Text = Field(
        default="team:sales-operations", description="owner of the assets, such as team:sales"
    )
    seed: int = Field(default=20260701, ge=0, description="seed of every random draw")

    @field_validator(
        "as_of", mode="before", json_schema_input_type=dt.date | Literal["data"] | None
    )
    @classmethod
    def _read_as_of(cls, value: Any) -> Any:
        return None if value == "data" else value

    @field_validator("fiscal_calendar")
    @classmethod
    def _check_calendar(cls, value: str) -> str:
        if value != "months":
            raise ValueError(
                f"calendars of weeks are not supported (found {value!r}): 4-4-5, 4-5-4, 5-4-4 and "
                "53-week years have no calendar months; use `months` and fiscal_year_start_month"
            )
        return value

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


class Gates(Section):
    """When a pull is refused as a whole."""

    max_quarantine_rate: Rate = Field(
        default=0.25, description="share of a table's rows that may be set aside"
    )
    max_drop_rate: Rate = Field(
        default=0.3, description="share of its rows a table may lose from one pull to the next"
    )
    max_unmatched_owner_rate: Rate = Field(
        default=0.5, description="share of owned accounts whose owner may be missing in HR"
    )
    max_deal_multiple: Positive = Field(
        default=10.0,
        description="most that one deal may be, in multiples of the median won deal times the "
        "deals won in a year",
    )
    accepted_deals: tuple[Text, ...] = Field(
        default=(), description="ids of larger or unusual deals whose amounts are right"
    )
    min_rows: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, description="landing table: fewest rows to accept"
    )
