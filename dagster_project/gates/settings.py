"""Settings that match no data: each is void without a word, so each is named with what there is."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dagster_project.gates.keys import KEY_PROBLEMS
from dagster_project.sources.landing import PULLED
from dagster_project.sources.notes import nearest
from dagster_project.warehouse.contract import LANDING

if TYPE_CHECKING:
    import duckdb

    from dagster_project.company.model import Company

SHOWN = 5
# Fewer people than these with one value of an HR column, and the value may tell who they are.
LEAST_PEOPLE = 2
# Finding the nearest of millions of ids would take minutes.
_MOST_COMPARED = 20_000
_DIMENSIONS = {
    "industry": ("accounts", "industry"),
    "geography": ("accounts", "coalesce(region, country)"),
    "product": ("products", "product_id"),
}


class Wanted(NamedTuple):
    """One value of a setting, and where it should occur.

    Attributes:
        path: Path of the setting in the company.yml.
        value: What it names.
        table: Landing table that is looked at.
        column: Column of it, or SQL over its columns.
    """

    path: str
    value: str
    table: str
    column: str


def wanted_values(company: Company) -> Iterator[Wanted]:
    """List every value of the settings that names something in the data."""
    for i, stage in enumerate(company.coverage.lock_stages):
        yield Wanted(f"coverage.lock_stages[{i}]", stage, "opportunities", "stage")
    yield from _groups(company)
    for i, role in enumerate(company.capacity.covering_roles):
        yield Wanted(f"capacity.covering_roles[{i}]", role, "employees", "role")
    for i, plan in enumerate(company.comp_plans):
        yield Wanted(f"comp_plans[{i}].role", plan.role, "employees", "role")
    for i, hire in enumerate(company.hires):
        yield Wanted(f"hires[{i}].role", hire.role, "employees", "role")
    for i, rule in enumerate(company.coverage.certifications):
        place = f"coverage.certifications[{i}]"
        yield Wanted(f"{place}.certification", rule.certification, *_CERTIFICATION)
        if rule.industry != "any":
            yield Wanted(f"{place}.industry", rule.industry, "accounts", "industry")
        if rule.product != "any":
            yield Wanted(f"{place}.product", rule.product, "opportunities", "product_id")
    for i, name in enumerate(company.people.required_certifications):
        yield Wanted(f"people.required_certifications[{i}]", name, *_CERTIFICATION)
    for i, deal in enumerate(company.gates.accepted_deals):
        yield Wanted(f"gates.accepted_deals[{i}]", deal, "opportunities", "opportunity_id")
    yield from _priors(company)
    yield from _size_bands(company)
    yield from _reviewed(company)


_CERTIFICATION = ("certifications", "certification")


def _groups(company: Company) -> Iterator[Wanted]:
    named = {
        **{f"groups[{i}].group_id": g.group_id for i, g in enumerate(company.groups)},
        **{f"goals[{i}].group_id": g.group_id for i, g in enumerate(company.goals)},
        **{f"hires[{i}].group_id": h.group_id for i, h in enumerate(company.hires)},
        **{
            f"coverage.freezes[{i}].group_id": f.group_id
            for i, f in enumerate(company.coverage.freezes)
        },
    }
    for path, group in named.items():
        if group is not None:
            yield Wanted(path, group, "employees", "group_id")


def _priors(company: Company) -> Iterator[Wanted]:
    columns = {
        "prior_industry": ("employees", "trim(unnest(string_split(prior_industries, ';')))"),
        "language": ("employees", "trim(unnest(string_split(languages, ';')))"),
        "certification": _CERTIFICATION,
    }
    for i, prior in enumerate(company.strength.hr_priors):
        if prior.value is not None:
            yield Wanted(f"strength.hr_priors[{i}].value", prior.value, *columns[prior.fact])
        if prior.level is not None and prior.dimension in _DIMENSIONS:
            where = _DIMENSIONS[prior.dimension]
            yield Wanted(f"strength.hr_priors[{i}].level", prior.level, *where)


def _size_bands(company: Company) -> Iterator[Wanted]:
    """Bands that somebody wrote: those of the segments, and those that rules are for."""
    bands = company.segments.size_bands
    cases = " ".join(
        f"when employees >= {band.min_employees} then '{band.name}'" for band in reversed(bands)
    )
    column = f"case {cases} else '{bands[0].name}' end"
    named = {
        **{
            f"coverage_policies[{i}].size_band": rule.size_band
            for i, rule in enumerate(company.coverage_policies)
        },
        **{
            f"coverage.certifications[{i}].size_band": rule.size_band
            for i, rule in enumerate(company.coverage.certifications)
        },
        **{
            f"coverage.families[{i}].size_band": rule.size_band
            for i, rule in enumerate(company.coverage.families)
        },
        **{
            f"partners[{i}].size_bands[{j}]": band
            for i, partner in enumerate(company.partners)
            for j, band in enumerate(partner.size_bands)
        },
    }
    if "size_bands" in company.segments.model_fields_set:
        named |= {f"segments.size_bands[{i}]": band.name for i, band in enumerate(bands)}
    for path, name in named.items():
        if name != "any":
            yield Wanted(path, name, "accounts", column)


def _reviewed(company: Company) -> Iterator[Wanted]:
    """Rows of the files that people review."""
    partners = {partner.partner_id for partner in company.partners}
    for row in company.override_rows:
        yield Wanted("overrides: account_id", row.account_id, "accounts", "account_id")
        if row.rep_id is not None and row.rep_id not in partners:
            yield Wanted("overrides: rep_id", row.rep_id, "employees", "rep_id")
    for rating in company.rating_rows:
        yield Wanted("strength.ratings: rep_id", rating.rep_id, "employees", "rep_id")
        if rating.dimension in _DIMENSIONS:
            where = _DIMENSIONS[rating.dimension]
            yield Wanted("strength.ratings: level", rating.level, *where)


def record_unmatched_settings(
    connection: duckdb.DuckDBPyConnection, company: Company
) -> list[tuple[str, str]]:
    """Add the settings that match no data to :data:`KEY_PROBLEMS`.

    Args:
        connection: The warehouse, every table pulled.
        company: The settings.

    Returns:
        Per setting ``company.yml`` and a sentence with the values there are, nearest first.
    """
    known: dict[tuple[str, str], dict[str, int]] = {}
    notes = []
    for wanted in dict.fromkeys(wanted_values(company)):
        place = (wanted.table, wanted.column)
        if place not in known:
            known[place] = _values(connection, *place)
        if wanted.value in known[place]:
            continue
        near = nearest(wanted.value, _shown(wanted, known[place]))
        suggested = difflib.get_close_matches(wanted.value, near, n=1, cutoff=0.6)
        connection.execute(
            f"insert into {KEY_PROBLEMS.relation} values "
            "('unmatched_setting', ?, ?, ?, ?, null, 0, null)",
            [wanted.table, wanted.path, wanted.value, suggested[0] if suggested else None],
        )
        notes.append(("company.yml", _sentence(wanted, near, bool(known[place]))))
    return notes


def _values(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> dict[str, int]:
    rows = connection.execute(
        f"select value, count(*) from (select {column} as value from "
        f'raw."{table}{PULLED}") where value is not null group by 1 order by 2 desc, 1'
    ).fetchall()
    return dict(rows)


def _shown(wanted: Wanted, known: dict[str, int]) -> list[str]:
    """Values that may be named: of people's data only what several have in common, and ids."""
    if not LANDING[wanted.table].is_personal or wanted.column == "rep_id":
        return list(known)[:_MOST_COMPARED]
    return [value for value, count in known.items() if count >= LEAST_PEOPLE]


def _sentence(wanted: Wanted, near: list[str], has_values: bool) -> str:
    text = f"{wanted.path}: '{wanted.value}' matches nothing in {wanted.table}, so it has no effect"
    if near:
        more = len(near) - SHOWN
        there = ", ".join(f"'{value}'" for value in near[:SHOWN])
        return f"{text}; there are {there}" + (f" and {more:,} more" if more > 0 else "")
    return f"{text}; no value there can be named" if has_values else f"{text}; there are no values"
