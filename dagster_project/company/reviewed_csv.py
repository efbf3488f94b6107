"""Reading the small reviewed CSV files beside a company.yml: one model per row, errors by line."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from dagster_project.company.yaml_file import describe_problems

Row = TypeVar("Row", bound=BaseModel)


def read_reviewed_csv(
    path: Path, model: type[Row], setting: str
) -> tuple[list[tuple[str, Row]], list[str]]:
    """Read a CSV whose columns are the fields of a model.

    Args:
        path: CSV in UTF-8 with a header.
        model: What one row is; fields with a default may be missing or empty.
        setting: Path of the setting that names the file, put before each problem.

    Returns:
        Rows, each with the place to name in a problem, and one line per problem (then the rows are
        not to be used).
    """
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    header = ", ".join(model.model_fields)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="(too many cells)", strict=True)
            found = [(reader.line_num, row) for row in reader]
            names = reader.fieldnames or []
    except OSError as error:
        fix = f"create it with the header {header}, or remove `{setting}`"
        return [], [f"{setting}: {path.name} cannot be read ({error.strerror}); {fix}"]
    except (UnicodeDecodeError, csv.Error) as error:
        return [], [f"{setting}: {path.name} is not a CSV in UTF-8 ({error}); save it as one"]
    if missing := [name for name in required if name not in names]:
        return [], [f"{setting}: {path.name} lacks {', '.join(missing)}; its header is {header}"]
    rows: list[tuple[str, Row]] = []
    problems: list[str] = []
    for line, cells in found:
        place = f"{setting}: {path.name} line {line}"
        given = {name: cell for name, cell in cells.items() if cell or name in required}
        try:
            rows.append((place, model.model_validate(given)))
        except ValidationError as error:
            problems += [f"{place}: {text}" for text in describe_problems(error, model)]
    return rows, problems
