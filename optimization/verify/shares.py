"""Are targets and quotas shared out as they should be? In proportion, by month, and at best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimization.policy import QuotaPolicy
from optimization.verify.cells import HALF, TYPES, BoolArray, Cells, FloatArray, ratio
from optimization.verify.tables import numbers, report

# A solved quota is exact to about 1e-8 of its program; rounding to cents comes on top.
SOLVED = 1e-4
FITTING_STEPS = 500
# Smaller parts of a rep's year are solved too roughly to say what they are worth.
LEAST_PART = 1e-3


@dataclass(frozen=True)
class Wishes:
    """What pulls a quota off its fair share; cents over the plan's months, R reps.

    Attributes:
        sd: Standard deviation of expected business; shape (R,).
        reference: Last year's quota x the change of the book, NaN where unknown; shape (R,).
        lower: Lowest quota allowed, 0 without a limit; shape (R,).
        upper: Highest quota allowed, infinite without a limit; shape (R,).
        taken_over: Share of the book that others owned, NaN without a book; shape (R,).
        first_year: Most for a book that is mostly taken over, infinite without; shape (R,).
        ote_low: Lower end of the band of quota to on-target earnings, 0 without; shape (R,).
        ote_high: Its upper end, infinite without; shape (R,).
    """

    sd: FloatArray
    reference: FloatArray
    lower: FloatArray
    upper: FloatArray
    taken_over: FloatArray
    first_year: FloatArray
    ote_low: FloatArray
    ote_high: FloatArray


def check_shares(
    cells: Cells,
    goals: pd.DataFrame,
    parts: pd.DataFrame | None,
    rates: dict[str, float],
    wishes: Wishes,
    said_fair: FloatArray,
    policy: QuotaPolicy,
) -> Iterator[str]:
    """Check targets, fair shares, each rep's months, and that no better division exists.

    Groups' months share each goal in proportion to expected business; where parts of a goal are
    given, the rest is in proportion, scaled so that each part holds.

    The best quotas are f x (1 + a[rep] + b[month, type]) for fair shares f, because the program's
    only terms beside the squared distance depend on a rep's year. Where no limit binds,
    a[rep] + half the slope of those terms is the same for all reps of a group (stationarity; the
    program is convex, so that this is enough).

    Args:
        cells: Amounts.
        goals: revenue_type, target_amount.
        parts: Parts of goals that bind.
        rates: Buffer of each group.
        wishes: What pulls quotas off their fair shares, and what limits them.
        said_fair: Published fair share of each rep's plan months in cents; shape (R,).
        policy: Prices and limits.
    """
    wanted, room = _wanted_targets(cells, goals, parts)
    weights = _weights(cells)
    buffer = 1 + np.array([rates[group] for group in cells.group_ids])[:, None, None]
    # A first year's limit may leave a group less than its target: fair shares are of the whole.
    short = cells.by_group(np.where(wishes.first_year < said_fair, 1.0, 0.0)) > 0
    full = np.where(short[:, None, None], wanted * buffer, cells.group_quota)
    total = cells.by_group(weights)[cells.rep_group]
    quota = full[cells.rep_group]
    fair = ratio(weights, total) * quota
    count = np.bincount(cells.rep_group, minlength=len(cells.group_ids))[cells.rep_group]
    known = np.array([_is_known(cells, kind) for kind in range(len(TYPES))])
    unsure = HALF * (1 + ratio(weights, total) * count[:, None, None])
    off = np.where(known, ratio(quota * unsure, total - HALF * count[:, None, None]), quota)
    off += np.where(short[:, None, None], room * buffer, 0.0)[cells.rep_group]
    # Expected business of a few cents says nothing about proportions.
    off = np.where(total <= HALF * count[:, None, None], np.maximum(quota, off), off)
    year, off_year = fair.sum(axis=(1, 2)), off.sum(axis=(1, 2))
    unfair: BoolArray = ~(np.abs(said_fair - year) <= 1.0 + off_year)
    yield from report("fair share is not in proportion to expected business", _ids(cells, unfair))
    fair, lost = _within_first_year(cells, fair, wishes, policy)
    wanted = wanted * (1 - ratio(lost, full))
    # How far others can be raised is as unsure as their year.
    unsure_year = np.zeros(len(cells.group_ids))
    np.maximum.at(unsure_year, cells.rep_group, ratio(off_year, year))
    spread = 2.0 + cells.by_group(off) + 4 * unsure_year[:, None, None] * full
    room = room + np.where(short[:, None, None], spread, 0.0)
    strayed: BoolArray = ~(np.abs(wanted - cells.target) <= room)
    keys = [
        f"{cells.group_ids[group]} / {cells.months[month].date()} / {TYPES[kind]}"
        for group, month, kind in np.argwhere(strayed)
    ]
    yield from report("targets are not in proportion to expected business", keys)
    year = fair.sum(axis=(1, 2))
    is_lower = lost.sum(axis=(1, 2))[cells.rep_group] > 0
    off = off + np.where(is_lower, 3.0, 0.0)[:, None, None]
    stray = (fair == 0) & (cells.quota > 2 + 3 * off)
    idle = _ids(cells, np.any(stray, axis=(1, 2)))
    yield from report("a month without expected business has a quota", idle)
    asked = cells.quota.sum(axis=(1, 2))
    yield from _check_year(cells, wishes, year, off_year, asked, policy)
    exact = bool(((wishes.sd > 100) | (year <= 0)).all())
    for group, name in enumerate(cells.group_ids):
        mine = np.flatnonzero((cells.rep_group == group) & (year > 0))
        if len(mine) < 2 or (off_year[mine] > 0.01 * year[mine]).any():
            continue
        own, pull = _pulls(cells.quota[mine], fair[mine])
        model = fair[mine] * np.maximum(1 + own[:, None, None] + pull, 0.0)
        # The solver's exactness is of the whole price: where pay asks for quotas of another size
        # altogether, that price is all of it.
        far = float(np.max(wishes.ote_low[mine] / year[mine], initial=1.0)) - 1
        leeway = 2 + HALF * fair[0].size + 3 * off[mine]
        leeway += SOLVED * (1 + policy.ote_weight * far**2) * fair[mine]
        leeway += np.sqrt(1e-10 * fair[mine] * year[mine].sum())
        wrong = np.any(np.abs(cells.quota[mine] - model) > leeway, axis=(1, 2))
        names = [cells.rep_ids[rep] for rep in mine[wrong]]
        yield from report("a rep's months do not follow its expected business", names)
        if wrong.any() or (cells.quota[mine] <= 0)[fair[mine] > 100].any():
            continue  # where a month's quota is 0, it is the limit that holds
        if exact or not cells.expected.any():
            trades = _who_can_trade(fair[mine])
            yield from _check_best(name, own, trades, wishes, mine, year, off_year, cells, policy)


def _wanted_targets(
    cells: Cells, goals: pd.DataFrame, parts: pd.DataFrame | None
) -> tuple[FloatArray, FloatArray]:
    """Targets in proportion to expected business, and how far off cents may leave them."""
    weights = _weights(cells)
    by_group = cells.by_group(weights)
    count = np.bincount(cells.rep_group, minlength=len(cells.group_ids))
    wanted, room = cells.target.copy(), np.zeros(cells.target.shape)
    for kind, name in enumerate(TYPES):
        goal = round(float(numbers(goals.set_index("revenue_type")["target_amount"])[name]) * 100)
        total = by_group[:, :, kind].sum()
        if not total > 0 or not _is_known(cells, kind):
            room[:, :, kind] = goal  # expected are fractions of a cent: nothing can be told
            continue
        wanted[:, :, kind] = _split(goal, _parts_of(cells, parts, name), by_group[:, :, kind])
        # What cents of expected business leave open, and a cent or two of rounding.
        unsure = HALF * (count[:, None] + by_group[:, :, kind] / total * weights[:, :, 0].size)
        room[:, :, kind] = 4.0 + 4 * goal * unsure / total
    return wanted, room


def _within_first_year(
    cells: Cells, fair: FloatArray, wishes: Wishes, policy: QuotaPolicy
) -> tuple[FloatArray, FloatArray]:
    """Shares once first years' limits hold, and what nobody has room for; (R, M, 2), (G, M, 2)."""
    year, shares = fair.sum(axis=(1, 2)), fair.copy()
    lost = np.zeros(cells.target.shape)
    for group in range(len(cells.group_ids)):
        mine = cells.rep_group == group
        over, others = mine & (year > wishes.first_year), mine & (year <= wishes.first_year)
        if not over.any():
            continue
        shares[over] *= (wishes.first_year / np.maximum(year, 1e-9))[over][:, None, None]
        excess = (fair - shares)[over].sum(axis=0)
        more = fair[others] * ratio(excess, fair[others].sum(axis=0))
        most = np.minimum((1 + policy.max_hardness_shift_rate) * year,
                          np.minimum(wishes.upper, wishes.first_year))[others]  # fmt: skip
        spare = np.maximum(most - year[others], 0.0)
        part = float(np.min(ratio(spare, more.sum(axis=(1, 2)), 1.0), initial=1.0))
        shares[others] += part * more
        lost[group] = np.maximum(excess - part * more.sum(axis=0), 0.0)
        if lost[group].sum() <= 1.0:
            lost[group] = 0.0
    return shares, lost


