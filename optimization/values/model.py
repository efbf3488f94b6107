"""The value model: tables as arrays over accounts, coverers, kinds of accounts and months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.coverers import in_order, lock_targets, unit_of
from optimization.errors import DataError
from optimization.policy import ValuePolicy
from optimization.values.kinds import read_months
from optimization.values.months import Months
from optimization.values.pipeline import OpenBusiness, pipeline_by_account
from optimization.values.tables import ValueTables

NOBODY_KNOWN = "(segment)"
RATES = (
    "win_rate",
    "new_won_value_rate",
    "existing_won_value_rate",
    "margin_rate",
    "advantage_sd",
    "creation_factor",
    "creation_sd",
    "value_factor",
)


@dataclass(frozen=True, eq=False)
class ValueModel:
    """A accounts, R coverers, K kinds by months, F profiles by strength, C certificates, M months.

    Attributes:
        account_id: Names, sorted; length A.
        coverer_id: Reps, partners, the house; each sorted; length R.
        is_rep: Shape (R,).
        is_partner: Shape (R,).
        margin_share: Share of the margin that a partner keeps, else 0; shape (R,).
        hours: Hours a year that covering the account takes; shape (A,).
        amount: A year's new and existing business, whoever covers the account; shape (2, A).
        margin: Margin of what the account buys; shape (A,).
        margin_difference: Of it, what is the account's own; shape (A,).
        segment_win_rate: Shape (A,).
        win_effect: Log-odds that its deals are won beyond its kind's; shape (A,).
        cv2: Squared standard deviation over mean of its bookings; shape (A,).
        present: Its owner, -1 where there is none; shape (A,).
        is_stale: Nobody was in touch for long: a change of owner loses nothing; shape (A,).
        has_direct_deal: The company's own reps have a deal open; shape (A,).
        fits_partner: The account's size band is one that the partner covers, by partner in the
            order of the policy; shape (P, A).
        unit: Accounts that are covered together have one number; shape (A,).
        owner_group: Group of its owner of record, -1 where none is known; shape (A,).
        group: Group of each coverer, -2 where it has none; shape (R,).
        locked: Rep whom a lock names, -1 where none does; shape (A,).
        is_removed: A lock takes the account from its owner; shape (A,).
        forbidden: Accounts and coverers of the pairs that decisions forbid; shape (2, N).
        profile: Shape (A,).
        rates: By name, shape (F, R); nan where nothing is known.
        nobody: The same of a rep of whom nothing is known, shape (F, 1).
        is_counted: Strengths count.
        similarity: Overlap of two coverers' experience, shape (R, R).
        asked_loss: Worth lost without the certificate, 0 where it is not asked; shape (A, C).
        asked_hard: 1 where only certified reps may cover the account; shape (A, C).
        lacks: 1 where a rep lacks the certificate, else 0; shape (R, C).
        certificates: Names; length C.
        kind: Shape (A,).
        months: Seasons, cycles and abilities.
        counts: 1 for a month of the horizon, else 0; shape (M,).
        open_business: Expected of open deals by month; shape (A, M).
        policy: What a change and nobody lose.
        tables: What it was made from.
    """

    account_id: pd.Index
    coverer_id: pd.Index
    is_rep: BoolArray
    is_partner: BoolArray
    margin_share: FloatArray
    hours: FloatArray
    amount: FloatArray
    margin: FloatArray
    margin_difference: FloatArray
    segment_win_rate: FloatArray
    win_effect: FloatArray
    cv2: FloatArray
    present: IntArray
    is_stale: BoolArray
    has_direct_deal: BoolArray
    fits_partner: BoolArray
    unit: IntArray
    owner_group: IntArray
    group: IntArray
    locked: IntArray
    is_removed: BoolArray
    forbidden: IntArray
    profile: IntArray
    rates: dict[str, FloatArray]
    nobody: dict[str, FloatArray]
    is_counted: bool
    similarity: FloatArray
    asked_loss: FloatArray
    asked_hard: FloatArray
    lacks: FloatArray
    certificates: pd.Index
    kind: IntArray
    months: Months
    counts: FloatArray
    open_business: FloatArray
    policy: ValuePolicy
    tables: ValueTables

    @classmethod
    def read(cls, tables: ValueTables, policy: ValuePolicy) -> ValueModel:
        """Align the tables.

        Raises:
            DataError: A record breaks a rule; the message names records, rule and fix.
        """
        own = tables.pair_accounts.set_index("account_id")
        accounts = tables.coverage_accounts.sort_values("account_id", ignore_index=True)
        accounts = accounts.join(own, on="account_id")
        lost = accounts.loc[accounts["profile_id"].isna(), "account_id"].tolist()
        if lost:
            raise DataError("pair_accounts lacks accounts", lost, "Rebuild the marts.")
        coverers = in_order(tables.coverage_coverers)
        account_id, coverer_id = pd.Index(accounts["account_id"]), pd.Index(coverers["rep_id"])
        kind_of_coverer = coverers["coverer_type"].to_numpy(dtype=object)
        partners = {partner.partner_id: partner.margin_share for partner in policy.partners}

        rows = tables.value_months.sort_values("month")
        calendar = pd.DatetimeIndex(pd.to_datetime(rows["month"])).as_unit("us")
        is_house = kind_of_coverer == "house"
        ability = _abilities(tables.rep_months, coverer_id, calendar)
        ability[is_house] = 0.0
        starts = accounts[["account_id", "year_starts_in"]].dropna()
        months, kind = read_months(
            accounts["industry"],
            account_id,
            tables.seasonality,
            tables.sales_cycles,
            OpenBusiness(
                lags=tables.new_business_lags,
                customer_seasons=tables.customer_seasons,
                year_starts=starts,
            ),
            calendar,
            rows["month_number"].to_numpy(dtype=np.int64),
            ability,
        )
        groups = pd.Index(sorted(coverers["group_id"].dropna().unique()))
        of_coverer = groups.get_indexer(pd.Index(coverers["group_id"]))
        profiles, rates = _rates(tables.pair_win_rates, coverer_id)
        certificates = pd.Index(sorted(set(tables.asked_certificates["certification"])))
        return cls(
            account_id=account_id,
            coverer_id=coverer_id,
            is_rep=kind_of_coverer == "rep",
            is_partner=kind_of_coverer == "partner",
            margin_share=_numbers(coverers["rep_id"].map(partners).fillna(0.0)),
            hours=_numbers(accounts["hours_per_year"]),
            amount=np.stack([_numbers(accounts[f"{name}_amount"]) for name in ("new", "existing")]),
            margin=_numbers(accounts["margin_rate"]),
            margin_difference=_numbers(accounts["margin_difference"]),
            segment_win_rate=_numbers(accounts["segment_win_rate"]),
            win_effect=_numbers(accounts["win_effect"]),
            cv2=_numbers(accounts["account_cv2"]),
            present=coverer_id.get_indexer(pd.Index(accounts["present_rep_id"])).astype(np.int64),
            is_stale=accounts["is_stale"].to_numpy(dtype=np.bool_),
            has_direct_deal=accounts["has_direct_deal"].to_numpy(dtype=np.bool_),
            fits_partner=np.array(
                [accounts["size_band"].isin(partner.size_bands) for partner in policy.partners],
                dtype=np.bool_,
            ).reshape(len(policy.partners), len(accounts)),
            unit=unit_of(accounts),
            owner_group=groups.get_indexer(pd.Index(accounts["owner_group_id"])).astype(np.int64),
            group=np.where(coverers["group_id"].notna(), of_coverer, -2).astype(np.int64),
            locked=coverer_id.get_indexer(pd.Index(accounts["lock_rep_id"])).astype(np.int64),
            is_removed=(accounts["lock_action"] == "remove").to_numpy(dtype=np.bool_)
            & (
                accounts["lock_rep_id"].fillna(accounts["present_rep_id"])
                == accounts["present_rep_id"]
            ).to_numpy(dtype=np.bool_),
            forbidden=_forbidden(tables.forbidden_pairs, account_id, coverer_id),
            profile=profiles.get_indexer(pd.Index(accounts["profile_id"])).astype(np.int64),
            rates={name: table[:, 1:] for name, table in rates.items()},
            nobody={name: table[:, :1] for name, table in rates.items()},
            is_counted=bool(tables.pair_win_rates["is_counted"].any()),
            similarity=_similarity(tables.rep_similarities, coverer_id),
            asked_loss=_asked(tables.asked_certificates, account_id, certificates, "loss_rate"),
            asked_hard=_asked(tables.asked_certificates, account_id, certificates, "is_hard"),
            lacks=_lacks(tables.held_certificates, coverer_id, certificates)
            * (kind_of_coverer == "rep")[:, None],
            certificates=certificates,
            kind=kind,
            months=months,
            counts=rows["is_in_horizon"].to_numpy(dtype=np.float64),
            open_business=pipeline_by_account(tables.account_pipeline, account_id, calendar)[0],
            policy=policy,
            tables=tables,
        )

    @property
    def house(self) -> int:
        """Place of the house among the coverers."""
        return len(self.coverer_id) - 1


def _is_removed(accounts: pd.DataFrame) -> BoolArray:
    """Accounts that a lock takes from their owner."""
    is_owner = (lock_targets(accounts) == accounts["present_rep_id"]).fillna(False)
    is_removed = (accounts["lock_action"] == "remove").fillna(False) & is_owner
    return np.asarray(is_removed.astype(bool), dtype=np.bool_)


def _numbers(column: pd.Series[float]) -> FloatArray:
    return pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)


def _abilities(
    rep_months: pd.DataFrame, coverer_id: pd.Index, calendar: pd.DatetimeIndex
) -> FloatArray:
    """Share of full productivity by coverer and month, 1 for one without any row; (R, M)."""
    rows = rep_months[rep_months["rep_id"].isin(coverer_id)]
    month = pd.DatetimeIndex(pd.to_datetime(rows["month"])).as_unit("us")
    ability = np.ones((len(coverer_id), len(calendar)))
    at = calendar.get_indexer(month)
    known = at >= 0
    place = coverer_id.get_indexer(pd.Index(rows["rep_id"]))
    ability[place[known], at[known]] = rows["ramp_rate"].to_numpy(dtype=np.float64)[known]
    return ability


def _rates(table: pd.DataFrame, coverer_id: pd.Index) -> tuple[pd.Index, dict[str, FloatArray]]:
    """Profiles, and each rate by profile and coverer, nobody first; shape (F, 1 + R)."""
    profiles = pd.Index(sorted(set(table["profile_id"])))
    columns = pd.Index([NOBODY_KNOWN, *coverer_id])
    row = profiles.get_indexer(pd.Index(table["profile_id"]))
    column = columns.get_indexer(pd.Index(table["rep_id"]))
    known = column >= 0
    rates = {}
    for name in RATES:
        # One profile more: accounts whose kind nobody has any record of.
        wide = np.full((len(profiles) + 1, len(columns)), np.nan)
        wide[row[known], column[known]] = _numbers(table[name])[known]
        rates[name] = wide
    return profiles, rates


def _forbidden(table: pd.DataFrame, account_id: pd.Index, coverer_id: pd.Index) -> IntArray:
    account = account_id.get_indexer(pd.Index(table["account_id"]))
    coverer = coverer_id.get_indexer(pd.Index(table["rep_id"]))
    return np.stack([account, coverer]).astype(np.int64)[:, (account >= 0) & (coverer >= 0)]


def _similarity(table: pd.DataFrame, coverer_id: pd.Index) -> FloatArray:
    wide = np.zeros((len(coverer_id), len(coverer_id)))
    row = coverer_id.get_indexer(pd.Index(table["rep_id"]))
    column = coverer_id.get_indexer(pd.Index(table["other_rep_id"]))
    known = (row >= 0) & (column >= 0)
    wide[row[known], column[known]] = _numbers(table["similarity"])[known]
    return wide


def _asked(
    table: pd.DataFrame, account_id: pd.Index, certificates: pd.Index, column: str
) -> FloatArray:
    wide = np.zeros((len(account_id), len(certificates)))
    row = account_id.get_indexer(pd.Index(table["account_id"]))
    at = certificates.get_indexer(pd.Index(table["certification"]))
    known = row >= 0
    wide[row[known], at[known]] = table[column].to_numpy(dtype=np.float64)[known]
    return wide


def _lacks(table: pd.DataFrame, coverer_id: pd.Index, certificates: pd.Index) -> FloatArray:
    wide = np.ones((len(coverer_id), len(certificates)))
    row = coverer_id.get_indexer(pd.Index(table["rep_id"]))
    column = certificates.get_indexer(pd.Index(table["certification"]))
    known = (row >= 0) & (column >= 0)
    wide[row[known], column[known]] = 0.0
    return wide
