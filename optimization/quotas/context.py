"""What a company may know beyond goals and books, and what follows from it for the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, ratio
from optimization.company_level import YEAR_COLUMNS, company_level
from optimization.policy import QuotaPolicy
from optimization.quotas.bands import Bands, bands_of
from optimization.quotas.budget import MoneyInputs
from optimization.quotas.calibrate import estimate_shocks
from optimization.quotas.first_year import first_year
from optimization.quotas.history import HISTORY_AMOUNTS, HISTORY_KEY, History
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.pay import CompPlan
from optimization.quotas.simulate import Shocks
from optimization.values.pipeline import NOTHING_OPEN, OpenBusiness
from optimization.values.seasons import YEAR_MONTHS


@dataclass(frozen=True)
class QuotaContext:
    """What a company may know beyond its goals and books; every part may be missing.

    Attributes:
        goal_parts: Parts of goals that bind (``QuotaInputs.from_frames``).
        last_quotas: rep_id, amount: last year's quota over the same months.
        won: account_id, won_amount: what each account brought in the last twelve months.
        in_force: rep_id, month, revenue_type, amount: quotas of a year that has begun.
        history: Won business by group, month and type (``History.from_frame``).
        account_years: What each account bought in whole past years (``company_level``).
        value_cv: Standard deviation over mean of one deal's value around its account's.
        backtest: Verdicts of the last back-test (``optimization.backtest.verdict``), None where
            none was made.
        comp_plans: By role.
        money: What cost follows from, None where there is nothing to check.
        open_business: Open deals and customers' fiscal years.
        hours_per_position: Selling hours of a full-time rep over the plan's months.
    """

    goal_parts: pd.DataFrame | None = None
    last_quotas: pd.DataFrame | None = None
    won: pd.DataFrame | None = None
    in_force: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    account_years: pd.DataFrame | None = None
    value_cv: float = 0.5
    backtest: pd.DataFrame | None = None
    comp_plans: Mapping[str, CompPlan] | None = None
    money: MoneyInputs | None = None
    open_business: OpenBusiness = NOTHING_OPEN
    hours_per_position: float = 1200.0


NOTHING_KNOWN = QuotaContext()


@dataclass(frozen=True)
class Past:
    """Last year's quotas and what they ask for; R reps.

    Attributes:
        last_quota: Over the plan's months in cents, NaN where unknown; shape (R,).
        book_change: Expected business of the plan's accounts over that of the accounts of
            record, NaN where there were none; shape (R,).
        taken_over: Share of the book from other owners of record, NaN without a book; (R,).
        bands: Limits and wishes.
    """

    last_quota: FloatArray
    book_change: FloatArray
    taken_over: FloatArray
    bands: Bands


def uncertainty(context: QuotaContext, policy: QuotaPolicy) -> Shocks:
    """Estimate the company's year and all other shocks from the whole history."""
    history = context.history
    past = History.from_frame(
        history if history is not None else pd.DataFrame(columns=[*HISTORY_KEY, *HISTORY_AMOUNTS])
    )
    years = context.account_years
    level = company_level(
        years if years is not None else pd.DataFrame(columns=YEAR_COLUMNS),
        policy.shared_shock_rate,
    )
    return estimate_shocks(past, level.others, context.value_cv, policy)


def book_bands(
    inputs: QuotaInputs,
    book: pd.DataFrame,
    context: QuotaContext,
    policy: QuotaPolicy,
) -> Past:
    """Build each rep's bands from last year's quota, the change of the book, and its role."""
    count = len(inputs.rep_ids)
    last = np.full(count, np.nan)
    if context.last_quotas is not None and len(context.last_quotas):
        given = context.last_quotas.set_index("rep_id")["amount"]
        last = 100 * given.reindex(list(inputs.rep_ids)).to_numpy(dtype=np.float64)
    amount = book["new_amount"] + book["existing_amount"]
    before = amount.groupby(book["previous_rep_id"]).sum().reindex(list(inputs.rep_ids))
    after = amount.groupby(book["rep_id"]).sum().reindex(list(inputs.rep_ids))
    ote_band = np.full((count, 2), np.nan)
    for place, role in enumerate(inputs.roles):
        plan = (context.comp_plans or {}).get(role)
        if plan is not None and plan.ote_amount:
            pay = 100 * plan.ote_amount * len(inputs.months) / YEAR_MONTHS
            # A ramping or part-time rep carries, and earns, less.
            able = inputs.ramp[place].mean()
            ote_band[place] = np.array(plan.quota_ote_band) * pay * able
    book_before = before.fillna(0).to_numpy(dtype=np.float64)
    book_after = after.fillna(0).to_numpy(dtype=np.float64)
    change = ratio(book_after, book_before, np.nan)
    new = first_year(inputs, book, context.won, policy)
    bands = bands_of(last, book_before, book_after, new.limit, ote_band, policy)
    return Past(last_quota=last, book_change=change, taken_over=new.taken_over, bands=bands)
