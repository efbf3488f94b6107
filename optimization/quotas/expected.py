"""What each rep's book is expected to bring, month by month, and how unsure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from optimization.arrays import BoolArray, FloatArray, ratio
from optimization.policy import QuotaPolicy
from optimization.quotas.inputs import QuotaInputs
from optimization.values.seasons import NEW


@dataclass(frozen=True)
class ExpectedBusiness:
    """Expected won amounts in currency units; R reps, M months, A accounts.

    Deals won are taken as a Poisson count per account, month and type, their values as
    log-normal around the account's own: the variance of a sum is then
    sum(count x value^2) x (1 + cv of values^2), plus what the level of each account is unsure.

    Attributes:
        account_amount: By type, account and month; shape (2, A, M).
        account_square: Sum of count x value^2 likewise; shape (2, A, M).
        uncovered_amount: What customers whom nobody covers go on ordering; shape (U, M).
        pipeline_amount: Part of it from open deals of new business, by rep and month; (R, M).
        amount: By rep, month and revenue type; shape (R, M, 2).
        count: Expected number of won deals; shape (R, M, 2).
        square: Sum of count x value^2; shape (R, M, 2).
        level_variance: Variance of a rep's total because accounts' levels are unsure; (R,).
        has_book: Whether the rep covers any account; shape (R,).
    """

    account_amount: FloatArray
    account_square: FloatArray
    uncovered_amount: FloatArray
    pipeline_amount: FloatArray
    amount: FloatArray
    count: FloatArray
    square: FloatArray
    level_variance: FloatArray
    has_book: BoolArray

    @property
    def uncovered(self) -> float:
        """Sum of what nobody covers."""
        return float(self.uncovered_amount.sum())

    def own_variance(self, value_cv: float) -> FloatArray:
        """Return the variance of each rep's total from its own accounts alone; shape (R,)."""
        chance: FloatArray = (1 + value_cv**2) * self.square.sum(axis=(1, 2))
        return chance + self.level_variance


def expected_business(inputs: QuotaInputs, policy: QuotaPolicy) -> ExpectedBusiness:
    """Sum what each rep's accounts are expected to bring, by month and revenue type.

    By the formulas of ``optimization.values.months``, which the worth of every pair follows too.
    What is yet to be begun and what is open are two parts of one month's business, so that no deal
    counts twice. Business of a new coverer's first months is not made up for later, because deals
    that slip past the year's end are not won this year: late coverage earns less now.

    Accounts are taken as independent; what moves them together is added by the simulation.

    Args:
        inputs: Accounts, seasons, cycles, open deals.
        policy: How unsure the level of an account is.
    """
    months, rep, kind = inputs.value_months, inputs.account_rep, inputs.account_kind
    served, alone = months.existing_rates(kind, rep)
    new, existing, unserved = inputs.account_amount.T[:, :, None]
    created = np.stack(
        [
            new * months.new_rate(kind, rep, inputs.account_is_moved),
            existing * served + unserved * alone,
        ]
    )  # (2, A, M)
    open_amount, open_wins, open_square = months.handed_over(
        inputs.pipeline, kind, rep, inputs.account_is_moved
    )
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
        account_square=square,
        uncovered_amount=inputs.uncovered_amount,
        pipeline_amount=covers @ open_amount,
        amount=_by_rep(covers, month_amount),
        count=_by_rep(covers, wins),
        square=_by_rep(covers, square),
        level_variance=policy.account_cv**2 * (covers @ account_total**2),
        has_book=np.bincount(inputs.account_rep, minlength=rep_count) > 0,
    )


def _by_rep(covers: csr_array, values: FloatArray) -> FloatArray:
    return np.stack([covers @ by_type for by_type in values], axis=2)
