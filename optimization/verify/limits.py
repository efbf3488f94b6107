"""The limits of a coverage plan, stated anew from the tables: what each pair uses of which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.policy import CoveragePolicy
from optimization.verify.tables import HOUSE, differs, numbers, report

COMPANY = "the company"


@dataclass(frozen=True, eq=False)
class Limit:
    """One rule over all pairs.

    Attributes:
        rule: Name as published.
        entity: Whom the pair counts for, missing where for nobody; one value per pair.
        use: Units the pair uses; one value per pair.
        sizes: By entity: capacity, slack_limit and slack_price_amount.
    """

    rule: str
    entity: pd.Series[str]
    use: pd.Series[float]
    sizes: pd.DataFrame

    def used(self, chosen: pd.Series[bool]) -> pd.Series[float]:
        """Units that the chosen pairs use, by entity of ``sizes``."""
        total = self.use[chosen].groupby(self.entity[chosen]).sum()
        return total.reindex(self.sizes.index).fillna(0.0)

    def over(self, chosen: pd.Series[bool]) -> pd.Series[float]:
        """Units that the chosen pairs use beyond the capacity, by entity of ``sizes``."""
        return (self.used(chosen) - self.sizes["capacity"]).clip(lower=0.0)

    def paid(self, price: pd.Series[float]) -> pd.Series[float]:
        """What each pair pays at these prices by entity."""
        return self.use * self.entity.map(price).fillna(0.0).astype(float)


def stated_limits(
    pairs: pd.DataFrame, coverers: pd.DataFrame, policy: CoveragePolicy
) -> list[Limit]:
    """State every limit of a company.

    Args:
        pairs: Candidates with their account's columns, ``is_chosen_move`` and ``owner_group``.
        coverers: By rep_id, with what today's accounts allow (``tables.with_today``).
        policy: Policy of the plan.
    """
    rep, one = pairs["rep_id"], pd.Series(1.0, index=pairs.index)
    reps = coverers[(coverers["coverer_type"] == "rep") & coverers["capacity_hours"].notna()]
    limits = [
        Limit(
            "hours",
            rep,
            pairs["hours"],
            _sizes(
                coverers["capacity_hours"],
                coverers["overtime_limit"],
                policy.overtime_amount_per_hour,
            ),
        ),
        Limit("accounts", rep, one, _sizes(coverers["account_limit"])),
        *_move_budgets(pairs, coverers, policy),
    ]
    if policy.min_load_rate > 0:
        wanted = -policy.min_load_rate * reps["capacity_hours"]
        size = _sizes(wanted[wanted < 0], np.inf, policy.idle_amount_per_hour)
        limits.append(Limit("min_hours", rep, -pairs["hours"], size))
    budgets = pd.Series(dict(policy.partner_budgets), dtype=float)
    budgets = budgets[budgets.index.isin(coverers.index)]
    if len(budgets):
        cost = pairs["cost_to_serve_amount"]
        today = cost[pairs["is_present"]].groupby(rep[pairs["is_present"]]).sum()
        most = budgets.clip(lower=today.reindex(budgets.index).fillna(0.0))
        limits.append(Limit("partner_budget", rep, cost, _sizes(most)))
    if policy.balance_band_rate is not None and (reps["capacity_hours"] > 0).any():
        limits += _balance(pairs, coverers, policy)
    if policy.ote_price_rate > 0 and "lowest_potential" in coverers:
        low, high = (numbers(coverers[f"{end}_potential"]) for end in ("lowest", "highest"))
        bands = _potential_band("ote", pairs, low, high, policy.ote_price_rate)
        limits += [limit for limit in bands if len(limit.sizes)]
    return limits


def _sizes(
    capacity: pd.Series[float], slack: pd.Series[float] | float = 0.0, price: float = 0.0
) -> pd.DataFrame:
    table = pd.DataFrame({"capacity": capacity.astype(float)})
    table["slack_limit"] = slack
    table["slack_price_amount"] = price
    return table.dropna(subset=["capacity"])


def potential_shares(pairs: pd.DataFrame, coverers: pd.DataFrame) -> pd.Series[float]:
    """Yearly potential that each rep's share of its group's hours asks for, by rep_id.

    Args:
        pairs: Candidates with their account's columns and ``owner_group``.
        coverers: By rep_id.
    """
    reps = coverers[(coverers["coverer_type"] == "rep") & (coverers["capacity_hours"] > 0)]
    accounts = pairs.drop_duplicates("account_id")
    potential = accounts["new_amount_account"] + accounts["existing_amount_account"]
    today = potential.groupby(accounts["owner_group"]).sum()
    spread = float(potential.sum()) / max(float(today.sum()), 1e-9)
    share = reps["capacity_hours"] / reps.groupby("group_id")["capacity_hours"].transform("sum")
    of_group = reps["group_id"].map(today).astype(float).fillna(0.0)
    return (share * of_group * spread).dropna()


def _balance(pairs: pd.DataFrame, coverers: pd.DataFrame, policy: CoveragePolicy) -> list[Limit]:
    target = potential_shares(pairs, coverers)
    band = float(policy.balance_band_rate or 0.0)
    low, high = (1 - band) * target, (1 + band) * target
    return _potential_band("balance", pairs, low, high, policy.balance_price_rate)


def _potential_band(
    name: str, pairs: pd.DataFrame, low: pd.Series[float], high: pd.Series[float], price: float
) -> list[Limit]:
    use = pairs["new_amount_account"] + pairs["existing_amount_account"]
    return [
        Limit(rule, pairs["rep_id"], sign * use, _sizes(sign * end, np.inf, price))
        for rule, sign, end in ((f"{name}_high", 1.0, high), (f"{name}_low", -1.0, low))
    ]


def _move_budgets(
    pairs: pd.DataFrame, coverers: pd.DataFrame, policy: CoveragePolicy
) -> list[Limit]:
    """What may move by choice: a share of what is covered today, less what earlier plans moved."""
    accounts = pairs.drop_duplicates("account_id")
    company, one = pd.Series(COMPANY, index=pairs.index), pd.Series(1.0, index=pairs.index)
    potential = pairs["new_amount_account"] + pairs["existing_amount_account"]
    of_company = {"moves": policy.move_budget_rate, "moved_amount": policy.move_budget_amount_rate}
    of_reps = dict.fromkeys(coverers.index[coverers.index != HOUSE], policy.rep_move_rate)
    budgets: list[tuple[str, pd.Series[str], pd.Series[float], Mapping[str, float | None]]] = [
        (rule, company, potential if rule == "moved_amount" else one, {COMPANY: rate})
        for rule, rate in of_company.items()
    ]
    budgets.append(("group_moves", pairs["owner_group"], one, dict(policy.group_move_rates)))
    budgets.append(("rep_moves", pairs["present_rep_id"], one, of_reps))
    limits = []
    for rule, entity, use, stated in budgets:
        rates = pd.Series(stated, dtype=float).dropna()
        if rates.empty:
            continue
        owned = accounts.index[accounts["present_rep_id"].notna()]
        covered = use[owned].groupby(entity[owned]).sum().reindex(rates.index).fillna(0.0)
        most = rates * covered
        if rule != "moved_amount":
            most = (most + 1e-9).floordiv(1.0)
        if rule in of_company:
            most -= float((accounts["recent_move_count"] * use[accounts.index]).sum())
        else:
            lost_by = accounts[f"recent_move_{rule.removesuffix('_moves')}_ids"].dropna()
            earlier = lost_by.str.split(" | ", regex=False).explode().value_counts()
            most -= earlier.reindex(rates.index).fillna(0.0)
        use = use * pairs["is_chosen_move"].astype(float)
        limits.append(Limit(rule, entity, use, _sizes(most.clip(lower=0.0))))
    return limits


def units_that_must_move(pairs: pd.DataFrame) -> pd.Index:
    """Families that are not together yet, and units whose owner may not stay."""
    today = pairs[pairs["is_today"]]
    units = today.groupby("unit").agg(coverers=("rep_id", "nunique"), barred=("is_barred", "max"))
    return units.index[(units["coverers"] > 1) | units["barred"].astype(bool)]


_BROKEN = {
    "hours": "more hours than capacity and than today",
    "accounts": "more accounts than max_accounts and than today",
    "moves": "move budget",
    "moved_amount": "more potential moved by choice than the budget",
    "group_moves": "more moves than the group's budget",
    "rep_moves": "more moves than a rep may lose",
    "partner_budget": "more margin than the partner's budget and than today",
}


def check_limits(limits: list[Limit], chosen: pd.Series[bool]) -> Iterator[str]:
    """Check that the chosen pairs keep every limit; a soft one cannot be broken."""
    for limit in limits:
        used, sizes = limit.used(chosen), limit.sizes
        most = sizes["capacity"] + sizes["slack_limit"]
        over = used > most + 1e-6 * np.maximum(1.0, most.abs())
        if limit.rule == "moves" and over.any():
            count = int(used.iloc[0])
            yield f"move budget: {count} moves by choice, {int(most.iloc[0])} allowed"
            continue
        yield from report(_BROKEN.get(limit.rule, limit.rule), sorted(over.index[over]))


def check_shadow_prices(
    limits: list[Limit], chosen: pd.Series[bool], table: pd.DataFrame
) -> Iterator[str]:
    """Check that every limit is published with its size, its use and a price in its box."""
    keys = table["rule"] + " of " + entities(table)
    yield from report("shadow price is negative", keys[~(table["shadow_price_amount"] >= 0)])
    soft = np.isinf(table["slack_limit"].astype(float))
    high = soft & (table["shadow_price_amount"] > table["slack_price_amount"] * (1 + 1e-9))
    yield from report("shadow price is above the price of a soft rule", keys[high])
    known = {limit.rule: limit for limit in limits}
    yield from report("limit of an unknown rule", keys[~table["rule"].isin(list(known))])
    for rule, limit in known.items():
        part = table[table["rule"] == rule].set_index(entities(table[table["rule"] == rule]))
        sizes = limit.sizes
        missing = sizes.index.difference(part.index)
        stray = part.index.difference(sizes.index)
        yield from report("limit is not published", [f"{rule} of {name}" for name in missing])
        yield from report("limit is published, not stated", [f"{rule} of {name}" for name in stray])
        part = part.reindex(sizes.index).dropna(subset=["used"])
        expected = sizes.reindex(part.index).assign(used=limit.used(chosen).reindex(part.index))
        wrong = pd.Series(False, index=part.index)
        for column in ("used", "capacity", "slack_limit", "slack_price_amount"):
            same = part[column].astype(float) == expected[column]  # infinite ones are equal, too
            wrong |= differs(part[column].astype(float), expected[column]) & ~same
        names = [f"{rule} of {name}" for name in part.index[wrong]]
        yield from report("use or capacity of a limit is wrong", names)


def entities(table: pd.DataFrame) -> pd.Series[str]:
    """Whom each published limit is about: a coverer, a group or the company."""
    by_group = table["rule"] == "group_moves"
    return table["rep_id"].mask(by_group, table["group_id"]).fillna(COMPANY)


def with_owner(pairs: pd.DataFrame, coverers: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from owner, locks and coverers to every pair.

    Columns is_today (how the account is covered today: by its owner, else by the house), is_move,
    is_chosen_move (though the owner could keep it), is_lock_broken, is_barred (a lock or a rule
    forbids the pair), owner_group, group_of_coverer, unit (a family, or an account on its own) and
    is_house.
    """
    owner, rep = pairs["present_rep_id"], pairs["rep_id"]
    target = pairs["lock_rep_id"].fillna(owner)
    on_target = (rep == target).fillna(False).astype(bool)
    keeps = (pairs["lock_action"] == "keep").fillna(False).astype(bool)
    removes = (pairs["lock_action"] == "remove").fillna(False).astype(bool)
    known = pairs.assign(
        is_present=(rep == owner).fillna(False).astype(bool),
        is_today=rep == owner.fillna(HOUSE),
        is_move=owner.notna() & (rep != owner),
        is_lock_broken=(keeps & ~on_target) | (removes & on_target),
        is_barred=(keeps & ~on_target) | (removes & on_target) | pairs["forbidden_reason"].notna(),
        owner_group=owner.map(coverers["group_id"]),
        group_of_coverer=rep.map(coverers["group_id"]),
        unit=pairs["family_id"].fillna("account " + pairs["account_id"]),
        is_house=rep == HOUSE,
    )
    is_forced = known["unit"].isin(units_that_must_move(known))
    return known.assign(is_chosen_move=known["is_move"] & ~is_forced)
