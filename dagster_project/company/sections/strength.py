"""What is believed of reps before looking at their deals.

The list of facts is closed: nothing protected (origin, gender, age, family) can be named here.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dagster_project.company.sections.base import NotNegative, Section, Text

LogOdds = Annotated[float, Field(ge=-2, le=2)]


class HrPrior(Section):
    """What a fact of the HR file is assumed to be worth until deals outweigh it."""

    fact: Literal["prior_industry", "language", "certification"] = Field(
        description="prior_industry, language or certification"
    )
    value: Text | None = Field(
        default=None, description="the industry, language or certification; empty: any industry"
    )
    dimension: Literal["overall", "industry", "geography", "size_band", "product"] = Field(
        default="industry", description="overall, industry, geography, size_band or product"
    )
    level: Text | None = Field(
        default=None, description="level of the dimension, such as Germany; empty: the value"
    )
    log_odds: LogOdds = Field(default=0.2, description="log-odds it adds, -2 to 2")
    pseudo_deals: NotNegative = Field(default=10, description="number of deals it is worth")

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if self.fact != "prior_industry" and (self.value is None or self.level is None):
            raise ValueError(
                f"a {self.fact} needs `value` and `level`: which {self.fact}, and where it helps"
            )
        if self.dimension == "overall" and self.level not in (None, "(all)"):
            raise ValueError("`overall` has the one level (all); remove `level`")
        return self


class Strength(Section):
    """How judgement enters: as a prior that a stated number of deals outweighs."""

    ratings: Text | None = Field(
        default=None, description="CSV of managers' ratings beside the company.yml"
    )
    rating_log_odds: LogOdds = Field(
        default=0.3, description="log-odds one point of a rating is worth"
    )
    rating_pseudo_deals: NotNegative = Field(
        default=20, description="number of deals a rating is worth"
    )
    hr_priors: tuple[HrPrior, ...] = Field(
        default=(), description="facts of the HR file that count as prior judgement"
    )
