"""A company with everything a quota plan may know, its two plans, and what the verifier says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from optimization.plan_quotas import allocate_quotas
from optimization.quotas.budget import Hire, MoneyInputs
from optimization.quotas.context import QuotaContext
from optimization.quotas.pay import CompPlan
from optimization.tables import QuotaPlan

from .quota_companies import BACKTESTED, MONTHS, Company, quotas_in_force, verified
from .quota_companies import POLICY as SMALL

PAY = {
    "ae": CompPlan("ae", 0.02, ote_amount=100_000.0, variable_share=0.4, quota_ote_band=(4, 6)),
    "manager": CompPlan("manager", 0.005),
}
# Levels known so well that chances may be said.
POLICY = replace(SMALL, first_year_multiple=1.5, shared_shock_rate=0.01, account_cv=0.05)
RATES = {"east": 0.05, "west": 0.15, "partner": 0.1}


def company() -> Company:
    return Company(
        books={
            "R1": [(120_000, 300_000, "tech", False), (40_000, 90_000, None, True)],
            "R2": [(60_000, 420_000, "tech", False), (20_000, 10_000, "tech", False)],
            "R3": [
                (90_000, 150_000, "retail", False),
                (15_000, 110_000, "x", True),
                (0, 9_000, "x", False),
            ],
            "R4": [(30_000, 500_000, "retail", False)],
            "R5": [(70_000, 240_000, "tech", False), (25_000, 60_000, None, False)],
            "R6": [],
            "P1": [(5_000, 40_000, None, False)],
            "__house__": [(4_000, 30_000, "tech", False)],
        },
        group_of={
            "R1": "east",
            "R2": "east",
            "R3": "east",
            "R4": "west",
            "R5": "west",
            "R6": "west",
            "P1": "partner",
        },
        goals={"new": 380_000.0, "existing": 1_300_000.0},
        rates=dict(RATES),
        shares={"tech": [0.2, 0.1, 0.02, 0.02, 0.02, 0.14, 0.05, 0.05, 0.1, 0.1, 0.05, 0.15]},
        cycles={"tech": 2.5, "(company)": 1.0},
        ramps={"R1": [0.3, 0.5, 0.7, 0.9, *[1.0] * 8], "R5": [1.0] * 12},
        owners={"A-R1-1": "R2", "A-R3-0": "R2", "A-R3-1": "R1", "A-__house__-0": "R2"},
    )


def history() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    months = pd.date_range(end=MONTHS[0] - pd.DateOffset(months=1), periods=50, freq="MS")
    rows = [
        (group, month, kind, float(round(size * rng.uniform(0.5, 1.6), 2)), 4.0, size**2 / 3)
        for group, size in (("east", 60_000.0), ("west", 45_000.0), ("young", 8_000.0))
        for kind in ("new", "existing")
        for month in months[30 if group == "young" else 0 :]
    ]
    columns = ["group_id", "month", "revenue_type", "won_amount", "won_count", "won_square"]
    return pd.DataFrame(rows, columns=columns)


def money() -> MoneyInputs:
    staff = [
        (rep, "ae", group, 60_000.0 + 1_000 * number, 1.0, True)
        for number, (rep, group) in enumerate(company().group_of.items())
        if group != "partner"
    ]
    people = pd.DataFrame(
        [
            *staff,
            ("M1", "manager", "east", 90_000.0, 0.5, False),
            ("V1", "vp", None, 1e5, 1, False),
        ],
        columns=["rep_id", "role", "group_id", "base_pay", "paid_share", "is_covering"],
    )
    accounts = pd.DataFrame(
        [
            (group, hours, booked, booked * margin)
            for group in ("east", "west")
            for hours, booked, margin in (
                (900.0, 400_000.0, 0.4),
                (700.0, 150_000.0, 0.1),
                (1_200.0, 300_000.0, 0.3),
            )
        ],
        columns=["group_id", "hours", "booking_amount", "contribution_amount"],
    )
    return MoneyInputs(
        people=people,
        comp_plans=PAY,
        budgets={"east": 210_000.0, "west": 245_000.0},
        accounts=accounts,
        training={"east": 9_000.0, "west": 2_000.0},
        hires=(Hire("east", 40_000.0, 600.0, 1),),
        partner_share={"P1": 0.12},
        hour_price={"east": 20.0},
    )


def context() -> QuotaContext:
    return QuotaContext(
        goal_parts=pd.DataFrame(
            [("new", "west", None, 120_000.0), ("existing", None, MONTHS[3], 110_000.0)],
            columns=["revenue_type", "group_id", "month", "target_amount"],
        ),
        last_quotas=pd.DataFrame(
            [("R1", 380_000.0), ("R2", 500_000.0), ("R4", 600_000.0)], columns=["rep_id", "amount"]
        ),
        won=pd.DataFrame(
            [("A-R3-0", 190_000.0), ("A-R3-1", 35_000.0), ("A-R1-0", 300_000.0)],
            columns=["account_id", "won_amount"],
        ),
        history=history(),
        backtest=BACKTESTED.backtest,
        comp_plans=PAY,
        money=money(),
        hours_per_position=1_000.0,
    )


def in_force() -> QuotaContext:
    """The same company with quotas in force, which stay and follow accounts."""
    amounts = {"R1": 20_000.0, "R2": 25_000.0, "R3": 15_000.0, "R4": 30_000.0, "P1": 2_000.0}
    return replace(context(), goal_parts=None, in_force=quotas_in_force(amounts, MONTHS))


def frames() -> dict[str, Any]:
    found = company().frames()
    staff = found["coverers"]
    staff["role"] = "ae"
    staff.loc[staff["rep_id"] == "P1", ["coverer_type", "role"]] = ["partner", None]
    return found


def planned(known: QuotaContext) -> QuotaPlan:
    return allocate_quotas(**frames(), policy=POLICY, context=known)


def said(plan: QuotaPlan, known: QuotaContext) -> list[str]:
    return verified(plan, frames(), POLICY, known)
