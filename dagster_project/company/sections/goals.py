"""Groups, goals and how quotas are set."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from dagster_project.company.sections.base import NotNegative, Positive, Rate, Section, Text

_SUM_TOLERANCE = 1e-6
_Month = Annotated[str, Field(pattern=r"^\d{4}-\d{2}(-01)?$")]


class Group(Section):
    """A sales group; groups found in HR and not listed get the defaults."""

    group_id: Text = Field(description="identifier of the group, as HR uses it")
    name: str | None = Field(default=None, description="name shown in reports")
    over_assignment_rate: Annotated[float, Field(ge=0, le=0.25)] = Field(
        default=0.10, description="quotas above target, 0 to 0.25"
    )
    budget_amount: NotNegative | None = Field(default=None, description="yearly budget, or null")
    move_budget_rate: Rate | None = Field(
        default=None, description="share of the group's accounts that plans may move, or null"
    )
    training_amount: NotNegative = Field(default=0, description="yearly cost of training")


class Goal(Section):
    """A goal for one type of revenue: of the fiscal year, or of a group or a month in it."""

    revenue_type: Literal["new", "existing"] = Field(description="new or existing")
    target_amount: NotNegative | None = Field(default=None, description="amount to win")
    growth_rate: Annotated[float, Field(gt=-1, le=10)] | None = Field(
        default=None, description="growth over the last twelve months, 0.05 is 5 %"
    )
    group_id: Text | None = Field(default=None, description="the group it is for, or all groups")
    month: dt.date | None = Field(
        default=None, description="the month it is for, YYYY-MM, or the whole fiscal year"
    )

    @field_validator("month", mode="before", json_schema_input_type=_Month | None)
    @classmethod
    def _read_month(cls, value: Any) -> Any:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}", value):
            return f"{value}-01"
        if isinstance(value, dt.date):
            return value
        if value is not None:
            raise ValueError(f"no month (found {value!r}); write it as YYYY-MM, such as 2026-09")
        return value

    @field_validator("month")
    @classmethod
    def _check_month(cls, value: dt.date | None) -> dt.date | None:
        if value is not None and value.day != 1:
            raise ValueError("a month has no day; write it as YYYY-MM, such as 2026-09")
        return value

    @model_validator(mode="after")
    def _check_one_measure(self) -> Self:
        if (self.target_amount is None) == (self.growth_rate is None):
            raise ValueError("give either `target_amount` or `growth_rate`, and not both")
        if self.is_part and self.target_amount is None:
            raise ValueError("a goal of one group or month needs a `target_amount`")
        return self

    @property
    def is_part(self) -> bool:
        """The goal is for a group or a month, not for the whole company's year."""
        return self.group_id is not None or self.month is not None


class Season(Section):
    """A year's months as the company knows them, instead of those found in won deals."""

    revenue_type: Literal["new", "existing"] = Field(description="new or existing")
    shares: tuple[Rate, ...] = Field(
        min_length=12,
        max_length=12,
        description="twelve shares of the year, from the fiscal year's first month, summing to 1",
    )

    @field_validator("shares")
    @classmethod
    def _check_sum(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if abs(sum(value) - 1) > _SUM_TOLERANCE:
            raise ValueError(f"the twelve shares sum to {sum(value):g}; make them sum to 1")
        return value


class Quotas(Section):
    """How targets become quotas, and how chances are judged."""

    company_buffer_rate: Annotated[float, Field(ge=0, le=0.25)] = Field(
        default=0.0, description="targets of all groups above the company's own goal, 0 to 0.25"
    )
    stacked_warning_rate: Rate = Field(
        default=0.20, description="sum of all buffers above which a warning is given"
    )
    hardness_weight: NotNegative = Field(
        default=0.1, description="price on quotas that are unequally hard; 0 switches it off"
    )
    max_hardness_shift_rate: Rate = Field(
        default=0.10, description="how far that may move a quota off its fair share"
    )
    anti_ratchet_weight: NotNegative = Field(
        default=0.5, description="price on a change from last year's quota beyond the book's"
    )
    year_on_year_band: NotNegative | None = Field(
        default=None, description="largest such change, 0.2 is 20 %, or null for no limit"
    )
    month_figure_cv: Positive | None = Field(
        default=1.0,
        description="largest standard deviation over mean, by chance of single deals, of a rep's "
        "month that carries a figure; beyond it quotas are figures of quarters; null for months "
        "always",
    )
    first_year_multiple: Positive | None = Field(
        default=1.5,
        description="most that a rep with a book mostly taken over is asked for, in multiples of "
        "what its accounts brought in the last twelve months; or null",
    )
    ote_weight: NotNegative = Field(
        default=0.1, description="price on a quota outside the role's quota_ote_band"
    )
    effort_response: NotNegative = Field(
        default=0.0, description="growth of sales per unit of buffer; 0: none"
    )
    scenario_rates: tuple[Rate, ...] = Field(
        default=(0.0, 0.05, 0.10, 0.15, 0.20), description="buffers to show chances for"
    )
    wanted_probability: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.7, description="chance of making the number that is wanted"
    )
    mid_year: Literal["keep", "restate"] = Field(
        default="keep",
        description="once the year has begun: keep quotas in force, moved with accounts, or "
        "restate them from the goal less what was won",
    )
    budget: Literal["warn", "block"] = Field(
        default="warn", description="over budget: warn, or make no plan (block)"
    )
    short_history: Literal["scale", "block"] = Field(
        default="scale",
        description="records of less than the year that a goal grows from: scale them to a year, "
        "or make no plan (block)",
    )
    seasons: tuple[Season, ...] = Field(default=(), description="months as the company knows them")
