"""The coverage problem as sorted tables and aligned arrays, with locks applied.

Sorting makes the plan independent of the order in which rows arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.coverage.problem.validation import validate_tables
from optimization.coverers import HOUSE, in_order, lock_targets, unit_of
from optimization.errors import DataError

ID_COLUMNS = (
    "account_id",
    "rep_id",
    "present_rep_id",
    "previous_owner_rep_id",
    "lock_rep_id",
    "family_id",
    "recent_move_group_ids",
    "recent_move_rep_ids",
    "owner_group_id",
)


@dataclass(frozen=True, eq=False)
class CoverageInputs:
    """A accounts, R coverers and N candidate pairs; arrays follow the tables' row order.

    Attributes:
        accounts: Sorted by account_id; A rows.
        candidates: Sorted by account, then coverer (reps, partners, house; each by id); N rows.
        coverers: Sorted reps, partners, house; each by rep_id; R rows.
        account_of: Row of the account of each candidate, shape (N,).
        coverer_of: Row of the coverer of each candidate, shape (N,).
        first: Candidates of account a are rows ``first[a]:first[a + 1]``, shape (A + 1,).
        value: Expected contribution over the horizon in company currency, shape (N,).
        hours: Hours a year the coverer spends on the account, shape (N,).
        is_present: The pair is the present active owner, shape (N,).
        is_forbidden: A rule of eligibility or an override forbids the pair, shape (N,).
        is_locked_out: The lock of the account closes the pair, shape (N,).
        unit_of: Unit of each account: a family that is covered together, or the account on its
            own; units are numbered by their first account, shape (A,).
        capacity_hours: Hours a year, ``inf`` without limit, shape (R,).
        overtime_hours: Hours that today's accounts need beyond the capacity, shape (R,). The plan
            may leave a coverer as overloaded as it is, at a price, but never more so: thus
            today's coverage always keeps the rules, and a small move budget is no contradiction.
        max_accounts: Number of accounts, ``inf`` without limit and never below today's number,
            shape (R,).
    """

    accounts: pd.DataFrame
    candidates: pd.DataFrame
    coverers: pd.DataFrame
    account_of: IntArray
    coverer_of: IntArray
    first: IntArray
    value: FloatArray
    hours: FloatArray
    is_present: BoolArray
    is_forbidden: BoolArray
    is_locked_out: BoolArray
    unit_of: IntArray
    capacity_hours: FloatArray
    overtime_hours: FloatArray
    max_accounts: FloatArray

    @classmethod
    def from_frames(
        cls, accounts: pd.DataFrame, candidates: pd.DataFrame, coverers: pd.DataFrame
    ) -> CoverageInputs:
        """Validate, sort and align the three tables.

        Args:
            accounts: Mart ``coverage_accounts``.
            candidates: One row per pair that may be chosen (``values.candidates.pair_table``).
            coverers: Mart ``coverage_coverers``.

        Raises:
            DataError: A table breaks its contract or a lock leaves an account no candidate.
        """
        accounts, candidates, coverers = map(_with_text_ids, (accounts, candidates, coverers))
        validate_tables(accounts, candidates, coverers)
        accounts = accounts.sort_values("account_id", ignore_index=True)
        coverers = in_order(coverers)

        account_of = _positions(candidates["account_id"], accounts["account_id"])
        coverer_of = _positions(candidates["rep_id"], coverers["rep_id"])
        by_account = np.lexsort((coverer_of, account_of))
        candidates = candidates.iloc[by_account].reset_index(drop=True)
        account_of, coverer_of = account_of[by_account], coverer_of[by_account]
        first = np.searchsorted(account_of, np.arange(len(accounts) + 1)).astype(np.int64)
        hours = candidates["hours"].to_numpy(dtype=float)
        is_present = candidates["is_present"].to_numpy(dtype=bool)
        today = coverer_of[is_present]
        hours_today = np.bincount(today, weights=hours[is_present], minlength=len(coverers))
        count_today = np.bincount(today, minlength=len(coverers))
        capacity_hours = stated_limits(coverers, "capacity_hours")
        is_forbidden = candidates["forbidden_reason"].notna().to_numpy(dtype=bool)
        is_locked_out = _locked_out(accounts, candidates, account_of)
        _refuse_stuck(accounts, candidates, account_of, is_forbidden | is_locked_out)
        return cls(
            accounts=accounts,
            candidates=candidates,
            coverers=coverers,
            account_of=account_of,
            coverer_of=coverer_of,
            first=first,
            value=candidates["value_amount"].to_numpy(dtype=float),
            hours=hours,
            is_present=is_present,
            is_forbidden=is_forbidden,
            is_locked_out=is_locked_out,
            unit_of=unit_of(accounts),
            capacity_hours=capacity_hours,
            overtime_hours=np.maximum(hours_today - capacity_hours, 0.0),
            max_accounts=np.maximum(stated_limits(coverers, "max_accounts"), count_today),
        )

    @cached_property
    def is_allowed(self) -> BoolArray:
        """Pairs that nothing closes: no lock, no rule of eligibility, shape (N,)."""
        return ~(self.is_forbidden | self.is_locked_out)

    @cached_property
    def has_present(self) -> BoolArray:
        """Accounts with an active present owner, shape (A,)."""
        return np.asarray(self.accounts["present_rep_id"].notna(), dtype=np.bool_)

    @cached_property
    def is_move(self) -> BoolArray:
        """Pairs that take an account from its active present owner, shape (N,)."""
        return self.has_present[self.account_of] & ~self.is_present

    @cached_property
    def is_chosen_move(self) -> BoolArray:
        """Pairs that do so though the owner could keep the account, shape (N,)."""
        return self.is_move & ~self.must_move[self.account_of]

    @cached_property
    def potential(self) -> FloatArray:
        """A year's new and existing business of each account, whoever covers it; shape (A,)."""
        total = self.accounts["new_amount"] + self.accounts["existing_amount"]
        return total.to_numpy(dtype=np.float64)

    @cached_property
    def is_house(self) -> BoolArray:
        """Pairs that leave the account uncovered, shape (N,)."""
        return np.asarray(self.coverer_of == len(self.coverers) - 1, dtype=np.bool_)

    @cached_property
    def is_worth_serving(self) -> BoolArray:
        """Accounts that some coverer allowed is worth more to than nobody, shape (A,)."""
        served = np.where(self.is_allowed & ~self.is_house, self.value, -np.inf)
        return np.asarray(
            np.maximum.reduceat(served, self.first[:-1]) > self.value[self.is_house], dtype=np.bool_
        )

    @cached_property
    def as_is_rows(self) -> IntArray:
        """Candidate of each account as covered today: present owner, else house; shape (A,)."""
        today = self.is_present | (self.is_house & ~self.has_present[self.account_of])
        return np.flatnonzero(today).astype(np.int64)

    @cached_property
    def repaired_rows(self) -> IntArray:
        """Candidate of each account with vacancies filled and nothing else changed, shape (A,).

        Accounts without an owner who may keep them, largest first, go to whoever of the owner's
        group brings most and has the hours and the place free; to nobody where there is no such
        coverer. Accounts of whose owner no group is known may go to any group. It is what a plan
        is compared with, and where a vacant account goes if nobody is known to bring more.
        """
        rows = self.as_is_rows.copy()
        is_open = ~self.has_present | self.owner_is_barred
        house = np.flatnonzero(self.is_house)  # one per account, in order
        rows[is_open] = house[is_open]
        is_kept = ~self.is_house[rows]
        count = len(self.coverers)
        hours = np.bincount(self.coverer_of[rows[is_kept]], self.hours[rows[is_kept]], count)
        held = np.bincount(self.coverer_of[rows[is_kept]], minlength=count)
        group_of = self.coverers["group_id"].to_numpy(dtype=object)
        owner_group = self.accounts["owner_group_id"].to_numpy(dtype=object)
        size = np.maximum.reduceat(self.value, self.first[:-1])
        for account in sorted(np.flatnonzero(is_open), key=lambda a: (-size[a], a)):
            pairs = np.arange(self.first[account], self.first[account + 1])
            at = self.coverer_of[pairs]
            fits = self.is_allowed[pairs] & ~self.is_house[pairs]
            fits &= hours[at] + self.hours[pairs] <= self.capacity_hours[at] + 1e-9
            fits &= held[at] + 1 <= self.max_accounts[at]
            if isinstance(owner_group[account], str):
                fits &= group_of[at] == owner_group[account]
            fits &= self.value[pairs] > self.value[house[account]]
            if not fits.any():
                continue
            best = pairs[fits][np.argmax(self.value[pairs[fits]])]
            rows[account] = best
            hours[self.coverer_of[best]] += self.hours[best]
            held[self.coverer_of[best]] += 1
        return rows

    def overtime(self, chosen: IntArray) -> float:
        """Hours a year that the chosen candidates need beyond the coverers' capacity."""
        used = np.bincount(
            self.coverer_of[chosen], weights=self.hours[chosen], minlength=len(self.coverers)
        )
        return float(np.maximum(used - self.capacity_hours, 0.0).sum())

    @cached_property
    def must_move(self) -> BoolArray:
        """Accounts with an active owner who cannot all stay as they are, shape (A,).

        A decision or a rule takes the account from its owner, or its family is not yet together:
        no budget limits such moves.
        """
        units = len(np.unique(self.unit_of))
        today = self.coverer_of[self.as_is_rows]
        low, high = np.full(units, len(self.coverers)), np.full(units, -1)
        np.minimum.at(low, self.unit_of, today)
        np.maximum.at(high, self.unit_of, today)
        lost = np.bincount(self.unit_of, weights=self.owner_is_barred, minlength=units) > 0
        return self.has_present & (lost | (low < high))[self.unit_of]

    @cached_property
    def owner_is_barred(self) -> BoolArray:
        """Accounts that a decision or a rule takes from their active owner, shape (A,)."""
        lost = self.account_of[self.is_present & ~self.is_allowed]
        return np.isin(np.arange(len(self.accounts)), lost)

    @cached_property
    def present_group(self) -> npt.NDArray[np.object_]:
        """Group of each account's active present owner, None where there is none, shape (A,)."""
        groups = self.coverers.set_index("rep_id")["group_id"].astype(object)
        found = self.accounts["present_rep_id"].map(groups).astype(object)
        return np.asarray(found.where(found.notna(), None), dtype=np.object_)


