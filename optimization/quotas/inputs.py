"""The quota model's inputs: frames checked, aligned and turned into arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.errors import DataError
from optimization.frames import labels, require_columns, require_numbers
from optimization.quotas.goals import GoalPart, read_goal_cents, read_goal_parts
from optimization.values.kinds import read_months
from optimization.values.months import Months
from optimization.values.pipeline import NOTHING_OPEN, OpenBusiness, pipeline_by_account
from optimization.values.seasons import COMPANY_KEY, YEAR_MONTHS

HOUSE_TYPE = "house"
AMOUNTS = ("new_amount", "existing_amount", "unserved_amount")
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
    """Validated inputs; R reps, G groups, A covered accounts, M months.

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
        account_kind: Kind of each account by its months; shape (A,).
        account_amount: Won amount a year under the coverer, new and existing, and the existing
            under nobody; shape (A, 3).
        account_deal: Value of one won deal by type; shape (A, 2).
        account_is_moved: Whether the coverer is new to the account; shape (A,).
        value_months: Seasons, cycles and abilities by month; its coverers are the reps and, last,
            nobody.
        pipeline: Expected amount, wins and squares of open deals of new business; (3, A, M).
        uncovered_id: Accounts that nobody covers.
        uncovered_amount: Existing business of each by month; shape (U, M).
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
    account_kind: IntArray
    account_amount: FloatArray
    account_deal: FloatArray
    account_is_moved: BoolArray
    value_months: Months
    pipeline: FloatArray
    uncovered_id: tuple[str, ...]
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
                previous_rep_id (may be empty), new_amount, existing_amount (a year under the
                coverer), unserved_amount (existing business a year under nobody),
                new_deal_amount, existing_deal_amount (one won deal; empty: one deal a year),
                season_key, is_moved (the coverer is new to it). Rows covered by the house carry no
                quota; what their customers go on ordering counts for the company.
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

        accounts, alone = _accounts(book, staff, house)
        every = pd.concat([accounts, alone], ignore_index=True)
        ramp = _ramp(rep_months, rep_index, calendar)
        value_months, kind = read_months(
            every["season_key"],
            pd.Index(every["account_id"]),
            seasonality,
            sales_cycles,
            open_business,
            calendar,
            np.arange(YEAR_MONTHS - len(calendar), YEAR_MONTHS) + 1,
            np.vstack([ramp, np.zeros(len(calendar))]),
        )
        nobody = np.full(len(alone), len(rep_index), dtype=np.int64)
        unserved = value_months.existing_rates(kind[len(accounts) :], nobody)[1]
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
            ramp=ramp,
            account_id=tuple(accounts["account_id"]),
            account_rep=rep_index.get_indexer(pd.Index(accounts["rep_id"])),
            account_previous=tuple(accounts["previous_rep_id"].astype(object).fillna("")),
            account_kind=kind[: len(accounts)],
            account_amount=accounts[list(AMOUNTS)].to_numpy(dtype=np.float64),
            account_deal=accounts[list(DEAL_AMOUNTS)].to_numpy(dtype=np.float64),
            account_is_moved=accounts["is_moved"].to_numpy(dtype=np.bool_),
            value_months=value_months,
            pipeline=pipeline_by_account(
                open_business.pipeline, pd.Index(accounts["account_id"]), calendar
            ),
            uncovered_id=tuple(alone["account_id"]),
            uncovered_amount=alone[["unserved_amount"]].to_numpy(dtype=np.float64) * unserved,
        )


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


def _accounts(
    book: pd.DataFrame, staff: pd.DataFrame, house: set[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accounts with a coverer, checked and sorted, and those that nobody covers."""
    every = require_columns(book, "book", BOOK_COLUMNS, ["account_id"])
    every["season_key"] = every["season_key"].astype(object).fillna(COMPANY_KEY)
    is_alone = every["rep_id"].isin(house)
    alone = every[is_alone].sort_values("account_id", ignore_index=True)
    alone["unserved_amount"] = require_numbers(alone, "book", "unserved_amount", ["account_id"])
    accounts = every[~is_alone].reset_index(drop=True)
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
    for column in AMOUNTS:
        accounts[column] = require_numbers(accounts, "book", column, ["account_id"])
    for column, deal in zip(AMOUNTS[:2], DEAL_AMOUNTS, strict=True):
        known = accounts[deal].where(accounts[deal] > 0, accounts[column]).fillna(accounts[column])
        accounts[deal] = require_numbers(
            accounts.assign(**{deal: known}), "book", deal, ["account_id"]
        )
    if accounts["is_moved"].isna().any():
        vague = accounts.loc[accounts["is_moved"].isna(), "account_id"]
        raise DataError("book.is_moved must be true or false", vague, "Fill it.")
    content = ["rep_id", "is_moved", "season_key", *AMOUNTS, *DEAL_AMOUNTS, "account_id"]
    return accounts.sort_values(content, ignore_index=True), alone


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
