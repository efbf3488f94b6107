"""How columns of a source become columns of the contract, the same for every kind of source."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from dagster_project.company.sections.base import Text
from dagster_project.company.sections.formats import Formats


class ColumnMapping(Formats):
    """Where one contract column comes from."""

    column: Text | None = Field(default=None, description="name of the column in the source")
    values: dict[str, str] = Field(
        default_factory=dict, description="raw value: canonical value, applied before reading it"
    )
    value: str | None = Field(default=None, description="a constant for every row")

    @field_validator("value", "values", mode="before")
    @classmethod
    def _write_booleans(cls, value: Any) -> Any:
        """YAML reads true and yes as booleans; the cells of a source are text."""
        if isinstance(value, dict):
            return {
                cls._write_booleans(key): cls._write_booleans(item) for key, item in value.items()
            }
        return str(value).lower() if isinstance(value, bool) else value

    @model_validator(mode="after")
    def _check_one_origin(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("give either `column` or `value`, and not both")
        if self.value is not None and self.values:
            raise ValueError("`values` needs `column`; remove `values` or `value`")
        return self


def _read_short_form(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: {"column": entry} if isinstance(entry, str) else entry
        for name, entry in value.items()
    }


Columns = Annotated[dict[str, ColumnMapping], BeforeValidator(_read_short_form)]
