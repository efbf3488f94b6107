"""The demo company: an invented instruments maker, generated from a seed, with planted facts.

Files are made once and then left alone, so that one may corrupt them and see what a refresh does.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.company.sections.sources import DemoSource

if TYPE_CHECKING:
    from dagster_project.company.model import Company

# Raised whenever the same settings would give other files.
_GENERATOR_VERSION = 3
_STAMP = "generated.txt"


def ensure_demo(company: Company, home: Path) -> Path:
    """Generate the demo company's files unless they were made from the same settings.

    Args:
        company: A company whose source is the demo.
        home: State folder.

    Returns:
        The folder with one file per landing table, and ``truth/``.
    """
    source = company.source
    if not isinstance(source, DemoSource):
        raise TypeError(f"company {company.company.id} has no demo source")
    currency = company.company.currency
    settings = f"{_GENERATOR_VERSION} {currency} {source.model_dump_json()}"
    stamp = hashlib.sha256(settings.encode()).hexdigest()
    folder = home / "demo" / company.company.id
    made = folder / _STAMP
    if made.is_file() and made.read_text(encoding="utf-8").strip() == stamp:
        return folder
    unfinished = folder.with_name(folder.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    generate(source, currency, unfinished)
    (unfinished / _STAMP).write_text(stamp + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return folder


def generate(source: DemoSource, currency: str, folder: Path) -> None:
    """Generate the company's files into an existing folder.

    Args:
        source: Seed, sizes and format.
        currency: Currency of the amounts.
        folder: Where to write; must be empty.
    """
    import numpy as np

    from dagster_project.demo.accounts import make_accounts
    from dagster_project.demo.deals import make_deals
    from dagster_project.demo.effects import make_effects
    from dagster_project.demo.export import write_company
    from dagster_project.demo.people import make_staff

    # One stream per part: a change in one part leaves the draws of the others alone.
    streams = np.random.Generator(np.random.PCG64(source.seed)).spawn(5)
    staff = make_staff(streams[0], source)
    accounts = make_accounts(streams[1], source, staff)
    effects = make_effects(streams[2], source, staff)
    deals = make_deals(streams[3], source, staff, accounts, effects)
    write_company(streams[4], source, currency, staff, accounts, deals, effects, folder)
