"""Compensation plans: what a role earns on what it books."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.arrays import FloatArray


@dataclass(frozen=True)
class CompPlan:
    """What a role earns.

    Attributes:
        role: Role as HR names it.
        commission_rate: Share of booked amount paid out up to quota; None derives the rate at
            which the role's quotas earn its variable pay, the same for everyone in the role.
        ote_amount: Yearly on-target earnings, None where unknown.
        variable_share: Share of them that is variable (the mix), None where unknown.
        accelerators: Pairs (attainment, multiplier): from that share of quota on, further
            bookings earn multiplier x rate. Ascending.
        cap_attainment: Bookings beyond this share of quota earn nothing; None caps nothing.
        quota_ote_band: Lowest and highest usual ratio of yearly quota to on-target earnings.
    """

    role: str
    commission_rate: float | None
    ote_amount: float | None = None
    variable_share: float | None = None
    accelerators: tuple[tuple[float, float], ...] = ()
    cap_attainment: float | None = None
    quota_ote_band: tuple[float, float] = (4.0, 6.0)


def rate_of(plan: CompPlan, quotas: FloatArray, year_share: float) -> float:
    """Return the share of bookings the role earns, one rate for all of it.

    When a territory changes, only quotas need to change: rates stay equal within a role
    (Zoltners, Sinha, Lorimer, "The Complete Guide to Sales Force Incentive Compensation").

    Args:
        plan: The role's plan.
        quotas: Quotas of the plan's months of everyone in the role, currency units; shape (n,).
        year_share: Share of a year that the quotas cover.
    """
    if plan.commission_rate is not None:
        return plan.commission_rate
    carried = quotas[quotas > 0]
    if plan.ote_amount is None or plan.variable_share is None or not carried.size:
        return 0.0
    target_pay = plan.ote_amount * plan.variable_share * year_share
    return float(target_pay * carried.size / carried.sum())


def variable_pay(
    plan: CompPlan,
    rate: float,
    bookings: FloatArray,
    quotas: FloatArray,
) -> FloatArray:
    """Return pay for bookings, accelerators and cap included.

    Without a quota every booking earns the plain rate: there is nothing to exceed.

    Args:
        plan: The role's plan.
        rate: From ``rate_of``.
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
