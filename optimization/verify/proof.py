"""Recompute what a plan says of its worth: certificate, bound, and the cost of its locks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimization.verify.limits import Limit, entities, units_that_must_move
from optimization.verify.tables import TOLERANCE, differs, report

if TYPE_CHECKING:
    from optimization.tables import CoveragePlan


# Share of the bound within which a solver's tolerances call a plan optimal.
SOLVER_TOLERANCE = 5e-5


def prices(table: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Published price by entity, for each rule."""
    named = table.assign(entity=entities(table))
    return {
        str(rule): part.set_index("entity")["shadow_price_amount"].astype(float)
        for rule, part in named.groupby("rule")
    }


def move_price(pairs: pd.DataFrame, price: dict[str, pd.Series[float]]) -> pd.Series[float]:
    """What taking each account from its owner by choice pays at these prices, by account_id.

    0 where there is no owner to take it from, or where the move is forced.

    Args:
        pairs: Candidates with their account's columns and owner (``limits.with_owner``).
        price: By rule and entity.
    """
    accounts = pairs.drop_duplicates("account_id").set_index("account_id")
    none: pd.Series[float] = pd.Series(dtype=float)
    total = accounts["new_amount_account"] + accounts["existing_amount_account"]
    total = total * price.get("moved_amount", none).sum() + price.get("moves", none).sum()
    for rule, owner in (("group_moves", "owner_group"), ("rep_moves", "present_rep_id")):
        total += accounts[owner].map(price.get(rule, none)).astype(float).fillna(0.0)
    forced = accounts["unit"].isin(units_that_must_move(pairs))
    return total.where(accounts["present_rep_id"].notna() & ~forced, 0.0)


