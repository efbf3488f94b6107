"""Exact money: amounts as whole cents, and splits of a total that keep it to the cent.

Belongs here: integer arithmetic on money. Does not belong here: deciding who deserves which
share. Everything is done in Python integers, because a float carries a total of 10^15 cents
to about a cent only, and a sum that is off by one cent is a wrong sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from numpy.typing import NDArray

# Published amounts are doubles. Up to twice this (a buffer is at most 100 %) a double holds
# every cent even after a multiplication by 100; from 2^53 on it holds no single cents at all.
MAX_GOAL_CENTS = 10**15
WEIGHT_BITS = 50


def to_cents(amount: object) -> int:
    """Round an amount in currency units to whole cents, half to even."""
    hundredths = Decimal(str(amount)) * 100
    return int(hundredths.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def to_amounts(cents: Iterable[int]) -> NDArray[np.float64]:
    """Turn whole cents into the doubles nearest to them in currency units."""
    return np.array([cent / 100 for cent in cents], dtype=np.float64)


def with_buffer(cents: int, rate: float) -> int:
    """Return (1 + rate) x cents, exactly, rounded half to even to a whole cent.

    The rate counts as the decimal it is written as: 0.1 is one tenth, not the nearest double.
    """
    buffered = Decimal(cents) * (1 + Decimal(str(rate)))
    return int(buffered.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def apportion(total: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Split whole cents in proportion to weights by largest remainder (Hamilton's method).

    Every part is within one cent of its proportional share, a part of weight 0 gets 0, and
    the parts sum to the total. Equal remainders go to the earlier position, so that the
    result depends on nothing but the order of the weights.

    Args:
        total: Cents to split, not negative.
        weights: Shape (n,), not negative, finite; not all 0 unless the total is 0.

    Returns:
        Cents, shape (n,).

    Raises:
        ValueError: A total without a positive weight to carry it.
    """
    if total == 0:
        return np.zeros(len(weights), dtype=np.int64)
    largest = float(weights.max(initial=0.0))
    if not 0 < largest < np.inf:
        raise ValueError(f"{total} cents have no positive, finite weight to carry them")
    whole = [int(weight) for weight in np.rint(weights / largest * 2.0**WEIGHT_BITS)]
    divisor = sum(whole)
    parts = [total * weight // divisor for weight in whole]
    remainders = [total * weight % divisor for weight in whole]
    by_remainder = sorted(range(len(whole)), key=lambda position: -remainders[position])
    for position in by_remainder[: total - sum(parts)]:
        parts[position] += 1
    return np.array(parts, dtype=np.int64)
