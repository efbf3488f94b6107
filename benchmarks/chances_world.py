"""A company that grows, has good and bad years and large customers: its past, and its futures.

Belongs here: drawing worlds whose truth is known, and the futures that may follow each of them.
Does not belong here: estimating anything. An account brings opportunities at a rate of its own,
which drifts from year to year and grows with the company, by more in some years than in others; a
rep adds to their number and to their chance; values are log-normal around the account's own. A year
is good or bad for the whole company, and for each group on top: that moves the value of what is
won. A future keeps what is true today
(accounts, reps, owners, growth, open deals) and draws the rest anew.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from optimization.arrays import FloatArray, IntArray

YEAR_DAYS = 365
INDUSTRIES, SIZES = 5, ("small", "medium", "large")
VALUE_SD = 0.5


@dataclass(frozen=True)
class Shape:
    """Sizes and spreads of a company.

    Attributes:
        accounts: Number of accounts.
        reps: Number of reps.
        groups: Number of groups.
        years: Years of records.
        deals_a_year: Opportunities of a year, in the mean.
        growth: Yearly growth of the number of opportunities.
        turn: Standard deviation of that from year to year; what it changes stays.
        company_shock: Standard deviation of a year's log factor of values, company.
        group_shock: The same of each group on top.
        drift: Standard deviation of the yearly step of an account's log rate.
        whale: Share of one account in the company's business; 0 for none.
        rate_sd: Deviation of accounts' log rates.
        creation_sd: Deviation of reps' log numbers of opportunities.
        win_sd: Deviation of reps' log-odds of a win.
        lent: Share of deals that another rep of the group works.
        changed: Share of accounts that changed owner once.
    """

    accounts: int = 240
    reps: int = 12
    groups: int = 3
    years: int = 5
    deals_a_year: int = 1_100
    growth: float = 0.05
    turn: float = 0.03
    company_shock: float = 0.08
    group_shock: float = 0.05
    drift: float = 0.2
    whale: float = 0.0
    rate_sd: float = 0.9
    creation_sd: float = 0.1
    win_sd: float = 0.15
    lent: float = 0.1
    changed: float = 0.15


def draw_shape(seed: int) -> Shape:
    """Draw what kind of company a world is; ranges are those of ordinary companies."""
    rng = np.random.default_rng([seed, 7])
    reps = int(rng.integers(8, 21))
    return Shape(
        accounts=20 * reps,
        reps=reps,
        groups=int(rng.integers(2, 5)),
        years=int(rng.integers(4, 8)),
        deals_a_year=int(reps * rng.integers(60, 131)),
        growth=float(rng.normal(0.05, 0.06)),
        turn=float(rng.uniform(0.0, 0.06)),
        company_shock=float(rng.uniform(0.02, 0.10)),
        group_shock=float(rng.uniform(0.0, 0.06)),
        drift=float(rng.uniform(0.1, 0.25)),
        whale=float(rng.uniform(0.15, 0.4)) if rng.random() < 0.25 else 0.0,
        rate_sd=float(rng.uniform(0.6, 1.1)),
        creation_sd=float(rng.uniform(0.0, 0.25)),
        win_sd=float(rng.uniform(0.0, 0.3)),
        lent=float(rng.uniform(0.0, 0.2)),
        changed=float(rng.uniform(0.0, 0.4)),
    )


@dataclass(frozen=True)
class Deals:
    """Deals, one entry each; days count from the as-of day (0), amounts before a year's factor."""

    account: IntArray
    rep: IntArray
    created: IntArray
    closed: IntArray
    won: NDArray[np.bool_]
    amount: FloatArray

    def __getitem__(self, rows: NDArray[np.bool_]) -> Deals:
        """Keep some of them."""
        return Deals(*(getattr(self, field.name)[rows] for field in fields(self)))


