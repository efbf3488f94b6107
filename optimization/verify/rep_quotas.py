"""Recompute each row of rep_quotas, of expected bookings, and of quotas that followed accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimization.policy import QuotaPolicy
from optimization.verify.cells import HALF, TYPES, BoolArray, Cells, FloatArray, ratio
from optimization.verify.known import Known
from optimization.verify.shares import Wishes
from optimization.verify.tables import differs, numbers, report, same

if TYPE_CHECKING:
    from optimization.tables import QuotaPlan

YEAR_MONTHS = 12
# A quota may pass a band's end by this many cents before it counts as outside.
ROOM = 100.0


def stated_wishes(
    cells: Cells,
    table: pd.DataFrame,
    book: pd.DataFrame,
    coverers: pd.DataFrame,
    rep_months: pd.DataFrame,
    context: Known,
    policy: QuotaPolicy,
) -> Wishes:
    """State what last year and pay plans ask of each rep's quota, from the inputs.

    Args:
        cells: Amounts.
        table: Table ``rep_quotas``, for the published standard deviations alone.
        book: Accounts with their coverers and owners of record.
        coverers: rep_id, role where known.
        rep_months: rep_id, month, ramp_rate.
        context: Last year's quotas and pay plans.
        policy: Bands.
    """
    count = len(cells.rep_ids)
    last = last_quotas(cells, context)
    before, after = _books(cells, book)
    known = (last > 0) & (before > 0) & (after > 0)
    change = np.where(known, ratio(after, before, 1.0), 1.0)
    lower, upper = np.zeros(count), np.full(count, np.inf)
    if policy.year_on_year_band is not None:
        band = policy.year_on_year_band
        lower[known] = (last * np.minimum(change, 1) * max(0.0, 1 - band))[known]
        upper[known] = (last * np.maximum(change, 1) * (1 + band))[known]
    ote_low, ote_high = np.zeros(count), np.full(count, np.inf)
    roles = dict(zip(coverers["rep_id"], coverers.get("role", pd.Series()), strict=False))
    of_plan = pd.to_datetime(rep_months["month"]).isin(cells.months)
    ramp = rep_months[of_plan].groupby("rep_id")["ramp_rate"].mean().astype(float)
    for place, rep in enumerate(cells.rep_ids):
        pay = (context.comp_plans or {}).get(str(roles.get(rep)))
        if pay is not None and pay.ote_amount:
            share = len(cells.months) / YEAR_MONTHS * float(ramp.get(rep, 1.0))
            ote_low[place], ote_high[place] = (
                100 * edge * pay.ote_amount * share for edge in pay.quota_ote_band
            )
    sd = np.array(table.set_index("rep_id")["sd_amount"].reindex(cells.rep_ids), dtype=np.float64)
    reference: FloatArray = np.where(known, last * change, np.nan)
    taken, first = _taken_over(cells, book, coverers, context.won, policy)
    return Wishes(sd * 100, reference, lower, upper, taken, first, ote_low, ote_high)


def _taken_over(
    cells: Cells,
    book: pd.DataFrame,
    coverers: pd.DataFrame,
    won: pd.DataFrame | None,
    policy: QuotaPolicy,
) -> tuple[FloatArray, FloatArray]:
    """Share of each book that others owned, and the most it may be asked for; shape (R,) each."""
    rows = book.assign(
        amount=numbers(book["new_amount"]) + numbers(book["existing_amount"]),
        own=same(book["rep_id"], book["previous_rep_id"]),
        won=0.0 if won is None else book["account_id"].map(dict(won.to_numpy())).astype(float),
    )
    by_rep = rows.groupby("rep_id")[["amount", "won"]].sum().reindex(cells.rep_ids).fillna(0.0)
    others = rows[~rows["own"]].groupby("rep_id")["amount"].sum().reindex(cells.rep_ids)
    taken = ratio(np.array(others.fillna(0.0)), np.array(by_rep["amount"]), np.nan)
    limit: FloatArray = np.full(len(taken), np.inf)
    if policy.first_year_multiple is not None and won is not None:
        kind = coverers.set_index("rep_id")["coverer_type"].reindex(cells.rep_ids)
        brought = np.array(by_rep["won"]) * len(cells.months) / YEAR_MONTHS
        applies = (np.array(kind) == "rep") & (taken > 0.5) & (brought > 0)
        limit[applies] = 100 * policy.first_year_multiple * brought[applies]
    return taken, limit


def last_quotas(cells: Cells, context: Known) -> FloatArray:
    """Last year's quota of each rep in cents, NaN where unknown; shape (R,)."""
    if context.last_quotas is None or context.last_quotas.empty:
        return np.full(len(cells.rep_ids), np.nan)
    given = context.last_quotas.set_index("rep_id")["amount"].astype(float)
    return np.array(100 * given.reindex(cells.rep_ids), dtype=np.float64)


