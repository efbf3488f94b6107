"""Recompute cost against budget, and whether a group's cuts are the cheapest that suffice."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from optimization.verify.known import Money
from optimization.verify.tables import numbers, report

if TYPE_CHECKING:
    from optimization.tables import QuotaPlan

NO_GROUP = "(company)"
FEWEST_SHOWN = 3
CENT = 0.02
PARTS = ["base_cost_amount", "hiring_amount", "partner_margin_amount", "training_amount"]
HIDDEN = ["base_cost_amount", "expected_variable_amount", "p90_variable_amount",
          "expected_cost_amount", "p90_cost_amount", "over_budget_amount",
          "p90_over_budget_amount"]  # fmt: skip
# So many cuts and fewer are tried in every combination.
MOST_CUTS = 16


def check_budget(
    plan: QuotaPlan,
    money: Money | None,
    group_of: dict[str, str],
    hours_per_position: float,
) -> Iterator[str]:
    """Check cost and budget of every group, verdicts, sentences and cuts.

    Args:
        plan: The plan's tables.
        money: What cost follows from; None where there is nothing to check.
        group_of: Group by coverer.
        hours_per_position: Selling hours of a full-time rep over the plan's months.
    """
    table, cuts = plan.budget_check, plan.budget_cuts
    if money is None:
        for name, frame in (("budget_check", table), ("budget_cuts", cuts)):
            yield from report(f"{name} has rows, but no money is known", frame["group_id"])
        return
    people = money.people.assign(group_id=money.people["group_id"].fillna(NO_GROUP))
    wanted = sorted({*group_of.values(), *people["group_id"], *money.budgets})
    if table["group_id"].tolist() != wanted:
        yield "budget_check is not for every group with people, coverers or a budget"
        return
    said = table.set_index("group_id")
    of_group = people.groupby("group_id")
    paid = people["base_pay"].astype(float).fillna(0) * people["paid_share"] * money.year_share
    count = of_group.size().reindex(wanted).fillna(0)
    empty = set(people.loc[people["base_pay"].isna(), "group_id"])
    is_unknown = pd.Series([group in empty for group in wanted], index=wanted)
    hidden = count.between(1, FEWEST_SHOWN - 1) | is_unknown
    hiring = pd.Series(0.0, index=wanted)
    for hire in money.hires:
        if hire.group_id in hiring.index:
            hiring[hire.group_id] += hire.cost_amount * hire.count
    amounts: dict[str, pd.Series[float]] = {
        "people_count": count.astype(float),
        "budget_amount": pd.Series(dict(money.budgets), dtype=float).reindex(wanted),
        "base_cost_amount": paid.groupby(people["group_id"]).sum().reindex(wanted).fillna(0.0),
        "hiring_amount": hiring,
        "partner_margin_amount": _partner_margin(plan, money, group_of, wanted),
        "training_amount": pd.Series(dict(money.training), dtype=float).reindex(wanted).fillna(0),
    }
    for column, amount in amounts.items():
        right = _equal(numbers(said[column]), amount.astype(float))
        right |= hidden if column in HIDDEN else False
        yield from report(f"{column} of a budget is wrong", said.index[~right])
    shown = said.loc[hidden, HIDDEN].notna().any(axis=1)
    yield from report(
        "pay of fewer than three people, or unknown pay, is shown", shown.index[shown]
    )
    yield from _check_costs(said[~hidden], amounts["budget_amount"][~hidden])
    yield from _check_verdicts(said, amounts["budget_amount"], is_unknown, hidden, cuts)
    yield from _check_cuts(said, cuts, money, people, hours_per_position)


def _equal(left: pd.Series[float], right: pd.Series[float]) -> pd.Series[bool]:
    return ((left - right).abs() <= CENT + 1e-9 * right.abs()) | (left.isna() & right.isna())


def _partner_margin(
    plan: QuotaPlan, money: Money, group_of: dict[str, str], groups: list[str]
) -> pd.Series[float]:
    """Partners' share of what their accounts book in the mean of the simulated years."""
    margin = pd.Series(0.0, index=groups)
    outlook = plan.attainment_outlook
    own = outlook[(outlook["level"] == "rep") & outlook["is_default"].astype(bool)]
    own = own.drop_duplicates("entity_id").set_index("entity_id")
    effort = 1 + own["effort_response"] * own["over_assignment_rate"]
    booked = own["expected_amount"] / effort
    for partner, share in money.partner_share.items():
        if partner in booked.index:
            margin[group_of[partner]] += share * float(booked[partner])
    return margin


