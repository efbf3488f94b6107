"""Which share of a year's business a month brings under a coverer.

    new       a year's x share of the month x share of it not begun yet x ability,
              from the first month on in which a new coverer's own deals can close
    open      what open deals are expected to bring in the month x ability; of a new coverer, what
              would have been won before that first month is won in it: the deals are handed over
    existing  a year's under the coverer x share of the month x ability
              + a year's under nobody x share of the month x (1 - ability)

Ability is the share of full productivity that a coverer has in a month: ramp, absence and notice by
day; a partner's is 1 and nobody's is 0. A coverer who is new to an account begins in the first
month of any ability, and a deal begun then closes a sales cycle later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Months:
    """Months, kinds of accounts and abilities; M months, K kinds, R coverers.

    Attributes:
        share: Share of a year's business by type, kind and month, shape (2, K, M).
        later: Share of a month's new business that is not begun yet, shape (K, M).
        cycle: Whole months from beginning a deal to winning it, shape (K,).
        ability: Share of full productivity, shape (R, M).
    """

    share: FloatArray
    later: FloatArray
    cycle: IntArray
    ability: FloatArray

    @property
    def begins(self) -> IntArray:
        """First month of any ability, 0 where there is none; shape (R,)."""
        works = self.ability > 0
        return np.where(works.any(axis=1), works.argmax(axis=1), 0).astype(np.int64)

    def first(self, kind: IntArray, coverer: IntArray) -> IntArray:
        """First month in which a new coverer's own deals can close; shapes broadcast."""
        return np.asarray(self.begins[coverer] + self.cycle[kind], dtype=np.int64)

    def new_rate(self, kind: IntArray, coverer: IntArray, is_new: BoolArray) -> FloatArray:
        """Share of a year's new business by month; (N,) each in, (N, M) out."""
        count = self.ability.shape[1]
        early = is_new[:, None] & (np.arange(count) < self.first(kind, coverer)[:, None])
        rate = self.share[0, kind] * self.later[kind] * self.ability[coverer]
        return np.where(early, 0.0, rate)

    def existing_rates(self, kind: IntArray, coverer: IntArray) -> tuple[FloatArray, FloatArray]:
        """Shares of a year's existing business under the coverer and under nobody; (N, M) each."""
        share, ability = self.share[1, kind], self.ability[coverer]
        return share * ability, share * (1.0 - ability)

    def handed_over(
        self, open_: FloatArray, kind: IntArray, coverer: IntArray, is_new: BoolArray
    ) -> FloatArray:
        """What open deals bring by month.

        Args:
            open_: Expected of them by month if nothing changes, shape (..., N, M).
            kind: Kind of each account, shape (N,).
            coverer: Coverer of each account, shape (N,).
            is_new: The coverer is new to the account, shape (N,).

        Returns:
            Shape (..., N, M).
        """
        count = self.ability.shape[1]
        first = self.first(kind, coverer)
        early = is_new[:, None] & (np.arange(count) < first[:, None])
        moved = np.where(early, 0.0, open_)
        late = np.where(early, open_, 0.0).sum(axis=-1)
        lands = np.flatnonzero(is_new & (first < count))
        moved[..., lands, first[lands]] += late[..., lands]
        return np.asarray(moved * self.ability[coverer], dtype=np.float64)
