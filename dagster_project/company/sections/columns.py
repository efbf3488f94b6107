"""How columns of a source become columns of the contract, the same for every kind of source."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from dagster_project.company.sections.base import Text
from dagster_project.company.sections.formats import Formats

_Cell = str | bool | int | float


def _as_cell(value: Any) -> Any:
    """YAML reads true and yes as booleans; the cells of a source are text."""
    if isinstance(value, dict):
        return {_as_cell(key): _as_cell(item) for key, item in value.items()}
    return str(value).lower() if isinstance(value, bool) else value


class ColumnMapping(Formats):
    """Where one contract column comes from."""

    column: Text | None = Field(default=None, description="name of the column in the source")
    values: Annotated[
        dict[str, str], BeforeValidator(_as_cell, json_schema_input_type=dict[str, _Cell])
    ] = Field(
        default_factory=dict, description="raw value: canonical value, applied before reading it"
    )
    value: Annotated[str | None, BeforeValidator(_as_cell, json_schema_input_type=_Cell | None)] = (
        Field(default=None, description="a constant for every row")
    )

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


Columns = Annotated[
    dict[str, ColumnMapping],
    BeforeValidator(_read_short_form, json_schema_input_type=dict[str, str | ColumnMapping]),
]
