"""Recompute what one more rep in each group would bring, what it costs, and whether it pays."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimization.newcomers import Newcomers
from optimization.policy import CoveragePolicy
from optimization.values.pairs import PairValues
from optimization.verify.gains import Z_90, deviation
from optimization.verify.limits import Limit, check_limits, stated_limits, with_owner
from optimization.verify.pairs import recomputed
from optimization.verify.proof import best_nets, move_price, prices, worth
from optimization.verify.tables import HOUSE, TOLERANCE, differs, report, text_ids, with_today

if TYPE_CHECKING:
    from optimization.tables import CoveragePlan


def check_hiring(
    accounts: pd.DataFrame,
    coverers: pd.DataFrame,
    pairs: pd.DataFrame,
    limits: list[Limit],
    policy: CoveragePolicy,
    plan: CoveragePlan,
    values: PairValues,
    newcomers: Newcomers | None,
) -> Iterator[str]:
    """Check the advice of each group against a plan with its newcomer, priced and added up anew.

    Args:
        accounts: Mart ``coverage_accounts``.
        coverers: Mart ``coverage_coverers``.
        pairs: Candidates with their account's columns and owner (``limits.with_owner``).
        limits: Every limit of the plan.
        policy: Policy of the plan.
        plan: The plan's tables.
        values: What any pair is worth.
        newcomers: One in each group of reps, None where nobody was to be weighed.
    """
    known = [] if newcomers is None else newcomers.coverers["group_id"].tolist()
    said = plan.hiring_advice["group_id"].tolist()
    if said != known:
        yield f"hiring advice is for {', '.join(said)}, not {', '.join(known)}"
        return
    stray = plan.hiring_changes.loc[~plan.hiring_changes["group_id"].isin(known), "group_id"]
    yield from report("changes are listed of no newcomer's group", stray.drop_duplicates())
    if newcomers is None:
        return
    tables = newcomers.join(values.model.tables)
    owner = pairs.drop_duplicates("account_id").set_index("account_id")
    best = best_nets(pairs, limits, plan.shadow_prices)
    price = prices(plan.shadow_prices)
    move = move_price(pairs, price)
    worths: dict[object, pd.DataFrame] = {}
    for place, group in enumerate(known):
        newcomer = newcomers.coverers.iloc[[place]]
        kind = _kind(newcomers, newcomer["rep_id"].iloc[0])
        if kind not in worths:  # two who ramp and are certified alike are worth the same
            own = owner.reset_index()[["account_id"]].assign(rep_id=newcomer["rep_id"].iloc[0])
            worths[kind] = own.join(recomputed(own, tables, values.model.policy))
        name, capacity = newcomer["rep_id"].iloc[0], float(newcomer["capacity_hours"].iloc[0])
        offered = worths[kind].assign(rep_id=name)
        changes = plan.hiring_changes[plan.hiring_changes["group_id"] == group]
        everyone = text_ids(pd.concat([coverers, newcomer], ignore_index=True))
        planned = _with_newcomer(accounts, everyone, policy, plan, offered, changes)
        yield from _check_plan(name, planned, changes, plan)
        most = _most(owner, limits, best, planned, offered, price, move, capacity)
        row = plan.hiring_advice.iloc[place].to_dict()
        yield from _check_advice(row, newcomer.iloc[0].to_dict(), planned, most, plan)


def _kind(newcomers: Newcomers, name: str) -> object:
    ramp, held = newcomers.rep_months, newcomers.held_certificates
    months = ramp.loc[ramp["rep_id"] == name, ["month", "ramp_rate"]]
    certified = held.loc[held["rep_id"] == name, "certification"]
    return tuple(months.itertuples(index=False, name=None)), frozenset(certified)


@dataclass(frozen=True, eq=False)
class _Plan:
    """The plan with one group's newcomer, put together from the published changes.

    Attributes:
        pairs: Today's, planned and newly planned pair of each account, like the plan's own.
        limits: Every limit with the newcomer.
        before: The plan's pairs.
        after: Those of the plan with the newcomer.
    """

    pairs: pd.DataFrame
    limits: list[Limit]
    before: pd.Series[bool]
    after: pd.Series[bool]


def _with_newcomer(
    accounts: pd.DataFrame,
    coverers: pd.DataFrame,
    policy: CoveragePolicy,
    plan: CoveragePlan,
    offered: pd.DataFrame,
    changes: pd.DataFrame,
) -> _Plan:
    columns = [column for column in plan.pairs if column in offered]
    listed = pd.concat([plan.pairs[columns], offered[columns]], ignore_index=True)
    account, rep = listed["account_id"], listed["rep_id"]
    planned = plan.assignments.set_index("account_id")["rep_id"]
    moved = changes.drop_duplicates("account_id").set_index("account_id")["replanned_rep_id"]
    today = accounts.set_index("account_id")["present_rep_id"].fillna(HOUSE)
    before, kept = rep == account.map(planned), rep == account.map(today)
    after = rep == account.map(moved).fillna(account.map(planned))
    kept |= before | after
    listed = text_ids(listed[kept])
    present = listed["rep_id"] == listed["account_id"].map(today)
    everyone = with_today(coverers, listed.assign(is_present=present))
    pairs = listed.merge(accounts, on="account_id", suffixes=("", "_account"))
    pairs = with_owner(pairs, everyone)
    flags = pd.DataFrame({"before": before[kept].to_numpy(), "after": after[kept].to_numpy()})
    return _Plan(pairs, stated_limits(pairs, everyone, policy), flags["before"], flags["after"])


def _check_plan(
    name: str, planned: _Plan, changes: pd.DataFrame, plan: CoveragePlan
) -> Iterator[str]:
    """The changes are those of a plan that keeps every rule."""
    where = f"with {name}: "
    repeated = changes.loc[changes["account_id"].duplicated(), "account_id"]
    yield from report(f"{where}an account changes twice", repeated)
    accounts = changes["account_id"]
    for column, of in (("rep_id", planned.before), ("replanned_rep_id", planned.after)):
        coverer = planned.pairs[of].set_index("account_id")["rep_id"]
        wrong = changes[column] != accounts.map(coverer)
        yield from report(f"{where}{column} of a change is not a coverer of it", accounts[wrong])
    value = planned.pairs.set_index("account_id")["value_amount"]
    before, after = (value[of.to_numpy()] for of in (planned.before, planned.after))
    gain = accounts.map(after - before).astype(float)
    wrong = differs(changes["value_gain_amount"], gain)
    yield from report(f"{where}value_gain_amount is not the change's", accounts[wrong])
    made = planned.pairs[planned.after]
    missing = set(plan.assignments["account_id"]) - set(made["account_id"])
    yield from report(f"{where}nobody known covers", sorted(missing))
    yield from report(f"{where}pair is forbidden", made.loc[made["is_barred"], "account_id"])
    torn = made.groupby("unit")["rep_id"].nunique()
    yield from report(f"{where}family is torn apart", torn.index[torn > 1])
    for message in check_limits(planned.limits, planned.after):
        yield where + message


def _most(
    owner: pd.DataFrame,
    limits: list[Limit],
    best: pd.Series[float],
    planned: _Plan,
    offered: pd.DataFrame,
    price: dict[str, pd.Series[float]],
    move: pd.Series[float],
    capacity: float,
) -> float:
    """What the published prices promise of a newcomer at most."""
    offer = offered.set_index("account_id")
    net = offer["value_amount"] - move
    shut = offer["forbidden_reason"].notna() | (owner["lock_action"] == "keep")
    unit = owner["unit"].reindex(offer.index)
    gain = net.groupby(unit).sum() - best
    hours = offer["hours"].groupby(unit).sum()
    wanted = (gain > 0) & ~shut.groupby(unit).any()
    gain, hours = gain[wanted], hours[wanted]
    rate = (gain / hours).sort_values(ascending=False, kind="stable")  # by no hours: infinite
    full = rate.index[hours.reindex(rate.index).cumsum() > capacity]
    hour_price = float(rate[full[0]]) if len(full) else 0.0
    most = hour_price * capacity + float((gain - hour_price * hours).clip(lower=0.0).sum())
    larger = {limit.rule: limit.sizes["capacity"] for limit in planned.limits}
    for limit in limits:
        y = price.get(limit.rule, pd.Series(dtype=float))
        shifted = larger[limit.rule].reindex(y.index) - limit.sizes["capacity"].reindex(y.index)
        most += float((y * shifted.fillna(0.0)).sum())
    return most


def _check_advice(
    row: dict[Hashable, object],
    newcomer: dict[Hashable, object],
    planned: _Plan,
    most: float,
    plan: CoveragePlan,
) -> Iterator[str]:
    group, cost = newcomer["group_id"], float(str(newcomer["newcomer_cost_amount"]))
    objective = float(plan.certificate["objective_amount"].iloc[0])
    least = worth(planned.pairs, planned.after, planned.limits) - objective
    least = min(least, most)
    own = planned.pairs[planned.after & (planned.pairs["rep_id"] == newcomer["rep_id"])]
    luck = float(own["strength_sd_amount"].sum())
    whole = deviation(planned.pairs, planned.after, planned.before)
    reach = Z_90 * float(np.sqrt(max(whole**2 - luck**2, 0.0)))
    for column, amount in (
        ("added_hours", float(str(newcomer["capacity_hours"]))),
        ("taken_account_count", len(own)),
        ("resolved_gain_amount", least),
        ("predicted_gain_amount", most),
        ("gain_low_amount", least - reach),
        ("gain_high_amount", most + reach),
        ("newcomer_sd_amount", luck),
        ("newcomer_cost_amount", cost),
    ):
        said = float(str(row[column]))
        size = abs(objective) if column.endswith("gain_amount") else abs(amount)
        if not abs(said - amount) <= TOLERANCE * max(1.0, size):
            yield f"{column} of {group} is {said:,.2f}, its plan says {amount:,.2f}"
    if row["cost_source"] != newcomer["cost_source"]:
        yield f"cost_source of {group} is not that of its cost"
    pays = float(str(row["gain_low_amount"])) > cost
    verdict = "hire" if pays else "cannot tell"
    if float(str(row["gain_high_amount"])) <= cost:
        verdict = "do not hire"
    if row["hiring_verdict"] != verdict:
        yield f"hiring_verdict of {group} is {row['hiring_verdict']}, its amounts say {verdict}"
