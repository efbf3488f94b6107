"""The company: every setting of a company.yml, checked as a whole, with defaults that work.

The attribute path of a setting is its path in the file: ``company.coverage.move_budget_rate``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, PrivateAttr, model_validator

from dagster_project.company.manager_ratings import ManagerRating
from dagster_project.company.overrides import Override
from dagster_project.company.sections.base import Section, Text
from dagster_project.company.sections.columns import Columns
from dagster_project.company.sections.coverage import (
    Capacity,
    Coverage,
    CoverageRule,
    Partner,
    Segments,
)
from dagster_project.company.sections.goals import Goal, Group, Quotas
from dagster_project.company.sections.identity import Gates, Identity
from dagster_project.company.sections.people import CompPlan, Hire, People
from dagster_project.company.sections.publishing import Publishing
from dagster_project.company.sections.remote import RestSource, SalesforceSource, SqlSource
from dagster_project.company.sections.sources import DemoSource, FilesSource
from dagster_project.company.sections.strength import Strength
from dagster_project.company.yaml_file import (
    CompanyError,
    close_matches,
)
from dagster_project.warehouse.contract import LANDING

AnySource = Annotated[
    DemoSource | FilesSource | SqlSource | SalesforceSource | RestSource,
    Field(discriminator="kind"),
]


class Company(Section):
    """All settings of one company; load one with :func:`load_company`."""

    company: Identity = Field(description="id, name, currency, timezone of the company")
    source: AnySource = Field(
        description="where the data comes from; kind: demo, files, sql, salesforce or rest"
    )
    more_sources: tuple[AnySource, ...] = Field(
        default=(), description="further sources, such as an HR system; a table comes from one"
    )
    segments: Segments = Field(default=Segments(), description="how accounts are grouped")
    coverage_policies: tuple[CoverageRule, ...] = Field(
        default=(), description="hours per kind of account; the first that fits counts"
    )
    capacity: Capacity = Field(default=Capacity(), description="what a rep can carry")
    coverage: Coverage = Field(default=Coverage(), description="how the plan is made")
    strength: Strength = Field(
        default=Strength(), description="what is believed of reps before looking at deals"
    )
    groups: tuple[Group, ...] = Field(default=(), description="sales groups")
    goals: tuple[Goal, ...] = Field(default=(), description="goals by revenue type")
    quotas: Quotas = Field(default=Quotas(), description="how quotas are set")
    comp_plans: tuple[CompPlan, ...] = Field(default=(), description="commission by role")
    hires: tuple[Hire, ...] = Field(default=(), description="planned hires")
    people: People = Field(default=People(), description="when people are flagged")
    partners: tuple[Partner, ...] = Field(default=(), description="partners who may cover")
    overrides: Text | None = Field(default=None, description="CSV beside the company.yml")
    gates: Gates = Field(default=Gates(), description="when a pull is refused")
    publishing: Publishing = Field(
        default=Publishing(), description="what is kept of plans and where else they are served"
    )

    _path: Path = PrivateAttr(default=Path("company.yml"))
    _overrides: tuple[Override, ...] = PrivateAttr(default=())
    _ratings: tuple[ManagerRating, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _check_relations(self) -> Self:
        problems = list(_broken_relations(self))
        if problems:
            raise CompanyError(problems)
        return self

    @property
    def path(self) -> Path:
        """The company.yml, absolute; file settings are relative to its folder."""
        return self._path

    @property
    def override_rows(self) -> tuple[Override, ...]:
        """Reviewed decisions read from the overrides file, in its order."""
        return self._overrides

    @property
    def rating_rows(self) -> tuple[ManagerRating, ...]:
        """Managers' ratings read from their file, in its order."""
        return self._ratings

    @property
    def sources(self) -> tuple[AnySource, ...]:
        """All sources, the main one first."""
        return (self.source, *self.more_sources)

    def source_of(self, table: str) -> AnySource:
        """Find the source of a landing table; the main one where none names it."""
        for source in self.sources:
            if not isinstance(source, DemoSource) and table in source.tables:
                return source
        return self.source

    def config_hash(self) -> str:
        """Hash what was decided: not comments, order of keys or where the files lie."""
        settings = self.model_dump(
            mode="json",
            exclude={
                "overrides": True,
                "publishing": True,
                "source": {"folder"},
                "more_sources": {"__all__": {"folder"}},
                "strength": {"ratings"},
            },
        )
        settings["overrides"] = [row.model_dump(mode="json") for row in self._overrides]
        settings["ratings"] = [row.model_dump(mode="json") for row in self._ratings]
        canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def _broken_relations(company: Company) -> Iterator[str]:
    """Find settings that contradict each other; yield ``path: what; fix``."""
    bands = [band.name for band in company.segments.size_bands]
    sizes = [band.min_employees for band in company.segments.size_bands]
    for place, values, key in (
        ("segments.size_bands", bands, "name"),
        ("groups", [group.group_id for group in company.groups], "group_id"),
        ("goals", [goal_key(goal) for goal in company.goals], "revenue_type"),
        ("quotas.seasons", [s.revenue_type for s in company.quotas.seasons], "revenue_type"),
        ("comp_plans", [plan.role for plan in company.comp_plans], "role"),
        ("partners", [partner.partner_id for partner in company.partners], "partner_id"),
    ):
        for i, value in enumerate(values):
            if value in values[:i]:
                yield f"{place}[{i}].{key}: {value!r} is listed twice; keep one of them"
    yield from _broken_goals(company)
    for i in range(1, len(sizes)):
        if sizes[i] <= sizes[i - 1]:
            yield (
                f"segments.size_bands[{i}].min_employees: {sizes[i]} is not above the band "
                f"before it ({sizes[i - 1]}); list the bands from small to large"
            )
    named = [
        (f"coverage_policies[{i}].size_band", rule.size_band)
        for i, rule in enumerate(company.coverage_policies)
    ] + [
        (f"partners[{i}].size_bands[{j}]", band)
        for i, partner in enumerate(company.partners)
        for j, band in enumerate(partner.size_bands)
    ]
    for rules in ("certifications", "families"):
        named += [
            (f"coverage.{rules}[{i}].size_band", rule.size_band)
            for i, rule in enumerate(getattr(company.coverage, rules))
        ]
    for place, band in named:
        if band not in bands and not (band == "any" and not place.startswith("partners")):
            yield f"{place}: no size band {band!r}; use one of {', '.join(bands)}"
    for name in company.gates.min_rows:
        if name not in LANDING:
            yield f"gates.min_rows.{name}: no such table; use one of {', '.join(LANDING)}"
    yield from _broken_tables(company)


