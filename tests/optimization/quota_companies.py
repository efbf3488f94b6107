"""Small companies for the quota tests, and how their plans are read.

A module and not a fixture: hypothesis needs the strategy when the tests are collected.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from optimization.backtest.verdict import CALIBRATED, LEVELS
from optimization.plan_quotas import allocate_quotas
from optimization.policy import QuotaPolicy
from optimization.quotas.cents import to_cents
from optimization.quotas.context import QuotaContext
from optimization.tables import QuotaPlan
from optimization.verify.quotas import verify_quotas

MONTHS = list(pd.date_range("2026-07-01", periods=12, freq="MS"))
POLICY = QuotaPolicy(simulation_count=400)
FAIR_POLICY = QuotaPolicy(hardness_weight=0.0, simulation_count=400)
# A company whose last back-test held at every level: all its chances may be said.
BACKTESTED = QuotaContext(
    backtest=pd.DataFrame({"level": LEVELS, "spread": 1.0, "verdict": CALIBRATED})
)
# new, existing, season_key, is_moved
Account = tuple[float, float, str | None, bool]


@dataclass
class Company:
    """A small company: books per rep, groups per rep; profiles flat unless stated."""

    books: dict[str, list[Account]]
    group_of: dict[str, str]
    goals: dict[str, float] = field(default_factory=lambda: {"new": 120_000.0, "existing": 60_000})
    rates: dict[str, float | None] = field(default_factory=dict)
    shares: dict[str, list[float]] = field(default_factory=dict)
    cycles: dict[str, float] = field(default_factory=dict)
    ramps: dict[str, list[float]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    months: list[pd.Timestamp] = field(default_factory=lambda: MONTHS)

    def frames(self) -> dict[str, Any]:
        accounts = [
            (
                f"A-{rep}-{number}",
                rep,
                self.group_of.get(rep, "house"),
                self.owners.get(f"A-{rep}-{number}", rep),
                *account[:2],
                *account[:2],
                *account[2:],
            )
            for rep, book in self.books.items()
            for number, account in enumerate(book)
        ]
        shares = {"(company)": [1 / 12] * 12, **self.shares}
        return {
            "book": pd.DataFrame(
                accounts,
                columns=[
                    "account_id",
                    "rep_id",
                    "group_id",
                    "previous_rep_id",
                    "new_amount",
                    "existing_amount",
                    "new_deal_amount",
                    "existing_deal_amount",
                    "season_key",
                    "is_moved",
                ],
            ).assign(
                unserved_amount=lambda book: book["existing_amount"].where(
                    book["rep_id"] == "__house__", 0.0
                )
            ),
            "seasonality": pd.DataFrame(
                [
                    (kind, key, number, share)
                    for kind in ("new", "existing")
                    for key, profile in shares.items()
                    for number, share in enumerate(profile, 1)
                ],
                columns=["revenue_type", "season_key", "month_number", "share"],
            ),
            "sales_cycles": pd.DataFrame(
                list({"(company)": 0.0, **self.cycles}.items()),
                columns=["season_key", "cycle_months"],
            ),
            "rep_months": pd.DataFrame(
                [
                    (rep, month.date(), ramp)
                    for rep, profile in self.ramps.items()
                    for month, ramp in zip(MONTHS, profile, strict=True)
                ],
                columns=["rep_id", "month", "ramp_rate"],
            ),
            "goals": pd.DataFrame(
                list(self.goals.items()), columns=["revenue_type", "target_amount"]
            ),
            "groups": pd.DataFrame(
                [(group, group.title(), rate) for group, rate in self.rates.items()],
                columns=["group_id", "name", "over_assignment_rate"],
            ),
            "coverers": pd.DataFrame(
                [
                    *((rep, "rep", group) for rep, group in self.group_of.items()),
                    ("__house__", "house", None),
                ],
                columns=["rep_id", "coverer_type", "group_id"],
            ),
            "months": self.months,
        }

    def plan(self, policy: QuotaPolicy = POLICY, context: QuotaContext = BACKTESTED) -> QuotaPlan:
        return allocate_quotas(**self.frames(), policy=policy, context=context)


def quotas_in_force(amounts: dict[str, float], months: list[pd.Timestamp]) -> pd.DataFrame:
    """The same amount of a rep in every month and of either type, as agreed quotas come."""
    rows = [
        (rep, month, kind, amount)
        for rep, amount in amounts.items()
        for month in months
        for kind in ("new", "existing")
    ]
    return pd.DataFrame(rows, columns=["rep_id", "month", "revenue_type", "amount"])


VERIFIED = ("book", "goals", "groups", "coverers", "rep_months", "months")


def verified(
    plan: QuotaPlan,
    frames: dict[str, Any],
    policy: QuotaPolicy,
    context: QuotaContext = BACKTESTED,
) -> list[str]:
    """What the verifier says of a plan of these frames."""
    inputs = {name: frames[name] for name in VERIFIED}
    return verify_quotas(plan, **inputs, policy=policy, context=context)


def cents(frame: pd.DataFrame, column: str = "quota_amount") -> pd.Series:
    return frame[column].map(to_cents)


def rep_cents(plan: QuotaPlan) -> dict[str, int]:
    rows = plan.quota_allocations
    return cents(rows).groupby(rows["rep_id"]).sum().to_dict()


def cell_matrix(plan: QuotaPlan) -> pd.DataFrame:
    rows = plan.quota_allocations.assign(cents=cents(plan.quota_allocations))
    return rows.pivot(index="rep_id", columns=["month", "revenue_type"], values="cents")


def two_groups() -> Company:
    return Company(
        books={
            "R1": [(1000, 500, "tech", False), (400, 0, None, True)],
            "R2": [(3000, 100, "tech", False)],
            "R3": [(200, 800, "retail", False), (50, 20, "tech", False), (10, 90, "x", True)],
            "R4": [],
            "__house__": [(9000, 9000, "tech", False)],
        },
        group_of={"R1": "east", "R2": "east", "R3": "west", "R4": "west"},
        rates={"east": 0.05},
        shares={"tech": [0.3, 0.1, 0, 0, 0, 0.1, 0, 0, 0, 0, 0, 0.5]},
        cycles={"tech": 3.5},
        ramps={"R1": [0.3, 0.5, 0.7, 0.9, *[1.0] * 8], "R2": [1.0] * 12},
    )


@st.composite
def companies(draw: st.DrawFn) -> Company:
    reps = [f"R{number:02d}" for number in range(draw(st.integers(1, 7)))]
    groups = draw(st.lists(st.sampled_from("abc"), min_size=len(reps), max_size=len(reps)))
    amount = st.one_of(st.just(0.0), st.integers(1, 10**9).map(lambda value: value / 100))
    account = st.tuples(
        amount, amount, st.sampled_from(["tech", "retail", None, "unseen"]), st.booleans()
    )
    books = {rep: draw(st.lists(account, max_size=4)) for rep in reps}
    if not any(books.values()):
        books[reps[0]] = [draw(account)]
    raw = draw(st.lists(st.integers(0, 9), min_size=12, max_size=12).filter(any))
    goal = st.one_of(
        st.just(0.0), st.integers(1, 500), st.integers(0, 10**15).map(lambda value: value / 100)
    )
    return Company(
        books=books,
        group_of=dict(zip(reps, groups, strict=True)),
        goals={"new": draw(goal) / 100, "existing": draw(goal)},
        rates={group: draw(st.sampled_from([None, 0.0, 0.1, 0.133, 0.25])) for group in "abd"},
        shares={"tech": [value / sum(raw) for value in raw]},
        cycles={"tech": draw(st.floats(0, 15)), "(company)": draw(st.floats(0, 15))},
        ramps={
            rep: draw(st.sampled_from([[1.0] * 12, [0.0] * 12, [0.0] * 6 + [0.5] * 6]))
            for rep in reps[::2]
        },
    )