def _books(cells: Cells, book: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Yearly business of the accounts of record and of the plan's; shape (R,) each."""
    amount = numbers(book["new_amount"]) + numbers(book["existing_amount"])
    before, after = (
        amount.groupby(book[column].astype("str")).sum().reindex(cells.rep_ids).fillna(0.0)
        for column in ("previous_rep_id", "rep_id")
    )
    return np.array(before, dtype=np.float64), np.array(after, dtype=np.float64)


def check_rep_quotas(
    cells: Cells,
    wishes: Wishes,
    table: pd.DataFrame,
    book: pd.DataFrame,
    coverers: pd.DataFrame,
    context: Known,
) -> Iterator[str]:
    """Check every column of rep_quotas but the fair share.

    Args:
        cells: Amounts.
        wishes: Bands.
        table: Table ``rep_quotas``.
        book: Accounts with their coverers and owners of record.
        coverers: rep_id, coverer_type, group_id.
        context: Last year's quotas.
    """
    said = table.set_index("rep_id").reindex(cells.rep_ids)
    staff = coverers.set_index("rep_id").reindex(cells.rep_ids)
    for column in ("group_id", "coverer_type"):
        wrong = ~same(said[column], staff[column])
        yield from report(f"{column} of a rep's quota is not the coverer's", said.index[wrong])
    quota, expected = cells.quota.sum(axis=(1, 2)) / 100, cells.expected.sum(axis=(1, 2)) / 100
    sd, last = wishes.sd / 100, last_quotas(cells, context) / 100
    before, after = _books(cells, book)
    size = (cells.quota[0].size + 2) * HALF / 100
    for column, wanted, room in (
        ("quota_amount", quota, 0.0),
        ("expected_amount", expected, size),
        ("hardness", np.where(sd > 0, ratio(quota - expected, sd), np.nan), np.nan),
        ("last_quota_amount", last, 0.006),
        ("change_rate", ratio(quota, last, np.nan) - 1, 0.0),
        ("book_change_rate", ratio(after, before, np.nan) - 1, 0.0),
        ("taken_over_rate", wishes.taken_over, 0.0),
        (
            "first_year_limit_amount",
            np.where(np.isfinite(wishes.first_year), wishes.first_year / 100, np.nan),
            0.006,
        ),
    ):
        if column == "hardness":  # cents of sd and of what is expected
            room = (size + np.abs(ratio(quota - expected, sd)) * 0.01) / np.maximum(sd, 0.01)
        found = numbers(said[column])
        wanted = pd.Series(wanted, index=said.index)
        wrong = differs(found, wanted) & ~((found - wanted).abs() <= room)
        wrong &= ~(found.isna() & wanted.isna())
        if column == "hardness":
            wrong &= sd > 1  # below, the standard deviation is cents
        yield from report(f"{column} of a rep's quota is wrong", said.index[wrong])
    yield from report("sd_amount of a rep's quota is wrong", said.index[~(sd >= 0)])
    asked = cells.quota.sum(axis=(1, 2))
    for column, low, high, has, otherwise in (
        ("year_on_year_verdict", wishes.lower, wishes.upper, np.isfinite(wishes.upper), "no limit"),
        (
            "ote_verdict",
            wishes.ote_low,
            wishes.ote_high,
            (wishes.ote_low > 0) | np.isfinite(wishes.ote_high),
            "no band",
        ),
    ):
        wanted = _verdicts(asked, low, high, has, otherwise)
        wrong = said[column].to_numpy(dtype=object) != wanted
        yield from report(f"{column} of a rep's quota is wrong", said.index[wrong])


def _verdicts(
    asked: FloatArray, low: FloatArray, high: FloatArray, has: BoolArray, otherwise: str
) -> np.ndarray:
    verdict = np.where(
        asked < low - ROOM, "below", np.where(asked > high + ROOM, "above", "within")
    )
    return np.where(has, verdict, otherwise).astype(object)


def check_expected(cells: Cells, table: pd.DataFrame) -> Iterator[str]:
    """Check expected bookings: of books alone, open deals a part of new business alone."""
    idle = ~cells.has_book & cells.expected.any(axis=(1, 2))
    names = [cells.rep_ids[rep] for rep in np.flatnonzero(idle)]
    yield from report("a rep without accounts is expected to book", names)
    group = dict(zip(cells.rep_ids, cells.rep_group, strict=True))
    of_rep = table["rep_id"].map(lambda rep: cells.group_ids[group[rep]])
    wrong = ~same(table["group_id"], of_rep)
    yield from report("group of expected bookings is not the rep's", table.loc[wrong, "rep_id"])
    open_ = numbers(table["pipeline_amount"])
    most = numbers(table["expected_amount"]).mask(table["revenue_type"] == "existing", 0.0)
    wrong = ~((open_ >= 0) & (open_ <= most + 0.011))
    yield from report("open deals are no part of expected bookings", table.loc[wrong, "rep_id"])


def check_transfers(
    cells: Cells, plan: QuotaPlan, book: pd.DataFrame, in_force: pd.DataFrame | None
) -> Iterator[str]:
    """Check quotas in force that followed accounts: who, whence, whither, and what is left.

    Args:
        cells: Amounts.
        plan: The plan's tables.
        book: Accounts with their coverers and owners of record.
        in_force: rep_id, month, revenue_type, amount; None where no quotas are in force.
    """
    table = plan.quota_transfers
    idle = numbers(plan.rep_quotas.set_index("rep_id")["idle_quota_amount"])
    if in_force is None:
        named = idle.index[idle != 0]
        yield from report("a quota is said to be idle, but none is in force", named)
        yield from report("a quota follows an account, but none is in force", table["account_id"])
        return
    owner, taker = book["previous_rep_id"].astype("str"), book["rep_id"].astype("str")
    had = set(in_force["rep_id"].astype(str))
    moved = book[taker.isin(cells.rep_ids) & owner.isin(had) & (owner != taker)]
    wanted = {(account, kind) for account in moved["account_id"] for kind in TYPES}
    found = list(table[["account_id", "revenue_type"]].itertuples(index=False, name=None))
    keys = sorted(wanted ^ set(found)) + sorted({key for key in found if found.count(key) > 1})
    yield from report("quotas that followed accounts are not those of the moved", keys)
    both = table.merge(book, on="account_id", suffixes=("", "_book"))
    right = same(both["from_rep_id"], both["previous_rep_id"]) & same(
        both["to_rep_id"], both["rep_id"]
    )
    wrong = both.loc[~right, "account_id"]
    yield from report("a quota that followed an account names other reps", wrong)
    negative = table.loc[~(table["quota_amount"] >= 0), "account_id"]
    yield from report("a quota that followed an account is negative", negative)
    if not len(keys):
        yield from _check_carried(cells, table, book, in_force, idle.reindex(cells.rep_ids) * 100)


def _check_carried(
    cells: Cells,
    table: pd.DataFrame,
    book: pd.DataFrame,
    in_force: pd.DataFrame,
    idle: pd.Series[float],
) -> Iterator[str]:
    """A rep keeps what it had, less what left, with what came and a part of what nobody has.

    One who is here and covers nothing carries nothing: what is left of its quota is nobody's.
    """
    rows = in_force[pd.to_datetime(in_force["month"]).isin(cells.months)]
    # A group's quota may differ by a cent from what it had: (1 + buffer) x whole cents.
    room = 2.0 * len(cells.months) * (len(cells.rep_ids) + len(cells.group_ids))
    busy = np.array(cells.rep_ids, dtype=object)[cells.has_book]
    yield from report("a quota of a rep with accounts is said to be idle", busy[idle[busy] != 0])
    least, most, unasked = 0.0 * idle, 0.0 * idle, 0.0
    for kind, name in enumerate(TYPES):
        own, moved = rows[rows["revenue_type"] == name], table[table["revenue_type"] == name]
        had = (own.groupby("rep_id")["amount"].sum() * 100).astype(float)
        left = moved.groupby("from_rep_id")["quota_amount"].sum() * 100
        came = moved.groupby("to_rep_id")["quota_amount"].sum() * 100
        reps = had.index.union(pd.Index(cells.rep_ids))
        had, left, came = (part.reindex(reps).fillna(0.0) for part in (had, left, came))
        now = pd.Series(cells.quota[:, :, kind].sum(axis=1), index=cells.rep_ids)
        now = now.reindex(reps).fillna(0.0)
        bare = ~reps.isin(busy) & reps.isin(cells.rep_ids)
        # Of a rep who never had an account all is idle; of one whose accounts went, what stayed.
        never = bare & ~reps.isin(book["previous_rep_id"].astype("str"))
        least += had.where(never, 0.0).reindex(idle.index)
        most += (had - left).where(bare, 0.0).reindex(idle.index)
        unasked += had.sum() - now.sum()
        if not -room <= had.sum() - now.sum() <= (had - left)[bare].sum() + room:
            yield f"quotas of {name} do not sum to those in force"
        yield from report("more quota left a rep than it had", reps[left > had + room])
        shared = now - (had - left + came)
        # What belonged to accounts that nobody covers now, or to reps without any, is spread.
        covered = book[book["rep_id"].isin(cells.rep_ids)]
        uncovered = book.loc[~book["rep_id"].isin(cells.rep_ids), "previous_rep_id"].astype("str")
        gives = reps.isin(set(uncovered)) | ~reps.isin(covered["previous_rep_id"].astype("str"))
        wrong = (shared < -room) & ~gives & ~bare
        if not (gives & ~never & (had > 0).to_numpy()).any():
            wrong |= shared > room
        yield from report("a rep's quota is not the one in force and what followed", reps[wrong])
    outside = ~((idle >= least - room) & (idle <= most + room))
    yield from report("idle_quota_amount is not what is left of a quota", idle.index[outside])
    if not abs(idle.sum() - unasked) <= 2 * room:
        yield "idle quotas are not what nobody is asked for"
