"""Groups, goals and pay plans.

Belongs here: one model per section, its ranges, defaults and what each setting means, and checks
inside one section. Does not belong here: relations between sections (``dagster_project.company``).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dagster_project.sections.base import NotNegative, Rate, Section, Text


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
