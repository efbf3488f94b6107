"""Rules of coverage that most companies leave out: freezes, certifications, families, balance."""

from __future__ import annotations

import datetime as dt
from typing import Literal, Self

from pydantic import Field, model_validator

from dagster_project.company.sections.base import NotNegative, Rate, Section, Slug, Text

Lifecycle = Literal["installed_base", "new_business", "any"]


class Freeze(Section):
    """Days on which accounts keep their rep, such as the last weeks of a fiscal year."""

    from_on: dt.date = Field(description="first day of the freeze, YYYY-MM-DD")
    to_on: dt.date = Field(description="last day of the freeze, YYYY-MM-DD")
    group_id: Text | None = Field(default=None, description="group it holds for, or null for all")
    reason: Text = Field(default="freeze", description="why; shown with every account")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.to_on < self.from_on:
            raise ValueError(f"to_on {self.to_on} lies before from_on {self.from_on}; swap them")
        return self


class CertificationRule(Section):
    """Accounts that only certified reps may cover, or that lose worth with others."""

    certification: Text = Field(description="name of the certification, as HR writes it")
    lifecycle: Lifecycle = Field(default="any", description="installed_base, new_business or any")
    size_band: Slug = Field(default="any", description="name of a size band, or any")
    industry: Text = Field(default="any", description="industry of the accounts, or any")
    product: Text = Field(
        default="any",
        description="product_id that the accounts bought lately or have an open deal for, or any",
    )
    mode: Literal["hard", "soft"] = Field(
        default="hard", description="hard (nobody else) or soft (others at a loss)"
    )
    loss_rate: Rate = Field(
        default=0.10, description="soft: share of the account's worth lost without it"
    )


class FamilyRule(Section):
    """Whether accounts of one parent are covered together; the first rule that fits counts."""

    lifecycle: Lifecycle = Field(default="any", description="installed_base, new_business or any")
    size_band: Slug = Field(default="any", description="name of a size band, or any")
    policy: Literal["together", "independent", "conditional"] = Field(
        description="together (one rep), independent, or conditional (one rep per region)"
    )


class Balance(Section):
    """How evenly the potential of a group is spread over its reps' hours; soft."""

    band_rate: Rate = Field(
        default=0.25, description="how far a rep's potential per hour may lie off the group's"
    )
    price_rate: NotNegative = Field(
        default=0.02, description="price of one unit of potential outside the band"
    )
