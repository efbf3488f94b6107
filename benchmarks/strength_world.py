"""A sales force whose strengths are known: the deals it closed and the truth behind them.

Belongs here: drawing worlds. Does not belong here: estimating anything. True log-odds of a deal =
base + industry, geography, size band, product (sd 0.3 each) + rep (sd tau_rep) + rep x each of the
four (sd tau_interaction each) + hidden account quality (sd 0.3) + slow drift of each rep x level.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DIMENSIONS = {"industry": 8, "geography": 5, "size_band": 3, "product": 6}
ACCOUNT_DIMENSIONS = ("industry", "geography", "size_band")
SEGMENT_SD = QUALITY_SD = 0.3
DRIFT_SD_PER_YEAR = 0.1
YEARS = 3
OWNER_SHARE = 0.5
LENT_SHARE = 0.25
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    """Sizes and true spreads of a world."""

    accounts: int = 600
    reps: int = 30
    groups: int = 5
    deals_per_rep: int = 200
    tau_rep: float = 0.3
    tau_interaction: float = 0.3
    planted: float = 0.0


@dataclass(frozen=True)
class World:
    """What a world shows (in the form of ``estimate_strengths``) and what is true.

    Attributes:
        deals: One row per closed deal.
        accounts: One row per account, in order of the truth's rows.
        reps: One row per rep, in order of the truth's columns.
        truth: What only the draw knows.
    """

    deals: pd.DataFrame
    accounts: pd.DataFrame
    reps: pd.DataFrame
    truth: Truth

    @cached_property
    def win_rate(self) -> FloatArray:
        """True win rate today, mean over products, shape (accounts, reps)."""
        truth = self.truth
        lp = (
            truth.own_part[:, None, None]
            + truth.of_product[None, None, :]
            + truth.on_account[:, :, None]
            + truth.on_product[None, :, :]
        )
        return np.asarray((1 / (1 + np.exp(-lp))).mean(axis=2))

    @cached_property
    def advantage(self) -> FloatArray:
        """True log-odds a rep adds today, mean over products, less all reps' mean."""
        advantage = self.truth.on_account + self.truth.on_product.mean(axis=1)[None, :]
        return np.asarray(advantage - advantage.mean(axis=1, keepdims=True))


@dataclass(frozen=True)
class Truth:
    """Parts of the true log-odds today.

    Attributes:
        account: Levels of each account by dimension.
        quality: Hidden quality, shape (accounts,).
        segment: Effect by level of each dimension.
        rep: Effect of each rep, shape (reps,).
        rep_by: Effect of each rep on each level of each dimension, shape (reps, levels).
    """

    account: dict[str, IntArray]
    quality: FloatArray
    segment: dict[str, FloatArray]
    rep: FloatArray
    rep_by: dict[str, FloatArray]

    @property
    def own_part(self) -> FloatArray:
        """What the account itself adds, shape (accounts,)."""
        of_kind = [self.segment[name][self.account[name]] for name in ACCOUNT_DIMENSIONS]
        return np.asarray(self.quality + sum(of_kind))

    @property
    def of_product(self) -> FloatArray:
        """What the product adds, shape (products,)."""
        return self.segment["product"]

    @property
    def on_account(self) -> FloatArray:
        """What a rep adds on an account, shape (accounts, reps)."""
        on_kind = [self.rep_by[name].T[self.account[name]] for name in ACCOUNT_DIMENSIONS]
        return np.asarray(self.rep[None, :] + sum(on_kind))

    @property
    def on_product(self) -> FloatArray:
        """What a rep adds on a product, shape (reps, products)."""
        return self.rep_by["product"]


