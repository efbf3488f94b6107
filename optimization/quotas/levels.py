"""One level of the outlook - company, groups or reps - as arrays, one value per entity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimization.arrays import FloatArray
from optimization.backtest.verdict import CALIBRATED


@dataclass(frozen=True)
class Level:
    """The entities of one level, n of them; amounts in currency units.

    Attributes:
        name: company, group or rep.
        entity_ids: Names; length n.
        own_rates: The plan's own buffers; shape (n,).
        own_targets: Target (company, groups) or quota (reps); shape (n,).
        draws: Simulated bookings; shape (S, n).
        own_effort: What the own buffer makes of bookings; shape (n,).
        padding: 1 where the target itself grows with the buffer (reps), else 0.
        verdicts: ``calibrated``, or why an entity's chance is not said; length n.
        top_rates: Share of the largest account in what is expected; shape (n,).
    """

    name: str
    entity_ids: tuple[str, ...]
    own_rates: FloatArray
    own_targets: FloatArray
    draws: FloatArray
    own_effort: FloatArray
    padding: int
    verdicts: list[str]
    top_rates: FloatArray

    @property
    def is_said(self) -> NDArray[np.bool_]:
        """Tell of each entity whether its chance is said; shape (n,)."""
        return np.array([verdict == CALIBRATED for verdict in self.verdicts], dtype=np.bool_)
