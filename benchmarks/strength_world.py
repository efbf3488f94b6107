"""A sales force whose strengths are known: the deals it closed and the truth behind them.

Belongs here: drawing worlds. Does not belong here: estimating anything. True log-odds of a deal =
base + industry, geography, size band, product (sd 0.3 each) + rep (sd tau_rep) + rep x each of the
four (sd tau_interaction each) + hidden account quality + slow drift of each rep x level. Who works
on which account, and how that came about, is what differs between worlds. Deals fall on accounts
alike; or, where accounts or reps differ in that, at a yearly rate of the account times a factor of
whoever owns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray, IntArray

DIMENSIONS = {"industry": 8, "geography": 5, "size_band": 3, "product": 6}
ACCOUNT_DIMENSIONS = ("industry", "geography", "size_band")
SEGMENT_SD = 0.3
DRIFT_SD_PER_YEAR = 0.1
YEARS = 3
PLANTED_SHARE = 0.25
_FAILED_DAYS_AGO = 365


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
            the third of reps with the best. Where deals do not fall on accounts alike, the record
            is the number of deals.
        tau_creation: Deviation of reps in the logarithm of deals on accounts they own.
        busy_sd: Deviation of accounts in the logarithm of their deals.
        busy_seniority: Correlation of an account's deals with its owner's seniority.
        tau_type: Deviation of reps in new and in existing business; accounts then have both, each
            in a share of its own, else only new.
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
    tau_creation: float = 0.0
    busy_sd: float = 0.0
    busy_seniority: float = 0.0
    tau_type: float = 0.0

    @property
    def deals_per_account(self) -> float:
        """Mean deals of an account in a year."""
        return self.deals_per_rep * self.reps / self.accounts / YEARS

    @property
    def is_alike(self) -> bool:
        """Deals fall on accounts alike, whoever owns them."""
        return self.tau_creation == 0 and self.busy_sd == 0


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

    def win_rate_of(self, revenue_type: int) -> FloatArray:
        """True win rate today of new (0) or existing (1) business, mean over products."""
        truth = self.truth
        lp = (
            truth.own_part[:, None, None]
            + truth.of_product[None, None, :]
            + (truth.on_account + truth.rep_type[None, :, revenue_type])[:, :, None]
            + truth.on_product[None, :, :]
        )
        return np.asarray((1 / (1 + np.exp(-lp))).mean(axis=2))

    @cached_property
    def win_rate(self) -> FloatArray:
        """True win rate today, of what the account asks for, shape (accounts, reps)."""
        share = self.truth.existing_share[:, None]
        return np.asarray((1 - share) * self.win_rate_of(0) + share * self.win_rate_of(1))

    @cached_property
    def wins_a_year(self) -> FloatArray:
        """True wins a year, shape (accounts, reps)."""
        truth = self.truth
        return np.asarray(truth.busy[:, None] * truth.creation[None, :] * self.win_rate)

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
        busy: Deals a year of each account with a rep like any other, shape (accounts,).
        creation: Factor of each rep on that, shape (reps,).
        existing_share: Share of existing business in the deals of each account, shape (accounts,).
        rep_type: Effect of each rep on new and existing business, shape (reps, 2).
    """

    account: dict[str, IntArray]
    quality: FloatArray
    segment: dict[str, FloatArray]
    rep: FloatArray
    rep_by: dict[str, FloatArray]
    busy: FloatArray
    creation: FloatArray
    existing_share: FloatArray
    rep_type: FloatArray

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

    # Drawn apart, so that worlds in which deals fall on accounts alike stay what they were.
    calls = _Calls(np.random.default_rng([seed, 1]), shape)
    if shape.is_alike:
        count = shape.deals_per_rep * shape.reps
        of = rng.integers(0, shape.accounts, count)
    else:
        first, owner, changed_at = calls.owners()
        of, age = calls.draw(first, owner, changed_at)
        count = len(of)
    is_lent = rng.random(count) >= 1 - shape.lent
    lent_to = np.where(is_lent, rng.integers(0, shape.reps, count), -1)
    if shape.planted:
        is_planted = (account["industry"][of] == 0) & (rng.random(count) < PLANTED_SHARE)
        lent_to = np.where(is_planted, 0, lent_to)
    product = rng.integers(0, DIMENSIONS["product"], count)
    if shape.is_alike:
        age = rng.integers(0, 365 * YEARS, count)
    level = {name: account[name][of] for name in ACCOUNT_DIMENSIONS} | {"product": product}
    luck, amount = rng.random(count), rng.lognormal(9, 0.5, count)

    types = np.random.default_rng([seed, 2])
    rep_type = types.normal(0, shape.tau_type, (shape.reps, 2))
    existing_share = types.random(shape.accounts) * (shape.tau_type > 0)
    revenue_type = (types.random(count) < existing_share[of]).astype(np.int64)

    def won_by(by: IntArray) -> NDArray[np.bool_]:
        log_odds = quality[of] + rep[by] + rep_type[by, revenue_type]
        for name, at in level.items():
            drift = -trend[name][by, at] * age / 365
            log_odds = log_odds + segment[name][at] + rep_by[name][by, at] + drift
        return np.asarray(luck < 1 / (1 + np.exp(-log_odds)))

    before = np.where(lent_to >= 0, lent_to, first[of])
    if shape.is_alike and shape.changes == "failing":
        is_known = age > _FAILED_DAYS_AGO
        worst, best = _records(of[is_known], before[is_known], won_by(before)[is_known], shape)
        changed_at = np.where(np.isin(np.arange(shape.accounts), worst), _FAILED_DAYS_AGO, -1)
        owner = np.where(changed_at > 0, rng.choice(best, shape.accounts), first)
    elif shape.is_alike:
        changes = rng.random(shape.accounts) < shape.changed
        changed_at = np.where(changes, rng.integers(30, 365 * YEARS - 30, shape.accounts), -1)
        owner = first.copy()
        if shape.changes == "swapped":
            owner[changes] = rng.permutation(first[changes])
        else:
            owner[changes] = _hand_out(rng, quality, shape)[changes]
    by = np.where((lent_to < 0) & (age <= changed_at[of]), owner[of], before)

    return World(
        deals=_deals(of, by, age, won_by(by), amount, level, revenue_type, shape),
        accounts=_accounts(account, owner, shape),
        reps=_reps(shape),
        owner=owner,
        truth=Truth(
            account,
            quality,
            segment,
            rep,
            rep_by,
            calls.busy,
            calls.creation,
            existing_share,
            rep_type,
        ),
    )


