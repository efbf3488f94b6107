"""The overrides file: decisions of people that come before every rule of the company file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dagster_project.company.reviewed_csv import read_reviewed_csv


class Override(BaseModel):
    """One reviewed decision about one account."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    account_id: Annotated[str, Field(min_length=1, description="account the decision is about")]
    rep_id: str | None = Field(
        description="rep who must, or must not, cover it; empty for single, and for divorced from "
        "the present owner"
    )
    action: Literal["married", "single", "divorced", "forbidden"] = Field(
        description="married (this rep covers it), single (no rule locks it), divorced (it leaves "
        "this rep) or forbidden (never this rep)"
    )
    author: Annotated[str, Field(min_length=1, description="who decided")]
    reason: Annotated[str, Field(min_length=1, description="why")]
    expires_on: dt.date = Field(description="last day it counts, YYYY-MM-DD")

    @field_validator("rep_id")
    @classmethod
    def _read_rep(cls, value: str | None) -> str | None:
        return value or None

    @model_validator(mode="after")
    def _check_rep(self) -> Self:
        if self.rep_id is None and self.action in ("married", "forbidden"):
            raise ValueError(f"{self.action} needs a rep_id; name the rep")
        if self.rep_id is not None and self.action == "single":
            raise ValueError("single frees the account from every rule; leave rep_id empty")
        return self


def read_overrides(path: Path) -> tuple[tuple[Override, ...], list[str]]:
    """Read the overrides CSV.

    Args:
        path: CSV with the columns of :class:`Override`.

    Returns:
        The rows, and one line per problem (then the rows are not to be used).
    """
    found, problems = read_reviewed_csv(path, Override, "overrides")
    rows: list[Override] = []
    for place, row in found:
        problems += [f"{place}: {text}" for earlier in rows for text in _clashes(earlier, row)]
        rows.append(row)
    return tuple(rows), problems


def _clashes(earlier: Override, row: Override) -> list[str]:
    """Say how two decisions about one account contradict each other.

    Any number of reps may be forbidden, and a marriage may follow a divorce from another rep.
    """
    if earlier.account_id != row.account_id:
        return []
    same_rep = earlier.rep_id == row.rep_id
    if "forbidden" in (earlier.action, row.action):
        twice = same_rep
    else:
        twice = same_rep or earlier.action == row.action or "single" in (earlier.action, row.action)
    return [f"account {row.account_id} is decided twice; keep one of the rows"] if twice else []
