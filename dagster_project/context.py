"""What every definition is built for: one company and the paths of its state."""

from __future__ import annotations

from dataclasses import dataclass

from dagster_project.company.model import Company
from dagster_project.runtime.settings import Settings


@dataclass(frozen=True)
class Context:
    """One company in one state folder; a process may hold several."""

    company: Company
    settings: Settings

    @property
    def owners(self) -> list[str]:
        """Owners of every asset, as the UI shows them."""
        return [self.company.company.owner]
