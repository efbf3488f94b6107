"""Recompute what a plan says of its worth: use of limits, certificate, and the bound's proof.

Belongs here: numbers about the whole plan, from the tables alone. Does not belong here: rules of
single rows (``optimization.verify.coverage``), CVXPY, any code of ``optimization.coverage``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from optimization.verify.tables import HOUSE, TOLERANCE, differs, numbers, report

if TYPE_CHECKING:
    from optimization.coverage.plan import CoveragePlan


def prices(table: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float], float]:
    """Published prices of hours and places by rep_id, and of a move."""
    price = {
        rule: table[table["rule"] == rule].set_index("rep_id")["shadow_price_amount"]
        for rule in ("hours", "accounts", "moves")
    }
    return price["hours"], price["accounts"], float(price["moves"].sum())


def check_shadow_prices(
    rows: pd.DataFrame,
    moved: pd.Series[bool],
    limit: int,
    coverers: pd.DataFrame,
    table: pd.DataFrame,
) -> Iterator[str]:
    """Check that every limit has its size, its use and no negative price."""
    keys = table["rule"] + " of " + table["rep_id"].fillna("the company")
    yield from report("shadow price is negative", keys[~(table["shadow_price_amount"] >= 0)])
    load = rows.groupby("rep_id")
    used = {"hours": load["hours_mart"].sum(), "accounts": load.size()}
    sizes = {"hours": coverers["capacity_hours"], "accounts": coverers["account_limit"]}
    for rule in used:
        part = table[table["rule"] == rule]
        use = part["rep_id"].map(used[rule]).fillna(0.0).astype(float)
        size = numbers(part["rep_id"].map(sizes[rule]))
        wrong = differs(part["used"], use) | differs(part["capacity"], size)
        yield from report("use or capacity of a limit is wrong", keys[part.index[wrong]])
    moves = table[table["rule"] == "moves"]
    if moves["used"].tolist() != [float(moved.sum())] or moves["capacity"].tolist() != [limit]:
        yield "use or capacity of a limit is wrong: moves of the company"


def check_certificate(
    rows: pd.DataFrame,
    moved: pd.Series[bool],
    limit: int,
    coverers: pd.DataFrame,
    price: float,
    certificate: pd.Series[float],
) -> Iterator[str]:
    """Check the certificate against the plan's rows: worth, overtime, gap, gain and counts."""
    objective, bound = certificate["objective_amount"], certificate["bound_amount"]
    used = rows.groupby("rep_id")["hours_mart"].sum()
    lacking = float((used - coverers["capacity_hours"].reindex(used.index)).clip(lower=0.0).sum())
    total = float(rows["value_amount_mart"].sum()) - price * lacking
    size = max(1.0, abs(total))
    if not abs(objective - total) <= TOLERANCE * size:
        yield f"objective is {objective:,.2f}, the rows add up to {total:,.2f}"
    for column, amount in (("overtime_hours", lacking), ("overtime_amount", price * lacking)):
        if not abs(certificate[column] - amount) <= TOLERANCE * max(1.0, amount):
            yield f"{column} is {certificate[column]:,.2f}, the rows say {amount:,.2f}"
    if not bound >= objective - TOLERANCE * size:
        yield f"bound {bound:,.2f} lies below the objective {objective:,.2f}"
    gap = (bound - objective) / max(1.0, abs(bound))
    if not (
        certificate["gap_rate"] >= -TOLERANCE and abs(gap - certificate["gap_rate"]) <= TOLERANCE
    ):
        yield f"gap is {certificate['gap_rate']:.6f}, bound and objective say {gap:.6f}"
    gain = certificate["objective_amount"] - certificate["as_is_objective_amount"]
    if not abs(gain - certificate["gain_amount"]) <= TOLERANCE * size:
        yield f"gain is {certificate['gain_amount']:,.2f}, the difference to today is {gain:,.2f}"
    for column, count in (
        ("account_count", len(rows)),
        ("moved_count", int(moved.sum())),
        ("move_limit", limit),
        ("uncovered_count", int((rows["rep_id"] == HOUSE).sum())),
    ):
        if certificate[column] != count:
            yield f"certificate says {column} {certificate[column]}, the plan {count}"


def check_today(
    pairs: pd.DataFrame, coverers: pd.DataFrame, price: float, certificate: pd.Series[float]
) -> Iterator[str]:
    """Check what the certificate says today's coverage is worth, net of its overtime."""
    today = pairs["rep_id"] == pairs["present_rep_id"].fillna(HOUSE)
    total = float(pairs.loc[today, "value_amount"].sum())
    total -= price * float(coverers["overtime_limit"].sum())
    said = certificate["as_is_objective_amount"]
    if not abs(said - total) <= TOLERANCE * max(1.0, abs(total)):
        yield f"today's coverage is said to be worth {said:,.2f}, it adds up to {total:,.2f}"


def check_bound(
    pairs: pd.DataFrame, coverers: pd.DataFrame, price: float, plan: CoveragePlan
) -> Iterator[str]:
    """Recompute the bound that the published prices prove, for any plan that keeps the rules.

    sum over accounts of the best (value - prices paid) + sum of price x limit + hours of
    overtime x what an hour is worth beyond its price.
    """
    hours, places, move = prices(plan.shadow_prices)
    target = pairs["lock_rep_id"].fillna(pairs["present_rep_id"])
    same = (pairs["rep_id"] == target).fillna(False).astype(bool)
    forbidden = ((pairs["lock_action"] == "married") & ~same).fillna(False) | (
        (pairs["lock_action"] == "divorced") & same
    ).fillna(False)
    move_pair = pairs["present_rep_id"].notna() & (pairs["rep_id"] != pairs["present_rep_id"])
    paid = pairs["rep_id"].map(hours).fillna(0.0) * pairs["hours"]
    paid = paid + pairs["rep_id"].map(places).fillna(0.0) + move * move_pair
    net = (pairs["value_amount"] - paid)[~forbidden]
    best = net.groupby(pairs["account_id"]).max().sum()
    table = plan.shadow_prices
    proven = float(best + (table["shadow_price_amount"] * table["capacity"]).sum())
    proven += float((coverers["overtime_limit"] * (hours - price).clip(lower=0.0)).sum())
    bound = float(plan.certificate["bound_amount"].iloc[0])
    if not bound <= proven + TOLERANCE * max(1.0, abs(proven)):
        yield f"bound is {bound:,.2f}, the shadow prices prove {proven:,.2f}"
