"""Which pairs an account's choice begins with, and any pairs as a table.

Prices add pairs later (``optimization.coverage.solve.columns``): the first list only has to hold
what must be there, the reps worth most, and some others so that accounts of one kind do not all
queue for the same few.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pandas as pd

from optimization.arrays import BoolArray, FloatArray, IntArray, spread_out
from optimization.values.pairs import PairValues

PAIRS_AT_ONCE = 1_000_000


def first_candidates(values: PairValues) -> pd.DataFrame:
    """The pairs to begin with, one row per account and coverer (``pair_table``).

    What must be listed, the reps worth most, and a few by a stable hash.
    """
    account, coverer = _best_and_spread(values)
    return candidates_with(values, account, coverer)


def candidates_with(values: PairValues, account: IntArray, coverer: IntArray) -> pd.DataFrame:
    """What must be listed and some more pairs, one row per account and coverer (``pair_table``).

    Listed whatever they are worth: the present owner, a rep a lock names, the partners of its size
    band, nobody, and forbidden pairs, so that what forbidding costs can be shown; of an account
    without an owner the reps of its last owner's group, who would fill the vacancy. Members of a
    family have each other's.

    Args:
        values: What any pair is worth.
        account: Rows of the accounts of the other pairs, shape (N,).
        coverer: Rows of their coverers, shape (N,).
    """
    m = values.model
    every = np.arange(len(m.account_id), dtype=np.int64)
    owned, kept = np.flatnonzero(m.present >= 0), np.flatnonzero(m.locked >= 0)
    parts: list[tuple[IntArray, IntArray]] = [
        (account, coverer),
        (owned, m.present[owned]),
        (kept, m.locked[kept]),
        _partner_pairs(values),
        _group_pairs(values),
        (m.forbidden[0], m.forbidden[1]),
        (every, np.full(len(every), m.house)),
    ]
    found = (np.concatenate([part[place] for part in parts]) for place in range(2))
    return pair_table(values, *_with_families(values, *found))


def blocks(values: PairValues) -> Iterator[IntArray]:
    """Accounts in blocks of about PAIRS_AT_ONCE pairs with every coverer; (B, 1) each."""
    size = max(1, PAIRS_AT_ONCE // len(values.model.coverer_id))
    for begin in range(0, len(values.model.account_id), size):
        yield np.arange(begin, min(begin + size, len(values.model.account_id)))[:, None]


def open_pairs(values: PairValues, account: IntArray, coverer: IntArray) -> BoolArray:
    """Pairs of a block that neither a rule nor a decision closes; (B, 1) and (1, R) in."""
    is_open = values.is_eligible(account, coverer)
    row = np.full(len(values.model.account_id), -1, dtype=np.int64)
    row[account[:, 0]] = np.arange(len(account))
    barred, by = values.model.forbidden
    inside = row[barred] >= 0
    is_open[row[barred[inside]], by[inside]] = False
    return is_open


def _best_and_spread(values: PairValues) -> tuple[IntArray, IntArray]:
    m = values.model
    reps = np.flatnonzero(m.is_rep)
    if not len(reps):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    wanted = m.policy.candidates_per_account
    best = min((wanted + 1) // 2, len(reps))
    found: list[tuple[IntArray, IntArray]] = []
    spread = _spread(m.account_id, m.coverer_id[reps], wanted // 2)
    for account in blocks(values):
        coverer = reps[None, :]
        is_open = open_pairs(values, account, np.arange(len(m.coverer_id))[None, :])[:, reps]
        worth = np.where(is_open, values.of(account, coverer).value, -np.inf)
        top = np.argpartition(-worth, best - 1, axis=1)[:, :best]
        for place in (top, spread[account[:, 0]]):
            rows = np.repeat(np.arange(len(account)), place.shape[1])
            column = place.reshape(-1)
            fits = is_open[rows, column]
            found.append((account[rows[fits], 0], reps[column[fits]]))
    return (
        np.concatenate([account for account, _ in found]),
        np.concatenate([coverer for _, coverer in found]).astype(np.int64),
    )


def _spread(accounts: pd.Index, reps: pd.Index, rings: int) -> IntArray:
    """Some reps for every account, whatever they are worth; places among the reps, (A, rings).

    Accounts and reps stand on rings in the order of a stable hash; an account takes the next rep
    of each. When a rep comes or goes, only the accounts next to it see another one.
    """
    chosen = np.zeros((len(accounts), rings), dtype=np.int64)
    for ring in range(rings):
        place = _hashes(reps, f"{ring} rep ")
        order = np.argsort(place, kind="stable")
        after = np.searchsorted(place[order], _hashes(accounts, f"{ring} account "))
        chosen[:, ring] = order[after % len(reps)]
    return chosen


def _hashes(names: pd.Index, salt: str) -> IntArray:
    digests = [hashlib.md5(f"{salt}{name}".encode(), usedforsecurity=False) for name in names]
    return np.array([int.from_bytes(d.digest()[:7], "big") for d in digests], dtype=np.int64)


def _partner_pairs(values: PairValues) -> tuple[IntArray, IntArray]:
    m = values.model
    every = np.arange(len(m.account_id), dtype=np.int64)
    pairs = [
        (every[values.is_eligible(every, np.full(len(every), partner))], partner)
        for partner in np.flatnonzero(m.is_partner)
    ]
    account = [found for found, _ in pairs] or [np.empty(0, np.int64)]
    coverer = [np.full(len(found), partner) for found, partner in pairs]
    return np.concatenate(account), np.concatenate(coverer or [np.empty(0, np.int64)])


def _group_pairs(values: PairValues) -> tuple[IntArray, IntArray]:
    """Accounts whose owner may not keep them, with the reps of that owner's group."""
    m = values.model
    every = np.arange(len(m.account_id), dtype=np.int64)
    is_vacant = m.present < 0
    owned = every[~is_vacant]
    is_vacant[owned] = ~values.is_eligible(owned, m.present[owned])
    barred, by = m.forbidden
    is_vacant[barred[by == m.present[barred]]] = True
    vacant, reps = np.flatnonzero(is_vacant | m.is_removed), np.flatnonzero(m.is_rep)
    row, at = np.nonzero(m.owner_group[vacant][:, None] == m.group[reps])
    return vacant[row].astype(np.int64), reps[at].astype(np.int64)


