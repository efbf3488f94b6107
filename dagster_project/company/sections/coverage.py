"""How accounts are grouped and covered: segments, hours, capacity, partners, the plan."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dagster_project.company.sections.base import (
    Count,
    NotNegative,
    Positive,
    Rate,
    Section,
    Slug,
    Text,
)
from dagster_project.company.sections.rules import Balance, CertificationRule, FamilyRule, Freeze


class SizeBand(Section):
    """A band of account sizes, up to the next band."""

    name: Slug = Field(description="name of the band")
    min_employees: int = Field(ge=0, description="smallest number of employees in the band")


class Segments(Section):
    """How accounts are grouped."""

    size_bands: tuple[SizeBand, ...] = Field(
        default=(
            SizeBand(name="smb", min_employees=1),
            SizeBand(name="mid_market", min_employees=200),
            SizeBand(name="enterprise", min_employees=2000),
        ),
        min_length=1,
        description="bands from small to large",
    )
    installed_base_months: Count = Field(
        default=24, description="months after its last won deal an account counts as a customer"
    )


class CoverageRule(Section):
    """Hours a kind of account needs; the first rule that fits counts."""

    lifecycle: Literal["installed_base", "new_business", "any"] = Field(
        default="any", description="installed_base, new_business or any"
    )
    size_band: Slug = Field(default="any", description="name of a size band, or any")
    hours_per_year: NotNegative = Field(description="hours of selling time per account and year")


class Capacity(Section):
    """What a rep can carry."""

    covering_roles: tuple[Text, ...] = Field(
        default=("account_executive",), min_length=1, description="roles that cover accounts"
    )
    selling_hours_per_year: Positive = Field(
        default=1200, description="hours a full-time rep sells in a year"
    )
    ramp_months: int = Field(default=6, ge=0, description="months until a new rep is fully able")
    ramp_start_rate: Rate = Field(default=0.3, description="share of the hours in the first month")
    max_accounts_per_rep: Count = Field(default=80, description="most accounts a rep may cover")
    cost_per_hour: NotNegative = Field(default=60, description="cost of one selling hour")
    overtime_cost_per_hour: NotNegative = Field(
        default=120, description="price of an hour a rep lacks for accounts it covers today"
    )


class Coverage(Section):
    """How the coverage plan is made."""

    horizon_months: Count = Field(default=12, description="months the plan looks ahead")
    candidates_per_account: Count = Field(
        default=10, description="reps that an account's choice begins with"
    )
    move_budget_rate: Rate = Field(
        default=0.10,
        description="share of covered accounts that plans may move by choice; 0 moves none",
    )
    move_budget_amount_rate: Rate | None = Field(
        default=None, description="share of their yearly business that may so move, or null"
    )
    rep_move_rate: Rate | None = Field(
        default=None, description="share of its accounts that a rep may so lose, or null"
    )
    move_budget_days: Count = Field(
        default=90, description="days over which the move budget counts; 1 renews it every night"
    )
    max_owner_changes: Count = Field(
        default=2, description="most changes of rep per account within twelve months"
    )
    freezes: tuple[Freeze, ...] = Field(default=(), description="days on which accounts stay")
    disruption_rate: Rate = Field(
        default=0.15, description="share of an account's existing business lost by a change"
    )
    mip_gap: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0005, description="relative gap at which the solver may stop"
    )
    solve_seconds: Positive = Field(default=120, description="seconds the solver may take")
    exact_pairs: int = Field(
        default=25_000, ge=0, description="eligible pairs up to which the exact model is tried"
    )
    lock_named_accounts: bool = Field(default=True, description="named accounts keep their rep")
    lock_stages: tuple[Text, ...] = Field(
        default=(), description="an open deal in one of these stages locks its account"
    )
    renewal_lock_days: int = Field(
        default=90, ge=0, description="an open renewal due within these days locks its account"
    )
    stale_days: Count | None = Field(
        default=None,
        description="an account without a touch in these days may change rep at no loss; or null",
    )
    certifications: tuple[CertificationRule, ...] = Field(
        default=(), description="accounts that need a certified rep"
    )
    families: tuple[FamilyRule, ...] = Field(
        default=(), description="accounts of one parent that stay together; default independent"
    )
    balance: Balance | None = Field(default=None, description="even books within a group, or null")
    ote_price_rate: NotNegative = Field(
        default=0.05,
        description="price of one unit of potential outside what a rep's on-target earnings ask "
        "for (comp_plans.quota_ote_band); 0 switches it off",
    )
    min_load_rate: Rate = Field(
        default=0, description="share of a rep's hours that accounts should fill"
    )
    idle_cost_per_hour: NotNegative = Field(
        default=20, description="price of an hour below that share"
    )
    uncovered_loss_rate: Rate = Field(
        default=0.15, description="share of its business an uncovered account loses"
    )


class Partner(Section):
    """A partner who may cover accounts for a share of the margin."""

    partner_id: Text = Field(description="identifier of the partner")
    name: str | None = Field(default=None, description="name shown in reports")
    margin_share: Rate = Field(default=0.3, description="share of the margin the partner keeps")
    hours_per_year: Positive = Field(description="hours the partner offers per year")
    max_accounts: Count | None = Field(default=None, description="most accounts, or null")
    budget_amount: NotNegative | None = Field(
        default=None, description="most margin it may keep over the horizon, or null"
    )
    size_bands: tuple[Slug, ...] = Field(min_length=1, description="size bands it may cover")
