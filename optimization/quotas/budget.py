"""Is the money there? Cost of a group against its budget, and the cheapest cuts where it is not.

Pay is personal. A group of one or two people would show a person's pay: it gets the verdict and
not the amounts, and nothing here names a person.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray
from optimization.quotas.pay import CompPlan, rate_of, variable_pay

P90 = 0.9
FEWEST_SHOWN = 3
NO_GROUP = "(company)"
PAY_COLUMNS = [
    "base_cost_amount",
    "expected_variable_amount",
    "p90_variable_amount",
    "expected_cost_amount",
    "p90_cost_amount",
    "over_budget_amount",
    "p90_over_budget_amount",
]
CHECK_COLUMNS = [
    "group_id",
    "people_count",
    "budget_amount",
    *PAY_COLUMNS[:3],
    "hiring_amount",
    "partner_margin_amount",
    "training_amount",
    *PAY_COLUMNS[3:],
    "verdict",
    "sentence",
]


@dataclass(frozen=True)
class Hire:
    """Planned hires of one group.

    Attributes:
        group_id: The group.
        cost_amount: Pay and hiring cost of one of them over the plan's months.
        hours: Selling hours one of them brings in those months, ramped.
        count: How many.
    """

    group_id: str
    cost_amount: float
    hours: float
    count: int


@dataclass(frozen=True)
class MoneyInputs:
    """What cost follows from, besides quotas and bookings.

    Attributes:
        people: rep_id, role, group_id (may be empty), base_pay (a year, may be empty) and
            paid_share (share of the plan's months on the payroll), is_covering, one row each.
        comp_plans: By role.
        budgets: Budget of the plan's months by group.
        training: Training cost of the plan's months by group.
        hires: Planned hires.
        partner_share: By partner: margin share x mean margin rate of its accounts.
        hour_price: Expected margin of one more selling hour by group.
        accounts: group_id, hours, booking_amount, contribution_amount of covered accounts.
        year_share: Share of a year that the plan covers.
        is_budget_binding: Over budget is an error, and no plan is made.
    """

    people: pd.DataFrame
    comp_plans: Mapping[str, CompPlan]
    budgets: Mapping[str, float]
    accounts: pd.DataFrame
    training: Mapping[str, float] = field(default_factory=dict)
    hires: tuple[Hire, ...] = ()
    partner_share: Mapping[str, float] = field(default_factory=dict)
    hour_price: Mapping[str, float] = field(default_factory=dict)
    year_share: float = 1.0
    is_budget_binding: bool = False


@dataclass(frozen=True)
class RepMoney:
    """Quotas and simulated bookings; R reps, G groups, S draws, currency units."""

    rep_ids: tuple[str, ...]
    roles: tuple[str, ...]
    rep_group: NDArray[np.intp]
    group_ids: tuple[str, ...]
    quotas: FloatArray
    bookings: FloatArray


def group_costs(money: MoneyInputs, reps: RepMoney) -> pd.DataFrame:
    """Return cost by group with every amount, to be shown only through ``budget_check``.

    People without accounts earn on what their group books, or the company where they have none;
    people of one role share its bookings and its quota (``quotas.rollups``).

    Returns:
        One row per group: CHECK_COLUMNS without verdict and sentence, ``unknown_pay_count`` and
        ``position_cost_amount`` (mean base pay of the group's covering reps).
    """
    people = money.people.assign(group_id=money.people["group_id"].fillna(NO_GROUP))
    groups = sorted({*reps.group_ids, *people["group_id"], *money.budgets})
    variable = _variable_by_group(money, people, reps)
    covering = set(reps.rep_ids)
    rows = []
    for name in groups:
        staff = people[people["group_id"] == name]
        paid = staff["base_pay"].fillna(0) * staff["paid_share"] * money.year_share
        sellers = staff[staff["rep_id"].isin(covering)]
        draws = variable.get(name, np.zeros(1))
        partner = sum(
            reps.bookings[:, place].mean() * money.partner_share[rep]
            for place, rep in enumerate(reps.rep_ids)
            if rep in money.partner_share and reps.group_ids[reps.rep_group[place]] == name
        )
        rows.append(
            {
                "group_id": name,
                "people_count": len(staff),
                "unknown_pay_count": int(staff["base_pay"].isna().sum()),
                "position_cost_amount": float(sellers["base_pay"].mean()) * money.year_share,
                "budget_amount": money.budgets.get(name, np.nan),
                "base_cost_amount": float(paid.sum()),
                "expected_variable_amount": float(draws.mean()),
                "p90_variable_amount": float(np.quantile(draws, P90)),
                "hiring_amount": float(
                    sum(
                        hire.cost_amount * hire.count
                        for hire in money.hires
                        if hire.group_id == name
                    )
                ),
                "partner_margin_amount": float(partner),
                "training_amount": float(money.training.get(name, 0.0)),
            }
        )
    costs = pd.DataFrame(rows)
    fixed = costs[["base_cost_amount", "hiring_amount", "partner_margin_amount", "training_amount"]]
    costs["expected_cost_amount"] = fixed.sum(axis=1) + costs["expected_variable_amount"]
    costs["p90_cost_amount"] = fixed.sum(axis=1) + costs["p90_variable_amount"]
    for over, cost in (
        ("over_budget_amount", "expected_cost_amount"),
        ("p90_over_budget_amount", "p90_cost_amount"),
    ):
        costs[over] = (costs[cost] - costs["budget_amount"]).clip(lower=0)
    return costs


def _variable_by_group(
    money: MoneyInputs, people: pd.DataFrame, reps: RepMoney
) -> dict[str, FloatArray]:
    """Return simulated variable pay of each group's people, shape (S,) each."""
    place_of = {rep: place for place, rep in enumerate(reps.rep_ids)}
    known = set(people["rep_id"])
    draws = len(reps.bookings)
    totals: dict[str, FloatArray] = {}
    by_group = {
        name: reps.bookings[:, reps.rep_group == place].sum(axis=1)
        for place, name in enumerate(reps.group_ids)
    }
    carried = np.bincount(reps.rep_group, weights=reps.quotas, minlength=len(reps.group_ids))
    below = dict(zip(reps.group_ids, carried.tolist(), strict=True))
    company, company_quota = reps.bookings.sum(axis=1), float(reps.quotas.sum())
    for role, plan in money.comp_plans.items():
        staff = people[people["role"] == role]
        home = staff.set_index("rep_id")["group_id"]
        # Open heads are in no HR file yet; they will earn like everyone in their role.
        sellers = [
            rep
            for rep, own in zip(reps.rep_ids, reps.roles, strict=True)
            if rep in home or (own == role and rep not in known)
        ]
        places = np.array([place_of[rep] for rep in sellers], dtype=np.intp)
        overlay = staff[~staff["rep_id"].isin(place_of)]
        scope = overlay["group_id"].where(overlay["group_id"].isin(list(below)), "")
        sharing = scope.groupby(scope).transform("size").to_numpy(dtype=np.float64)
        credit = plan.rollup_multiple / sharing
        overlay_quota = np.array([below.get(g, company_quota) for g in scope]) * credit
        paid = staff.set_index("rep_id")["paid_share"].astype(float) * money.year_share
        ids = [*sellers, *overlay["rep_id"]]
        years = np.array(paid.reindex(ids).fillna(money.year_share), dtype=np.float64)
        rates = rate_of(plan, np.append(reps.quotas[places], overlay_quota), years)
        rate, overlay_rates = rates[: len(sellers)], rates[len(sellers) :]
        pay = variable_pay(plan, rate, reps.bookings[:, places], reps.quotas[places])
        for column, rep in enumerate(sellers):
            group = str(home.get(rep, reps.group_ids[reps.rep_group[place_of[rep]]]))
            totals[group] = totals.get(group, np.zeros(draws)) + pay[:, column]
        for group, place, share, quota, own_rate in zip(
            overlay["group_id"], scope, credit, overlay_quota, overlay_rates, strict=True
        ):
            base = share * by_group.get(place, company)
            own = variable_pay(plan, own_rate[None], base[:, None], np.array([quota]))[:, 0]
            totals[group] = totals.get(group, np.zeros(draws)) + own
    return totals


def budget_check(costs: pd.DataFrame, cuts: pd.DataFrame) -> pd.DataFrame:
    """Return the costs as they may be shown, each with a verdict and the cheapest repair.

    Args:
        costs: From ``group_costs``.
        cuts: From ``cheapest_cuts``.
    """
    shown = costs.copy()
    verdicts = [_verdict(row) for row in costs.to_dict("records")]
    hidden = costs["people_count"].between(1, FEWEST_SHOWN - 1) | (costs["unknown_pay_count"] > 0)
    for column in PAY_COLUMNS:
        shown[column] = costs[column].round(2).mask(hidden)
    no_budget = costs["budget_amount"].isna()
    for column in ("over_budget_amount", "p90_over_budget_amount"):
        shown[column] = shown[column].mask(no_budget)
    for column in ("hiring_amount", "partner_margin_amount", "training_amount"):
        shown[column] = costs[column].round(2)
    shown["verdict"] = verdicts
    shown["sentence"] = [
        _sentence(row, cuts[cuts["group_id"] == row["group_id"]])
        for row in shown.to_dict("records")
    ]
    return shown[CHECK_COLUMNS].sort_values("group_id", ignore_index=True)


def _verdict(facts: Mapping[Hashable, Any]) -> str:
    if np.isnan(facts["budget_amount"]):
        return "no budget given"
    if facts["unknown_pay_count"]:
        return "pay unknown"
    if facts["over_budget_amount"] > 0:
        return "over budget"
    if facts["p90_over_budget_amount"] > 0:
        return "over budget in a good year"
    return "within budget"


def _sentence(facts: Mapping[Hashable, Any], cuts: pd.DataFrame) -> str:
    verdict, over = facts["verdict"], facts["over_budget_amount"]
    if verdict == "pay unknown":
        return "The base pay of somebody in the group is unknown, so its cost is."
    if verdict == "no budget given":
        return "No budget is given for the group."
    if verdict != "over budget" or np.isnan(over):
        return f"The group is {verdict}."
    chosen = cuts[cuts["is_chosen"]]
    saved, lost = chosen["saving_amount"].sum(), chosen["margin_cost_amount"].sum()
    advice = f"Over budget by {over:,.0f}. Raise the budget by that"
    if chosen.empty:
        return f"{advice}: nothing of what is known can be cut."
    named = ", ".join(chosen["cut"])
    enough = "" if saved >= over else f", which leaves {over - saved:,.0f} uncovered"
    return (
        f"{advice}, or cut: {named}. That saves {saved:,.0f} and costs {lost:,.0f} of expected "
        f"margin{enough}."
    )
