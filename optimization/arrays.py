"""Names for the arrays that functions pass to each other, and a division that both planners do."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any], otherwise: float = 0.0) -> FloatArray:
    """Return part / whole, shapes broadcast, and ``otherwise`` where the whole is not positive."""
    out = np.full(np.broadcast_shapes(part.shape, whole.shape), otherwise)
    divided: FloatArray = np.divide(part, whole, out=out, where=whole > 0)
    return divided
