"""What pairs of account and coverer are worth, in parts that add up.

One function values a list of pairs and a block of every coverer for some accounts alike: accounts
and coverers are places whose shapes broadcast, (N,) and (N,) or (B, 1) and (1, R).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.values.model import ValueModel


@dataclass(frozen=True, eq=False)
class PairParts:
    """Amounts over the planning horizon in company currency; one value per pair.

    Attributes:
        segment: Expected contribution of the account whoever covers it.
        strength: What the coverer's measured strengths add or take.
        absence: Lost because the coverer is away, ramping or gone in some months.
        disruption: Lost because the coverer is new to the account.
        soft_rule: Lost because the coverer lacks a certificate wished for.
        cost: The partner's margin share.
        new_year: New business a year under the coverer.
        existing_year: Existing business a year under the coverer.
        unserved_year: Existing business a year under nobody.
        won: Size of the contribution that strengths and rates decide on.
        win_rate: Mean probability that the coverer wins a deal.
        similarity: Overlap of the coverer's experience with the owner's, 0 to 1.
    """

    segment: FloatArray
    strength: FloatArray
    absence: FloatArray
    disruption: FloatArray
    soft_rule: FloatArray
    cost: FloatArray
    new_year: FloatArray
    existing_year: FloatArray
    unserved_year: FloatArray
    won: FloatArray
    win_rate: FloatArray
    similarity: FloatArray

    @property
    def value(self) -> FloatArray:
        """Expected contribution, net of everything; one value per pair."""
        lost = self.absence + self.disruption + self.soft_rule + self.cost
        return np.asarray(self.segment + self.strength - lost, dtype=np.float64)


class PairValues:
    """Values pairs of a model; sums over months are made once per kind and coverer."""

    def __init__(self, model: ValueModel) -> None:
        self.model = model
        months, counts = model.months, model.counts
        kinds, coverers = months.share.shape[1], len(model.coverer_id)
        kind = np.repeat(np.arange(kinds), coverers)
        coverer = np.tile(np.arange(coverers), kinds)
        known = np.zeros(len(kind), dtype=np.bool_)

        def by_kind(rate: FloatArray) -> FloatArray:
            return (rate @ counts).reshape(kinds, coverers)

        served, alone = months.existing_rates(kind, coverer)
        self._new_kept = by_kind(months.new_rate(kind, coverer, known))
        self._new_moved = by_kind(months.new_rate(kind, coverer, ~known))
        self._served, self._alone = by_kind(served), by_kind(alone)
        self._new_full = (months.share[0] * months.later) @ counts  # (K,)
        self._existing_full = months.share[1] @ counts
        # What one unit of open business of each month brings, once it is handed over: (D, R, M).
        self._cycles, self._cycle_of = np.unique(months.cycle, return_inverse=True)
        unit = np.eye(len(counts))[:, None, :]
        some_kind = np.array([np.flatnonzero(months.cycle == c)[0] for c in self._cycles])
        self._open_moved = np.stack(
            [
                months.handed_over(
                    unit,
                    np.full(coverers, some),
                    np.arange(coverers),
                    np.ones(coverers, dtype=np.bool_),
                )
                @ counts
                for some in some_kind
            ]
        ).transpose(0, 2, 1)  # (D, M, R) to (D, R, M)
        self._open_kept = months.ability * counts
        # The last row serves reps and the house, who fit any size band.
        self._fits_band = np.vstack([model.fits_partner, np.ones(len(model.account_id), np.bool_)])
        partners = pd.Index([partner.partner_id for partner in model.policy.partners])
        self._partner_of = partners.get_indexer(model.coverer_id)

    def of(self, account: IntArray, coverer: IntArray) -> PairParts:
        """Value pairs; shapes broadcast.

        Where what is sold brings a loss, business that is lost is not counted as a gain: nothing
        rewards losing it. A rep who brings less than customers order by themselves gains by being
        away: such an absence is negative.
        """
        m = self.model
        kind, profile = m.kind[account], m.profile[account]
        is_house, is_rep = coverer == m.house, m.is_rep[coverer]
        is_present = m.present[account] == coverer
        has_present = m.present[account] >= 0
        is_used = is_rep & m.is_counted
        new, existing = m.amount[0, account], m.amount[1, account]
        margin = m.margin[account]
        unserved = existing * (1 - m.policy.uncovered_loss_rate)
        open_ = m.open_business[account] @ m.counts

        new_factor, existing_factor = (
            np.where(is_used, self._factor(name, profile, account, coverer), 1.0)
            for name in ("new_won_value_rate", "existing_won_value_rate")
        )
        own_margin = m.rates["margin_rate"][profile, coverer] + m.margin_difference[account]
        won_margin = np.where(is_used & ~np.isnan(own_margin), own_margin, margin)
        similarity = np.where(has_present, m.similarity[m.present[account], coverer], 0.0)
        is_disrupted = has_present & ~is_present & ~is_house & ~m.is_stale[account]
        kept_rate = np.where(is_disrupted, 1 - m.policy.disruption_rate * (1 - similarity), 1.0)
        lacking = np.minimum(self._dot(m.asked_loss, m.lacks, account, coverer), 1.0)

        new_year, existing_year = new * new_factor, existing * existing_factor
        alone = unserved * self._alone[kind, coverer]
        anyone = new * self._new_full[kind] + existing * self._existing_full[kind] + open_
        able = new_year * self._new_full[kind] + existing_year * self._existing_full[kind] + open_
        served = existing_year * self._served[kind, coverer]
        worked = new_year * self._new_kept[kind, coverer] + served
        kept = worked + alone + self._dot(m.open_business, self._open_kept, account, coverer)
        moved = new_year * self._new_moved[kind, coverer] + served * kept_rate
        is_new = ~is_present & ~is_house
        worked = np.where(is_new, moved, worked)
        moved = moved + alone + self._handed_over(account, coverer)
        # Whoever takes an account over late finds deals that would have closed while away.
        kept = np.where(is_new, np.maximum(kept, moved), kept)
        gainful = np.maximum(won_margin, 0.0)
        reached = np.where(is_new, moved, kept) * gainful
        # What customers order by themselves and what is open already need no certificate.
        soft = lacking * worked * gainful
        return PairParts(
            segment=np.where(is_house, alone, anyone) * margin,
            # Exactly nothing where no strength counts, not the rounding of two equal sums.
            strength=np.where(is_used, able * won_margin - anyone * margin, 0.0),
            absence=np.where(is_house, 0.0, (able - kept) * gainful),
            disruption=np.where(is_new, (kept - moved) * gainful, 0.0),
            soft_rule=soft,
            cost=m.margin_share[coverer] * np.maximum(reached - soft, 0.0),
            new_year=np.where(is_house, 0.0, new_year * (1 - lacking)),
            existing_year=np.where(is_house, unserved, existing_year * kept_rate * (1 - lacking)),
            unserved_year=unserved + np.zeros_like(kept),
            won=np.abs(np.where(is_house, alone, able) * won_margin),
            win_rate=self._win_rate(profile, account, coverer),
            similarity=similarity,
        )

    def is_eligible(self, account: IntArray, coverer: IntArray) -> BoolArray:
        """Pairs that no rule of the company file closes; decisions and locks aside.

        A partner keeps an account that it has outside its size bands, and none beside a direct
        deal.
        """
        m = self.model
        uncertified = self._dot(m.asked_hard, m.lacks, account, coverer) > 0
        fits_band = self._fits_band[self._partner_of[coverer], account]
        fits_band |= m.present[account] == coverer
        is_direct = m.is_partner[coverer] & m.has_direct_deal[account]
        return np.asarray(~uncertified & fits_band & ~is_direct, dtype=np.bool_)

    def _factor(
        self, name: str, profile: IntArray, account: IntArray, coverer: IntArray
    ) -> FloatArray:
        """Bookings under the coverer over those under a rep of whom nothing is known.

        Deals, their chance and their value; 1 where nothing is known of the rep.
        """
        m, shift = self.model, self.model.win_effect[account]
        mine = _shift_odds(m.rates[name][profile, coverer], shift)
        nobody = _shift_odds(m.nobody[name][profile, np.zeros_like(coverer)], shift)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = mine / nobody
        factor = factor * m.rates["creation_factor"][profile, coverer]
        factor = factor * m.rates["value_factor"][profile, coverer]
        return np.where(np.isfinite(factor), factor, 1.0)

    def _win_rate(self, profile: IntArray, account: IntArray, coverer: IntArray) -> FloatArray:
        m = self.model
        own = _shift_odds(m.rates["win_rate"][profile, coverer], m.win_effect[account])
        return np.where(np.isnan(own), m.segment_win_rate[account], own)

    def _handed_over(self, account: IntArray, coverer: IntArray) -> FloatArray:
        """Open deals under a new coverer, over the horizon."""
        m, cycle = self.model, self._cycle_of[self.model.kind[account]]
        if account.ndim == 1:
            return np.asarray(
                (m.open_business[account] * self._open_moved[cycle, coverer]).sum(axis=1)
            )
        total = np.zeros(np.broadcast_shapes(account.shape, coverer.shape))
        for place in np.unique(cycle):
            rows = np.flatnonzero(cycle[:, 0] == place)
            total[rows] = m.open_business[account[rows, 0]] @ self._open_moved[place, coverer[0]].T
        return total

    @staticmethod
    def _dot(
        rows: FloatArray, columns: FloatArray, account: IntArray, coverer: IntArray
    ) -> FloatArray:
        """Product of an account's and a coverer's vectors."""
        if account.ndim == 1:
            return np.asarray((rows[account] * columns[coverer]).sum(axis=1), dtype=np.float64)
        return np.asarray(rows[account[:, 0]] @ columns[coverer[0]].T, dtype=np.float64)


def _shift_odds(rate: FloatArray, shift: FloatArray) -> FloatArray:
    """Move a probability by log-odds."""
    odds = np.exp(shift)
    return np.asarray(rate * odds / (1 - rate + rate * odds), dtype=np.float64)
