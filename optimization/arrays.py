"""Names for the arrays that functions pass to each other, and a division that both planners do."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def spread_out(first: IntArray, size: IntArray) -> IntArray:
    """Return first, first + 1, ..., size of them, for each run in turn; shape (sum of sizes,)."""
    inside = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return np.asarray(np.repeat(first, size) + inside, dtype=np.int64)


def ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any], otherwise: float = 0.0) -> FloatArray:
    """Return part / whole, shapes broadcast, and ``otherwise`` where the whole is not positive."""
    out = np.full(np.broadcast_shapes(part.shape, whole.shape), otherwise)
    divided: FloatArray = np.divide(part, whole, out=out, where=whole > 0)
    return divided
