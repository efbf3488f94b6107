"""What each rep's book is expected to bring, month by month, and how unsure that is.

Belongs here: the step from accounts to expected business and its standard deviation. Does
not belong here: estimating amounts, seasonality or cycles (dbt marts do), or setting targets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from optimization.policy import QuotaPolicy
from optimization.quotas.inputs import MONTH_COUNT, REVENUE_TYPES, QuotaInputs

NEW = REVENUE_TYPES.index("new")


@dataclass(frozen=True)
class ExpectedBusiness:
    """Expected won amounts in currency units; R reps.

    Attributes:
        amount: By rep, month and revenue type; shape (R, 12, 2).
        own_variance: Variance of a rep's year from its accounts alone; shape (R,).
        has_book: Whether the rep covers any account; shape (R,).
    """

    amount: NDArray[np.float64]
    own_variance: NDArray[np.float64]
    has_book: NDArray[np.bool_]


def expected_business(inputs: QuotaInputs, policy: QuotaPolicy) -> ExpectedBusiness:
    """Sum amount x share of the month x ramp of the rep over each rep's accounts.

    New business from accounts that change coverer pays nothing before the segment's sales
    cycle has passed: a deal opened in month 1 by the new coverer closes cycle months later.
    The later months keep their share and the year is not stretched back to 1, because deals
    that slip past the year's end are not won this year: late coverage earns less now.

    Accounts are taken as independent with standard deviation = account_cv x the account's
    expected year, both revenue types together (one customer, one mood). What moves all
    accounts together is added by ``standard_deviation``.
    """
    month_amount = (
        inputs.account_amount.T[:, :, None] * inputs.share[:, inputs.account_key, :]
    )  # (2, A, 12)
    first_month = np.floor(inputs.cycle_months)[inputs.account_key]
    too_early = inputs.account_is_moved[:, None] & (
        np.arange(MONTH_COUNT)[None, :] < first_month[:, None]
    )
    month_amount[NEW][too_early] = 0.0
    month_amount *= inputs.ramp[inputs.account_rep]

    account_count, rep_count = len(inputs.account_rep), len(inputs.rep_ids)
    covers = csr_array(
        (np.ones(account_count), (inputs.account_rep, np.arange(account_count))),
        shape=(rep_count, account_count),
    )
    amount = np.stack([covers @ by_type for by_type in month_amount], axis=2)
    account_year = month_amount.sum(axis=(0, 2))
    return ExpectedBusiness(
        amount=amount,
        own_variance=policy.account_cv**2 * (covers @ account_year**2),
        has_book=np.bincount(inputs.account_rep, minlength=rep_count) > 0,
    )


def standard_deviation(
    amount: NDArray[np.float64], own_variance: NDArray[np.float64], policy: QuotaPolicy
) -> NDArray[np.float64]:
    """Return the standard deviation of yearly totals: own noise plus the shared shock.

    Args:
        amount: Expected yearly amounts of reps, groups or the company, any shape.
        own_variance: Sum of the account variances behind each, same shape.
        policy: Holds shared_shock_rate.
    """
    return np.sqrt(own_variance + (policy.shared_shock_rate * amount) ** 2)
