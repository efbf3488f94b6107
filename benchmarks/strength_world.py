"""A sales force whose strengths are known: the deals it closed and the truth behind them.

Belongs here: drawing worlds. Does not belong here: estimating anything. True log-odds of a deal =
base + industry, geography, size band, product (sd 0.3 each) + rep (sd tau_rep) + rep x each of the
four (sd tau_interaction each) + hidden account quality + slow drift of each rep x level. Who works
on which account, and how that came about, is what differs between worlds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DIMENSIONS = {"industry": 8, "geography": 5, "size_band": 3, "product": 6}
ACCOUNT_DIMENSIONS = ("industry", "geography", "size_band")
SEGMENT_SD = 0.3
DRIFT_SD_PER_YEAR = 0.1
YEARS = 3
PLANTED_SHARE = 0.25
_FAILED_DAYS_AGO = 365
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    """Sizes and true spreads of a world, and who works on whose accounts.

    Attributes:
        accounts: Number of accounts.
        reps: Number of reps.
        groups: Number of groups.
        deals_per_rep: Closed deals in three years.
        tau_rep: Deviation of reps, in log-odds.
        tau_interaction: Deviation of reps in each level of each dimension.
        planted: Added to rep 0 in industry 0, of which it owns no account but is lent to deals.
        quality_sd: Deviation of accounts, whatever their industry, region and size.
        lent: Share of deals that a rep drawn at random works on, instead of the account's owner.
        changed: Share of accounts that changed owner once.
        seniority: Correlation of an account's quality with its owner's seniority.
        changes: How owners change: ``swapped`` at random, ``by_seniority`` as accounts were handed
            out in the first place, or ``failing``: a year ago those with the worst record went to
            the third of reps with the best.
    """

    accounts: int = 600
    reps: int = 30
    groups: int = 5
    deals_per_rep: int = 200
    tau_rep: float = 0.3
    tau_interaction: float = 0.3
    planted: float = 0.0
    quality_sd: float = 0.3
    lent: float = 0.5
    changed: float = 0.0
    seniority: float = 0.0
    changes: str = "swapped"


@dataclass(frozen=True)
class World:
    """What a world shows (in the form of ``estimate_strengths``) and what is true.

    Attributes:
        deals: One row per closed deal.
        accounts: One row per account, in order of the truth's rows.
        reps: One row per rep, in order of the truth's columns.
        owner: Rep who owns each account today, shape (accounts,).
        truth: What only the draw knows.
    """

    deals: pd.DataFrame
    accounts: pd.DataFrame
    reps: pd.DataFrame
    owner: IntArray
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
        shape: Sizes, spreads and who works on whose accounts.
    """
    rng = np.random.default_rng(seed)
    account = {
        name: rng.integers(0, DIMENSIONS[name], shape.accounts) for name in ACCOUNT_DIMENSIONS
    }
    quality = rng.normal(0, shape.quality_sd, shape.accounts)
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
    first = _hand_out(rng, quality, shape)
    if shape.planted:
        own = np.flatnonzero((first == 0) & (account["industry"] == 0))
        first[own] = rng.integers(1, shape.reps, len(own))

    count = shape.deals_per_rep * shape.reps
    of = rng.integers(0, shape.accounts, count)
    is_lent = rng.random(count) >= 1 - shape.lent
    lent_to = np.where(is_lent, rng.integers(0, shape.reps, count), -1)
    if shape.planted:
        is_planted = (account["industry"][of] == 0) & (rng.random(count) < PLANTED_SHARE)
        lent_to = np.where(is_planted, 0, lent_to)
    product = rng.integers(0, DIMENSIONS["product"], count)
    age = rng.integers(0, 365 * YEARS, count)
    level = {name: account[name][of] for name in ACCOUNT_DIMENSIONS} | {"product": product}
    luck, amount = rng.random(count), rng.lognormal(9, 0.5, count)

    def won_by(by: IntArray) -> NDArray[np.bool_]:
        log_odds = quality[of] + rep[by]
        for name, at in level.items():
            drift = -trend[name][by, at] * age / 365
            log_odds = log_odds + segment[name][at] + rep_by[name][by, at] + drift
        return np.asarray(luck < 1 / (1 + np.exp(-log_odds)))

    before = np.where(lent_to >= 0, lent_to, first[of])
    if shape.changes == "failing":
        is_known = age > _FAILED_DAYS_AGO
        worst, best = _records(of[is_known], before[is_known], won_by(before)[is_known], shape)
        changed_at = np.where(np.isin(np.arange(shape.accounts), worst), _FAILED_DAYS_AGO, -1)
        owner = np.where(changed_at > 0, rng.choice(best, shape.accounts), first)
    else:
        changes = rng.random(shape.accounts) < shape.changed
        changed_at = np.where(changes, rng.integers(30, 365 * YEARS - 30, shape.accounts), -1)
        owner = first.copy()
        if shape.changes == "swapped":
            owner[changes] = rng.permutation(first[changes])
        else:
            owner[changes] = _hand_out(rng, quality, shape)[changes]
    by = np.where((lent_to < 0) & (age <= changed_at[of]), owner[of], before)

    return World(
        deals=_deals(of, by, age, won_by(by), amount, level, shape),
        accounts=_accounts(account, owner, shape),
        reps=_reps(shape),
        owner=owner,
        truth=Truth(account, quality, segment, rep, rep_by),
    )


def _hand_out(rng: np.random.Generator, quality: FloatArray, shape: Shape) -> IntArray:
    """Give every account an owner, at random or the better ones rather to seniors.

    Reps are numbered by seniority; no effect of theirs depends on it.
    """
    if not shape.seniority:
        return rng.integers(0, shape.reps, shape.accounts)
    noise = rng.normal(size=shape.accounts)
    luck = shape.seniority * quality / max(shape.quality_sd, 1e-9)
    score = luck + np.sqrt(1 - shape.seniority**2) * noise
    place = np.argsort(np.argsort(score)) * shape.reps // shape.accounts
    return np.asarray(place, dtype=np.int64)


def _records(
    of: IntArray, by: IntArray, won: NDArray[np.bool_], shape: Shape
) -> tuple[IntArray, IntArray]:
    """Accounts with the worst record, and the third of reps with the best."""

    def rate(at: IntArray, size: int) -> FloatArray:
        return np.asarray((np.bincount(at, won, size) + 1) / (np.bincount(at, minlength=size) + 2))

    worst = np.argsort(rate(of, shape.accounts))[: int(shape.changed * shape.accounts)]
    return worst, np.argsort(-rate(by, shape.reps))[: shape.reps // 3]


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