def _who_can_trade(fair: FloatArray) -> NDArray[np.intp]:
    """Number the sets of reps that can give each other quota: in a month and type of both."""
    part = fair.reshape(len(fair), -1)
    rep, cell = np.nonzero(part > LEAST_PART * part.sum(axis=1, keepdims=True))
    count = sum(part.shape)
    links = coo_array((np.ones(len(rep)), (rep, len(fair) + cell)), shape=(count, count))
    return connected_components(links, directed=False)[1][: len(fair)].astype(np.intp)


def _ids(cells: Cells, marked: BoolArray) -> list[str]:
    return [cells.rep_ids[rep] for rep in np.flatnonzero(marked)]


def _is_known(cells: Cells, kind: int) -> bool:
    """Whether cents tell what is expected of a type, and not fractions of a cent."""
    return bool(cells.expected[:, :, kind].any()) or not cells.type_has_book[kind]


def _weights(cells: Cells) -> FloatArray:
    """Return what goals follow: expected business, else the other type's, else heads."""
    expected = cells.expected
    has = expected.any(axis=(0, 1))
    if not has.any():
        return np.broadcast_to(cells.has_book[:, None, None].astype(float), expected.shape)
    weights: FloatArray = np.where(has, expected, expected[:, :, ::-1])
    return weights


