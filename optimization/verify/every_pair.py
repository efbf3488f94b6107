"""Check that the bound of a plan is over every eligible pair, not over the listed ones alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.tables import CoveragePlan
from optimization.values.candidates import blocks, open_pairs
from optimization.values.pairs import PairValues
from optimization.verify.limits import Limit
from optimization.verify.proof import move_price, paid, prices
from optimization.verify.tables import TOLERANCE, report


def check_every_pair(
    pairs: pd.DataFrame, limits: list[Limit], plan: CoveragePlan, values: PairValues
) -> Iterator[str]:
    """At the published prices no unlisted pair may net more than its unit's best listed one.

    Args:
        pairs: The listed pairs with account, owner and unit (``limits.with_owner``).
        limits: Every limit of the company.
        plan: The plan's tables.
        values: What any pair is worth.
    """
    model, unit_of = values.model, values.model.unit
    net = pairs["value_amount"] - sum(paid(limits, plan.shadow_prices).values(), 0.0)
    shut = pairs["is_barred"].groupby([pairs["unit"], pairs["rep_id"]]).transform("any")
    by_pair = net[~shut].groupby([pairs["unit"], pairs["rep_id"]]).sum()
    best = by_pair.groupby(level=0).max()
    names = pairs.drop_duplicates("account_id").set_index("account_id")["unit"]
    listed = best.reindex(names.reindex(model.account_id)).to_numpy()
    eligible = 0
    beaten: list[str] = []
    is_alone = np.bincount(unit_of)[unit_of] == 1
    prices = _Prices(plan.shadow_prices, values, pairs)
    family_net = np.zeros(((~is_alone).sum(), len(model.coverer_id)))
    kin = np.flatnonzero(~is_alone)
    place_of = np.full(len(unit_of), -1)
    place_of[kin] = np.arange(len(kin))
    for account in blocks(values):
        coverer = np.arange(len(model.coverer_id))[None, :]
        is_open = open_pairs(values, account, coverer) & prices.is_unlocked(account, coverer)
        eligible += int(is_open.sum())
        score = np.where(is_open, prices.net(account, coverer), -np.inf)
        rows = account[:, 0]
        alone = is_alone[rows]
        size = TOLERANCE * np.maximum(np.abs(listed[rows]), 1.0)
        beats = alone & (score.max(axis=1) > listed[rows] + size)
        beaten += [str(name) for name in model.account_id[rows[beats]]]
        family_net[place_of[rows[~alone]]] = score[~alone]
    if len(kin):
        units_of_kin, unit = np.unique(unit_of[kin], return_inverse=True)
        totals = np.zeros((len(units_of_kin), family_net.shape[1]))
        np.add.at(totals, unit, family_net)
        first = kin[np.unique(unit, return_index=True)[1]]
        size = TOLERANCE * np.maximum(np.abs(listed[first]), 1.0)
        beats = totals.max(axis=1) > listed[first] + size
        beaten += [str(name) for name in model.account_id[first[beats]]]
    yield from report("an unlisted pair nets more than every listed one", beaten)
    said = int(plan.certificate["eligible_count"].iloc[0])
    if said != eligible:
        yield f"certificate says eligible_count {said}, there are {eligible}"


class _Prices:
    """Published prices by coverer and account, to net any pair of."""

    def __init__(self, table: pd.DataFrame, values: PairValues, pairs: pd.DataFrame) -> None:
        self._values, model = values, values.model
        by_rule = prices(table)
        none: pd.Series[float] = pd.Series(dtype=float)

        def of(rule: str) -> FloatArray:
            """Price of a rule by coverer, 0 where it has none; shape (R,)."""
            price = by_rule.get(rule, none).reindex(model.coverer_id).fillna(0.0)
            return np.asarray(price, dtype=np.float64)

        self._per_hour = of("hours") - of("min_hours")
        self._per_account, self._per_cost = of("accounts"), of("partner_budget")
        high, low = (of(f"balance_{end}") + of(f"ote_{end}") for end in ("high", "low"))
        self._per_potential = high - low
        accounts = pairs.drop_duplicates("account_id").set_index("account_id")
        accounts = accounts.reindex(model.account_id)
        potential = accounts["new_amount_account"] + accounts["existing_amount_account"]
        self._potential = potential.to_numpy(dtype=np.float64)
        move = move_price(pairs, by_rule).reindex(model.account_id)
        self._move = move.to_numpy(dtype=np.float64)
        target = model.coverer_id.get_indexer(
            pd.Index(accounts["lock_rep_id"].fillna(accounts["present_rep_id"]))
        )
        action = accounts["lock_action"].to_numpy(dtype=object)
        self._kept = np.where(action == "keep", target, -1)
        self._removed = np.where(action == "remove", target, -1)

    def is_unlocked(self, account: IntArray, coverer: IntArray) -> BoolArray:
        """No lock closes the pair; shapes broadcast."""
        kept = self._kept[account]
        is_free = ((kept < 0) | (kept == coverer)) & (self._removed[account] != coverer)
        return np.asarray(is_free, dtype=np.bool_)

    def net(self, account: IntArray, coverer: IntArray) -> FloatArray:
        """Value less every price; shapes broadcast."""
        model, parts = self._values.model, self._values.of(account, coverer)
        hours = np.where(coverer == model.house, 0.0, model.hours[account])
        moves = model.present[account] != coverer
        paid = hours * self._per_hour[coverer] + self._per_account[coverer]
        paid = paid + self._potential[account] * self._per_potential[coverer]
        paid = paid + parts.cost * self._per_cost[coverer]
        return np.asarray(parts.value - paid - np.where(moves, self._move[account], 0.0))
