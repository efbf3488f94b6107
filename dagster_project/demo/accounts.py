"""Demo accounts: where they are, how large, who owns and owned them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dagster_project.company.sections.sources import DemoSource
from dagster_project.demo.catalogue import EFFECT_SD, INDUSTRIES, MINING, SIZE_BANDS
from dagster_project.demo.people import DAYS_PER_YEAR, Staff

UNASSIGNED = -1
UNKNOWN_OWNER = -2
_STARVED_SHARE = 2.0
_LOCAL_OWNER_RATE = 0.85
_CHANGED_OWNER_RATE = 0.45
_PROSPECT_RATE = 0.30
_CUSTOMER_RATE = 0.42


@dataclass(frozen=True)
class Accounts:
    """The accounts; arrays have one entry per account, days count from ``end_on`` (day 0).

    Attributes:
        account_id: Identifiers, ``A00001`` on.
        region: Index of the region (and of its group).
        industry: Index of the true industry.
        size_band: Index of the true size band.
        employees: True number of employees.
        owner: Index of the owner of record, UNASSIGNED or UNKNOWN_OWNER.
        worker: Index of the rep who works the account now (the owner where there is one).
        previous: Index of the rep who worked it before ``changed``.
        changed: Day the worker took over; long ago for those who always had it.
        quality: Hidden quality, a shift of the log-odds of a win.
        activity: Relative number of deals.
        is_customer_from_start: Bought before the history starts.
        arrives: Day of the first contact; no deal begins before it.
    """

    account_id: list[str]
    region: NDArray[np.int64]
    industry: NDArray[np.int64]
    size_band: NDArray[np.int64]
    employees: NDArray[np.int64]
    owner: NDArray[np.int64]
    worker: NDArray[np.int64]
    previous: NDArray[np.int64]
    changed: NDArray[np.int64]
    quality: NDArray[np.float64]
    activity: NDArray[np.float64]
    is_customer_from_start: NDArray[np.bool_]
    arrives: NDArray[np.int64]


def make_accounts(rng: np.random.Generator, source: DemoSource, staff: Staff) -> Accounts:
    """Draw the accounts and their owners.

    Args:
        rng: Random stream of this part.
        source: Numbers of accounts, groups and years.
        staff: The covering reps.

    Returns:
        The accounts, in order of their identifiers.
    """
    count, groups = source.accounts, source.groups
    shares = np.ones(groups)
    shares[staff.starved_group] = _STARVED_SHARE
    region = rng.choice(groups, count, p=shares / shares.sum())
    industry_shares = np.array([industry.share for industry in INDUSTRIES])
    industry = rng.choice(len(INDUSTRIES), count, p=industry_shares / industry_shares.sum())
    # Mines lie far from the planted rep's desk: most of them in one region of another group.
    mines = np.flatnonzero(industry == MINING)
    moved = mines[rng.random(len(mines)) < 0.65]
    region[moved] = max(1, groups - 2)
    employees = np.maximum(2, rng.lognormal(np.log(230), 1.75, count)).astype(np.int64)
    employees = np.minimum(employees, 90_000)
    size_band = np.searchsorted(SIZE_BANDS, employees, side="right") - 1

    worker = _deal_out(rng, region, staff, groups)
    owner = worker.copy()
    vacant = rng.choice(count, max(3, count // 100), replace=False)
    vacant = vacant[worker[vacant] != staff.leaver]
    owner[vacant] = UNASSIGNED
    owner[vacant[:2]] = UNKNOWN_OWNER

    previous = pick_veterans(rng, region, staff, groups)
    elsewhere = rng.random(count) < 0.4
    previous[elsewhere] = rng.choice(np.flatnonzero(staff.is_veteran), elsewhere.sum())
    history = source.years * DAYS_PER_YEAR
    has_changed = rng.random(count) < _CHANGED_OWNER_RATE
    changed = np.where(has_changed, -rng.integers(60, history, count), -10 * history)
    changed = np.maximum(changed, staff.hired[worker])

    # A third are customers of old, a third slow prospects, a third arrive over the years.
    kind = rng.random(count)
    is_prospect, is_customer = kind < _PROSPECT_RATE, kind > 1 - _CUSTOMER_RATE
    arrives = np.where(is_customer, -100 * history, -rng.integers(30, history, count))
    activity = rng.gamma(2.0, 0.5, count) * np.array([0.8, 1.1, 1.6])[size_band]
    return Accounts(
        account_id=[f"A{number:05d}" for number in range(1, count + 1)],
        region=region,
        industry=industry,
        size_band=size_band,
        employees=employees,
        owner=owner,
        worker=worker,
        previous=previous,
        changed=changed,
        quality=rng.normal(0.0, EFFECT_SD, count),
        activity=np.where(is_prospect, 0.25 * activity, activity),
        is_customer_from_start=is_customer,
        arrives=arrives,
    )


def pick_veterans(
    rng: np.random.Generator, region: NDArray[np.int64], staff: Staff, groups: int
) -> NDArray[np.int64]:
    """Draw, per region index, a rep of that region's group who worked there the whole time."""
    chosen = np.zeros(len(region), dtype=np.int64)
    for group in range(groups):
        here = np.flatnonzero(region == group)
        veterans = np.flatnonzero((staff.group == group) & staff.is_veteran)
        chosen[here] = rng.choice(veterans, len(here))
    return chosen


def _deal_out(
    rng: np.random.Generator, region: NDArray[np.int64], staff: Staff, groups: int
) -> NDArray[np.int64]:
    """Give each rep of a region the same number of its accounts; some owners live elsewhere."""
    worker = np.zeros(len(region), dtype=np.int64)
    for group in range(groups):
        here = rng.permutation(np.flatnonzero(region == group))
        reps = np.flatnonzero(staff.group == group)
        worker[here] = reps[np.arange(len(here)) % len(reps)]
    keeps = (worker == staff.leaver) | (rng.random(len(region)) < _LOCAL_OWNER_RATE)
    veterans = np.flatnonzero(staff.is_veteran & (staff.group != staff.starved_group))
    elsewhere = np.flatnonzero(~keeps & (region != staff.starved_group))
    worker[elsewhere] = rng.choice(veterans, len(elsewhere))
    return worker