Part = tuple[int | None, int | None, int]


def _parts_of(cells: Cells, parts: pd.DataFrame | None, kind: str) -> list[Part]:
    """Return group, month and cents of each part of a goal, months that are past left out."""
    found: list[Part] = []
    for part in [] if parts is None else parts.to_dict("records"):
        if part["revenue_type"] != kind:
            continue
        group = None if pd.isna(part["group_id"]) else cells.group_ids.index(part["group_id"])
        month = None
        if not pd.isna(part["month"]):
            start = pd.Timestamp(str(part["month"]))
            if start not in cells.months:
                continue
            month = cells.months.index(start)
        found.append((group, month, round(float(part["target_amount"]) * 100)))
    return found


def _split(goal: int, parts: list[Part], weights: FloatArray) -> FloatArray:
    """Split a goal over groups and months by weight, parts first; shape (G, M)."""
    fixed, free = np.zeros(weights.shape), weights.copy()
    for group, month, cents in parts:
        if group is not None and month is not None:
            fixed[group, month], free[group, month] = cents, 0.0
    margins = [
        _margin(goal, {p[axis]: p[2] for p in parts if p[1 - axis] is None}, fixed, free, axis)
        for axis in (0, 1)
    ]
    spread: FloatArray = free
    if margins[0] is None and margins[1] is None:
        spread = free * max(goal - fixed.sum(), 0.0) / max(free.sum(), 1e-12)
    for _ in range(FITTING_STEPS):
        for axis, margin in enumerate(margins):
            if margin is not None:
                scale = ratio(margin, spread.sum(axis=1 - axis))
                spread = spread * np.expand_dims(scale, 1 - axis)
    return fixed + spread


def _margin(
    goal: int, given: dict[int | None, int], fixed: FloatArray, free: FloatArray, axis: int
) -> FloatArray | None:
    """What is left for the free cells of each group (axis 0) or month (1); None without parts."""
    stated = {place: cents for place, cents in given.items() if place is not None}
    if not stated:
        return None
    held, weight = fixed.sum(axis=1 - axis), free.sum(axis=1 - axis)
    is_given = np.isin(np.arange(len(held)), list(stated))
    rest = np.array([stated.get(place, 0) - held[place] for place in range(len(held))])
    left = goal - sum(stated.values()) - held[~is_given].sum()
    others = np.where(is_given, 0.0, weight)
    margin: FloatArray = np.where(is_given, rest, left * ratio(others, others.sum()))
    return margin