def _check_costs(said: pd.DataFrame, budget: pd.Series[float]) -> Iterator[str]:
    parts = said[PARTS].apply(numbers).sum(axis=1)
    for kind in ("expected", "p90"):
        variable, cost = (
            numbers(said[f"{kind}_{part}"]) for part in ("variable_amount", "cost_amount")
        )
        over = numbers(
            said["over_budget_amount" if kind == "expected" else f"{kind}_over_budget_amount"]
        )
        yield from report(f"{kind} variable pay is negative", said.index[~(variable >= 0)])
        wrong = ~_equal(cost, parts + variable)
        yield from report(f"parts of the {kind} cost do not add up", said.index[wrong])
        wrong = ~_equal(over, (cost - budget).clip(lower=0))
        yield from report(f"{kind} cost above budget is wrong", said.index[wrong])
    less = numbers(said["p90_variable_amount"]) < 0.5 * numbers(said["expected_variable_amount"])
    yield from report("a good year pays less than half of a usual one", said.index[less])


def _check_verdicts(
    said: pd.DataFrame,
    budget: pd.Series[float],
    is_unknown: pd.Series[bool],
    hidden: pd.Series[bool],
    cuts: pd.DataFrame,
) -> Iterator[str]:
    over, p90 = (
        numbers(said[column]) > 0 for column in ("over_budget_amount", "p90_over_budget_amount")
    )
    verdict = pd.Series("within budget", index=said.index, dtype=object)
    verdict = verdict.mask(p90, "over budget in a good year").mask(over, "over budget")
    verdict = verdict.mask(is_unknown, "pay unknown").mask(budget.isna(), "no budget given")
    # Of one or two people the amounts are not shown, so that only those who know them can tell.
    open_ = hidden & ~is_unknown & budget.notna()
    known = ("within budget", "over budget", "over budget in a good year")
    wrong = (said["verdict"] != verdict) & ~(open_ & said["verdict"].isin(known))
    yield from report("verdict of a budget is wrong", said.index[wrong])
    untrue = [
        str(row["group_id"])
        for row in said.reset_index().to_dict("records")
        if row["sentence"] != _sentence(row, cuts[cuts["group_id"] == row["group_id"]])
    ]
    yield from report("sentence of a budget does not say what its row says", untrue)


def _sentence(row: Mapping[Hashable, Any], cuts: pd.DataFrame) -> str:
    over = float(row["over_budget_amount"])
    if row["verdict"] == "pay unknown":
        return "The base pay of somebody in the group is unknown, so its cost is."
    if row["verdict"] == "no budget given":
        return "No budget is given for the group."
    if row["verdict"] != "over budget" or np.isnan(over):
        return f"The group is {row['verdict']}."
    chosen = cuts[cuts["is_chosen"].astype(bool)]
    begin = f"Over budget by {over:,.0f}. Raise the budget by that"
    if chosen.empty:
        return f"{begin}: nothing of what is known can be cut."
    saved, lost = (float(chosen[f"{name}_amount"].sum()) for name in ("saving", "margin_cost"))
    left = "" if saved >= over else f", which leaves {over - saved:,.0f} uncovered"
    return (
        f"{begin}, or cut: {', '.join(chosen['cut'])}. That saves {saved:,.0f} and costs "
        f"{lost:,.0f} of expected margin{left}."
    )