def paid(limits: list[Limit], table: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """What each pair pays for each rule at the published prices."""
    price = prices(table)
    none: pd.Series[float] = pd.Series(dtype=float)
    return {limit.rule: limit.paid(price.get(limit.rule, none)) for limit in limits}


def worth(pairs: pd.DataFrame, chosen: pd.Series[bool], limits: list[Limit]) -> float:
    """Value of the chosen pairs less what they exceed limits by, at each limit's price."""
    total = float(pairs.loc[chosen, "value_amount"].sum())
    for limit in limits:
        total -= float((limit.over(chosen) * limit.sizes["slack_price_amount"]).sum())
    return total


def check_certificate(
    pairs: pd.DataFrame,
    chosen: pd.Series[bool],
    limits: list[Limit],
    overtime_price: float,
    certificate: pd.Series[float],
) -> Iterator[str]:
    """Check the certificate against the pairs: worth, overtime, gap, gain and counts."""
    objective, bound = certificate["objective_amount"], certificate["bound_amount"]
    known = {limit.rule: limit for limit in limits}
    lacking = float(known["hours"].over(chosen).sum())
    total = worth(pairs, chosen, limits)
    size = max(1.0, abs(total))
    if not abs(objective - total) <= TOLERANCE * size:
        yield f"objective is {objective:,.2f}, the rows add up to {total:,.2f}"
    for column, amount in (
        ("overtime_hours", lacking),
        ("overtime_amount", overtime_price * lacking),
    ):
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
    moves = known["moves"]
    for column, count in (
        ("account_count", int(chosen.sum())),
        ("moved_count", int(pairs.loc[chosen, "is_move"].sum())),
        ("chosen_move_count", int(pairs.loc[chosen, "is_chosen_move"].sum())),
        ("move_limit", int(moves.sizes["capacity"].iloc[0])),
        ("uncovered_count", int(pairs.loc[chosen, "is_house"].sum())),
    ):
        if certificate[column] != count:
            yield f"certificate says {column} {certificate[column]}, the plan {count}"


def check_today(
    pairs: pd.DataFrame, limits: list[Limit], certificate: pd.Series[float]
) -> Iterator[str]:
    """Check what the certificate says today's coverage is worth, net of what it exceeds."""
    total = worth(pairs, pairs["is_today"], limits)
    said = certificate["as_is_objective_amount"]
    if not abs(said - total) <= TOLERANCE * max(1.0, abs(total)):
        yield f"today's coverage is said to be worth {said:,.2f}, it adds up to {total:,.2f}"


def check_loads(pairs: pd.DataFrame, chosen: pd.Series[bool], table: pd.DataFrame) -> Iterator[str]:
    """Check what every coverer is said to carry before and under the plan."""
    potential = pairs["new_amount_account"] + pairs["existing_amount_account"]
    facts = pairs.assign(accounts=1.0, potential=potential)
    said = table.set_index("rep_id")
    for when, rows in (("before", pairs["is_today"]), ("after", chosen)):
        sums = facts[rows].groupby("rep_id")[["accounts", "hours", "value_amount", "potential"]]
        known = sums.sum().reindex(said.index.union(pd.Index(facts["rep_id"].unique()))).fillna(0.0)
        for column, name in (
            ("accounts", f"accounts_{when}"),
            ("hours", f"hours_{when}"),
            ("value_amount", f"value_{when}_amount"),
            ("potential", f"potential_{when}_amount"),
        ):
            wrong = differs(known[column], said[name].astype(float).reindex(known.index))
            yield from report(f"{name} is not the sum of the accounts", known.index[wrong])


def best_nets(
    pairs: pd.DataFrame, limits: list[Limit], shadow_prices: pd.DataFrame
) -> pd.Series[float]:
    """Best value less prices of each unit, over the coverers that every member allows."""
    net = pairs["value_amount"] - sum(paid(limits, shadow_prices).values())
    open_ = pairs.assign(net=net).loc[~pairs["is_barred"]]
    size = pairs.drop_duplicates("account_id").groupby("unit").size()
    choices = open_.groupby(["unit", "rep_id"])["net"].agg(["sum", "count"]).reset_index()
    whole = choices["count"] == choices["unit"].map(size)
    return choices[whole].groupby("unit")["sum"].max()


def check_bound(pairs: pd.DataFrame, limits: list[Limit], plan: CoveragePlan) -> Iterator[str]:
    """Recompute the bound that the published prices prove, for any plan that keeps the rules.

    sum over units (a family, or an account on its own) of the best (value - prices paid) over the
    coverers that every member allows + sum of price x limit + what units beyond a limit are worth
    above their own price.
    """
    proven = float(best_nets(pairs, limits, plan.shadow_prices).sum())
    price = prices(plan.shadow_prices)
    for limit in limits:
        if limit.rule not in price:
            continue
        y, sizes = price[limit.rule].reindex(limit.sizes.index).fillna(0.0), limit.sizes
        proven += float((y * sizes["capacity"]).sum())
        beyond = (y - sizes["slack_price_amount"]).clip(lower=0.0)
        finite = sizes["slack_limit"].where(np.isfinite(sizes["slack_limit"]), 0.0)
        proven += float((beyond * finite).sum())
    bound = float(plan.certificate["bound_amount"].iloc[0])
    objective = float(plan.certificate["objective_amount"].iloc[0])
    if not abs(bound - max(proven, objective)) <= TOLERANCE * max(1.0, abs(proven)):
        yield f"bound_amount is {bound:,.2f}, the shadow prices prove {proven:,.2f}"


def check_solver(certificate: pd.Series[float], wanted_gap: float) -> Iterator[str]:
    """Check the solver's word as far as that goes: between plan and bound, within what is wanted.

    Its bound itself is nothing that tables could prove; :func:`check_single_moves` refutes one
    that lies below what a single move would reach.
    """
    objective, bound = certificate["objective_amount"], certificate["bound_amount"]
    said = certificate["solver_bound_amount"]
    size = TOLERANCE * max(1.0, abs(bound))
    if not objective - size <= said <= bound + size:
        yield f"solver_bound_amount is {said:,.2f}, not between the plan and its bound"
    gap = (said - objective) / max(1.0, abs(said))
    if not abs(gap - certificate["solver_gap_rate"]) <= TOLERANCE:
        yield f"solver_gap_rate is {certificate['solver_gap_rate']:.6f}, its bound says {gap:.6f}"
    # A solve that the clock stopped may be ten times as far off, and is called feasible.
    known = {"optimal": wanted_gap, "feasible": 10 * wanted_gap}
    accepted = known.get(str(certificate["status"]))
    if accepted is None:
        yield f"status is {certificate['status']}, neither optimal nor feasible"
    elif not gap <= accepted + SOLVER_TOLERANCE:
        yield f"a gap of {gap:.6f} is not {certificate['status']}: {accepted:.6f} is accepted"


def check_single_moves(
    pairs: pd.DataFrame, chosen: pd.Series[bool], limits: list[Limit], certificate: pd.Series[float]
) -> Iterator[str]:
    """Check that no single account could change coverer for more than the solver's bound allows.

    Accounts of a family move together and are left out.
    """
    account = pd.factorize(pairs["account_id"])[0]
    made = np.empty(account.max() + 1, dtype=np.intp)
    made[account[chosen]] = np.flatnonzero(chosen)
    now = made[account]  # row of what the plan gives each pair's account
    value = pairs["value_amount"].to_numpy(dtype=float)
    gain = value - value[now]
    is_alone = pairs["unit"].str.startswith("account ")
    is_possible = np.array(is_alone & ~chosen & ~pairs["is_barred"], dtype=bool)
    for limit in limits:
        sizes, use = limit.sizes, limit.use.to_numpy(dtype=float)
        here = sizes.index.get_indexer(pd.Index(limit.entity))
        there = here[now]
        is_same = here == there
        capacity, most, price = (
            sizes[column].to_numpy(dtype=float)
            for column in ("capacity", "slack_limit", "slack_price_amount")
        )
        over = limit.used(chosen).to_numpy(dtype=float) - capacity
        most = most + TOLERANCE * np.maximum(1.0, np.abs(capacity))
        for entity, change in (
            (here, use - np.where(is_same, use[now], 0.0)),
            (there, np.where(is_same, 0.0, -use[now])),
        ):
            counted = np.flatnonzero(entity >= 0)
            at = entity[counted]
            after = over[at] + change[counted]
            is_possible[counted] &= after <= np.maximum(most[at], over[at])
            extra = np.maximum(after, 0.0) - np.maximum(over[at], 0.0)
            gain[counted] -= extra * price[at]
    room = certificate["solver_bound_amount"] - certificate["objective_amount"]
    better = is_possible & (gain > room + TOLERANCE * max(1.0, abs(certificate["bound_amount"])))
    yield from report(
        "a single move gains more than the solver's bound allows", pairs.loc[better, "account_id"]
    )


def check_lock_costs(pairs: pd.DataFrame, limits: list[Limit], plan: CoveragePlan) -> Iterator[str]:
    """Check that every lock and forbidden pair is listed once, and what it costs at most.

    The cost is recomputed for accounts on their own; a family's depends on all its members.
    """
    locked = pairs[pairs["lock_action"].notna()].drop_duplicates("account_id")
    rep = locked["lock_rep_id"].fillna(locked["present_rep_id"])
    barred = pairs[pairs["forbidden_reason"].notna()]
    expected = set(zip(locked["account_id"], locked["lock_action"], rep, strict=True))
    expected |= {
        (a, "forbid", r) for a, r in zip(barred["account_id"], barred["rep_id"], strict=True)
    }
    table = plan.lock_costs
    said = list(zip(table["account_id"], table["lock_action"], table["rep_id"], strict=True))
    yield from report("lock is not listed", sorted({key[0] for key in expected - set(said)}))
    yield from report("lock is listed, not stated", sorted({k[0] for k in set(said) - expected}))
    yield from report("lock is listed twice", table.loc[pd.Series(said).duplicated(), "account_id"])

    net = pairs["value_amount"] - sum(paid(limits, plan.shadow_prices).values())
    held = net[~pairs["is_barred"]].groupby(pairs["account_id"]).max()
    unlocked = net[pairs["forbidden_reason"].isna()].groupby(pairs["account_id"]).max()
    own = barred.assign(net=net[barred.index])
    own = own[~own["is_lock_broken"]]
    pair_net = own.set_index(["account_id", "rep_id"])["net"]
    free = table["account_id"].map(unlocked).astype(float)
    is_pair = table["lock_action"] == "forbid"
    keys = pd.MultiIndex.from_frame(table[["account_id", "rep_id"]])
    free = free.mask(is_pair, pd.Series(pair_net.reindex(keys).to_numpy(), index=table.index))
    cost = (free - table["account_id"].map(held).astype(float)).clip(lower=0.0).fillna(0.0)
    units = pairs.drop_duplicates("account_id").set_index("account_id")["unit"]
    alone = table["account_id"].map(units).str.startswith("account ").fillna(False)
    wrong = alone & differs(table["cost_amount"], cost)
    yield from report("cost of a lock is wrong", table.loc[wrong, "account_id"])
