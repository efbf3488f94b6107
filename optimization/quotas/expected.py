"""What each rep's book is expected to bring, month by month, and how unsure that is.

Belongs here: the step from accounts to expected business and its variance. Does not belong
here: estimating amounts, seasonality or cycles (dbt marts do), or setting targets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from optimization.policy import QuotaPolicy
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.seasons import REVENUE_TYPES

NEW = REVENUE_TYPES.index("new")


@dataclass(frozen=True)
class ExpectedBusiness:
    """Expected won amounts in currency units; R reps, M months, A accounts.

    Deals won are taken as a Poisson count per account, month and type, their values as
    log-normal around the account's own: the variance of a sum is then
    sum(count x value^2) x (1 + cv of values^2), plus what the level of each account is unsure.

    Attributes:
        account_amount: By type, account and month; shape (2, A, M).
        amount: By rep, month and revenue type; shape (R, M, 2).
        count: Expected number of won deals; shape (R, M, 2).
        square: Sum of count x value^2; shape (R, M, 2).
        level_variance: Variance of a rep's total because accounts' levels are unsure; (R,).
        has_book: Whether the rep covers any account; shape (R,).
    """

    account_amount: NDArray[np.float64]
    amount: NDArray[np.float64]
    count: NDArray[np.float64]
    square: NDArray[np.float64]
    level_variance: NDArray[np.float64]
    has_book: NDArray[np.bool_]

    def own_variance(self, value_cv: float) -> NDArray[np.float64]:
        """Return the variance of each rep's total from its own accounts alone; shape (R,)."""
        chance: NDArray[np.float64] = (1 + value_cv**2) * self.square.sum(axis=(1, 2))
        return chance + self.level_variance


def expected_business(inputs: QuotaInputs, policy: QuotaPolicy) -> ExpectedBusiness:
    """Sum amount x share of the month x ramp of the rep over each rep's accounts.

    New business from accounts that change coverer pays nothing before the segment's sales
    cycle has passed: a deal opened in month 1 by the new coverer closes cycle months later.
    The later months keep their share and the year is not stretched back to 1, because deals
    that slip past the year's end are not won this year: late coverage earns less now.

    Accounts are taken as independent; what moves them together is added by the simulation.
    """
    month_amount = (
        inputs.account_amount.T[:, :, None] * inputs.share[:, inputs.account_key, :]
    )  # (2, A, M)
    first_month = np.floor(inputs.cycle_months)[inputs.account_key]
    too_early = inputs.account_is_moved[:, None] & (
        np.arange(len(inputs.months))[None, :] < first_month[:, None]
    )
    month_amount[NEW][too_early] = 0.0
    month_amount *= inputs.ramp[inputs.account_rep]

    account_count, rep_count = len(inputs.account_rep), len(inputs.rep_ids)
    covers = csr_array(
        (np.ones(account_count), (inputs.account_rep, np.arange(account_count))),
        shape=(rep_count, account_count),
    )
    deal = inputs.account_deal.T[:, :, None]
    wins = np.divide(month_amount, deal, out=np.zeros_like(month_amount), where=deal > 0)
    account_total = month_amount.sum(axis=(0, 2))
    return ExpectedBusiness(
        account_amount=month_amount,
        amount=_by_rep(covers, month_amount),
        count=_by_rep(covers, wins),
        square=_by_rep(covers, month_amount * deal),
        level_variance=policy.account_cv**2 * (covers @ account_total**2),
        has_book=np.bincount(inputs.account_rep, minlength=rep_count) > 0,
    )


def _by_rep(covers: csr_array, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([covers @ by_type for by_type in values], axis=2)