def _check_cuts(
    said: pd.DataFrame,
    cuts: pd.DataFrame,
    money: Money,
    people: pd.DataFrame,
    hours_per_position: float,
) -> Iterator[str]:
    over = numbers(said["over_budget_amount"])
    groups = over.index[over > 0]
    stray = ~cuts["group_id"].isin(groups)
    yield from report("a cut is listed for a group within its budget", cuts.loc[stray, "group_id"])
    for group in groups:
        part = cuts[cuts["group_id"] == group]
        variable = float(numbers(said["expected_variable_amount"])[group])
        known = _possible_cuts(str(group), money, people, variable, hours_per_position)
        if sorted(part["cut"]) != sorted(known):
            yield f"the cuts listed of {group} are not those that are possible"
            continue
        saving, lost = (numbers(part[f"{name}_amount"]) for name in ("saving", "margin_cost"))
        wanted = part["cut"].map(known)
        wrong = ~_equal(saving, wanted.str[0].astype(float))
        wrong |= ~_equal(lost, wanted.str[1].astype(float))
        yield from report(f"a cut of {group} does not save or cost that", part.loc[wrong, "cut"])
        if not wrong.any():
            yield from _check_choice(str(group), part, float(over[group]))


def _check_choice(group: str, part: pd.DataFrame, wanted: float) -> Iterator[str]:
    saving, lost = (part[f"{name}_amount"].to_numpy() for name in ("saving", "margin_cost"))
    chosen = part["is_chosen"].to_numpy(dtype=bool)
    if saving.sum() <= wanted:
        if not chosen.all():
            yield f"all cuts of {group} together are too few, and not all are chosen"
    elif saving[chosen].sum() < wanted - CENT:
        yield f"the chosen cuts of {group} save less than is over budget"
    elif len(part) <= MOST_CUTS:
        sets = (np.arange(2 ** len(part))[:, None] >> np.arange(len(part))) & 1
        enough = sets @ saving >= wanted + CENT
        cheapest = float((sets @ (lost + 0.01))[enough].min(initial=np.inf))
        if (lost + 0.01)[chosen].sum() > cheapest + 0.05 + 1e-6 * cheapest:
            yield f"the chosen cuts of {group} are not the cheapest"


def _possible_cuts(
    group: str,
    money: Money,
    people: pd.DataFrame,
    variable: float,
    hours_per_position: float,
) -> dict[str, tuple[float, float]]:
    """What each possible cut saves and costs: training, hires, all positions but the last.

    A position's hours are those of the accounts worth least an hour; it saves its base pay, and
    commission on what they book.
    """
    known: dict[str, tuple[float, float]] = {}
    if money.training.get(group, 0.0) > 0:
        known["training"] = (money.training[group], 0.0)
    price = money.hour_price.get(group, 0.0)
    hires = [hire for hire in money.hires if hire.group_id == group for _ in range(hire.count)]
    for number, hire in enumerate(hires, 1):
        known[f"planned hire {number}"] = (hire.cost_amount, price * hire.hours)
    staff = people[(people["group_id"] == group) & people["is_covering"].astype(bool)]
    known_pay = staff["base_pay"].dropna().astype(float)
    accounts = money.accounts[money.accounts["group_id"] == group].astype(
        {"hours": float, "contribution_amount": float, "booking_amount": float}
    )
    if known_pay.empty or not accounts["hours"].sum() > 0:
        return known
    worth = accounts["contribution_amount"] / accounts["hours"].where(accounts["hours"] > 0)
    accounts = accounts.assign(worth=worth.fillna(np.inf)).sort_values("worth")
    ends = np.r_[0.0, accounts["hours"].cumsum()]
    lost = np.r_[0.0, accounts["contribution_amount"].clip(lower=0).cumsum()]
    unsold = np.r_[0.0, accounts["booking_amount"].cumsum()]
    rate = variable / max(float(accounts["booking_amount"].sum()), 1.0)
    for position in range(1, max(len(staff), 1)):
        span = [(position - 1) * hours_per_position, position * hours_per_position]
        margin, sales = (float(np.diff(np.interp(span, ends, of))[0]) for of in (lost, unsold))
        pay = float(known_pay.mean()) * money.year_share
        known[f"position {position}"] = (pay + rate * sales, margin)
    return known
