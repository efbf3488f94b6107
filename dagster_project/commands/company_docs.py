"""The reference of company.yml and its JSON schema, both written from the models that check it."""

from __future__ import annotations

import datetime as dt
import json
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dagster_project.company.manager_ratings import ManagerRating
from dagster_project.company.model import Company
from dagster_project.company.overrides import Override
from dagster_project.warehouse.contract import LANDING

_HEADER = """# Settings of a company.yml

Every key that a company.yml may have, with its default. Unknown keys and wrong values are refused
by name and line. `${NAME}` and `${NAME:-default}` are filled in from the environment. This page and
[company.schema.json](company.schema.json) are written from the models by `sales-coverage docs`.

An editor that knows YAML schemas completes and checks the file as you write: begin it with

    # yaml-language-server: $schema=<path of the repository>/docs/company.schema.json

A company.yml needs `company` (id and name) and `source` with the tables accounts, opportunities and
employees; everything else has a default that works.
"""
_READING = """## How cells are read

Spaces around a cell go, an empty one is nothing, and so are `NULL`, `None`, `NaN`, `N/A`, `-` and
`\\N` in ids, numbers and dates. `values` of a column replaces words before they are read.

- **Dates** that begin with the year are always read (2026-07-01, 2026/07/01 14:30, with a zone as
  an offset, UTC, GMT, Z or a name such as Europe/Berlin; other abbreviations are unreadable, for
  they have several meanings). In other dates day and month are told apart by all cells of the
  table; where they cannot be, set `date_format`. Months may be written by their English names, and
  times as 08:55 PM. A column whose times are all midnight UTC holds dates.
- **Numbers**: decimal and thousands signs are told by all cells of a column. A sign before three
  digits in every cell stands between thousands; set `decimal` and `thousands` where it does not.
- **True and false**: true/false, yes/no, 1/0, 1.0/0.0 and the words of German, French, Spanish,
  Portuguese and Italian.
- **Files**: CSV (.csv, .tsv, .txt), Parquet, spreadsheets (.xlsx, .xls, .ods). Encoding, delimiter,
  lines of a title above the header and of a footer below the rows are found out where not set.

What was found out, and cells that could not be read, is said in notes on the console.
"""


def reference() -> str:
    """Build the page: every section with its keys, then the tables and their columns."""
    parts = [_HEADER, _section("company.yml", Company, "")]
    seen: dict[type[BaseModel], str] = {}
    for name, field in Company.model_fields.items():
        parts += _walk(name, field, seen)
    parts.append("## Files that people review\n")
    parts += [
        _section("overrides", Override, "The CSV that `overrides` names, one decision a row."),
        _section("ratings", ManagerRating, "The CSV that `strength.ratings` names."),
    ]
    parts += [_READING, _tables()]
    return "\n".join(parts)


def schema() -> str:
    """Build the JSON schema of a company.yml, as editors read it."""
    found = Company.model_json_schema(mode="validation")
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _walk(path: str, field: FieldInfo, seen: dict[type[BaseModel], str]) -> Iterator[str]:
    """Write the sections that a key leads to, each model once."""
    for model in _models(field.annotation):
        kind = _kind(model)
        here = f"{path} ({kind})" if kind else path
        if model in seen:
            continue
        seen[model] = here
        yield _section(here, model, (model.__doc__ or "").strip().split("\n\n")[0])
        for name, inner in model.model_fields.items():
            yield from _walk(f"{path}.{name}", inner, seen)


def _section(title: str, model: type[BaseModel], about: str) -> str:
    rows = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    for name, field in model.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{name}` | {_type(field.annotation)} | {_default(field)} | {meaning} |")
    text = f"{' '.join(about.split())}\n\n" if about else ""
    return f"## {title}\n\n{text}" + "\n".join(rows) + "\n"


def _tables() -> str:
    parts = ["## Tables and their columns\n"]
    for table in LANDING.values():
        need = "Optional" if table.is_optional else "Needed"
        parts.append(f"### {table.name}\n\n{table.grain}. {need}; from {table.system.upper()}.\n")
        rows = ["| column | value | | meaning |", "| --- | --- | --- | --- |"]
        rows += [
            f"| `{column.name}` | {_VALUES[column.type]} "
            f"| {'' if column.is_nullable else 'needed'} | {column.meaning} |"
            for column in table.columns
        ]
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


_VALUES = {
    "VARCHAR": "text",
    "DOUBLE": "number",
    "BIGINT": "whole number",
    "BOOLEAN": "true or false",
    "TIMESTAMP": "date and time",
    "DATE": "date",
}
_WORDS: dict[Any, str] = {
    str: "text",
    float: "number",
    int: "whole number",
    bool: "true or false",
    dt.date: "date",
}


def _type(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type(get_args(annotation)[0])
    if origin is Literal:
        return "one of " + ", ".join(f"`{value}`" for value in get_args(annotation)).replace(
            "|", "\\|"
        )
    if origin in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not types.NoneType]
        words = list(dict.fromkeys(_type(part) for part in inner))
        return " or ".join(words) + (" or null" if len(inner) < len(get_args(annotation)) else "")
    if origin in (tuple, list):
        inner = [part for part in get_args(annotation) if part is not Ellipsis]
        return "list of " + ", ".join(dict.fromkeys(_type(part) for part in inner))
    if origin is dict:
        return f"{_type(get_args(annotation)[1])} by name"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _kind(annotation) or "section"
    return _WORDS.get(annotation, "value")


def _kind(model: type[BaseModel]) -> str | None:
    """The kind of a source, which tells its section from the others."""
    field = model.model_fields.get("kind")
    values = get_args(field.annotation) if field is not None else ()
    return str(values[0]) if len(values) == 1 else None


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None:
        return "null"
    if isinstance(value, BaseModel) or value in ((), {}):
        return "its defaults" if isinstance(value, BaseModel) else "none"
    if isinstance(value, tuple):
        return ", ".join(
            "; ".join(f"{k}: {v}" for k, v in dict(item).items())
            if isinstance(item, BaseModel)
            else f"{item}"
            for item in value
        )
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
