"""Demo employees: covering reps, their managers and certifications, with the planted people.

Planted: a leaver, a starved group (part-timers and fresh hires) and a rep whose strength nobody
would guess from the file.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dagster_project.company.sections.sources import DemoSource
from dagster_project.demo.catalogue import (
    FIRST_NAMES,
    INDUSTRIES,
    LANGUAGES,
    LAST_NAMES,
    REGIONS,
)

DAYS_PER_YEAR = 365
LEAVER_DAYS_BEFORE_END = 45
FRESH_HIRE_DAYS_BEFORE_END = (40, 100)
_NEVER = 1_000_000


@dataclass(frozen=True)
class Staff:
    """The covering reps; arrays have one entry per rep, days count from ``end_on`` (day 0).

    Attributes:
        rep_id: Identifiers, ``E001`` on.
        group: Index of the rep's group and region.
        hired: Day of hire, negative before ``end_on``.
        left: Day of leaving; far in the future for those who stay.
        fte: Full-time equivalent.
        is_veteran: Hired before the history starts and still there.
        star: Index of the rep with the planted strength.
        leaver: Index of the rep who has left and still owns accounts.
        starved_group: Group with far fewer hours than its accounts need.
        overspent_group: Group whose budget in the demo's company.yml is too small.
    """

    rep_id: list[str]
    group: NDArray[np.int64]
    hired: NDArray[np.int64]
    left: NDArray[np.int64]
    fte: NDArray[np.float64]
    is_veteran: NDArray[np.bool_]
    star: int
    leaver: int
    starved_group: int
    overspent_group: int


def make_staff(rng: np.random.Generator, source: DemoSource) -> Staff:
    """Draw the covering reps.

    Args:
        rng: Random stream of this part.
        source: Numbers of reps, groups and years.

    Returns:
        The reps, in order of their identifiers.
    """
    count, groups = source.reps, source.groups
    history = source.years * DAYS_PER_YEAR
    group = np.arange(count, dtype=np.int64) % groups
    # Most were there before the history starts; a fifth came during it, over a year ago.
    hired = -history - rng.integers(200, 3500, count)
    joined_later = rng.random(count) < 0.2
    joined_later[: 2 * groups] = False
    hired = np.where(joined_later, -rng.integers(400, history, count), hired)
    fte = np.where(rng.random(count) < 0.07, 0.8, 1.0)
    left = np.full(count, _NEVER, dtype=np.int64)

    starved_group, leaver_group = groups - 1, groups - 2
    starved = np.flatnonzero(group == starved_group)
    third = max(1, len(starved) // 3)
    # The first of the group stays an ordinary veteran, so that its past deals have an owner.
    fresh, part_time = starved[-third:], starved[1 : len(starved) - third][:third]
    hired[fresh] = -rng.integers(*FRESH_HIRE_DAYS_BEFORE_END, len(fresh))
    fte[fresh], fte[part_time] = 1.0, 0.5
    leaver = int(np.flatnonzero(group == leaver_group)[1])
    left[leaver] = -LEAVER_DAYS_BEFORE_END
    star = int(np.flatnonzero(group == 0)[0])
    hired[star], fte[star] = -history - 300, 1.0
    return Staff(
        rep_id=[f"E{number:03d}" for number in range(1, count + 1)],
        group=group,
        hired=hired,
        left=left,
        fte=fte,
        is_veteran=(hired < -history - 150) & (left == _NEVER),
        star=star,
        leaver=leaver,
        starved_group=starved_group,
        overspent_group=min(1, groups - 2),
    )


def employee_rows(
    rng: np.random.Generator, source: DemoSource, staff: Staff
) -> list[dict[str, object]]:
    """Write the HR rows: reps first, then one manager per group.

    Args:
        rng: Random stream of this part.
        source: The end of the history.
        staff: The covering reps.

    Returns:
        Rows with the columns of landing table ``employees``.
    """
    industries = [industry.name for industry in INDUSTRIES]
    rows: list[dict[str, object]] = []
    for i, rep_id in enumerate(staff.rep_id):
        region = REGIONS[staff.group[i]]
        prior = str(rng.choice(industries))
        variable = round(float(rng.uniform(38_000, 52_000)), -2)
        rows.append(
            {
                "rep_id": rep_id,
                "name": _name(i),
                "role": "account_executive",
                "group_id": region.group_id,
                "manager_id": f"M{staff.group[i] + 1:02d}",
                "hire_date": _date(source, staff.hired[i]),
                "termination_date": _date(source, staff.left[i]) if staff.left[i] < 0 else None,
                "fte": float(staff.fte[i]),
                "location": region.city,
                "languages": str(rng.choice(LANGUAGES)),
                "prior_industries": "hospitality" if i == staff.star else prior,
                "base_pay": round(float(rng.uniform(70_000, 95_000) * staff.fte[i]), -2),
                "variable_pay": variable * float(staff.fte[i]),
            }
        )
    for i in range(source.groups):
        region = REGIONS[i]
        rows.append(
            {
                "rep_id": f"M{i + 1:02d}",
                "name": _name(len(staff.rep_id) + i),
                "role": "sales_manager",
                "group_id": region.group_id,
                "manager_id": None,
                "hire_date": _date(source, -4000 - 100 * i),
                "termination_date": None,
                "fte": 1.0,
                "location": region.city,
                "languages": "en",
                "prior_industries": industries[i],
                "base_pay": 120_000.0,
                "variable_pay": 60_000.0,
            }
        )
    return rows


def certification_rows(
    rng: np.random.Generator, source: DemoSource, staff: Staff
) -> list[dict[str, object]]:
    """Write certifications: one or two per rep, valid two years, some of them expired."""
    rows: list[dict[str, object]] = []
    for i, rep_id in enumerate(staff.rep_id):
        for name in ("instrument_safety", "software_licensing")[: int(rng.integers(1, 3))]:
            start = max(int(staff.hired[i]), -int(rng.integers(60, 900)))
            rows.append(
                {
                    "rep_id": rep_id,
                    "certification": name,
                    "valid_from": _date(source, start),
                    "valid_to": _date(source, start + 2 * DAYS_PER_YEAR),
                }
            )
    return rows


def absence_rows(source: DemoSource, staff: Staff) -> list[dict[str, object]]:
    """Write absences: one rep is on parental leave for ten weeks, another works less for long."""
    group = staff.group == min(2, source.groups - 1)
    away = [int(i) for i in np.flatnonzero(group & staff.is_veteran)[:2]]
    spans = ((32, 101, 1.0), (1, None, 0.2))
    return [
        {
            "rep_id": staff.rep_id[i],
            "starts_on": _date(source, start),
            "ends_on": None if end is None else _date(source, end),
            "absent_share": share,
        }
        for i, (start, end, share) in zip(away, spans, strict=False)
    ]


def _name(number: int) -> str:
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[(number * 7 + number // len(FIRST_NAMES)) % len(LAST_NAMES)]
    return f"{first} {last}"


def _date(source: DemoSource, day: int | np.int64) -> dt.date:
    return source.end_on + dt.timedelta(days=int(day))
