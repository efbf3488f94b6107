"""What every definition needs to know about this process: settings, company, owners, warehouse."""

from __future__ import annotations

from functools import cache

from dagster_project.company.load import load_company
from dagster_project.company.model import Company
from dagster_project.runtime.settings import Settings, load_settings


@cache
def settings() -> Settings:
    """Paths of this process, exported to its environment for dbt and child processes."""
    loaded = load_settings()
    loaded.export()
    return loaded


@cache
def company() -> Company:
    """The company this process plans.

    Raises:
        CompanyError: The company file is wrong; the message names each line and its fix.
    """
    return load_company(settings().company_path)


def owners() -> list[str]:
    """Owners of every asset, as the UI shows them."""
    return [company().company.owner]