def _check_year(
    cells: Cells,
    wishes: Wishes,
    year: FloatArray,
    off: FloatArray,
    asked: FloatArray,
    policy: QuotaPolicy,
) -> Iterator[str]:
    """Check the limits of a rep's plan months: year-on-year, else the guard on hardness."""
    room = 100 + off
    out = asked > wishes.first_year + room
    yield from report("quota is beyond the first year's limit", _ids(cells, out))
    limited = np.isfinite(wishes.upper).any()
    if limited:
        out = (asked < wishes.lower - room) | (asked > wishes.upper + room)
        out &= year > 0
        yield from report("quota is beyond the year-on-year band", _ids(cells, out))
        return
    out = np.abs(asked - year) > policy.max_hardness_shift_rate * year + room + SOLVED * year
    yield from report("quota is further off its fair share than allowed", _ids(cells, out))


def _pulls(quota: FloatArray, fair: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit quota = fair x (1 + a[rep] + b[month, type]), every sum kept; shapes (n,), (M, 2)."""
    n, shape = len(fair), fair.shape[1:]
    f, d = fair.reshape(n, -1), (quota - fair).reshape(n, -1)
    year = f.sum(axis=1)
    part = f / year[:, None]
    # a is eliminated: a = sum of d / year - part x b.
    matrix = np.diag(f.sum(axis=0)) - part.T @ f
    right = d.sum(axis=0) - part.T @ d.sum(axis=1)
    b = np.linalg.lstsq(matrix / year.sum(), right / year.sum(), rcond=1e-10)[0]
    return d.sum(axis=1) / year - part @ b, b.reshape(shape)


def _check_best(
    group: str,
    own: FloatArray,
    trades: NDArray[np.intp],
    wishes: Wishes,
    mine: NDArray[np.intp],
    year: FloatArray,
    off: FloatArray,
    cells: Cells,
    policy: QuotaPolicy,
) -> Iterator[str]:
    fair, sd = year[mine], wishes.sd[mine]
    weight = fair / fair.sum()
    asked = cells.quota[mine].sum(axis=(1, 2))
    expected = cells.expected[mine].sum(axis=(1, 2))
    mu = policy.hardness_weight if (sd > 0).all() else 0.0
    slope, hard = ratio(fair, sd), ratio(expected - asked, sd)
    scale = max(1.0, float(weight @ ratio(expected - fair, sd) ** 2))
    pull = -2 * mu / scale * slope * (hard - weight @ hard)
    bend = 1 + mu / scale * slope**2
    level = asked / fair
    reference = wishes.reference[mine] / fair
    if (known := np.isfinite(reference)).any():
        base = ratio(weight[known].sum(), weight[known] @ reference[known], 1.0)
        wanted = np.where(known, reference * base, level)
        pull, bend = pull + 2 * policy.anti_ratchet_weight * (level - wanted), bend + known
    low, high = wishes.ote_low[mine] / fair, wishes.ote_high[mine] / fair
    over = np.where(np.isfinite(high) & (high > 0), np.maximum(level - high, 0.0), 0.0)
    under = np.where(low > 0, np.maximum(low - level, 0.0), 0.0)
    pull = pull + 2 * policy.ote_weight * (over - under)
    score = own + pull / 2
    room = 1e-3 * (1 + np.abs(pull)) + 1e-7 / weight
    room += bend * (2 + policy.ote_weight) * 3 * (50 + off[mine]) / fair
    guard = policy.max_hardness_shift_rate
    limited = np.isfinite(wishes.upper).any()
    most = wishes.upper[mine] / fair if limited else np.full(len(mine), 1 + guard)
    least = wishes.lower[mine] / fair if limited else np.full(len(mine), 1 - guard)
    most = np.minimum(most, np.maximum(wishes.first_year[mine] / fair, least if limited else 1.0))
    step = SOLVED + (200 + off[mine]) / fair
    at_most, at_least = level >= most - step, level <= least + step
    # One number must do for all: at least that of reps who may rise, at most of those who may fall.
    floor, ceiling = (
        np.where(at_least, -np.inf, score - room),
        np.where(at_most, np.inf, score + room),
    )
    for trade in np.unique(trades):
        of = np.flatnonzero(trades == trade)
        gives, takes = of[floor[of].argmax()], of[ceiling[of].argmin()]
        if floor[gives] > ceiling[takes]:
            names = " and ".join(cells.rep_ids[mine[rep]] for rep in (gives, takes))
            yield f"quotas of {group} can be divided better, such as between {names}"
