from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pytest

from optimization.verify.quotas import verify_quotas

MONTHS = list(pd.date_range("2026-01-01", periods=12, freq="MS"))
TYPES = ["existing", "new"]
Frames = dict[str, pd.DataFrame]


def sound_plan() -> Frames:
    """Goal 24.00 per type; east carries 1.50 and west 0.50 a month, padded by 10 % and 0 %."""
    cells = pd.DataFrame(
        [(month, kind) for month in MONTHS for kind in TYPES], columns=["month", "revenue_type"]
    )
    east = cells.assign(group_id="east", target_amount=1.50, quota_amount=1.65)
    west = cells.assign(group_id="west", target_amount=0.50, quota_amount=0.50)
    reps = [("R1", "east", 1.00), ("R2", "east", 0.65), ("R3", "west", 0.50), ("R4", "west", 0.0)]
    return {
        "group_targets": pd.concat([east, west], ignore_index=True),
        "quota_allocations": pd.concat(
            [
                cells.assign(rep_id=rep, group_id=group, quota_amount=amount)
                for rep, group, amount in reps
            ],
            ignore_index=True,
        ),
        "book": pd.DataFrame({"account_id": list("abcd"), "rep_id": ["R1", "R2", "R3", "H"]}),
        "company_targets": pd.DataFrame(
            {
                "revenue_type": TYPES,
                "goal_amount": 24.0,
                "buffer_amount": 0.0,
                "won_amount": 0.0,
                "target_amount": 24.0,
                "quota_amount": 25.8,
                "unallocated_amount": 0.0,
            }
        ),
        "goals": pd.DataFrame({"revenue_type": TYPES, "target_amount": [24.0, 24.0]}),
        "groups": pd.DataFrame({"group_id": ["east", "west"], "over_assignment_rate": [None, 0.0]}),
        "coverers": pd.DataFrame(
            {
                "rep_id": ["R1", "R2", "R3", "R4", "H"],
                "coverer_type": ["rep", "rep", "rep", "partner", "house"],
                "group_id": ["east", "east", "west", "west", None],
            }
        ),
    }


def violations(frames: Frames) -> list[str]:
    return verify_quotas(
        frames["group_targets"],
        frames["quota_allocations"],
        frames["company_targets"],
        book=frames["book"],
        goals=frames["goals"],
        groups=frames["groups"],
        coverers=frames["coverers"],
        months=MONTHS,
        default_over_assignment_rate=0.10,
    )


def test_sound_plan_passes() -> None:
    assert violations(sound_plan()) == []


def add(table: str, row: int, amount: float, column: str = "quota_amount") -> Callable[..., None]:
    def change(frames: Frames) -> None:
        old = frames[table].loc[row, column]
        frames[table].loc[row, column] = round(old + amount, 4)

    return change


def put(table: str, row: int, column: str, value: object) -> Callable[..., None]:
    def change(frames: Frames) -> None:
        frames[table].loc[row, column] = value

    return change


def drop_row(table: str) -> Callable[..., None]:
    def change(frames: Frames) -> None:
        frames[table] = frames[table].drop(index=3)

    return change


def repeat_row(table: str) -> Callable[..., None]:
    def change(frames: Frames) -> None:
        frames[table] = pd.concat([frames[table], frames[table].iloc[[3]]], ignore_index=True)

    return change


def shift_target_between_groups_and_keep_the_goal(frames: Frames) -> None:
    add("group_targets", 0, 0.10, "target_amount")(frames)
    add("group_targets", 24, -0.10, "target_amount")(frames)


def shift_quota_to_the_idle_rep(frames: Frames) -> None:
    add("quota_allocations", 48, -0.10)(frames)
    add("quota_allocations", 72, 0.10)(frames)


def shift_quota_across_groups_under_a_false_label(frames: Frames) -> None:
    frames["quota_allocations"].loc[48:71, "group_id"] = "east"


@pytest.mark.parametrize(
    ("breakage", "message"),
    [
        (add("goals", 0, 0.01, "target_amount"), "targets of existing sum to 2400 cents"),
        (shift_target_between_groups_and_keep_the_goal, r"\(1 \+ its buffer\) x its target: east"),
        (add("group_targets", 1, 0.01), r"\(1 \+ its buffer\) x its target: east"),
        (put("groups", 1, "over_assignment_rate", 0.2), r"x its target: west"),
        (add("quota_allocations", 5, 0.01), "must sum to their group's quota: east"),
        (shift_quota_to_the_idle_rep, "without accounts must have no quota: R4"),
        (shift_quota_across_groups_under_a_false_label, "must be its coverer's: R3"),
        (add("quota_allocations", 5, 0.001), "quota_allocations.quota_amount must be whole cents"),
        (put("quota_allocations", 5, "quota_amount", -1.0), "must not be negative: R1"),
        (put("quota_allocations", 5, "quota_amount", float("nan")), "must be finite: R1"),
        (put("group_targets", 5, "target_amount", float("inf")), "target_amount must be finite"),
        (drop_row("quota_allocations"), "quota_allocations lacks rows: R1"),
        (repeat_row("quota_allocations"), "quota_allocations repeats rows: R1"),
        (put("quota_allocations", 5, "rep_id", "H"), "rows it should not: H"),
        (put("quota_allocations", 5, "month", pd.Timestamp("2027-01-01")), "rows it should not"),
        (drop_row("group_targets"), "group_targets lacks rows: east"),
        (repeat_row("group_targets"), "group_targets repeats rows: east"),
        (put("group_targets", 5, "revenue_type", "upsell"), "group_targets has rows it should not"),
    ],
)
def test_broken_plan_is_caught(breakage: Callable[[Frames], None], message: str) -> None:
    frames = sound_plan()
    breakage(frames)
    assert any(re.search(message, violation) for violation in violations(frames))
