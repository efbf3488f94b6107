"""What the verifier of quotas reads of a company's knowledge: the optimiser's classes fit these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import pandas as pd


class Pay(Protocol):
    """What a role earns: on-target earnings and the band of quota to them."""

    @property
    def ote_amount(self) -> float | None:
        """Yearly on-target earnings."""

    @property
    def quota_ote_band(self) -> tuple[float, float]:
        """Lowest and highest usual ratio of a yearly quota to them."""

    @property
    def rollup_multiple(self) -> float:
        """What people without accounts carry together, of what their group's reps carry."""


class Hire(Protocol):
    """Planned hires of a group."""

    @property
    def group_id(self) -> str:
        """The group."""

    @property
    def cost_amount(self) -> float:
        """Pay and hiring cost of one of them over the plan's months."""

    @property
    def hours(self) -> float:
        """Selling hours one of them brings in those months."""

    @property
    def count(self) -> int:
        """How many."""


class Money(Protocol):
    """What cost follows from."""

    @property
    def people(self) -> pd.DataFrame:
        """rep_id, role, group_id, base_pay, paid_share, is_covering."""

    @property
    def accounts(self) -> pd.DataFrame:
        """group_id, hours, booking_amount, contribution_amount of covered accounts."""

    @property
    def year_share(self) -> float:
        """Share of a year that the plan covers."""

    @property
    def budgets(self) -> Mapping[str, float]:
        """Budget of the plan's months by group."""

    @property
    def training(self) -> Mapping[str, float]:
        """Training cost by group."""

    @property
    def hires(self) -> Sequence[Hire]:
        """Planned hires."""

    @property
    def partner_share(self) -> Mapping[str, float]:
        """Share of what a partner's accounts book that it keeps."""

    @property
    def hour_price(self) -> Mapping[str, float]:
        """Expected margin of one more selling hour by group."""


class Known(Protocol):
    """What a company may know beyond its goals and books."""

    @property
    def goal_parts(self) -> pd.DataFrame | None:
        """Parts of goals that bind."""

    @property
    def last_quotas(self) -> pd.DataFrame | None:
        """rep_id, amount: last year's quota over the same months."""

    @property
    def won(self) -> pd.DataFrame | None:
        """account_id, won_amount: won in the last twelve months."""

    @property
    def in_force(self) -> pd.DataFrame | None:
        """rep_id, month, revenue_type, amount: quotas of a year that has begun."""

    @property
    def history(self) -> pd.DataFrame | None:
        """Won business by group, month and type."""

    @property
    def comp_plans(self) -> Mapping[str, Pay] | None:
        """By role."""

    @property
    def money(self) -> Money | None:
        """What cost follows from; None where there is nothing to check."""

    @property
    def hours_per_position(self) -> float:
        """Selling hours of a full-time rep over the plan's months."""
