"""Compensation plans: what a role earns on what it books."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.arrays import FloatArray, ratio


@dataclass(frozen=True)
class CompPlan:
    """What a role earns.

    Attributes:
        role: Role as HR names it.
        commission_rate: Share of booked amount paid out up to quota; None derives the rate at
            which the role's quotas earn its variable pay, the same for everyone in the role.
        is_individual: The rate left open is each person's own: variable pay / own quota, so that
            whoever reaches the quota earns the variable part.
        ote_amount: Yearly on-target earnings, None where unknown.
        variable_share: Share of them that is variable (the mix), None where unknown.
        accelerators: Pairs (attainment, multiplier): from that share of quota on, further
            bookings earn multiplier x rate. Ascending.
        cap_attainment: Bookings beyond this share of quota earn nothing; None caps nothing.
        rollup_multiple: What people of the role without accounts carry together, in multiples of
            what the reps of their group carry.
        quota_ote_band: Lowest and highest usual ratio of yearly quota to on-target earnings.
    """

    role: str
    commission_rate: float | None
    is_individual: bool = False
    ote_amount: float | None = None
    variable_share: float | None = None
    accelerators: tuple[tuple[float, float], ...] = ()
    cap_attainment: float | None = None
    quota_ote_band: tuple[float, float] = (4.0, 6.0)
    rollup_multiple: float = 1.0


def rate_of(plan: CompPlan, quotas: FloatArray, paid_years: FloatArray) -> FloatArray:
    """Return the share of bookings that each person of a role earns; shape (n,).

    When a territory changes, only quotas need to change: rates stay equal within a role unless
    the plan says otherwise (Zoltners, Sinha, Lorimer, "The Complete Guide to Sales Force
    Incentive Compensation"). Whoever has no quota earns the role's common rate.

    Args:
        plan: The role's plan.
        quotas: Quotas of the plan's months of everyone in the role, currency units; shape (n,).
        paid_years: Years that each is paid for in those months, of which quotas are asked; (n,).
    """
    if plan.commission_rate is not None:
        return np.full(len(quotas), plan.commission_rate)
    has_quota = quotas > 0
    if plan.ote_amount is None or plan.variable_share is None or not has_quota.any():
        return np.zeros(len(quotas))
    target = plan.ote_amount * plan.variable_share * paid_years
    common = target[has_quota].sum() / quotas[has_quota].sum()
    return ratio(target, quotas, common) if plan.is_individual else np.full(len(quotas), common)


def variable_pay(
    plan: CompPlan,
    rate: FloatArray,
    bookings: FloatArray,
    quotas: FloatArray,
) -> FloatArray:
    """Return pay for bookings, accelerators and cap included.

    Without a quota every booking earns the plain rate: there is nothing to exceed.

    Args:
        plan: The role's plan.
        rate: From ``rate_of``; shape (n,).
        bookings: Booked amounts; shape (S, n).
        quotas: Quotas of the same months; shape (n,).

    Returns:
        Amounts, shape (S, n).
    """
    has_quota = quotas > 0
    counted = bookings
    if plan.cap_attainment is not None:
        cap = np.where(has_quota, plan.cap_attainment * quotas, np.inf)
        counted = np.minimum(bookings, cap)
    pay = rate * counted
    multiplier = 1.0
    for start, next_multiplier in plan.accelerators:
        begins = np.where(has_quota, start * quotas, np.inf)
        pay += rate * (next_multiplier - multiplier) * np.maximum(counted - begins, 0.0)
        multiplier = next_multiplier
    return pay