class World:
    """One company: what is true, what was recorded, and futures.

    Attributes:
        shape: Its sizes and spreads.
        group: Group of each rep, shape (reps,).
        industry: Industry of each account, shape (accounts,).
        size: Size of each account, shape (accounts,).
        owner: Owner of each account today, shape (accounts,).
        deals: Every deal begun by the as-of day; those that close later are open.
    """

    def __init__(self, seed: int, shape: Shape) -> None:
        """Draw a world and its past."""
        self.shape = shape
        rng = np.random.default_rng([seed, 8])
        count, years = shape.accounts, shape.years
        self.group = np.arange(shape.reps) % shape.groups
        self.industry = rng.integers(0, INDUSTRIES, count)
        self.size = rng.integers(0, len(SIZES), count)
        of_size = np.array([0.6, 1.0, 1.7])[self.size]
        steps = rng.normal(-(shape.drift**2) / 2, shape.drift, (years, count))
        self._rate = of_size * rng.lognormal(0, shape.rate_sd, count) * np.exp(steps.sum(axis=0))
        self._rate *= shape.deals_a_year / self._rate.sum()
        self._value = 10_000 * of_size * rng.lognormal(0, 0.5, count)
        self._odds = rng.normal(-0.2, 0.4, count)
        self._creation = np.exp(rng.normal(0, shape.creation_sd, shape.reps))
        self._win = rng.normal(0, shape.win_sd, shape.reps)
        self._cycle = 60.0 * rng.uniform(0.6, 1.6, INDUSTRIES)
        if shape.whale:
            self._rate[0], self._odds[0] = 8.0, 0.0
            rest = (self._rate * self._value / (1 + np.exp(-self._odds)))[1:].sum()
            self._value[0] = rest * shape.whale / (1 - shape.whale) / 4.0
        first = rng.permutation(np.arange(count) % shape.reps)
        moves = rng.random(count) < shape.changed
        self.owner = np.where(moves, rng.integers(0, shape.reps, count), first)
        changed = np.where(moves, -rng.integers(60, YEAR_DAYS * years, count), -10_000)
        # By year back from today's, whose level is 1.
        turns = rng.normal(np.log1p(shape.growth), shape.turn, (years, 1))
        levels = np.exp(-np.vstack([np.zeros(count), np.cumsum(steps + turns, axis=0)]))
        begun = [self._begun(rng, year + 1, levels[year]) for year in range(years + 1)]
        account, created = (np.concatenate(part) for part in zip(*begun, strict=True))
        owner = np.where(created < changed[account], first[account], self.owner[account])
        deals = self._outcomes(rng, account, created, owner)
        is_known = (deals.created <= 0) & (deals.closed > -YEAR_DAYS * years)
        factors = np.exp(self._shocks(rng, years + 2))
        # Open deals stand at what they are worth in a year that is neither good nor bad.
        year = np.where(deals.closed > 0, 0, -deals.closed // YEAR_DAYS + 1)
        factors[0] = 1.0
        factor = factors[np.minimum(year, years + 1), self.group[deals.rep]]
        self.deals = replace(deals, amount=(deals.amount * factor).round(2))[is_known]

    def futures(self, count: int, seed: int = 0) -> FloatArray:
        """Draw what each rep wins in the twelve months after the as-of day; shape (count, reps)."""
        rng = np.random.default_rng([seed, 9])
        waiting = self.deals[(self.deals.closed > 0) & (self.deals.closed <= YEAR_DAYS)]
        chance = 1 / (1 + np.exp(-self._odds[waiting.account] - self._win[waiting.rep]))
        won = np.zeros((count, self.shape.reps))
        for draw in range(count):
            factor = np.exp(self._shocks(rng, 1)[0])
            turn = rng.normal(np.log1p(self.shape.growth), self.shape.turn)
            step = rng.normal(-(self.shape.drift**2) / 2, self.shape.drift, len(self._rate))
            account, created = self._begun(rng, 0, np.exp(turn + step))
            deals = self._outcomes(rng, account, created, self.owner[account])
            deals = deals[deals.won & (deals.closed <= YEAR_DAYS)]
            lucky = waiting[rng.random(len(chance)) < chance]
            for part in (deals, lucky):
                won[draw] += np.bincount(part.rep, part.amount, minlength=self.shape.reps)
            won[draw] *= factor[self.group]
        return won

    @property
    def expected(self) -> FloatArray:
        """Return what each account is worth in the next year, in the mean; shape (accounts,)."""
        return self.expected_under(self.owner)

    def expected_under(self, rep: IntArray) -> FloatArray:
        """Return the same under other reps who are no news to their accounts; shape (accounts,)."""
        chance = 1 / (1 + np.exp(-self._odds - self._win[rep]))
        rate = self._rate * self._creation[rep] * (1 + self.shape.growth)
        squares = self.shape.turn**2 + VALUE_SD**2
        squares += self.shape.company_shock**2 + self.shape.group_shock**2
        return np.asarray(rate * chance * self._value * np.exp(squares / 2))

    def _begun(
        self, rng: np.random.Generator, year: int, level: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """Account and day of each deal begun in a year: 0 the next, 1 that which ends today."""
        count = rng.poisson(self._rate * level * self._creation[self.owner])
        account = np.repeat(np.arange(len(count)), count)
        last = -YEAR_DAYS * (year - 1)
        return account, rng.integers(last - YEAR_DAYS + 1, last + 1, len(account))

    def _shocks(self, rng: np.random.Generator, years: int) -> FloatArray:
        """Log factors of years and groups, shape (years, groups)."""
        company = rng.normal(0, self.shape.company_shock, (years, 1))
        return company + rng.normal(0, self.shape.group_shock, (years, self.shape.groups))

    def _outcomes(
        self, rng: np.random.Generator, account: IntArray, created: IntArray, owner: IntArray
    ) -> Deals:
        """Who works each deal, when it is decided, how, and what it is worth."""
        colleague = rng.integers(0, self.shape.reps // self.shape.groups, len(account))
        colleague = self.group[owner] + colleague * self.shape.groups
        rep = np.where(rng.random(len(account)) < self.shape.lent, colleague, owner)
        cycle = self._cycle[self.industry[account]] * rng.lognormal(0, 0.4, len(account))
        closed = _to_quarter_ends(rng, created + np.maximum(cycle, 2).astype(np.int64))
        chance = 1 / (1 + np.exp(-self._odds[account] - self._win[rep]))
        amount = self._value[account] * rng.lognormal(0, VALUE_SD, len(account))
        return Deals(account, rep, created, closed, rng.random(len(account)) < chance, amount)


def _to_quarter_ends(rng: np.random.Generator, day: IntArray) -> IntArray:
    """Move three in ten decisions to the last month of their quarter."""
    month = (day - 1) % YEAR_DAYS * 12 // YEAR_DAYS
    return np.where(rng.random(len(day)) < 0.3, day + 30 * (2 - month % 3), day)
