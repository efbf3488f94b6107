"""Demo deals: who worked which deal when, and how it ended."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dagster_project.company.sections.sources import DemoSource
from dagster_project.demo.accounts import Accounts, pick_veterans
from dagster_project.demo.catalogue import (
    EXPANSION_LOG_ODDS,
    GROWTH_PER_YEAR,
    INDUSTRIES,
    MINING,
    MONTH_WEIGHTS,
    NEW_LOG_ODDS,
    PRODUCTS,
    RENEWAL_LOG_ODDS,
)
from dagster_project.demo.effects import Effects
from dagster_project.demo.people import DAYS_PER_YEAR, Staff

REVENUE_TYPES = ("new", "expansion", "renewal")
_SHARED_RATE = 0.25
_STAR_MINING_RATE = 0.25
_FEWEST_STAR_DEALS = 80
_LONGEST_CYCLE_DAYS = 500
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Deals:
    """The deals in order of creation; days count from ``end_on`` (day 0), one entry per deal.

    Attributes:
        account: Index of the account.
        rep: Index of the rep who worked it.
        product: Index of the product.
        revenue_type: Index into REVENUE_TYPES.
        created: Seconds from the start of ``end_on`` to creation (mostly negative).
        closed: The same for the decision; after ``end_on`` for open deals.
        is_closed: Decided by the end of ``end_on``.
        is_won: Decided and won.
        amount: Value of the deal, two decimals; 0 for half of the lost ones.
        progress: Share of the way to the decision by ``end_on``, for the stage of open deals.
    """

    account: NDArray[np.int64]
    rep: NDArray[np.int64]
    product: NDArray[np.int64]
    revenue_type: NDArray[np.int64]
    created: NDArray[np.int64]
    closed: NDArray[np.int64]
    is_closed: NDArray[np.bool_]
    is_won: NDArray[np.bool_]
    amount: NDArray[np.float64]
    progress: NDArray[np.float64]


def make_deals(
    rng: np.random.Generator,
    source: DemoSource,
    staff: Staff,
    accounts: Accounts,
    effects: Effects,
) -> Deals:
    """Draw exactly ``source.opportunities`` deals.

    Args:
        rng: Random stream of this part.
        source: Numbers and the end of the history.
        staff: The covering reps.
        accounts: The accounts.
        effects: The true effects.

    Returns:
        The deals.
    """
    account, created_day, closed_day = _draw_dates(rng, source, accounts)
    count = len(account)
    product = rng.choice(len(PRODUCTS), count, p=_normalise([p.share for p in PRODUCTS]))
    rep = _draw_reps(rng, source, staff, accounts, account, created_day)
    log_odds = accounts.quality[account] + effects.log_odds(
        rep,
        {
            "industry": accounts.industry[account],
            "region": accounts.region[account],
            "size_band": accounts.size_band[account],
            "product": product,
        },
    )
    luck = rng.random(count)
    is_closed = closed_day <= 0
    # An account's deals are new business until its first win; the first win is the earliest
    # decision that new-business odds win, so no pass over time is needed.
    wins_as_new = is_closed & (luck < _sigmoid(log_odds + NEW_LOG_ODDS))
    first_win = np.full(len(accounts.account_id), _LONGEST_CYCLE_DAYS)
    np.minimum.at(first_win, account[wins_as_new], closed_day[wins_as_new])
    is_existing = accounts.is_customer_from_start[account] | (created_day > first_win[account])
    existing_type = np.where(rng.random(count) < 0.45, 1, 2)
    revenue_type = np.where(is_existing, existing_type, 0)
    shift = np.array([NEW_LOG_ODDS, EXPANSION_LOG_ODDS, RENEWAL_LOG_ODDS])[revenue_type]
    is_won = is_closed & (luck < _sigmoid(log_odds + shift))
    amount = _draw_amounts(rng, accounts, account, product)
    amount[is_closed & ~is_won & (rng.random(count) < 0.5)] = 0.0
    return Deals(
        account=account,
        rep=rep,
        product=product,
        revenue_type=revenue_type,
        created=created_day * _SECONDS_PER_DAY + rng.integers(8 * 3600, 18 * 3600, count),
        closed=closed_day * _SECONDS_PER_DAY + rng.integers(8 * 3600, 18 * 3600, count),
        is_closed=is_closed,
        is_won=is_won,
        amount=amount,
        progress=-created_day / np.maximum(1, closed_day - created_day),
    )


def last_quotas(source: DemoSource, staff: Staff, deals: Deals) -> list[dict[str, object]]:
    """Write last year's quotas: a sixth above what a rep had won the year before, by quarter.

    That is how quotas are often set, and what makes them ratchet. Reps without that year, and
    quotas of the two types apart, are not known.
    """
    year = DAYS_PER_YEAR * _SECONDS_PER_DAY
    before = deals.is_won & (deals.closed >= -2 * year) & (deals.closed < -year)
    won = np.bincount(deals.rep[before], weights=deals.amount[before], minlength=len(staff.rep_id))
    first = source.end_on + dt.timedelta(days=1)
    rows: list[dict[str, object]] = []
    for i, rep_id in enumerate(staff.rep_id):
        if staff.hired[i] > -2 * DAYS_PER_YEAR or won[i] == 0:
            continue
        for quarter in range(4):
            month = first.month - 1 + 3 * quarter
            rows.append(
                {
                    "rep_id": rep_id,
                    "starts_on": dt.date(first.year - 1 + month // 12, month % 12 + 1, 1),
                    "month_count": 3,
                    "revenue_type": None,
                    "amount": round(float(won[i]) * 7 / 6 / 4, -2),
                }
            )
    return rows


def make_activities(
    rng: np.random.Generator, deals: Deals
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw two activities per deal of the last twelve months (all the CRM keeps).

    Args:
        rng: Random stream of this part.
        deals: The deals.

    Returns:
        Account index, rep index and time (seconds from the start of ``end_on``), by time.
    """
    latest = np.minimum(deals.closed, 0)
    recent = np.flatnonzero(latest > -DAYS_PER_YEAR * _SECONDS_PER_DAY)
    deal = np.repeat(recent, 2)
    span = latest[deal] - deals.created[deal]
    at = deals.created[deal] + (rng.random(len(deal)) * np.maximum(span, 0)).astype(np.int64)
    order = np.argsort(at, kind="stable")
    return deals.account[deal][order], deals.rep[deal][order], at[order]


