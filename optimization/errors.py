"""Errors the optimiser raises, split by what the caller can do about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SAMPLE_SIZE = 5


def sample(keys: Iterable[object]) -> str:
    """Name up to five keys and count the rest, so that a message stays readable."""
    listed = [str(key) for key in keys]
    shown = ", ".join(listed[:SAMPLE_SIZE])
    rest = len(listed) - SAMPLE_SIZE
    return f"{shown} and {rest} more" if rest > 0 else shown


class PlanningError(Exception):
    """Base of all errors of this package; no plan was produced."""


class DataError(PlanningError):
    """The inputs are wrong. Retrying cannot help; mend the named records."""

    def __init__(self, rule: str, keys: Iterable[object], fix: str) -> None:
        self.rule = rule
        self.keys = [str(key) for key in keys]
        self.fix = fix
        super().__init__(f"{rule} (records: {sample(self.keys)}). {fix}")


@dataclass(frozen=True)
class Shortfall:
    """One rule that cannot be met: by how much, for whom, and the cheapest repair."""

    rule: str
    entity: str
    amount: float
    unit: str
    repair: str

    def __str__(self) -> str:
        """One line for a message."""
        return f"{self.rule} for {self.entity}: {self.amount:,.1f} {self.unit}. {self.repair}"


class InfeasibleError(PlanningError):
    """The rules contradict each other. Retrying cannot help; relax a named rule."""

    def __init__(self, shortfalls: Iterable[Shortfall]) -> None:
        self.shortfalls = list(shortfalls)
        lines = "\n".join(f"- {shortfall}" for shortfall in self.shortfalls)
        super().__init__(f"no plan can keep every rule:\n{lines}")


class SolveLimitError(PlanningError):
    """The solver stopped without an acceptable plan. More time or a wider gap can help."""


class SolverFaultError(PlanningError):
    """The solver failed or the model has no finite optimum: a fault of the optimiser."""


class VerificationError(PlanningError):
    """A finished plan breaks a rule: a fault of the optimiser, never of the input."""

    def __init__(self, violations: Iterable[str]) -> None:
        self.violations = list(violations)
        super().__init__("the plan breaks its own rules:\n- " + "\n- ".join(self.violations))