def _with_text_ids(table: pd.DataFrame) -> pd.DataFrame:
    ids = [column for column in ID_COLUMNS if column in table.columns]
    return table.assign(**{c: table[c].map(str, na_action="ignore").astype("str") for c in ids})


def _positions(keys: pd.Series[str], labels: pd.Series[str]) -> IntArray:
    return pd.Index(labels).get_indexer(pd.Index(keys)).astype(np.int64)


def stated_limits(coverers: pd.DataFrame, column: str) -> FloatArray:
    """Limits as the mart states them, ``inf`` where it states none and for the house; (R,)."""
    limits = pd.to_numeric(coverers[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    limits = np.where(np.isnan(limits), np.inf, limits)
    limits[(coverers["rep_id"] == HOUSE).to_numpy()] = np.inf
    return limits


def _locked_out(
    accounts: pd.DataFrame, candidates: pd.DataFrame, account_of: IntArray
) -> BoolArray:
    """Pairs that locks close: 'keep' all but the target's, 'remove' the target's; (N,)."""
    target = lock_targets(accounts).to_numpy(dtype=object)[account_of]
    is_target = candidates["rep_id"].to_numpy(dtype=object) == target
    action = accounts["lock_action"].to_numpy(dtype=object)[account_of]
    closed = np.where(is_target, action == "remove", action == "keep")
    return np.asarray(closed, dtype=np.bool_)


def _refuse_stuck(
    accounts: pd.DataFrame, candidates: pd.DataFrame, account_of: IntArray, is_closed: BoolArray
) -> None:
    has_choice = np.bincount(account_of[~is_closed], minlength=len(accounts)) > 0
    if has_choice.all():
        return
    target = lock_targets(accounts)
    at_target = candidates["rep_id"].to_numpy(dtype=object) == target.to_numpy()[account_of]
    barred = candidates[at_target].set_index("account_id")["forbidden_reason"].dropna()
    keys = [
        f"{row.account_id}: {row.lock_action} {row.target} because of '{row.lock_reason}'"
        + (f", but '{barred[row.account_id]}'" if row.account_id in barred.index else "")
        for row in accounts.assign(target=target)[~has_choice].itertuples()
    ]
    raise DataError(
        "a lock leaves the account no candidate",
        keys,
        "Name a rep who is eligible for the account, or drop the lock.",
    )