def _draw_dates(
    rng: np.random.Generator, source: DemoSource, accounts: Accounts
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw account, creation day and decision day, decisions following the seasons."""
    days = np.arange(-source.years * DAYS_PER_YEAR + 1, _LONGEST_CYCLE_DAYS // 2 + 1)
    dates = [source.end_on + dt.timedelta(days=int(day)) for day in days]
    weights = _normalise(
        [
            MONTH_WEIGHTS[date.month - 1]
            * (0.1 if date.weekday() >= 5 else 1.0)
            * (1 + GROWTH_PER_YEAR) ** (day / DAYS_PER_YEAR)
            for date, day in zip(dates, days, strict=True)
        ]
    )
    # Decisions are drawn past the end so that deals open at the end exist; draws not yet begun by
    # then, or begun before the account was known, are dropped: less than half of them.
    drawn = 3 * source.opportunities
    account = rng.choice(len(accounts.account_id), drawn, p=_normalise(accounts.activity))
    months = np.array([industry.cycle_months for industry in INDUSTRIES])
    cycle = 30.4 * months[accounts.industry[account]] * rng.lognormal(0.0, 0.45, drawn)
    closed = rng.choice(days, drawn, p=weights)
    created = closed - np.clip(cycle, 2, _LONGEST_CYCLE_DAYS).astype(np.int64)
    kept = np.flatnonzero((created <= 0) & (created >= accounts.arrives[account]))
    kept = kept[: source.opportunities]
    kept = kept[np.argsort(created[kept], kind="stable")]
    return account[kept], created[kept], closed[kept]


def _draw_reps(
    rng: np.random.Generator,
    source: DemoSource,
    staff: Staff,
    accounts: Accounts,
    account: NDArray[np.int64],
    created: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Give each deal to the rep of the time; some are shared, the planted rep gets mines."""
    count = len(account)
    rep = np.where(
        created >= accounts.changed[account], accounts.worker[account], accounts.previous[account]
    )
    shared = rng.random(count) < _SHARED_RATE
    rep[shared] = rng.choice(np.flatnonzero(staff.is_veteran), shared.sum())
    mines = np.flatnonzero((accounts.industry[account] == MINING) & (rep != staff.star))
    wanted = max(_FEWEST_STAR_DEALS, int(_STAR_MINING_RATE * len(mines)))
    rep[rng.permutation(mines)[:wanted]] = staff.star
    absent = np.flatnonzero((created < staff.hired[rep]) | (created > staff.left[rep]))
    rep[absent] = pick_veterans(rng, accounts.region[account[absent]], staff, source.groups)
    return rep


def _draw_amounts(
    rng: np.random.Generator,
    accounts: Accounts,
    account: NDArray[np.int64],
    product: NDArray[np.int64],
) -> NDArray[np.float64]:
    typical = np.array([p.list_price * p.units for p in PRODUCTS])[product]
    by_size = np.array([0.6, 1.1, 2.4])[accounts.size_band[account]]
    by_account = rng.lognormal(0.0, 0.35, len(accounts.account_id))[account]
    amount: NDArray[np.float64] = typical * by_size * by_account
    amount *= rng.lognormal(0.0, 0.45, len(account))
    return amount.round(2)


def _normalise(weights: list[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    array = np.asarray(weights, dtype=np.float64)
    normalised: NDArray[np.float64] = array / array.sum()
    return normalised


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    probability: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-x))
    return probability
