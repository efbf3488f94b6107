"""What last year's quotas and on-target earnings ask of this year's, and why they cannot hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimization.arrays import BoolArray, FloatArray
from optimization.errors import InfeasibleError, Shortfall
from optimization.policy import QuotaPolicy


@dataclass(frozen=True)
class Bands:
    """Wishes and limits on the quota of a rep's plan months; cents, R reps.

    Attributes:
        reference: Last year's quota x the change of the book, NaN where unknown; shape (R,).
        lower: Hard lower limit, 0 where there is none; shape (R,).
        upper: Hard upper limit, infinite where there is none; shape (R,).
        first_year: Most for a book that is mostly taken over, infinite without; shape (R,).
        ote_low: Lower end of the role's band of quota to on-target earnings, 0 without; (R,).
        ote_high: Its upper end, infinite without; (R,).
    """

    reference: FloatArray
    lower: FloatArray
    upper: FloatArray
    first_year: FloatArray
    ote_low: FloatArray
    ote_high: FloatArray


def no_bands(rep_count: int) -> Bands:
    """Return bands that ask for nothing."""
    unknown, zero = np.full(rep_count, np.nan), np.zeros(rep_count)
    infinite = np.full(rep_count, np.inf)
    return Bands(unknown, zero, infinite, infinite, zero, infinite)


def bands_of(
    last_quota: FloatArray,
    book_before: FloatArray,
    book_after: FloatArray,
    first_year: FloatArray,
    ote_band: FloatArray,
    policy: QuotaPolicy,
) -> Bands:
    """Build the bands of every rep.

    A quota may change with its book: where the book grew by a fifth, last year's quota grown
    by a fifth is no change. The limits reach from the smaller to the larger of the two, a
    band's width beyond (a new band, or one for a rep without last year's quota, is open).

    Args:
        last_quota: Last year's quota over the plan's months in cents, NaN where unknown; (R,).
        book_before: What the rep's accounts of record are expected to bring; shape (R,).
        book_after: What the accounts of the plan are expected to bring; shape (R,).
        first_year: Most for a book that is mostly taken over, infinite without; shape (R,).
        ote_band: Lower and upper end in cents, NaN where the role states none; shape (R, 2).
        policy: year_on_year_band.
    """
    known = np.isfinite(last_quota) & (last_quota > 0) & (book_before > 0) & (book_after > 0)
    change = np.divide(book_after, book_before, out=np.ones_like(book_after), where=known)
    reference = np.where(known, last_quota * change, np.nan)
    lower, upper = np.zeros(len(known)), np.full(len(known), np.inf)
    if policy.year_on_year_band is not None:
        width = policy.year_on_year_band
        lower[known] = (last_quota * np.minimum(change, 1) * max(0, 1 - width))[known]
        upper[known] = (last_quota * np.maximum(change, 1) * (1 + width))[known]
    return Bands(
        reference=reference,
        lower=lower,
        upper=upper,
        first_year=first_year,
        ote_low=np.where(np.isnan(ote_band[:, 0]), 0.0, ote_band[:, 0]),
        ote_high=np.where(np.isnan(ote_band[:, 1]), np.inf, ote_band[:, 1]),
    )


def require_room(
    bands: Bands,
    year: FloatArray,
    rep_group: NDArray[np.intp],
    group_ids: tuple[str, ...],
    rates: tuple[float, ...],
    policy: QuotaPolicy,
) -> None:
    """Refuse year-on-year limits that no division of a group's quota can meet.

    Args:
        bands: Limits of each rep.
        year: Fair share of the plan's months in cents; reps without one carry nothing; (R,).
        rep_group: Position of each rep's group; shape (R,).
        group_ids: Names of the groups.
        rates: Buffer of each group.
        policy: year_on_year_band.

    Raises:
        InfeasibleError: For each such group the amount, and the repair that relaxes least.
    """
    if policy.year_on_year_band is None:
        return
    shortfalls = []
    for group, name in enumerate(group_ids):
        members = (rep_group == group) & (year > 0)
        quota = year[members].sum()
        least, most = bands.lower[members].sum(), bands.upper[members].sum()
        short, spare = quota - most, least - quota
        if max(short, spare) <= 0.5 * members.sum():
            continue
        known = np.isfinite(bands.reference[members])
        width = _needed_width(bands, members, quota, policy.year_on_year_band)
        missing = max(short, spare) / 100
        if short > 0:
            rule = f"quotas may rise by {policy.year_on_year_band:.1%} at most"
            unit = "of quota have no rep who may carry them"
            target = f"lower the group's target by {missing / (1 + rates[group]):,.2f}"
            buffer = (1 + rates[group]) * most / quota - 1
            others = [target]
            if buffer >= 0:
                others.insert(0, f"lower its over_assignment_rate to {buffer:.4f}")
        else:
            rule = f"quotas may fall by {policy.year_on_year_band:.1%} at most"
            unit = "of quota are wanting"
            others = [f"raise the group's target by {missing / (1 + rates[group]):,.2f}"]
        shortfalls.append(
            Shortfall(
                rule=rule,
                entity=f"group {name} ({int(known.sum())} reps with a quota of last year)",
                amount=missing,
                unit=unit,
                repair=f"Cheapest: set quotas.year_on_year_band to {width:.4f}; or "
                + ", or ".join(others)
                + ".",
            )
        )
    if shortfalls:
        raise InfeasibleError(shortfalls)


def _needed_width(bands: Bands, members: BoolArray, quota: float, present: float) -> float:
    """Return the smallest band under which the group's quota can be divided, to 4 decimals."""
    if quota > bands.upper[members].sum():
        width = quota / (bands.upper[members].sum() / (1 + present)) - 1
    else:
        width = 1 - quota / (bands.lower[members].sum() / (1 - present))
    return float(np.ceil(round(width * 10_000, 3)) / 10_000)
