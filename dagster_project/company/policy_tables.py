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
from dagster_project.warehouse.tables import Column, Table, type_by_name

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


def _policy(
    grain: str, names: str, nullable: Iterable[str] = (), **types: str
) -> Callable[[MakeRows], None]:
    """Register a table, named like the function, that makes its rows as dicts."""

    def register(rows: MakeRows) -> None:
        columns = tuple(
            Column(name, types.get(name) or type_by_name(name), is_nullable=name in nullable)
            for name in names.split()
        )
        _POLICIES.append(_Policy(Table("raw", rows.__name__[1:], grain, (), columns), rows))

    return register


@_policy(
    "The company file in one row.",
    "company_id name currency timezone fiscal_year_start_month as_of latest_on horizon_months "
    "installed_base_months selling_hours_per_year ramp_months ramp_start_rate "
    "max_accounts_per_rep cost_per_hour move_budget_days max_owner_changes renewal_lock_days "
    "stale_days lock_named_accounts max_quarantine_rate",
    ("as_of", "stale_days"),
    fiscal_year_start_month="BIGINT",
    as_of="DATE",
    selling_hours_per_year="DOUBLE",
    max_accounts_per_rep="BIGINT",
    cost_per_hour="DOUBLE",
    max_owner_changes="BIGINT",
    lock_named_accounts="BOOLEAN",
)
def _company_settings(company: Company) -> Iterable[Row]:
    identity = company.company
    yield {
        **dict(identity),
        **dict(company.capacity),
        **dict(company.coverage),
        "company_id": identity.id,
        "latest_on": identity.as_of,
        "installed_base_months": company.segments.installed_base_months,
        "max_quarantine_rate": company.gates.max_quarantine_rate,
    }


@_policy(
    "Size bands by employees, smallest first.",
    "position name min_employees",
    min_employees="BIGINT",
)
def _size_bands(company: Company) -> Iterable[Row]:
    for position, band in enumerate(company.segments.size_bands, 1):
        yield {"position": position, **dict(band)}


@_policy(
    "Hours an account needs a year by lifecycle and size band; the first match wins.",
    "position lifecycle size_band hours_per_year",
    hours_per_year="DOUBLE",
)
def _coverage_policies(company: Company) -> Iterable[Row]:
    anything = {"lifecycle": "any", "size_band": "any", "hours_per_year": DEFAULT_HOURS_PER_YEAR}
    for position, rule in enumerate([*map(dict, company.coverage_policies), anything], 1):
        yield {"position": position, **rule}


@_policy("Roles that cover accounts.", "role")
def _covering_roles(company: Company) -> Iterable[Row]:
    return ({"role": role} for role in company.capacity.covering_roles)


@_policy("Stages in which an open deal keeps its account with its owner.", "stage")
def _lock_stages(company: Company) -> Iterable[Row]:
    return ({"stage": stage} for stage in company.coverage.lock_stages)


@_policy("Deals whose amounts are right however unusual.", "opportunity_id")
def _accepted_deals(company: Company) -> Iterable[Row]:
    return ({"opportunity_id": deal} for deal in company.gates.accepted_deals)


@_policy("Days on which accounts keep their rep.", "from_on to_on group_id reason", ("group_id",))
def _freezes(company: Company) -> Iterable[Row]:
    return (dict(freeze) for freeze in company.coverage.freezes)


@_policy(
    "Accounts that ask for certified reps.",
    "position certification lifecycle size_band industry product mode loss_rate",
)
def _certification_rules(company: Company) -> Iterable[Row]:
    for position, rule in enumerate(company.coverage.certifications, 1):
        yield {"position": position, **dict(rule)}


@_policy(
    "Whether accounts of one parent are covered together, by the parent's segment; the first "
    "match wins.",
    "position lifecycle size_band policy",
)
def _family_rules(company: Company) -> Iterable[Row]:
    for position, rule in enumerate(company.coverage.families, 1):
        yield {"position": position, **dict(rule)}


@_policy(
    "Groups listed in the company file with buffer and budget.",
    "group_id name over_assignment_rate budget_amount",
    ("budget_amount",),
)
def _groups(company: Company) -> Iterable[Row]:
    for group in company.groups:
        yield {**dict(group), "name": group.name or group.group_id}


@_policy(
    "The company goal by revenue type, an amount or a growth rate.",
    "revenue_type target_amount growth_rate",
    ("target_amount", "growth_rate"),
)
def _goals(company: Company) -> Iterable[Row]:
    goals = {goal.revenue_type: goal for goal in company.goals if not goal.is_part}
    for kind in REVENUE_TYPES:
        unset = {"revenue_type": kind, "target_amount": None, "growth_rate": DEFAULT_GROWTH_RATE}
        yield dict(goals[kind]) if kind in goals else unset


@_policy(
    "Goals of a group, a month, or a group's month.",
    "revenue_type group_id month target_amount",
    ("group_id", "month"),
)
def _goal_parts(company: Company) -> Iterable[Row]:
    return (dict(goal) for goal in company.goals if goal.is_part)


@_policy(
    "Shares of the year by month as the company states them; empty where it states none.",
    "revenue_type month_number share",
    month_number="BIGINT",
    share="DOUBLE",
)
def _seasons(company: Company) -> Iterable[Row]:
    for season in company.quotas.seasons:
        for number, share in enumerate(season.shares, 1):
            yield {"revenue_type": season.revenue_type, "month_number": number, "share": share}


@_policy("Planned hires by group and first day.", "group_id start_on head_count")
def _hires(company: Company) -> Iterable[Row]:
    for hire in company.hires:
        yield {**dict(hire), "head_count": hire.count}


@_policy("Certifications every covering rep should hold.", "certification")
def _required_certifications(company: Company) -> Iterable[Row]:
    return ({"certification": name} for name in company.people.required_certifications)


@_policy(
    "Buffers and limits for people in one row.",
    "company_buffer_rate under_certified_rate expiry_warning_days short_hours_rate "
    "turnover_trigger_rate turnover_loss_rate",
)
def _people_policy(company: Company) -> Iterable[Row]:
    yield {"company_buffer_rate": company.quotas.company_buffer_rate, **dict(company.people)}


@_policy(
    "Partners that may cover accounts.",
    "partner_id name hours_per_year max_accounts",
    ("max_accounts",),
    hours_per_year="DOUBLE",
    max_accounts="BIGINT",
)
def _partners(company: Company) -> Iterable[Row]:
    for partner in company.partners:
        yield {**dict(partner), "name": partner.name or partner.partner_id}


@_policy(
    "What one unit of a foreign currency is worth in the company's, whatever the day.",
    "currency rate",
    rate="DOUBLE",
)
def _fixed_rates(company: Company) -> Iterable[Row]:
    for currency, rate in company.company.exchange_rates.items():
        yield {"currency": currency, "rate": rate}


@_policy(
    "Managers' ratings of reps, with what a point is worth.",
    "rep_id dimension level rating log_odds_per_point pseudo_deals",
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
    "fact value dimension level log_odds pseudo_deals",
    ("value", "level"),
    log_odds="DOUBLE",
    pseudo_deals="DOUBLE",
)
def _hr_priors(company: Company) -> Iterable[Row]:
    for prior in company.strength.hr_priors:
        is_overall = prior.dimension == "overall"
        yield {**dict(prior), "level": ALL if is_overall else prior.level}


@_policy(
    "Reviewed exceptions by account: who keeps it, and who must not have it.",
    "account_id rep_id action author reason expires_on",
    ("rep_id",),
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
