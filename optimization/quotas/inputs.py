"""The quota model's inputs: frames checked, aligned and turned into arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import BoolArray, FloatArray
from optimization.errors import DataError
from optimization.quotas.frames import labels, require_columns, require_numbers
from optimization.quotas.goals import GoalPart, read_goal_cents, read_goal_parts
from optimization.quotas.pipeline import (
    NOTHING_OPEN,
    OpenBusiness,
    customer_factors,
    later_shares,
    pipeline_by_account,
    shift_shares,
    year_starts,
)
from optimization.quotas.seasons import (
    COMPANY_KEY,
    EXISTING,
    YEAR_MONTHS,
    sales_cycle_months,
    season_profiles,
    season_shares,
)

HOUSE_TYPE = "house"
AMOUNTS = ("new_amount", "existing_amount")
DEAL_AMOUNTS = ("new_deal_amount", "existing_deal_amount")
BOOK_COLUMNS = (
    "account_id",
    "rep_id",
    "group_id",
    "previous_rep_id",
    *AMOUNTS,
    *DEAL_AMOUNTS,
    "season_key",
    "is_moved",
)


@dataclass(frozen=True)
class QuotaInputs:
    """Validated inputs; R reps, G groups, A covered accounts, S season keys, P profiles, M months.

    Accounts are ordered by rep and then by content, not by id: reps with equal books then have
    bitwise equal sums, and no result depends on the order of the rows that came in.

    Attributes:
        rep_ids: Coverers without the house, sorted; length R.
        group_ids: Groups with at least one such coverer, sorted; length G.
        roles: Role by rep, empty where unknown; length R.
        coverer_types: rep, partner or open_head; length R.
        months: The plan's months, first days, in order: a fiscal year or what is left of it.
        goal_cents: Company goal per revenue type (order of REVENUE_TYPES), in cents.
        goal_parts: Parts of the goal that bind.
        stated_rates: Over-assignment a group states, NaN where it states none; shape (G,).
        rep_group: Position of each rep's group; shape (R,).
        ramp: Share of full productivity; shape (R, M).
        account_id: Names; length A.
        account_rep: Position of each account's rep; shape (A,).
        account_previous: Owner of record, empty where there is none; length A.
        account_key: Position of each account's season key; shape (A,).
        account_amount: Expected won amount over 12 months by type; shape (A, 2).
        account_deal: Value of one won deal by type; shape (A, 2).
        account_is_moved: Whether the plan gives the account a new coverer; shape (A,).
        account_profile: Position of each account's profile of months; shape (A,).
        share: Share of a year's won amount by month; shape (2, P, M), sums to 1 over a year.
        cycle_months: Median months from opening to winning a deal; shape (S,).
        later_share: Share of a month's new business from deals not begun yet; shape (S, M).
        pipeline: Expected amount, wins and squares of open deals of new business; (3, A, M).
        uncovered_amount: Existing business of accounts that nobody covers, by month; (M,).
    """

    rep_ids: tuple[str, ...]
    group_ids: tuple[str, ...]
    roles: tuple[str, ...]
    coverer_types: tuple[str, ...]
    months: pd.DatetimeIndex
    goal_cents: tuple[int, ...]
    goal_parts: tuple[GoalPart, ...]
    stated_rates: FloatArray
    rep_group: NDArray[np.intp]
    ramp: FloatArray
    account_id: tuple[str, ...]
    account_rep: NDArray[np.intp]
    account_previous: tuple[str, ...]
    account_key: NDArray[np.intp]
    account_amount: FloatArray
    account_deal: FloatArray
    account_is_moved: BoolArray
    account_profile: NDArray[np.intp]
    share: FloatArray
    cycle_months: FloatArray
    later_share: FloatArray
    pipeline: FloatArray
    uncovered_amount: FloatArray

    @classmethod
    def from_frames(
        cls,
        book: pd.DataFrame,
        seasonality: pd.DataFrame,
        sales_cycles: pd.DataFrame,
        rep_months: pd.DataFrame,
        goals: pd.DataFrame,
        groups: pd.DataFrame,
        coverers: pd.DataFrame,
        months: Iterable[object],
        goal_parts: pd.DataFrame | None = None,
        open_business: OpenBusiness = NOTHING_OPEN,
    ) -> QuotaInputs:
        """Check and align the frames.

        Args:
            book: One row per account of the coverage plan: account_id, rep_id, group_id,
                previous_rep_id (may be empty), new_amount, existing_amount (a year),
                new_deal_amount, existing_deal_amount (one won deal; empty: one deal a year),
                season_key, is_moved. Rows covered by the house carry no quota; what their
                customers go on ordering counts for the company.
            seasonality: revenue_type, season_key, month_number (1..12 of the fiscal year), share.
            sales_cycles: season_key, cycle_months.
            rep_months: rep_id, month, ramp_rate. Coverers without any row have no ramp (1).
            goals: revenue_type, target_amount of the plan's months; one row per type.
            groups: group_id, over_assignment_rate (empty: the policy's default). Groups without
                coverers are ignored: nobody could carry their target.
            coverers: rep_id, coverer_type, group_id; role where known.
            months: First days of the fiscal year's months, or of the last ones, in order.
            goal_parts: revenue_type, group_id, month, target_amount of parts that bind.
            open_business: Open deals and customers' fiscal years, where known.

        Raises:
            DataError: A record breaks a rule; the message names records, rule and fix.
        """
        calendar = _calendar(months)
        staff = require_columns(
            coverers.assign(role=coverers.get("role")),
            "coverers",
            ["rep_id", "coverer_type", "group_id", "role"],
            ["rep_id"],
        )
        is_house = staff["coverer_type"] == HOUSE_TYPE
        house = set(staff.loc[is_house, "rep_id"])
        staff = staff[~is_house].sort_values("rep_id", ignore_index=True)
        if staff["group_id"].isna().any():
            homeless = staff.loc[staff["group_id"].isna(), "rep_id"]
            raise DataError("coverers must have a group_id", homeless, "State their group.")
        group_index = pd.Index(sorted(set(staff["group_id"])))
        rep_index = pd.Index(staff["rep_id"])

        cycles = sales_cycle_months(sales_cycles)
        profiles = season_profiles(seasonality)
        season_keys = pd.Index(sorted({*cycles.index, *profiles.index.unique("season_key")}))
        accounts = _accounts(book, staff, house)
        key = season_keys.get_indexer(pd.Index(accounts["season_key"]))
        key[key < 0] = season_keys.get_indexer(pd.Index([COMPANY_KEY]))[0]
        account_index = pd.Index(accounts["account_id"])
        by_key = season_shares(profiles, season_keys)
        shares, profile = shift_shares(
            by_key,
            customer_factors(open_business.customer_seasons, calendar),
            key,
            year_starts(open_business.year_starts, account_index),
        )
        return cls(
            rep_ids=tuple(rep_index),
            group_ids=tuple(group_index),
            coverer_types=tuple(staff["coverer_type"]),
            roles=tuple(staff["role"].astype(object).fillna("")),
            months=calendar,
            goal_cents=read_goal_cents(goals),
            goal_parts=read_goal_parts(goal_parts, group_index, calendar),
            stated_rates=_stated_rates(groups, group_index),
            rep_group=group_index.get_indexer(pd.Index(staff["group_id"])),
            ramp=_ramp(rep_months, rep_index, calendar),
            account_id=tuple(accounts["account_id"]),
            account_rep=rep_index.get_indexer(pd.Index(accounts["rep_id"])),
            account_previous=tuple(accounts["previous_rep_id"].astype(object).fillna("")),
            account_key=key,
            account_amount=accounts[list(AMOUNTS)].to_numpy(dtype=np.float64),
            account_deal=accounts[list(DEAL_AMOUNTS)].to_numpy(dtype=np.float64),
            account_is_moved=accounts["is_moved"].to_numpy(dtype=np.bool_),
            account_profile=profile,
            share=shares[:, :, -len(calendar) :],
            cycle_months=np.array([cycles.get(name, cycles[COMPANY_KEY]) for name in season_keys]),
            later_share=later_shares(open_business.lags, season_keys, calendar),
            pipeline=pipeline_by_account(open_business.pipeline, account_index, calendar),
            uncovered_amount=_uncovered(book, house, by_key, season_keys)[-len(calendar) :],
        )


def _uncovered(
    book: pd.DataFrame, house: set[str], shares: FloatArray, season_keys: pd.Index
) -> FloatArray:
    """Existing business of uncovered accounts by month of a fiscal year, shape (12,)."""
    rows = book[book["rep_id"].isin(house)]
    amount = pd.to_numeric(rows["existing_amount"]).fillna(0.0)
    known = rows["season_key"].where(rows["season_key"].isin(season_keys), COMPANY_KEY)
    by_key = amount.groupby(known).sum().reindex(season_keys).fillna(0.0)
    months: FloatArray = by_key.to_numpy(dtype=np.float64) @ shares[EXISTING]
    return months


def _calendar(months: Iterable[object]) -> pd.DatetimeIndex:
    calendar = pd.DatetimeIndex([pd.Timestamp(str(month)) for month in months]).as_unit("us")
    follows = [later == earlier + pd.offsets.MonthBegin() for earlier, later in pairwise(calendar)]
    is_year = 0 < len(calendar) <= YEAR_MONTHS
    if not is_year or calendar[0].day != 1 or not all(follows):
        raise DataError(
            "a plan covers 1 to 12 consecutive first days of months",
            [str(month.date()) for month in calendar],
            "Pass the months of one fiscal year, or those left of it, in order.",
        )
    return calendar


def _accounts(book: pd.DataFrame, staff: pd.DataFrame, house: set[str]) -> pd.DataFrame:
    accounts = require_columns(book, "book", BOOK_COLUMNS, ["account_id"])
    accounts = accounts[~accounts["rep_id"].isin(house)].reset_index(drop=True)
    if accounts.empty:
        raise DataError(
            "nobody covers any account, so nobody can carry a quota",
            ["book"],
            "Check the coverage plan.",
        )
    group_of = accounts["rep_id"].map(staff.set_index("rep_id")["group_id"])
    unknown = group_of.isna()
    if unknown.any():
        raise DataError(
            "book names coverers that do not exist",
            labels(accounts[unknown], ["account_id", "rep_id"]),
            "Add them to coverers or re-plan the accounts.",
        )
    strayed = group_of != accounts["group_id"]
    if strayed.any():
        raise DataError(
            "an account's group must be its coverer's group",
            labels(accounts[strayed], ["account_id", "group_id"]),
            "Take group_id from coverers.",
        )
    for column, deal in zip(AMOUNTS, DEAL_AMOUNTS, strict=True):
        accounts[column] = require_numbers(accounts, "book", column, ["account_id"])
        known = accounts[deal].where(accounts[deal] > 0, accounts[column]).fillna(accounts[column])
        accounts[deal] = require_numbers(
            accounts.assign(**{deal: known}), "book", deal, ["account_id"]
        )
    if accounts["is_moved"].isna().any():
        vague = accounts.loc[accounts["is_moved"].isna(), "account_id"]
        raise DataError("book.is_moved must be true or false", vague, "Fill it.")
    accounts["season_key"] = accounts["season_key"].astype(object).fillna(COMPANY_KEY)
    content = ["rep_id", "is_moved", "season_key", *AMOUNTS, *DEAL_AMOUNTS, "account_id"]
    return accounts.sort_values(content, ignore_index=True)


def _ramp(rep_months: pd.DataFrame, reps: pd.Index, calendar: pd.DatetimeIndex) -> FloatArray:
    key = ["rep_id", "month"]
    rows = require_columns(rep_months, "rep_months", [*key, "ramp_rate"], key)
    rows["month"] = pd.to_datetime(rows["month"]).dt.as_unit("us")
    rows = rows[rows["rep_id"].isin(reps)]
    rows["ramp_rate"] = require_numbers(rows, "rep_months", "ramp_rate", key, upper=1.0)
    wide = rows.pivot(index="rep_id", columns="month", values="ramp_rate").reindex(columns=calendar)
    gaps = wide.isna().any(axis=1)
    if gaps.any():
        raise DataError(
            "rep_months must have a row for each of the plan's months",
            wide.index[gaps],
            "Add the missing months.",
        )
    return wide.reindex(reps).fillna(1.0).to_numpy(dtype=np.float64)


def _stated_rates(groups: pd.DataFrame, group_index: pd.Index) -> FloatArray:
    rows = require_columns(groups, "groups", ["group_id", "over_assignment_rate"], ["group_id"])
    stated = pd.Series(
        rows["over_assignment_rate"].to_numpy(dtype=np.float64, na_value=np.nan),
        index=pd.Index(rows["group_id"]),
    )
    rates: FloatArray = stated.reindex(group_index).to_numpy(dtype=np.float64)
    return rates
