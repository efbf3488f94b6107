"""Shared builders of small companies for the coverage tests."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

HOUSE = "__house__"
TEXTS = (
    "vacancy_reason",
    "lock_action",
    "lock_rep_id",
    "lock_reason",
    "lock_source",
    "family_id",
    "recent_move_group_ids",
    "recent_move_rep_ids",
)


@dataclass(frozen=True)
class Company:
    """The three marts of a company, and edits that keep them consistent."""

    accounts: pd.DataFrame
    candidates: pd.DataFrame
    coverers: pd.DataFrame

    @property
    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        return self.accounts, self.candidates, self.coverers

    def lock(self, account_id, action, rep_id=None, reason="agreed with the customer"):
        at = self.accounts["account_id"] == account_id
        accounts = self.accounts.copy()
        accounts.loc[at, ["lock_action", "lock_rep_id", "lock_reason"]] = [action, rep_id, reason]
        return replace(self, accounts=accounts)

    def forbid(self, account_id, rep_id, reason="override: not wanted"):
        candidates = self.candidates.copy()
        at = (candidates["account_id"] == account_id) & (candidates["rep_id"] == rep_id)
        candidates.loc[at, "forbidden_reason"] = reason
        return replace(self, candidates=candidates)

    def owner(self, account_id, rep_id):
        """The account belongs to this rep today, with disruption on every other pair."""
        accounts, candidates = self.accounts.copy(), self.candidates.copy()
        at = accounts["account_id"] == account_id
        accounts.loc[at, ["present_rep_id", "previous_owner_rep_id"]] = rep_id
        mine = candidates["account_id"] == account_id
        lost = candidates.loc[mine, "disruption_amount"].max()
        before = candidates["disruption_amount"].copy()
        candidates.loc[mine, "is_present"] = candidates.loc[mine, "rep_id"] == rep_id
        candidates.loc[mine, "disruption_amount"] = lost * ~candidates.loc[mine, "is_present"]
        candidates["value_amount"] += before - candidates["disruption_amount"]
        return replace(self, accounts=accounts, candidates=candidates)

    def family(self, name, *account_ids):
        accounts = self.accounts.copy()
        accounts.loc[accounts["account_id"].isin(account_ids), "family_id"] = name
        return replace(self, accounts=accounts)

    def moved_before(self, account_id, *groups):
        """Earlier plans took the account from these groups within the days of the move budget.

        A group stands for its first rep.
        """
        accounts = self.accounts.copy()
        at = accounts["account_id"] == account_id
        accounts.loc[at, "recent_move_count"] = len(groups)
        accounts.loc[at, "recent_move_group_ids"] = " | ".join(groups)
        first = self.coverers.drop_duplicates("group_id").set_index("group_id")["rep_id"]
        lost_by = [str(first.get(group, "R999")) for group in groups]
        accounts.loc[at, "recent_move_rep_ids"] = " | ".join(lost_by)
        return replace(self, accounts=accounts)

    def limit(self, rep_id, **limits):
        coverers = self.coverers.copy()
        for column, value in limits.items():
            coverers.loc[coverers["rep_id"] == rep_id, column] = value
        return replace(self, coverers=coverers)

    def vacant(self, book, reason="unassigned"):
        """The accounts of the book lose their owner, who stays the owner of record."""
        accounts, candidates = self.accounts.copy(), self.candidates.copy()
        at = accounts["account_id"].isin(book)
        accounts.loc[at, "present_rep_id"] = None
        accounts.loc[at, "vacancy_reason"] = reason
        at = candidates["account_id"].isin(book)
        candidates.loc[at, "is_present"] = False
        candidates.loc[at, "value_amount"] += candidates.loc[at, "disruption_amount"]
        candidates.loc[at, "disruption_amount"] = 0.0
        return replace(self, accounts=accounts, candidates=candidates)

    def leaves(self, rep_id):
        """The rep leaves: no longer a coverer, the book keeps the rep only as owner of record."""
        book = self.accounts.loc[self.accounts["present_rep_id"] == rep_id, "account_id"]
        vacant = self.vacant(book, "leaver")
        candidates = vacant.candidates[vacant.candidates["rep_id"] != rep_id]
        coverers = self.coverers[self.coverers["rep_id"] != rep_id]
        return Company(vacant.accounts, candidates, coverers)

    def shuffled(self, seed):
        frames = [f.sample(frac=1, random_state=seed).reset_index(drop=True) for f in self.frames]
        return Company(*frames)


def _coverers(capacity, max_accounts, groups):
    rows = [
        (rep, "rep", groups[i % len(groups)], "account_executive", float(capacity[i]), max_accounts)
        for i, rep in enumerate(_reps(len(capacity)))
    ]
    rows.append((HOUSE, "house", None, None, float("nan"), None))
    columns = ["rep_id", "coverer_type", "group_id", "role", "capacity_hours", "max_accounts"]
    return pd.DataFrame(rows, columns=columns).astype({"max_accounts": "Int64"})


def _reps(count):
    return [f"R{i:03d}" for i in range(1, count + 1)]


def _company(segment, strength, hours, owners, capacity, max_accounts, disruption, groups, house):
    """Build the marts from arrays of shape (accounts, reps); NaN strength = not eligible."""
    names, reps = [f"A{i:04d}" for i in range(1, len(hours) + 1)], _reps(len(capacity))
    accounts = pd.DataFrame(
        {
            "account_id": names,
            "name": names,
            "segment_id": "s",
            "present_rep_id": owners,
            "previous_owner_rep_id": owners,
            "vacancy_reason": [None if owner else "unassigned" for owner in owners],
            "owner_source": "crm",
            "lock_action": None,
            "lock_rep_id": None,
            "lock_reason": None,
            "lock_source": None,
            "family_id": None,
            "recent_move_count": 0,
            "recent_move_group_ids": None,
            "recent_move_rep_ids": None,
            "owner_group_id": None,
            "new_amount": segment,
            "existing_amount": np.asarray(segment) * 2.0,
        }
    ).astype(dict.fromkeys(TEXTS, object))
    rows = []
    for a, account in enumerate(names):
        for r, rep in enumerate(reps):
            if np.isnan(strength[a][r]):
                continue
            moved = owners[a] is not None and owners[a] != rep
            cost = 10.0 * hours[a]
            lost = float(disruption[a]) if moved else 0.0
            parts = (float(segment[a]), float(strength[a][r]), cost, lost)
            rows.append((account, rep, owners[a] == rep, float(hours[a]), *parts))
        lost = float(disruption[a]) if owners[a] is not None else 0.0
        rows.append((account, HOUSE, False, 0.0, house * float(segment[a]), 0.0, 0.0, lost))
    columns = [
        "account_id",
        "rep_id",
        "is_present",
        "hours",
        "segment_value_amount",
        "strength_value_amount",
        "cost_to_serve_amount",
        "disruption_amount",
    ]
    candidates = pd.DataFrame(rows, columns=columns)
    candidates["value_amount"] = (
        candidates["segment_value_amount"]
        + candidates["strength_value_amount"]
        - candidates["cost_to_serve_amount"]
        - candidates["disruption_amount"]
    )
    # What the coverer is expected to win in a year, before margin.
    bookings = candidates["segment_value_amount"] + candidates["strength_value_amount"]
    candidates["new_amount"] = bookings.clip(lower=0.0)
    candidates["existing_amount"] = 2.0 * candidates["new_amount"]
    candidates["unserved_amount"] = 0.85 * candidates["existing_amount"]
    candidates["absence_amount"] = 0.0
    candidates["soft_rule_amount"] = 0.0
    candidates["forbidden_reason"] = pd.Series(None, index=candidates.index, dtype=object)
    candidates["strength_sd_amount"] = 0.05 * candidates["segment_value_amount"].abs()
    candidates["value_sd_amount"] = 0.1 * candidates["segment_value_amount"].abs()
    candidates["similarity"] = 0.5
    return Company(accounts, candidates, _coverers(capacity, max_accounts, groups))


@pytest.fixture(scope="session")
def tiny_company():
    """Two reps, three accounts, solvable by hand.

    Values (segment 1000 + strength - hours x 10 - disruption 50 if moved), hours 10, 10, 10:

              R001 (30 h)         R002 (10 h)         house
    A0001     1000-100 = 900 *    1000+500-150 = 1350   500-50 = 450
    A0002     1000-100 = 900 *    1000+200-150 = 1050   500-50 = 450
    A0003     1000-100 = 900 *    1000-150     = 850    500-50 = 450      (* present owner)

    R002 has time for one account and gains 450 with A0001, 150 with A0002: the optimum moves
    A0001 only and is worth 1350 + 900 + 900 = 3150, today 2700.
    """
    strength = [[0.0, 500.0], [0.0, 200.0], [0.0, 0.0]]
    owners = ["R001"] * 3
    return _company(
        [1000.0] * 3, strength, [10.0] * 3, owners, [30.0, 10.0], None, [50.0] * 3, ["g"], 0.5
    )


@pytest.fixture(scope="session")
def random_company():
    """Factory of random companies whose present owners may be over their limits."""

    def build(seed, accounts=12, reps=4, candidates=3, tightness=1.0, groups=2, max_accounts=None):
        rng = np.random.default_rng(seed)
        segment = np.round(rng.gamma(1.5, 20_000, accounts))
        hours = np.round(rng.uniform(5, 40, accounts), 1)
        strength = np.round(rng.normal(0, 0.15, (accounts, reps)) * segment[:, None])
        owner = rng.integers(0, reps, accounts)
        for a in range(accounts):
            keep = rng.choice(reps, size=min(candidates, reps), replace=False)
            drop = np.setdiff1d(np.arange(reps), np.append(keep, owner[a]))
            strength[a, drop] = np.nan
        names = [_reps(reps)[o] if rng.random() > 0.1 else None for o in owner]
        capacity = np.round(rng.uniform(0.8, 1.2, reps) * tightness * hours.sum() / reps, 1)
        disruption = np.round(0.05 * segment)
        labels = [f"group_{g}" for g in range(groups)]
        return _company(
            segment, strength, hours, names, capacity, max_accounts, disruption, labels, 0.4
        )

    return build
