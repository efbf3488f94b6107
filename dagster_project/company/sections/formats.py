"""How dates and numbers are written in a source; what is not set is found out from the cells."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from dagster_project.company.sections.base import Section

Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'", "none"]


class Formats(Section):
    """Formats of a source, a table or a column; the nearest setting counts."""

    date_format: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="order of dates, day_first or month_first, or a pattern such as "
        "%d.%m.%Y %H:%M; dates that begin with the year are read always; null finds it out",
    )
    decimal: Decimal | None = Field(
        default=None, description="sign before the decimals, '.' or ','; null finds it out"
    )
    thousands: Thousands | None = Field(
        default=None,
        description="sign between thousands, ',', '.', ' ', \"'\" or none; null finds it out",
    )

    @field_validator("date_format")
    @classmethod
    def _check_date_format(cls, value: str | None) -> str | None:
        if value is not None and value not in ("day_first", "month_first") and "%" not in value:
            raise ValueError(
                f"no date format (found {value!r}); use day_first, month_first or a pattern such "
                "as %d.%m.%Y"
            )
        return value
