"""The code location: the definitions of one company, assembled from ``defs``."""

from functools import cache

import dagster as dg

from dagster_project.company.load import load_company
from dagster_project.company.model import Company
from dagster_project.context import Context
from dagster_project.defs import (
    automation,
    backtest,
    gates,
    ingest,
    planning,
    publishing,
    resources,
    strength,
    transform,
)
from dagster_project.runtime.settings import Settings, load_settings

_CONCEPTS = (
    ingest,
    gates,
    transform,
    strength,
    planning,
    backtest,
    publishing,
    automation,
    resources,
)


def build_definitions(company: Company, settings: Settings) -> dg.Definitions:
    """Assemble everything that runs for one company.

    Args:
        company: Its settings.
        settings: Where its state lies.
    """
    context = Context(company, settings)
    return dg.Definitions.merge(*(concept.build(context) for concept in _CONCEPTS))


@dg.definitions
@cache
def defs() -> dg.Definitions:
    """The company that the environment names, once a process; see ``runtime.settings``.

    Raises:
        CompanyError: The company file is wrong; the message names each line and its fix.
    """
    settings = load_settings()
    settings.export()
    return build_definitions(load_company(settings.company_path), settings)
