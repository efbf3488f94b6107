"""What each rep's book is expected to bring, month by month, and how unsure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from optimization.arrays import BoolArray, FloatArray, ratio
from optimization.policy import QuotaPolicy
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.seasons import NEW


@dataclass(frozen=True)
class ExpectedBusiness:
    """Expected won amounts in currency units; R reps, M months, A accounts.

    Deals won are taken as a Poisson count per account, month and type, their values as
    log-normal around the account's own: the variance of a sum is then
    sum(count x value^2) x (1 + cv of values^2), plus what the level of each account is unsure.

    Attributes:
        account_amount: By type, account and month; shape (2, A, M).
        pipeline_amount: Part of it from open deals of new business, by rep and month; (R, M).
        amount: By rep, month and revenue type; shape (R, M, 2).
        count: Expected number of won deals; shape (R, M, 2).
        square: Sum of count x value^2; shape (R, M, 2).
        level_variance: Variance of a rep's total because accounts' levels are unsure; (R,).
        has_book: Whether the rep covers any account; shape (R,).
        uncovered: What customers whom nobody covers go on ordering.
    """

    account_amount: FloatArray
    pipeline_amount: FloatArray
    amount: FloatArray
    count: FloatArray
    square: FloatArray
    level_variance: FloatArray
    has_book: BoolArray
    uncovered: float

    def own_variance(self, value_cv: float) -> FloatArray:
        """Return the variance of each rep's total from its own accounts alone; shape (R,)."""
        chance: FloatArray = (1 + value_cv**2) * self.square.sum(axis=(1, 2))
        return chance + self.level_variance


def expected_business(
    inputs: QuotaInputs, policy: QuotaPolicy, growth_rate: float = 0.0
) -> ExpectedBusiness:
    """Sum what each rep's accounts are expected to bring, by month and revenue type.

    existing = a year's amount x growth x share of the month x ramp of the rep;
    new = (a year's amount x growth x share of the month x share of it that has yet to be begun
    + open deals x chance of being won in the month) x ramp. What is yet to be begun and what is
    open are two parts of one month's business, so that no deal counts twice.

    An account that changes coverer brings no new business before its segment's sales cycle has
    passed since the first month in which the new coverer works: a deal opened then closes cycle
    months later. Its open deals are handed over: what would have been won earlier is expected in
    the first month after. Other business of those months is not made up for later, because deals
    that slip past the year's end are not won this year: late coverage earns less now.

    Accounts are taken as independent; what moves them together is added by the simulation.

    Args:
        inputs: Accounts, seasons, cycles, open deals.
        policy: How unsure the level of an account is.
        growth_rate: Growth over the level that accounts' amounts were measured at.
    """
    created = inputs.account_amount.T[:, :, None] * inputs.share[:, inputs.account_profile, :]
    created *= 1 + growth_rate  # (2, A, M)
    created[NEW] *= inputs.later_share[inputs.account_key]
    pipeline = inputs.pipeline.copy()
    _hold_back(inputs, created[NEW], pipeline)
    ramp = inputs.ramp[inputs.account_rep]
    created *= ramp
    open_amount, open_wins, open_square = pipeline * ramp
    month_amount = created.copy()
    month_amount[NEW] += open_amount

    account_count, rep_count = len(inputs.account_rep), len(inputs.rep_ids)
    covers = csr_array(
        (np.ones(account_count), (inputs.account_rep, np.arange(account_count))),
        shape=(rep_count, account_count),
    )
    deal = inputs.account_deal.T[:, :, None]
    wins = ratio(created, deal)
    square = created * deal
    wins[NEW] += open_wins
    square[NEW] += open_square
    account_total = created.sum(axis=(0, 2))
    return ExpectedBusiness(
        account_amount=month_amount,
        pipeline_amount=covers @ open_amount,
        amount=_by_rep(covers, month_amount),
        count=_by_rep(covers, wins),
        square=_by_rep(covers, square),
        level_variance=policy.account_cv**2 * (covers @ account_total**2),
        has_book=np.bincount(inputs.account_rep, minlength=rep_count) > 0,
        uncovered=(1 + growth_rate) * float(inputs.uncovered_amount.sum()),
    )


def _hold_back(inputs: QuotaInputs, created: FloatArray, pipeline: FloatArray) -> None:
    """Keep moved accounts' new business out of the months before the cycle has passed.

    Args:
        inputs: Which accounts move, their cycles, when reps first work.
        created: New business yet to be begun, shape (A, M); set to 0 in those months.
        pipeline: Open deals, shape (3, A, M); moved to the first month after them.
    """
    works = inputs.ramp > 0
    begins = np.where(works.any(axis=1), works.argmax(axis=1), 0)[inputs.account_rep]
    first = begins + np.floor(inputs.cycle_months).astype(np.intp)[inputs.account_key]
    count = len(inputs.months)
    early = inputs.account_is_moved[:, None] & (np.arange(count)[None, :] < first[:, None])
    created[early] = 0.0
    late = np.where(early, pipeline, 0.0).sum(axis=2)
    pipeline[:, early] = 0.0
    lands = np.flatnonzero(inputs.account_is_moved & (first < count))
    pipeline[:, lands, first[lands]] += late[:, lands]


def _by_rep(covers: csr_array, values: FloatArray) -> FloatArray:
    return np.stack([covers @ by_type for by_type in values], axis=2)