def _with_families(
    values: PairValues, account: IntArray, coverer: IntArray
) -> tuple[IntArray, IntArray]:
    """Each pair once, and the candidates of every member of a family for all of it."""
    count = len(values.model.coverer_id)
    m = values.model
    size = np.bincount(m.unit)
    pair = np.unique(m.unit[account] * count + coverer)
    unit, who = pair // count, pair % count
    members = np.argsort(m.unit, kind="stable")
    account = members[spread_out((np.cumsum(size) - size)[unit], size[unit])]
    coverer = np.repeat(who, size[unit])
    # A partner that one member has need not be one that another may have.
    fits = ~m.is_partner[coverer] | m.has_direct_deal[account]
    fits |= values.is_eligible(account, coverer)
    return account[fits], coverer[fits]


def pair_table(values: PairValues, account: IntArray, coverer: IntArray) -> pd.DataFrame:
    """Pairs as a table, one row each: ids, parts, worth, bookings and what may be said of them.

    Args:
        values: What any pair is worth.
        account: Rows of the accounts, shape (N,).
        coverer: Rows of the coverers, shape (N,).
    """
    m = values.model
    parts = values.of(account, coverer)
    is_rep = m.is_rep[coverer]
    strength_cv = np.where(is_rep, _strength_cv(values, account, coverer, parts.win_rate), 0.0)
    return pd.DataFrame(
        {
            "account_id": m.account_id[account],
            "rep_id": m.coverer_id[coverer],
            "is_present": m.present[account] == coverer,
            "hours": np.where(coverer == m.house, 0.0, m.hours[account]),
            "segment_value_amount": parts.segment,
            "strength_value_amount": parts.strength,
            "cost_to_serve_amount": parts.cost,
            "absence_amount": parts.absence,
            "disruption_amount": parts.disruption,
            "soft_rule_amount": parts.soft_rule,
            "value_amount": parts.value,
            "value_sd_amount": parts.won * np.sqrt(m.cv2[account] + strength_cv**2),
            "strength_sd_amount": parts.won * strength_cv,
            "new_amount": parts.new_year,
            "existing_amount": parts.existing_year,
            "unserved_amount": parts.unserved_year,
            "win_rate": parts.win_rate,
            "similarity": parts.similarity,
            "forbidden_reason": _reasons(values, account, coverer),
            "strength_note": _notes(values, account, coverer, parts.strength),
        }
    )


def _strength_cv(
    values: PairValues, account: IntArray, coverer: IntArray, win_rate: FloatArray
) -> FloatArray:
    """Standard deviation over mean of what strengths make; d(ln win rate) = (1 - p) d(log-odds)."""
    m, profile = values.model, values.model.profile[account]
    advantage = np.nan_to_num(m.rates["advantage_sd"][profile, coverer])
    creation = np.nan_to_num(m.rates["creation_sd"][profile, coverer])
    return np.asarray(np.sqrt(((1 - win_rate) * advantage) ** 2 + creation**2))


def _reasons(values: PairValues, account: IntArray, coverer: IntArray) -> pd.Series[str]:
    """Why each pair may not be, missing where it may."""
    m = values.model
    reason = pd.Series(None, index=range(len(account)), dtype=object)
    reason[m.is_partner[coverer] & m.has_direct_deal[account]] = "direct deal open"
    lacking = (m.asked_hard[account] * m.lacks[coverer]) > 0
    lost = np.flatnonzero(lacking.any(axis=1))
    if lost.size:
        first = m.certificates[lacking[lost].argmax(axis=1)]
        reason.iloc[lost] = "no certificate " + first.to_numpy()
    barred = m.tables.forbidden_pairs
    if len(barred):
        key = pd.MultiIndex.from_arrays([m.account_id[account], m.coverer_id[coverer]])
        stated = barred.set_index(["account_id", "rep_id"])["reason"].reindex(key).to_numpy()
        reason = reason.mask(pd.notna(stated), pd.Series(stated, dtype=object))
    return reason


def _notes(
    values: PairValues, account: IntArray, coverer: IntArray, strength: FloatArray
) -> pd.Series[str]:
    """The named strength or weakness behind each pair's, missing where there is none."""
    m, notes = values.model, values.model.tables.strength_notes
    own = m.tables.pair_accounts.set_index("account_id")["profile_id"].reindex(m.account_id)
    key = pd.MultiIndex.from_arrays(
        [m.coverer_id[coverer], own.to_numpy()[account], strength > 0],
        names=["rep_id", "profile_id", "is_strength"],
    )
    known = notes.set_index(["rep_id", "profile_id", "is_strength"])["note"]
    found = known.reindex(key).reset_index(drop=True)
    return found.mask(strength == 0)
