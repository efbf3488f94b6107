"""Building a past plan's models with dbt, in the warehouse of that plan."""

from __future__ import annotations

from pathlib import Path

from dagster_project.transform.build import build_models

_ESTIMATED = "source:strength+ source:levels+"
# Tests judged the same tables uncut.
_BEFORE = ("--select", "fqn:*", "--exclude", f"{_ESTIMATED} tag:review")
_AFTER = ("--select", _ESTIMATED, "--exclude", "tag:review")


class BacktestError(Exception):
    """A past plan could not be made; the message names the model and says why."""


def build_past(path: Path, is_estimated: bool) -> None:
    """Build the models that come before or after the estimates.

    Raises:
        BacktestError: A model failed.
    """
    arguments = [*(_AFTER if is_estimated else _BEFORE), "--exclude-resource-type", "test"]
    for result in build_models(arguments, path.parent / "dbt", path):
        if not result.is_good:
            raise BacktestError(
                f"the plan of {path.parent.name} cannot be made: {result.unique_id}: "
                f"{result.message}"
            )
