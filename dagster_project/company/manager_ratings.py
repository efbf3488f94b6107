"""Managers' ratings of reps: a reviewed CSV beside the company.yml."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dagster_project.company.reviewed_csv import read_reviewed_csv

ALL = "(all)"


class ManagerRating(BaseModel):
    """One manager's opinion of one rep, in general or at one kind of deal."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    rep_id: Annotated[str, Field(min_length=1, description="rep who is rated")]
    dimension: Literal["overall", "industry", "geography", "size_band", "product"] = Field(
        description="overall, industry, geography, size_band or product"
    )
    level: str = Field(default=ALL, description="such as retail; empty for overall")
    rating: float = Field(ge=-2, le=2, description="-2 (much weaker) to 2 (much stronger)")
    author: Annotated[str, Field(min_length=1, description="who rates")]
    rated_on: dt.date = Field(description="day of the rating, YYYY-MM-DD")

    @model_validator(mode="after")
    def _check_level(self) -> ManagerRating:
        if (self.dimension == "overall") != (self.level == ALL):
            raise ValueError("give a `level` for every dimension but overall")
        return self


def read_ratings(path: Path) -> tuple[tuple[ManagerRating, ...], list[str]]:
    """Read the ratings.

    Args:
        path: CSV with the columns of :class:`ManagerRating`.

    Returns:
        The rows, and one line per problem (then the rows are not to be used).
    """
    rows, problems = read_reviewed_csv(path, ManagerRating, "strength.ratings")
    seen: dict[tuple[str, str, str, str], str] = {}
    for place, row in rows:
        key = (row.rep_id, row.dimension, row.level, row.author)
        if key in seen:
            problems.append(
                f"{place}: {row.author} rates {row.rep_id} in {row.dimension} {row.level} twice; "
                "keep one of the rows"
            )
        seen[key] = place
    return tuple(row for _, row in rows), problems
