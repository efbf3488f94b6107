"""The small tables that carry a company's policy into the warehouse."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from dagster_project.company.manager_ratings import ALL
from dagster_project.warehouse.contract import ColumnType, LandingColumn

if TYPE_CHECKING:
    from dagster_project.company.model import Company

DEFAULT_HOURS_PER_YEAR = 12.0
DEFAULT_GROWTH_RATE = 0.05
DEFAULT_COMMISSION_RATE = 0.06
DEFAULT_OVER_ASSIGNMENT_RATE = 0.10
REVENUE_TYPES: tuple[Literal["new", "existing"], ...] = ("new", "existing")


def _columns(**types: ColumnType) -> tuple[LandingColumn, ...]:
    """Build columns; a trailing underscore marks one that may be null."""
    return tuple(
        LandingColumn(name.rstrip("_"), type_, not name.endswith("_"), "")
        for name, type_ in types.items()
    )


POLICY_TABLES: dict[str, tuple[LandingColumn, ...]] = {
    "company_settings": _columns(
        company_id="VARCHAR",
        name="VARCHAR",
        currency="VARCHAR",
        timezone="VARCHAR",
        fiscal_year_start_month="BIGINT",
        as_of_="DATE",
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
        stale_days_="BIGINT",
        lock_named_accounts="BOOLEAN",
        max_quarantine_rate="DOUBLE",
        default_over_assignment_rate="DOUBLE",
    ),
    "size_bands": _columns(position="BIGINT", name="VARCHAR", min_employees="BIGINT"),
    "coverage_policies": _columns(
        position="BIGINT", lifecycle="VARCHAR", size_band="VARCHAR", hours_per_year="DOUBLE"
    ),
    "covering_roles": _columns(role="VARCHAR"),
    "lock_stages": _columns(stage="VARCHAR"),
    "freezes": _columns(from_on="DATE", to_on="DATE", group_id_="VARCHAR", reason="VARCHAR"),
    "certification_rules": _columns(
        position="BIGINT",
        certification="VARCHAR",
        lifecycle="VARCHAR",
        size_band="VARCHAR",
        industry="VARCHAR",
        product="VARCHAR",
        mode="VARCHAR",
        loss_rate="DOUBLE",
    ),
    "family_rules": _columns(
        position="BIGINT", lifecycle="VARCHAR", size_band="VARCHAR", policy="VARCHAR"
    ),
    "groups": _columns(
        group_id="VARCHAR", name="VARCHAR", over_assignment_rate="DOUBLE", budget_amount_="DOUBLE"
    ),
    "goals": _columns(revenue_type="VARCHAR", target_amount_="DOUBLE", growth_rate_="DOUBLE"),
    "goal_parts": _columns(
        revenue_type="VARCHAR", group_id_="VARCHAR", month_="DATE", target_amount="DOUBLE"
    ),
    "seasons": _columns(revenue_type="VARCHAR", month_number="BIGINT", share="DOUBLE"),
    "hires": _columns(group_id="VARCHAR", start_on="DATE", head_count="BIGINT"),
    "required_certifications": _columns(certification="VARCHAR"),
    "people_policy": _columns(
        company_buffer_rate="DOUBLE",
        under_certified_rate="DOUBLE",
        expiry_warning_days="BIGINT",
        short_hours_rate="DOUBLE",
        turnover_trigger_rate="DOUBLE",
        turnover_loss_rate="DOUBLE",
    ),
    "partners": _columns(
        partner_id="VARCHAR",
        name="VARCHAR",
        margin_share="DOUBLE",
        hours_per_year="DOUBLE",
        max_accounts_="BIGINT",
    ),
    "partner_size_bands": _columns(partner_id="VARCHAR", size_band="VARCHAR"),
    "exchange_rates": _columns(currency="VARCHAR", rate="DOUBLE"),
    "minimum_rows": _columns(table_name="VARCHAR", min_rows="BIGINT"),
    "manager_ratings": _columns(
        rep_id="VARCHAR",
        dimension="VARCHAR",
        level="VARCHAR",
        rating="DOUBLE",
        log_odds_per_point="DOUBLE",
        pseudo_deals="DOUBLE",
    ),
    "hr_priors": _columns(
        fact="VARCHAR",
        value_="VARCHAR",
        dimension="VARCHAR",
        level_="VARCHAR",
        log_odds="DOUBLE",
        pseudo_deals="DOUBLE",
    ),
    "overrides": _columns(
        account_id="VARCHAR",
        rep_id_="VARCHAR",
        action="VARCHAR",
        author="VARCHAR",
        reason="VARCHAR",
        expires_on="DATE",
    ),
}


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
    identity, capacity, coverage = company.company, company.capacity, company.coverage
    today = today or dt.datetime.now(ZoneInfo(identity.timezone)).date()
    people = company.people
    goals = {goal.revenue_type: goal for goal in company.goals if not goal.is_part}
    rules = [(r.lifecycle, r.size_band, r.hours_per_year) for r in company.coverage_policies]
    rules.append(("any", "any", DEFAULT_HOURS_PER_YEAR))
    values: dict[str, list[tuple[Any, ...]]] = {
        "company_settings": [
            (
                identity.id,
                identity.name,
                identity.currency,
                identity.timezone,
                identity.fiscal_year_start_month,
                identity.as_of,
                identity.as_of or today,
                coverage.horizon_months,
                company.segments.installed_base_months,
                capacity.selling_hours_per_year,
                capacity.ramp_months,
                capacity.ramp_start_rate,
                capacity.max_accounts_per_rep,
                capacity.cost_per_hour,
                coverage.candidates_per_account,
                coverage.disruption_rate,
                coverage.uncovered_loss_rate,
                coverage.move_budget_days,
                coverage.max_owner_changes,
                coverage.renewal_lock_days,
                coverage.stale_days,
                coverage.lock_named_accounts,
                company.gates.max_quarantine_rate,
                DEFAULT_OVER_ASSIGNMENT_RATE,
            )
        ],
        "size_bands": [
            (position, band.name, band.min_employees)
            for position, band in enumerate(company.segments.size_bands, 1)
        ],
        "coverage_policies": [(position, *rule) for position, rule in enumerate(rules, 1)],
        "covering_roles": [(role,) for role in capacity.covering_roles],
        "lock_stages": [(stage,) for stage in coverage.lock_stages],
        "freezes": [(f.from_on, f.to_on, f.group_id, f.reason) for f in coverage.freezes],
        "certification_rules": [
            (
                *(i, r.certification, r.lifecycle, r.size_band, r.industry, r.product),
                *(r.mode, r.loss_rate),
            )
            for i, r in enumerate(coverage.certifications, 1)
        ],
        "family_rules": [
            (i, r.lifecycle, r.size_band, r.policy) for i, r in enumerate(coverage.families, 1)
        ],
        "groups": [
            (g.group_id, g.name or g.group_id, g.over_assignment_rate, g.budget_amount)
            for g in company.groups
        ],
        "goals": [
            (kind, goals[kind].target_amount, goals[kind].growth_rate)
            if kind in goals
            else (kind, None, DEFAULT_GROWTH_RATE)
            for kind in REVENUE_TYPES
        ],
        "goal_parts": [
            (goal.revenue_type, goal.group_id, goal.month, goal.target_amount)
            for goal in company.goals
            if goal.is_part
        ],
        "seasons": [
            (season.revenue_type, number, share)
            for season in company.quotas.seasons
            for number, share in enumerate(season.shares, 1)
        ],
        "hires": [(hire.group_id, hire.start_on, hire.count) for hire in company.hires],
        "required_certifications": [(name,) for name in people.required_certifications],
        "people_policy": [
            (
                company.quotas.company_buffer_rate,
                people.under_certified_rate,
                people.expiry_warning_days,
                people.short_hours_rate,
                people.turnover_trigger_rate,
                people.turnover_loss_rate,
            )
        ],
        "partners": [
            (p.partner_id, p.name or p.partner_id, p.margin_share, p.hours_per_year, p.max_accounts)
            for p in company.partners
        ],
        "partner_size_bands": [
            (partner.partner_id, band)
            for partner in company.partners
            for band in partner.size_bands
        ],
        "exchange_rates": list(identity.exchange_rates.items()),
        "minimum_rows": list(company.gates.min_rows.items()),
        "manager_ratings": [
            (
                *(rating.rep_id, rating.dimension, rating.level, rating.rating),
                *(company.strength.rating_log_odds, company.strength.rating_pseudo_deals),
            )
            for rating in company.rating_rows
        ],
        "hr_priors": [
            (
                *(prior.fact, prior.value, prior.dimension),
                ALL if prior.dimension == "overall" else prior.level,
                *(prior.log_odds, prior.pseudo_deals),
            )
            for prior in company.strength.hr_priors
        ],
        "overrides": [tuple(dict(row).values()) for row in company.override_rows],
    }
    return {
        table: [
            dict(zip((column.name for column in columns), row, strict=True))
            for row in values[table]
        ]
        for table, columns in POLICY_TABLES.items()
    }
