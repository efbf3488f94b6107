"""The small tables that carry a company's settings into the warehouse.

Each table stands beside the function that makes its rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from dagster_project.company.manager_ratings import ALL
from dagster_project.warehouse.tables import Column, Table

if TYPE_CHECKING:
    from dagster_project.company.model import Company

DEFAULT_HOURS_PER_YEAR = 12.0
DEFAULT_GROWTH_RATE = 0.05
DEFAULT_COMMISSION_RATE = 0.06
REVENUE_TYPES: tuple[Literal["new", "existing"], ...] = ("new", "existing")

Row = Mapping[str, Any]
MakeRows = Callable[["Company"], Iterable[Row]]


@dataclass(frozen=True)
class _Policy:
    table: Table
    rows: MakeRows


_POLICIES: list[_Policy] = []


def _policy(grain: str, nullable: Iterable[str] = (), **types: str) -> Callable[[MakeRows], None]:
    """Register a table, named like the function, that makes its rows as dicts."""

    def register(rows: MakeRows) -> None:
        columns = tuple(Column(n, t, is_nullable=n in nullable) for n, t in types.items())
        _POLICIES.append(_Policy(Table("raw", rows.__name__[1:], grain, (), columns), rows))

    return register


@_policy(
    "The company file in one row.",
    ("as_of", "stale_days"),
    company_id="VARCHAR",
    name="VARCHAR",
    currency="VARCHAR",
    timezone="VARCHAR",
    fiscal_year_start_month="BIGINT",
    as_of="DATE",
    latest_on="DATE",
    horizon_months="BIGINT",
    installed_base_months="BIGINT",
    selling_hours_per_year="DOUBLE",
    ramp_months="BIGINT",
    ramp_start_rate="DOUBLE",
    max_accounts_per_rep="BIGINT",
    cost_per_hour="DOUBLE",
    candidates_per_account="BIGINT",
    disruption_rate="DOUBLE",
    uncovered_loss_rate="DOUBLE",
    move_budget_days="BIGINT",
    max_owner_changes="BIGINT",
    renewal_lock_days="BIGINT",
    stale_days="BIGINT",
    lock_named_accounts="BOOLEAN",
    max_quarantine_rate="DOUBLE",
)
def _company_settings(company: Company) -> Iterable[Row]:
    identity, capacity, coverage = company.company, company.capacity, company.coverage
    yield {
        "company_id": identity.id,
        "name": identity.name,
        "currency": identity.currency,
        "timezone": identity.timezone,
        "fiscal_year_start_month": identity.fiscal_year_start_month,
        "as_of": identity.as_of,
        "latest_on": identity.as_of,
        "horizon_months": coverage.horizon_months,
        "installed_base_months": company.segments.installed_base_months,
        "selling_hours_per_year": capacity.selling_hours_per_year,
        "ramp_months": capacity.ramp_months,
        "ramp_start_rate": capacity.ramp_start_rate,
        "max_accounts_per_rep": capacity.max_accounts_per_rep,
        "cost_per_hour": capacity.cost_per_hour,
        "candidates_per_account": coverage.candidates_per_account,
        "disruption_rate": coverage.disruption_rate,
        "uncovered_loss_rate": coverage.uncovered_loss_rate,
        "move_budget_days": coverage.move_budget_days,
        "max_owner_changes": coverage.max_owner_changes,
        "renewal_lock_days": coverage.renewal_lock_days,
        "stale_days": coverage.stale_days,
        "lock_named_accounts": coverage.lock_named_accounts,
        "max_quarantine_rate": company.gates.max_quarantine_rate,
    }


@_policy(
    "Size bands by employees, smallest first.",
    position="BIGINT",
    name="VARCHAR",
    min_employees="BIGINT",
)
def _size_bands(company: Company) -> Iterable[Row]:
    for position, band in enumerate(company.segments.size_bands, 1):
        yield {"position": position, "name": band.name, "min_employees": band.min_employees}


@_policy(
    "Hours an account needs a year by lifecycle and size band; the first match wins.",
    position="BIGINT",
    lifecycle="VARCHAR",
    size_band="VARCHAR",
    hours_per_year="DOUBLE",
)
def _coverage_policies(company: Company) -> Iterable[Row]:
    rules = [(r.lifecycle, r.size_band, r.hours_per_year) for r in company.coverage_policies]
    rules.append(("any", "any", DEFAULT_HOURS_PER_YEAR))
    for position, (lifecycle, size_band, hours) in enumerate(rules, 1):
        yield {
            "position": position,
            "lifecycle": lifecycle,
            "size_band": size_band,
            "hours_per_year": hours,
        }


@_policy("Roles that cover accounts.", role="VARCHAR")
def _covering_roles(company: Company) -> Iterable[Row]:
    return ({"role": role} for role in company.capacity.covering_roles)


@_policy("Stages in which an open deal keeps its account with its owner.", stage="VARCHAR")
def _lock_stages(company: Company) -> Iterable[Row]:
    return ({"stage": stage} for stage in company.coverage.lock_stages)


@_policy(
    "Days on which accounts keep their rep.",
    ("group_id",),
    from_on="DATE",
    to_on="DATE",
    group_id="VARCHAR",
    reason="VARCHAR",
)
def _freezes(company: Company) -> Iterable[Row]:
    return (dict(freeze) for freeze in company.coverage.freezes)


@_policy(
    "Accounts that ask for certified reps.",
    position="BIGINT",
    certification="VARCHAR",
    lifecycle="VARCHAR",
    size_band="VARCHAR",
    industry="VARCHAR",
    product="VARCHAR",
    mode="VARCHAR",
    loss_rate="DOUBLE",
)
def _certification_rules(company: Company) -> Iterable[Row]:
    for position, rule in enumerate(company.coverage.certifications, 1):
        yield {"position": position, **dict(rule)}


@_policy(
    "Whether accounts of one parent are covered together, by the parent's segment; the first "
    "match wins.",
    position="BIGINT",
    lifecycle="VARCHAR",
    size_band="VARCHAR",
    policy="VARCHAR",
)
def _family_rules(company: Company) -> Iterable[Row]:
    for position, rule in enumerate(company.coverage.families, 1):
        yield {"position": position, **dict(rule)}


@_policy(
    "Groups listed in the company file with buffer and budget.",
    ("budget_amount",),
    group_id="VARCHAR",
    name="VARCHAR",
    over_assignment_rate="DOUBLE",
    budget_amount="DOUBLE",
)
def _groups(company: Company) -> Iterable[Row]:
    for group in company.groups:
        yield {**dict(group), "name": group.name or group.group_id}


@_policy(
    "The company goal by revenue type, an amount or a growth rate.",
    ("target_amount", "growth_rate"),
    revenue_type="VARCHAR",
    target_amount="DOUBLE",
    growth_rate="DOUBLE",
)
def _goals(company: Company) -> Iterable[Row]:
    goals = {goal.revenue_type: goal for goal in company.goals if not goal.is_part}
    for kind in REVENUE_TYPES:
        if kind in goals:
            yield dict(goals[kind])
        else:
            yield {
                "revenue_type": kind,
                "target_amount": None,
                "growth_rate": DEFAULT_GROWTH_RATE,
            }


@_policy(
    "Goals of a group, a month, or a group's month.",
    ("group_id", "month"),
    revenue_type="VARCHAR",
    group_id="VARCHAR",
    month="DATE",
    target_amount="DOUBLE",
)
def _goal_parts(company: Company) -> Iterable[Row]:
    return (dict(goal) for goal in company.goals if goal.is_part)


@_policy(
    "Shares of the year by month as the company states them; empty where it states none.",
    revenue_type="VARCHAR",
    month_number="BIGINT",
    share="DOUBLE",
)
def _seasons(company: Company) -> Iterable[Row]:
    for season in company.quotas.seasons:
        for number, share in enumerate(season.shares, 1):
            yield {"revenue_type": season.revenue_type, "month_number": number, "share": share}


@_policy(
    "Planned hires by group and first day.",
    group_id="VARCHAR",
    start_on="DATE",
    head_count="BIGINT",
)
def _hires(company: Company) -> Iterable[Row]:
    for hire in company.hires:
        yield {"group_id": hire.group_id, "start_on": hire.start_on, "head_count": hire.count}


@_policy("Certifications every covering rep should hold.", certification="VARCHAR")
def _required_certifications(company: Company) -> Iterable[Row]:
    return ({"certification": name} for name in company.people.required_certifications)


@_policy(
    "Buffers and limits for people in one row.",
    company_buffer_rate="DOUBLE",
    under_certified_rate="DOUBLE",
    expiry_warning_days="BIGINT",
    short_hours_rate="DOUBLE",
    turnover_trigger_rate="DOUBLE",
    turnover_loss_rate="DOUBLE",
)
def _people_policy(company: Company) -> Iterable[Row]:
    yield {"company_buffer_rate": company.quotas.company_buffer_rate, **dict(company.people)}


@_policy(
    "Partners that may cover accounts.",
    ("max_accounts",),
    partner_id="VARCHAR",
    name="VARCHAR",
    margin_share="DOUBLE",
    hours_per_year="DOUBLE",
    max_accounts="BIGINT",
)
def _partners(company: Company) -> Iterable[Row]:
    for partner in company.partners:
        yield {**dict(partner), "name": partner.name or partner.partner_id}


@_policy("Size bands a partner may cover.", partner_id="VARCHAR", size_band="VARCHAR")
def _partner_size_bands(company: Company) -> Iterable[Row]:
    for partner in company.partners:
        for band in partner.size_bands:
            yield {"partner_id": partner.partner_id, "size_band": band}


@_policy(
    "What one unit of a foreign currency is worth in the company's.",
    currency="VARCHAR",
    rate="DOUBLE",
)
def _exchange_rates(company: Company) -> Iterable[Row]:
    for currency, rate in company.company.exchange_rates.items():
        yield {"currency": currency, "rate": rate}


@_policy(
    "Managers' ratings of reps, with what a point is worth.",
    rep_id="VARCHAR",
    dimension="VARCHAR",
    level="VARCHAR",
    rating="DOUBLE",
    log_odds_per_point="DOUBLE",
    pseudo_deals="DOUBLE",
)
def _manager_ratings(company: Company) -> Iterable[Row]:
    for rating in company.rating_rows:
        yield {
            **dict(rating),
            "log_odds_per_point": company.strength.rating_log_odds,
            "pseudo_deals": company.strength.rating_pseudo_deals,
        }


@_policy(
    "Facts of the HR file that count as prior judgement, with what they are worth.",
    ("value", "level"),
    fact="VARCHAR",
    value="VARCHAR",
    dimension="VARCHAR",
    level="VARCHAR",
    log_odds="DOUBLE",
    pseudo_deals="DOUBLE",
)
def _hr_priors(company: Company) -> Iterable[Row]:
    for prior in company.strength.hr_priors:
        is_overall = prior.dimension == "overall"
        yield {**dict(prior), "level": ALL if is_overall else prior.level}


@_policy(
    "Reviewed exceptions by account: who keeps it, and who must not have it.",
    ("rep_id",),
    account_id="VARCHAR",
    rep_id="VARCHAR",
    action="VARCHAR",
    author="VARCHAR",
    reason="VARCHAR",
    expires_on="DATE",
)
def _overrides(company: Company) -> Iterable[Row]:
    return (dict(row) for row in company.override_rows)


POLICY_TABLES: dict[str, Table] = {policy.table.name: policy.table for policy in _POLICIES}


def build_policy_tables(
    company: Company, today: dt.date | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Build the rows of every policy table, defaults filled in.

    Args:
        company: The checked settings.
        today: Day of the run; the clock's in the company's time zone if not given. Rows dated
            after it are set aside, or after ``as_of`` where that is set: a run made again with the
            day it had then sets the same rows aside.

    Returns:
        Rows by table name; keys of a row are the columns of :data:`POLICY_TABLES`, in order.
    """
    tables = {
        policy.table.name: [
            {name: row[name] for name in policy.table.column_names} for row in policy.rows(company)
        ]
        for policy in _POLICIES
    }
    [settings] = tables["company_settings"]
    settings["latest_on"] = (
        company.company.as_of or today or dt.datetime.now(ZoneInfo(company.company.timezone)).date()
    )
    return tables
