"""Exact money: amounts as whole cents, and splits of a total that keep it to the cent.

Everything is done in Python integers, because a float carries a total of 10^15 cents
to about a cent only, and a sum that is off by one cent is a wrong sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from optimization.arrays import FloatArray, IntArray, ratio

# Published amounts are doubles. Up to twice this (a buffer is at most 100 %) a double holds
# every cent even after a multiplication by 100; from 2^53 on it holds no single cents at all.
MAX_GOAL_CENTS = 10**15
WEIGHT_BITS = 50
FITTING_STEPS = 500
FITTING_ERROR = 1e-9
ROUNDING_ROOM = 2


def to_cents(amount: object) -> int:
    """Round an amount in currency units to whole cents, half to even."""
    hundredths = Decimal(str(amount)) * 100
    return int(hundredths.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def to_amounts(cents: Iterable[int]) -> FloatArray:
    """Turn whole cents into the doubles nearest to them in currency units."""
    return np.array([cent / 100 for cent in cents], dtype=np.float64)


def with_buffer(cents: int, rate: float) -> int:
    """Return (1 + rate) x cents, exactly, rounded half to even to a whole cent.

    The rate counts as the decimal it is written as: 0.1 is one tenth, not the nearest double.
    """
    buffered = Decimal(cents) * (1 + Decimal(str(rate)))
    return int(buffered.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def apportion(total: int, weights: FloatArray) -> IntArray:
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


def apportion_table(
    rows: Sequence[int], columns: Sequence[int], weights: FloatArray
) -> IntArray | None:
    """Split cents over a table so that both margins hold, as near to the weights as can be.

    Iterative proportional fitting finds the amounts, controlled rounding (a transportation
    program, whose vertices are whole) the cents: every cell is within some cents of its amount.

    Args:
        rows: Sum of each row in cents.
        columns: Sum of each column in cents; the same total as the rows.
        weights: Shape (rows, columns), not negative; a cell of weight 0 stays 0.

    Returns:
        Cents of the same shape, or None where no such table exists.
    """
    row, column = np.array(rows, dtype=np.float64), np.array(columns, dtype=np.float64)
    amount = weights.astype(np.float64)
    for _ in range(FITTING_STEPS):
        for axis, margin in ((1, row), (0, column)):
            total = amount.sum(axis=axis)
            scale = ratio(margin, total)
            amount *= np.expand_dims(scale, axis)
    room = ROUNDING_ROOM + np.floor(amount * FITTING_ERROR)
    whole = np.maximum(np.floor(amount) - room, 0).astype(np.int64)
    row_left = [total - sum(part) for total, part in zip(rows, whole.tolist(), strict=True)]
    column_left = [total - sum(part) for total, part in zip(columns, whole.T.tolist(), strict=True)]
    cell_rows, cell_columns = np.nonzero(weights)
    if not len(cell_rows) or min(*row_left, *column_left) < 0:
        return np.zeros_like(whole) if not any(rows) and not any(columns) else None
    cell = np.arange(len(cell_rows))
    sums = vstack(
        [
            csr_array((np.ones(len(cell)), (cell_rows, cell)), shape=(len(rows), len(cell))),
            csr_array((np.ones(len(cell)), (cell_columns, cell)), shape=(len(columns), len(cell))),
        ]
    )
    # Leftover cents go where the amount is furthest above its whole part; the far ones cost more.
    above = (amount - whole)[cell_rows, cell_columns]
    result = linprog(
        -above,
        A_eq=sums.toarray(),
        b_eq=[*row_left, *column_left],
        method="highs",
    )
    if result.status != 0 or result.x is None:
        return None
    exact: IntArray = whole
    exact[cell_rows, cell_columns] += np.rint(result.x).astype(np.int64)
    return exact