def make_world(seed: int, shape: Shape) -> World:
    """Draw a world.

    Args:
        seed: Of all draws.
        shape: Sizes and spreads. ``planted`` adds that much to rep 0 in industry 0: the rep owns
            no account there, but is lent to a quarter of its deals.
    """
    rng = np.random.default_rng(seed)
    account = {
        name: rng.integers(0, DIMENSIONS[name], shape.accounts) for name in ACCOUNT_DIMENSIONS
    }
    quality = rng.normal(0, QUALITY_SD, shape.accounts)
    segment = {name: rng.normal(0, SEGMENT_SD, count) for name, count in DIMENSIONS.items()}
    rep = rng.normal(0, shape.tau_rep, shape.reps)
    rep_by = {
        name: rng.normal(0, shape.tau_interaction, (shape.reps, count))
        for name, count in DIMENSIONS.items()
    }
    rep_by["industry"][0, 0] += shape.planted
    has_skill = shape.tau_interaction > 0
    trend = {
        name: rng.normal(0, DRIFT_SD_PER_YEAR * has_skill, (shape.reps, count))
        for name, count in DIMENSIONS.items()
    }
    owner = rng.integers(0, shape.reps, shape.accounts)
    if shape.planted:
        own = np.flatnonzero((owner == 0) & (account["industry"] == 0))
        owner[own] = rng.integers(1, shape.reps, len(own))

    count = shape.deals_per_rep * shape.reps
    of = rng.integers(0, shape.accounts, count)
    by = np.where(rng.random(count) < OWNER_SHARE, owner[of], rng.integers(0, shape.reps, count))
    if shape.planted:
        lent = (account["industry"][of] == 0) & (rng.random(count) < LENT_SHARE)
        by = np.where(lent, 0, by)
    product = rng.integers(0, DIMENSIONS["product"], count)
    age = rng.integers(0, 365 * YEARS, count)
    level = {name: account[name][of] for name in ACCOUNT_DIMENSIONS} | {"product": product}
    log_odds = quality[of] + rep[by]
    for name, at in level.items():
        drift = -trend[name][by, at] * age / 365
        log_odds = log_odds + segment[name][at] + rep_by[name][by, at] + drift
    won = rng.random(count) < 1 / (1 + np.exp(-log_odds))

    return World(
        deals=_deals(of, by, age, won, rng.lognormal(9, 0.5, count), level, shape),
        accounts=_accounts(account, owner, shape),
        reps=_reps(shape),
        truth=Truth(account, quality, segment, rep, rep_by),
    )


def _deals(
    of: IntArray,
    by: IntArray,
    age: IntArray,
    won: NDArray[np.bool_],
    amount: FloatArray,
    level: dict[str, IntArray],
    shape: Shape,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": _pick("A", of, shape.accounts),
            "rep_id": _pick("R", by, shape.reps),
            "group_id": _groups(by, shape),
            **{name: _pick(name, at, DIMENSIONS[name]) for name, at in level.items()},
            "revenue_type": _pick("new", np.zeros(len(of), dtype=np.int64), 1),
            "is_won": won,
            "amount": amount,
            "age_days": age,
        }
    )


def _accounts(account: dict[str, IntArray], owner: IntArray, shape: Shape) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": _names("A", shape.accounts),
            "owner_rep_id": _pick("R", owner, shape.reps),
            "industry": _pick("industry", account["industry"], DIMENSIONS["industry"]),
            "geography": _pick("geography", account["geography"], DIMENSIONS["geography"]),
            "size_band": _pick("size_band", account["size_band"], DIMENSIONS["size_band"]),
        }
    )


def _reps(shape: Shape) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rep_id": _names("R", shape.reps),
            "group_id": _groups(np.arange(shape.reps), shape).astype(object),
            "is_active": True,
            "prior_industries": None,
        }
    )


def _names(prefix: str, count: int) -> NDArray[np.object_]:
    return np.array([f"{prefix}{number:05d}" for number in range(count)], dtype=object)


def _pick(prefix: str, at: IntArray, count: int) -> pd.Categorical:
    return pd.Categorical.from_codes(at, pd.Index(_names(prefix, count)))


def _groups(rep: IntArray, shape: Shape) -> pd.Categorical:
    return _pick("G", rep % shape.groups, shape.groups)
