"""Pay plans, planned hires and when people run short."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dagster_project.company.sections.base import Count, NotNegative, Positive, Rate, Section, Text


class Accelerator(Section):
    """A step of a pay plan: beyond a share of quota, bookings earn more."""

    from_attainment: Positive = Field(description="share of quota where it starts, 1 is quota")
    rate_multiplier: Positive = Field(description="times the commission rate, such as 1.5")


class CompPlan(Section):
    """What a role earns on what it wins."""

    role: Text = Field(description="role the plan is for, as HR uses it")
    commission_rate: Rate | None = Field(
        default=None,
        description="share of won amount paid out; null derives it from ote_amount, "
        "variable_share and the role's quotas",
    )
    rate: Literal["role", "own_quota"] = Field(
        default="role",
        description="a derived rate is one for the role, or variable pay over each one's own quota",
    )
    ote_amount: Positive | None = Field(default=None, description="on-target earnings, or null")
    variable_share: Rate | None = Field(
        default=None, description="share of on-target earnings that is variable, or null"
    )
    accelerators: tuple[Accelerator, ...] = Field(
        default=(), description="steps from which bookings earn more, ascending"
    )
    cap_attainment: Positive | None = Field(
        default=None, description="share of quota beyond which nothing is earned, or null"
    )
    quota_ote_band: tuple[NotNegative, Positive] = Field(
        default=(4.0, 6.0), description="usual ratios of yearly quota to on-target earnings"
    )

    rollup_multiple: Positive = Field(
        default=1.0,
        description="people of the role without accounts together carry so many times what the "
        "reps of their group carry",
    )

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        starts = [step.from_attainment for step in self.accelerators]
        if starts != sorted(set(starts)):
            raise ValueError("list accelerators by rising from_attainment, each once")
        if self.cap_attainment is not None and starts and starts[-1] >= self.cap_attainment:
            raise ValueError("an accelerator starts at or beyond cap_attainment; raise the cap")
        low, high = self.quota_ote_band
        if low > high:
            raise ValueError(f"quota_ote_band is [{low:g}, {high:g}]; give the lower end first")
        if self.commission_rate is None and self.ote_amount and self.variable_share is None:
            raise ValueError("give a commission_rate, or a variable_share to derive it from")
        if self.rate == "own_quota" and self.commission_rate is not None:
            raise ValueError(
                "`rate: own_quota` derives each one's rate; leave commission_rate empty"
            )
        if self.rate == "own_quota" and self.ote_amount is None:
            raise ValueError("`rate: own_quota` needs an ote_amount and a variable_share")
        return self


class Hire(Section):
    """Planned hires of a group: open heads."""

    group_id: Text = Field(description="group they join")
    role: Text = Field(default="account_executive", description="role they will have")
    start_on: dt.date = Field(description="first day at work, YYYY-MM-DD")
    count: Count = Field(default=1, description="how many")
    base_pay_amount: NotNegative = Field(description="yearly base pay of one")
    hiring_cost_amount: NotNegative = Field(default=0, description="one-off cost of one")


class People(Section):
    """When a group's people are flagged."""

    required_certifications: tuple[Text, ...] = Field(
        default=(), description="certifications every covering rep should hold"
    )
    under_certified_rate: Rate = Field(
        default=0.25, description="share of reps without a required certification to flag"
    )
    expiry_warning_days: Annotated[int, Field(ge=0)] = Field(
        default=60, description="days ahead that an expiring certification is shown"
    )
    short_hours_rate: Rate = Field(
        default=0.05, description="share of needed hours that may be missing unflagged"
    )
    turnover_trigger_rate: Rate = Field(
        default=0.20, description="yearly turnover of a group to flag"
    )
    turnover_loss_rate: Rate = Field(
        default=0.15, description="share of a customer's yearly business lost when its rep leaves"
    )
