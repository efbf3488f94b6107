"""A company of any size for the coverage benchmark: candidate pairs and every rule, from a seed.

Belongs here: the draw of accounts, reps, values and limits. Does not belong here: solving or
measuring. The company is made directly in the optimiser's own form, because a million accounts
as marts would measure pandas instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimization.arrays import FloatArray, IntArray
from optimization.coverage.problem.constraints import (
    Constraints,
    PairProblem,
    constraints_by_entity,
)

GROUP_SIZE = 20
PARTNER_SHARE = 0.02  # partners per rep, each beside the reps of a group
FAR_CANDIDATES = 2


def draw_company(
    reps: int, accounts: int, candidates: int, *, move_rate: float = 0.15, seed: int = 1
) -> PairProblem:
    """Draw a company with all rules on.

    Accounts lie in a home group and know some of its reps, two of the next group, a partner at
    times, and the house. Value = yearly contribution x fit of the rep, less the cost of hours and,
    where the owner changes, the loss by disruption. Reps have hours (today's overload may stay, at
    a price), least hours, a number of accounts and a band of potential around their share of the
    group's; company and groups have move budgets; partners share one budget.

    Args:
        reps: Number of reps R.
        accounts: Number of accounts A.
        candidates: Reps and partners weighed per account, the house comes on top.
        move_rate: Share of the owned accounts that may change hands; a group may move twice that.
        seed: Seed of the draw.
    """
    rng = np.random.default_rng(seed)
    size = min(GROUP_SIZE, reps)
    groups = max(reps // size, 1)
    partners = max(int(PARTNER_SHARE * reps), 1)
    house = reps + partners
    group_of = np.concatenate(
        [np.minimum(np.arange(reps) // size, groups - 1), np.arange(partners) % groups, [groups]]
    )

    home = rng.integers(0, groups, accounts)
    potential = rng.lognormal(10.0, 1.0, accounts)
    large = np.clip(np.log(potential) - 9.0, 0.2, 3.0)
    need = np.round(8.0 * large * rng.uniform(0.6, 1.4, accounts), 1)
    who = _known_reps(rng, home, groups, size, reps, partners, candidates)
    owner = np.where(rng.random(accounts) < 0.95, who[:, 0], house)

    pair = np.column_stack([who, np.full(accounts, house)])
    account = np.repeat(np.arange(accounts), pair.shape[1])
    coverer = pair.reshape(-1)
    fit = rng.normal(0.0, 0.12, coverer.shape)
    is_house, is_partner = coverer == house, (coverer >= reps) & (coverer < house)
    is_owner = coverer == owner[account]
    has_owner = owner[account] != house
    contribution = potential[account] * np.where(is_house, 0.25, 1.0 + fit)
    hours = np.where(is_house, 0.0, need[account])
    cost = np.where(is_partner, 0.3 * contribution, 60.0 * hours)
    loss = np.where(has_owner & ~is_owner, 0.15 * 0.5 * potential[account], 0.0)
    value = np.round(contribution - cost - loss, 2)

    constraints = _rules(
        rng,
        reps=reps,
        partners=partners,
        group_of=group_of,
        coverer=coverer,
        hours=hours,
        potential=np.where(is_house, 0.0, potential[account]),
        cost=np.where(is_partner, cost, 0.0),
        is_owner=is_owner,
        is_move=has_owner & ~is_owner,
        owner_group=group_of[owner][account],
        move_rate=move_rate,
    )
    first = np.arange(0, len(coverer) + 1, pair.shape[1], dtype=np.int64)
    everyone = np.arange(len(coverer), dtype=np.int64)
    tie = 1e-6 * float(potential.mean()) * is_owner
    return PairProblem(first, value, tie, constraints, everyone, coverer.astype(np.int64))


def _known_reps(
    rng: np.random.Generator,
    home: IntArray,
    groups: int,
    size: int,
    reps: int,
    partners: int,
    candidates: int,
) -> IntArray:
    """Distinct coverers per account: of the home group, of the next one, one partner; (A, K)."""
    near = min(candidates - FAR_CANDIDATES - 1, size)
    strides = np.array([s for s in range(1, size) if np.gcd(s, size) == 1] or [1])
    begin = rng.integers(0, size, len(home))
    stride = strides[rng.integers(0, len(strides), len(home))]
    inside = (begin[:, None] + stride[:, None] * np.arange(near)) % size
    close = home[:, None] * size + inside
    other = (home + 1) % groups
    far_inside = (begin[:, None] + 1 + np.arange(candidates - near - 1)) % size
    far = other[:, None] * size + far_inside
    partner = reps + rng.integers(0, partners, len(home))
    if groups == 1:  # a single group knows no next one
        return np.column_stack([close, partner])
    return np.column_stack([close, far, partner])


def _rules(
    rng: np.random.Generator,
    *,
    reps: int,
    partners: int,
    group_of: IntArray,
    coverer: IntArray,
    hours: FloatArray,
    potential: FloatArray,
    cost: FloatArray,
    is_owner: np.ndarray,
    is_move: np.ndarray,
    owner_group: IntArray,
    move_rate: float,
) -> Constraints:
    everyone = reps + partners + 1
    house = everyone - 1
    labels = pd.DataFrame(
        {
            "rep_id": [f"C{i:05d}" for i in range(everyone)],
            "group_id": [f"G{g:04d}" for g in group_of],
        }
    )
    today = np.bincount(coverer[is_owner], weights=hours[is_owner], minlength=everyone)
    count = np.bincount(coverer[is_owner], minlength=everyone)
    usual = float(today[:reps].mean())
    capacity = np.full(everyone, usual) * rng.uniform(0.9, 1.15, everyone)
    capacity[reps:house] = usual
    capacity[house] = np.inf
    is_rep = np.arange(everyone) < reps
    most = np.where(is_rep, np.ceil(1.15 * count[:reps].mean()), np.inf)
    most = np.maximum(most, count)
    least = np.where(is_rep, np.minimum(0.75 * usual, today), np.inf)

    book = np.bincount(coverer[is_owner], weights=potential[is_owner], minlength=everyone)
    in_group = np.bincount(group_of[:reps], weights=book[:reps])
    room = np.bincount(group_of[:reps], weights=capacity[:reps])
    share = np.full(everyone, np.inf)
    share[:reps] = (in_group / room)[group_of[:reps]] * capacity[:reps]
    groups = int(group_of[:reps].max()) + 1
    moves_of = np.bincount(owner_group[is_owner], minlength=groups + 1)[:groups]
    per_coverer: dict[str, Any] = {"entity_of": coverer, "labels": labels}
    of_group = labels.iloc[:groups].assign(
        rep_id=None, group_id=[f"G{g:04d}" for g in range(groups)]
    )
    company = pd.DataFrame({"rep_id": [None], "group_id": [None]})
    everywhere = np.zeros(len(coverer), dtype=np.int64)
    moved = is_move.astype(np.float64)
    one = np.ones(len(coverer))

    def rule(
        name: str, unit: str, use: FloatArray, limit: FloatArray, **others: Any
    ) -> Constraints:
        return constraints_by_entity(name, unit, use=use, limit=limit, **per_coverer | others)

    owned = is_owner[coverer != house].sum()
    soft = {"slack_limit": np.inf, "slack_price": 0.05}
    parts = [
        rule(
            "hours",
            "hours",
            hours,
            capacity,
            slack_limit=np.maximum(today - np.nan_to_num(capacity, posinf=0.0), 0.0),
            slack_price=120.0,
        ),
        rule("minimum_hours", "hours", -hours, np.where(is_rep, -least, np.inf)),
        rule("accounts", "accounts", one, most),
        rule("balance_above", "potential", potential, 1.1 * share, **soft),
        rule(
            "balance_below",
            "potential",
            -potential,
            np.where(is_rep, -0.9 * np.where(is_rep, share, 0.0), np.inf),
            **soft,
        ),
        rule(
            "moves",
            "moves",
            moved,
            np.array([np.floor(move_rate * owned)]),
            entity_of=everywhere,
            labels=company,
        ),
        rule(
            "group_moves",
            "moves",
            moved,
            np.floor(2 * move_rate * moves_of),
            entity_of=np.where(owner_group < groups, owner_group, -1),
            labels=of_group,
        ),
        rule(
            "partner_budget",
            "amount",
            cost,
            np.array([0.002 * potential[is_owner].sum()]),
            entity_of=everywhere,
            labels=company,
        ),
    ]
    return Constraints.join(parts, len(coverer))


def present_choice(pairs: PairProblem) -> IntArray:
    """Everyone stays with the present owner, the house keeps what has none; shape (A,)."""
    choice = pairs.first[1:] - 1
    owned = np.flatnonzero(pairs.tie > 0)
    choice[pairs.account_of[owned]] = owned
    return choice
