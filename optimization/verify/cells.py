"""A quota plan's amounts as arrays: reps or groups x months x revenue types, in cents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from optimization.tables import QuotaPlan

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
TYPES = ("existing", "new")
GROUP_KEY = ["group_id", "month", "revenue_type"]
REP_KEY = ["rep_id", "month", "revenue_type"]
# Published amounts are rounded to the cent, so a sum of n of them is off by n halves at most.
HALF = 0.5


@dataclass(frozen=True)
class Cells:
    """Amounts in cents; R reps, G groups, M months, types in the order of TYPES.

    Attributes:
        rep_ids: Coverers without the house, sorted; length R.
        group_ids: Their groups, sorted; length G.
        rep_group: Position of each rep's group; shape (R,).
        months: First days of the plan's months.
        quota: Of reps; shape (R, M, 2).
        target: Of groups; shape (G, M, 2).
        group_quota: Of groups; shape (G, M, 2).
        expected: What each rep's accounts are expected to bring; shape (R, M, 2).
        has_book: Whether a rep covers any account; shape (R,).
        type_has_book: Whether any covered account brings business of the type; shape (2,).
    """

    rep_ids: list[str]
    group_ids: list[str]
    rep_group: NDArray[np.intp]
    months: list[pd.Timestamp]
    quota: FloatArray
    target: FloatArray
    group_quota: FloatArray
    expected: FloatArray
    has_book: BoolArray
    type_has_book: BoolArray

    @classmethod
    def of(
        cls,
        plan: QuotaPlan,
        book: pd.DataFrame,
        group_of: dict[str, str],
        months: list[pd.Timestamp],
    ) -> Cells:
        """Read the plan's tables, whose keys are complete."""
        reps, groups = sorted(group_of), sorted(set(group_of.values()))
        covered = book[book["rep_id"].isin(reps)]
        amounts = covered[[f"{kind}_amount" for kind in TYPES]].apply(pd.to_numeric)
        return cls(
            rep_ids=reps,
            group_ids=groups,
            rep_group=np.array([groups.index(group_of[rep]) for rep in reps], dtype=np.intp),
            months=months,
            quota=_cube(plan.quota_allocations, REP_KEY, reps, months, "quota_amount"),
            target=_cube(plan.group_targets, GROUP_KEY, groups, months, "target_amount"),
            group_quota=_cube(plan.group_targets, GROUP_KEY, groups, months, "quota_amount"),
            expected=_cube(plan.expected_bookings, REP_KEY, reps, months, "expected_amount"),
            has_book=np.isin(reps, covered["rep_id"].astype(str)),
            type_has_book=(amounts.sum() > 0).to_numpy(),
        )

    def by_group(self, of_reps: FloatArray) -> FloatArray:
        """Sum an array of reps, whose first axis is R, by group."""
        sums = np.zeros((len(self.group_ids), *of_reps.shape[1:]))
        np.add.at(sums, self.rep_group, of_reps)
        return sums


def ratio(part: FloatArray, whole: FloatArray, otherwise: float = 0.0) -> FloatArray:
    """Return part / whole, shapes broadcast, and ``otherwise`` where the whole is not positive."""
    size = np.broadcast_shapes(np.shape(part), np.shape(whole))
    found: FloatArray = np.full(size, otherwise)
    np.divide(part, whole, out=found, where=np.broadcast_to(np.asarray(whole) > 0, size))
    return found


def _cube(
    frame: pd.DataFrame, key: list[str], ids: list[str], months: list[pd.Timestamp], column: str
) -> FloatArray:
    """Read one amount as cents; shape (ids, months, 2)."""
    rows = frame.assign(month=pd.to_datetime(frame["month"])).set_index(key)[column].astype(float)
    order = pd.MultiIndex.from_product([ids, pd.DatetimeIndex(months), TYPES], names=key)
    cents: FloatArray = np.rint(rows.reindex(order).to_numpy(dtype=np.float64) * 100)
    return cents.reshape(len(ids), len(months), len(TYPES))
