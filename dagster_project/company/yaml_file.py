"""Reading a company.yml: no duplicate keys, ``${ENV}`` values, errors with a path and a fix."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

_SETTING = re.compile(r"([a-z_]+(?:\[\d+\]|\.[A-Za-z_]+)*): ")
_ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class CompanyError(Exception):
    """A company.yml, or a file it names, cannot be used. Retrying cannot help.

    With the file's path, each problem that starts with a setting's path also says its line.
    """

    def __init__(self, problems: Iterable[str], path: Path | None = None) -> None:
        self.problems = [_with_line(problem, path) for problem in problems]
        where = f"{path.name} " if path else "company.yml "
        super().__init__(
            f"{where}cannot be used:\n" + "\n".join(f"- {problem}" for problem in self.problems)
        )


class _Loader(yaml.SafeLoader):
    """The safe loader, refusing a key that is written twice (the first would be lost)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise CompanyError(
                    [
                        f"{key.value}: written twice (lines {seen[key.value]} and {line}); "
                        "keep one of them"
                    ]
                )
            if isinstance(key.value, str):
                seen[key.value] = line
        return super().construct_mapping(node, deep)


def _with_line(problem: str, path: Path | None) -> str:
    """Say the line of a setting behind what is wrong with it."""
    match = _SETTING.match(problem)
    if path is None or match is None:
        return problem
    try:
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return problem
    line = None
    for part in re.findall(r"[^.\[\]]+", match[1]):
        if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
            continue
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = [pair for pair in pairs if pair[0].value == part]
        if not found:
            break  # a setting that is missing: the line of the section it belongs into
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return problem if line is None or "(line" in problem else f"{problem} (line {line})"


def read_settings(path: Path) -> dict[str, Any]:
    """Read a YAML file into plain data, with environment variables filled in.

    Args:
        path: The company.yml.

    Returns:
        Its top-level mapping.

    Raises:
        CompanyError: The file is missing, no YAML, no mapping, or names an unset variable.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        fix = "create it, or point COVERAGE_COMPANY at an existing company.yml"
        raise CompanyError([f"{path}: cannot be read ({error.strerror}); {fix}"], path) from error
    except UnicodeDecodeError as error:
        raise CompanyError([f"{path}: is not UTF-8; save it as UTF-8"], path) from error
    loader = _Loader(text)
    try:
        data = loader.get_single_data()
    except (yaml.YAMLError, ValueError) as error:
        detail = " ".join(str(error).split())
        raise CompanyError(
            [f"the file is not valid YAML: {detail}; mend that line"], path
        ) from None
    except CompanyError as error:
        raise CompanyError(error.problems, path) from None
    finally:
        loader.dispose()
    if not isinstance(data, dict):
        raise CompanyError(["the file holds no settings; start with a `company:` section"], path)
    problems: list[str] = []
    filled: dict[str, Any] = _fill_environment(data, (), problems)
    if problems:
        raise CompanyError(problems, path)
    return filled


def _fill_environment(value: Any, where: tuple[Any, ...], problems: list[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _fill_environment(item, (*where, key), problems) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_fill_environment(item, (*where, i), problems) for i, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        name, default = match.groups()
        found = os.environ.get(name) or default
        if found is None:
            problems.append(
                f"{dotted(where)}: environment variable {name} is not set; set it, "
                f"or give a default: ${{{name}:-value}}"
            )
            return ""
        return found

    return _ENVIRONMENT.sub(fill, value)


def dotted(where: Iterable[Any]) -> str:
    """Write a location as ``groups[2].group_id``."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "(top level)"


def close_matches(wrong: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, or nothing."""
    found = difflib.get_close_matches(wrong, list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(repr(name) for name in found)}? " if found else ""


def describe_problems(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """Turn a validation error into lines ``path.in.yaml: what is wrong; how to fix``.

    Args:
        error: What pydantic raised.
        root: The model that was validated; its field descriptions are the fixes.

    Returns:
        One line per problem.
    """
    lines = []
    for problem in error.errors(include_url=False):
        path, models, description = _locate(problem["loc"], root)
        kind = problem["type"]
        if kind == "extra_forbidden":
            known = sorted({name for model in models for name in model.model_fields})
            what = (
                f"unknown key; {close_matches(str(path[-1]), known)}known keys: {', '.join(known)}"
            )
        elif kind == "missing":
            what = f"is missing; add it: {description}"
        elif kind == "value_error":
            what = str(problem["ctx"]["error"])
        else:
            found = (
                "" if isinstance(problem["input"], Mapping) else f" (found {problem['input']!r})"
            )
            message = problem["msg"].removeprefix("Input ")
            what = f"{message}{found}; expected: {description}"
        lines.append(f"{dotted(path)}: {what}")
    return lines


def _locate(
    location: tuple[int | str, ...], root: type[BaseModel]
) -> tuple[list[int | str], list[type[BaseModel]], str]:
    """Follow a pydantic location: the path a user sees, the models there, the description."""
    path: list[int | str] = []
    models: list[type[BaseModel]] = [root]
    description = "see the documentation of company.yml"
    after_union = False
    for part in location:
        if after_union and part in _tags(models):
            models = [model for model in models if part in _tags([model])]
            after_union = False
            continue
        path.append(part)
        fields = [
            model.model_fields[part]
            for model in models
            if isinstance(part, str) and part in model.model_fields
        ]
        if fields and part != location[-1]:
            models = [found for field in fields for found in _models_in(field.annotation)] or models
            after_union = len(models) > 1
        if fields:
            description = fields[0].description or description
    return path, models, description


def _tags(models: Iterable[type[BaseModel]]) -> set[Any]:
    return {
        tag
        for model in models
        if "kind" in model.model_fields
        for tag in get_args(model.model_fields["kind"].annotation)
    }


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