class _Calls:
    """Which deals arise where deals do not fall on accounts alike, and who owns accounts then."""

    def __init__(self, rng: np.random.Generator, shape: Shape) -> None:
        self._rng, self._shape = rng, shape
        self._log_busy = rng.normal(0, shape.busy_sd, shape.accounts)
        self.busy = shape.deals_per_account * np.exp(self._log_busy - shape.busy_sd**2 / 2)
        self.creation = np.exp(rng.normal(0, shape.tau_creation, shape.reps))
        self._before_failing: tuple[IntArray, IntArray] | None = None

    def owners(self) -> tuple[IntArray, IntArray, IntArray]:
        """First owner, owner today, and days since the change (-1 without) of each account."""
        rng, shape = self._rng, self._shape
        first = self._hand_out()
        if shape.changes == "failing":
            self._before_failing = self._between(first, _FAILED_DAYS_AGO, 365 * YEARS)
            record = np.bincount(self._before_failing[0], minlength=shape.accounts)
            worst = np.argsort(record)[: int(shape.changed * shape.accounts)]
            best = np.argsort(-np.bincount(first, record, shape.reps))[: shape.reps // 3]
            changes = np.isin(np.arange(shape.accounts), worst)
            owner = np.where(changes, rng.choice(best, shape.accounts), first)
            return first, owner, np.where(changes, _FAILED_DAYS_AGO, -1)
        changes = rng.random(shape.accounts) < shape.changed
        again = rng.permutation(first[changes])
        owner = first.copy()
        owner[changes] = again if shape.changes == "swapped" else self._hand_out()[changes]
        changed_at = rng.integers(30, 365 * YEARS - 30, shape.accounts)
        return first, owner, np.where(changes, changed_at, -1)

    def _hand_out(self) -> IntArray:
        shape = self._shape
        luck = self._log_busy / max(shape.busy_sd, 1e-9)
        return _by_seniority(self._rng, luck, shape.busy_seniority, shape)

    def draw(
        self, first: IntArray, owner: IntArray, changed_at: IntArray
    ) -> tuple[IntArray, IntArray]:
        """Account and age of every deal."""
        if self._before_failing is not None:
            of_then, age_then = self._before_failing
            of_now, age_now = self._between(owner, 0, _FAILED_DAYS_AGO)
        else:
            of_then, age_then = self._between(first, np.maximum(changed_at, 0), 365 * YEARS)
            of_now, age_now = self._between(owner, 0, np.maximum(changed_at, 0))
        return np.concatenate([of_now, of_then]), np.concatenate([age_now, age_then])

    def _between(
        self, by: IntArray, youngest: IntArray | int, oldest: IntArray | int
    ) -> tuple[IntArray, IntArray]:
        days = np.broadcast_to(np.subtract(oldest, youngest), by.shape)
        counts = self._rng.poisson(self.busy * self.creation[by] * days / 365)
        of = np.repeat(np.arange(len(by)), counts)
        start = np.broadcast_to(youngest, by.shape)[of]
        return of, start + (self._rng.random(len(of)) * days[of]).astype(np.int64)


def _hand_out(rng: np.random.Generator, quality: FloatArray, shape: Shape) -> IntArray:
    luck = quality / max(shape.quality_sd, 1e-9)
    return _by_seniority(rng, luck, shape.seniority, shape)


def _by_seniority(
    rng: np.random.Generator, luck: FloatArray, seniority: float, shape: Shape
) -> IntArray:
    """Give every account an owner, at random or the better ones rather to seniors.

    Reps are numbered by seniority; no effect of theirs depends on it.
    """
    if not seniority:
        return rng.integers(0, shape.reps, shape.accounts)
    noise = rng.normal(size=shape.accounts)
    score = seniority * luck + np.sqrt(1 - seniority**2) * noise
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
    revenue_type: IntArray,
    shape: Shape,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": _pick("A", of, shape.accounts),
            "rep_id": _pick("R", by, shape.reps),
            "group_id": _groups(by, shape),
            **{name: _pick(name, at, DIMENSIONS[name]) for name, at in level.items()},
            "revenue_type": pd.Categorical.from_codes(revenue_type, pd.Index(["new", "existing"])),
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
