"""The overrides file: decisions of people that come before every rule of the company file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dagster_project.company.reviewed_csv import read_reviewed_csv

# Of files written for 0.1.
EARLIER_WORDS = {
    "married": "keep",
    "single": "release",
    "divorced": "remove",
    "forbidden": "forbid",
}


class Override(BaseModel):
    """One reviewed decision about one account."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    account_id: Annotated[str, Field(min_length=1, description="account the decision is about")]
    rep_id: str | None = Field(
        description="rep who must, or must not, cover it; empty for release, and for remove from "
        "the present owner"
    )
    action: Literal["keep", "release", "remove", "forbid"] = Field(
        description="keep (this rep covers it), release (no rule locks it), remove (it leaves this "
        "rep) or forbid (never this rep)"
    )
    author: Annotated[str, Field(min_length=1, description="who decided")]
    reason: Annotated[str, Field(min_length=1, description="why")]
    expires_on: dt.date = Field(description="last day it counts, YYYY-MM-DD")

    @field_validator("action", mode="before")
    @classmethod
    def _refuse_earlier_words(cls, value: object) -> object:
        if value in EARLIER_WORDS:
            raise ValueError(f"'{value}' is now '{EARLIER_WORDS[str(value)]}'; write that instead")
        return value

    @field_validator("rep_id")
    @classmethod
    def _read_rep(cls, value: str | None) -> str | None:
        return value or None

    @model_validator(mode="after")
    def _check_rep(self) -> Self:
        if self.rep_id is None and self.action in ("keep", "forbid"):
            raise ValueError(f"{self.action} needs a rep_id; name the rep")
        if self.rep_id is not None and self.action == "release":
            raise ValueError("release frees the account from every rule; leave rep_id empty")
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

    Any number of reps may be forbidden, and an account may be removed from one rep and kept with
    another.
    """
    if earlier.account_id != row.account_id:
        return []
    same_rep = earlier.rep_id == row.rep_id
    if "forbid" in (earlier.action, row.action):
        twice = same_rep
    else:
        actions = (earlier.action, row.action)
        twice = same_rep or earlier.action == row.action or "release" in actions
    return [f"account {row.account_id} is decided twice; keep one of the rows"] if twice else []