def goal_key(goal: Goal) -> str:
    """Name what a goal is for."""
    parts = [goal.revenue_type, goal.group_id, goal.month and f"{goal.month:%Y-%m}"]
    return " / ".join(part for part in parts if part)


def _broken_goals(company: Company) -> Iterator[str]:
    """Find parts of goals that cannot add up to the goal they are parts of."""
    wholes = {g.revenue_type: g.target_amount for g in company.goals if not g.is_part}
    listed = [group.group_id for group in company.groups]
    start = company.company.fiscal_year_start_month
    years: dict[int, int] = {}
    for i, goal in enumerate(company.goals):
        if goal.group_id is not None and listed and goal.group_id not in listed:
            yield (
                f"goals[{i}].group_id: no group {goal.group_id!r} in `groups`; "
                f"{close_matches(goal.group_id, listed)}use one of {', '.join(listed)}"
            )
        if goal.month is not None:
            years.setdefault(goal.month.year - (goal.month.month < start), i)
    if len(years) > 1:
        yield (
            f"goals[{max(years.values())}].month: months of two fiscal years (the year starts in "
            f"month {start}); give the months of one"
        )
    for kind, whole in wholes.items():
        if whole is None:
            continue
        parts = [
            (i, g) for i, g in enumerate(company.goals) if g.is_part and g.revenue_type == kind
        ]
        for place, name, least in (("group_id", "groups", None), ("month", "months", 12)):
            given = [
                (i, goal.target_amount or 0)
                for i, goal in parts
                if (goal.group_id is None) == (place == "month")
                and (goal.month is None) == (place == "group_id")
            ]
            total = sum(amount for _, amount in given)
            is_whole = least is not None and len(given) == least
            if given and (total > whole + 0.005 or (is_whole and total < whole - 0.005)):
                yield (
                    f"goals[{given[-1][0]}].target_amount: the {name} of the {kind} goal sum to "
                    f"{total:,.2f}, the goal is {whole:,.2f}; change them by "
                    f"{abs(whole - total):,.2f}"
                )


def _broken_tables(company: Company) -> Iterator[str]:
    named: dict[str, list[Columns]] = {}
    for source in company.sources:
        if isinstance(source, DemoSource):
            if company.more_sources:
                yield "more_sources: the demo company has no further sources; remove them"
            return
        for name, spec in source.tables.items():
            named.setdefault(name, []).append(spec.columns)
    for name, table in LANDING.items():
        if name not in named and not table.is_optional:
            yield f"source.tables.{name}: is missing and every company needs it; add its file"
    for name, found in named.items():
        if len(found) > 1:
            yield f"source.tables.{name}: comes from {len(found)} sources; keep one of them"
        if name not in LANDING:
            hint = close_matches(name, LANDING)
            yield f"source.tables.{name}: no such table; {hint}use one of {', '.join(LANDING)}"
            continue
        known = LANDING[name].column_names
        for column in found[0]:
            if column not in known:
                yield (
                    f"source.tables.{name}.columns.{column}: no such contract column; "
                    f"{close_matches(column, known)}use one of {', '.join(known)}"
                )
