"""Quotas in force that follow their accounts: what a plan made within the year may change.

Once a year has begun, reps have their quotas. A shortfall of the first months is shown and not
loaded onto them; an account that changes hands takes its share of the remaining months along.
The share is the account's part of what the giver's accounts are expected to bring in that month
and revenue type (its part of the months left where nothing is expected then).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.arrays import IntArray
from optimization.errors import DataError
from optimization.frames import labels, require_columns, require_numbers
from optimization.quotas.cents import apportion, to_cents, with_buffer
from optimization.quotas.expected import ExpectedBusiness
from optimization.quotas.inputs import QuotaInputs
from optimization.values.seasons import REVENUE_TYPES

IN_FORCE_KEY = ["rep_id", "month", "revenue_type"]
TRANSFER_COLUMNS = ["account_id", "from_rep_id", "to_rep_id", "revenue_type", "quota_amount"]


@dataclass(frozen=True)
class CarriedQuotas:
    """Quotas after the moves, in cents; R reps, G groups, M months.

    Attributes:
        quotas: Rep quotas, shape (R, M, 2).
        targets: Group targets of which they are (1 + buffer), shape (G, M, 2).
        group_quotas: Sums of the reps, shape (G, M, 2).
        transfers: What each moved account took along (TRANSFER_COLUMNS).
        idle: Quota in force of each rep without accounts, which nobody is asked for; shape (R,).
    """

    quotas: IntArray
    targets: IntArray
    group_quotas: IntArray
    transfers: pd.DataFrame
    idle: IntArray


def read_in_force(in_force: pd.DataFrame, inputs: QuotaInputs) -> dict[str, IntArray]:
    """Return the quotas in force by rep, in cents, shape (M, 2) each; leavers included.

    Raises:
        DataError: A key is doubled or an amount is no finite number >= 0.
    """
    rows = require_columns(in_force, "quotas in force", [*IN_FORCE_KEY, "amount"], IN_FORCE_KEY)
    rows["amount"] = require_numbers(rows, "quotas in force", "amount", IN_FORCE_KEY)
    months = pd.DatetimeIndex(pd.to_datetime(rows["month"])).as_unit("us")
    place = inputs.months.get_indexer(months)
    unknown = ~rows["revenue_type"].isin(REVENUE_TYPES)
    if unknown.any():
        raise DataError(
            "quotas in force have unknown revenue types",
            labels(rows[unknown], IN_FORCE_KEY),
            f"Use {' or '.join(REVENUE_TYPES)}.",
        )
    by_rep: dict[str, IntArray] = {}
    for row, month in zip(rows.itertuples(index=False), place, strict=True):
        if month >= 0:
            cells = by_rep.setdefault(
                str(row.rep_id), np.zeros((len(inputs.months), 2), dtype=np.int64)
            )
            cells[month, REVENUE_TYPES.index(str(row.revenue_type))] = to_cents(row.amount)
    return by_rep


def carry_quotas(
    inputs: QuotaInputs,
    expected: ExpectedBusiness,
    in_force: dict[str, IntArray],
    uncovered: pd.DataFrame,
    rates: tuple[float, ...],
) -> CarriedQuotas:
    """Move remaining quotas with the accounts that change hands; the company's total stays.

    What belongs to accounts that nobody covers any more, and quotas of reps who left without
    accounts, are spread over all reps in proportion to their quotas. A rep who is here and covers
    no account carries no quota: nobody is asked for it, and the targets are short of it.

    A group's total changes by what moves across its border; where its buffer cannot be met to
    the cent then, its reps' cells change by a cent at most.

    Args:
        inputs: Accounts, their coverers and owners of record.
        expected: Expected business of the plan's months by account.
        in_force: From ``read_in_force``.
        uncovered: previous_rep_id and the yearly new_amount, existing_amount of accounts with
            the house: they keep their part of their former owner's quota from the others.
        rates: Buffer per group.
    """
    months = len(inputs.months)
    place_of = {rep: place for place, rep in enumerate(inputs.rep_ids)}
    has_book = {inputs.rep_ids[place] for place in inputs.account_rep}
    idle = np.zeros(len(inputs.rep_ids), dtype=np.int64)
    quotas = np.zeros((len(inputs.rep_ids), months, 2), dtype=np.int64)
    orphaned = np.zeros((months, 2), dtype=np.int64)
    owned: dict[str, list[int]] = {}
    for account, owner in enumerate(inputs.account_previous):
        owned.setdefault(owner, []).append(account)
    transfers: list[tuple[str, str, str, str, float]] = []
    lost = uncovered.groupby("previous_rep_id")[["new_amount", "existing_amount"]].sum()
    for rep, cells in sorted(in_force.items()):
        book = owned.get(rep, [])
        mean_share = inputs.value_months.share.mean(axis=1)  # (2, M)
        gone = lost.loc[rep].to_numpy() if rep in lost.index else np.zeros(2)
        moved = np.zeros((len(book), 2), dtype=np.int64)
        for month in range(months):
            for kind in range(len(REVENUE_TYPES)):
                weights = expected.account_amount[kind, book, month]
                if not weights.any():
                    weights = expected.account_amount[kind, book].sum(axis=1)
                weights = np.append(weights, gone[kind] * mean_share[kind, month])
                cents = int(cells[month, kind])
                if not weights.any():
                    if rep in has_book:
                        quotas[place_of[rep], month, kind] += cents
                    elif rep in place_of:
                        idle[place_of[rep]] += cents
                    else:
                        orphaned[month, kind] += cents
                    continue
                parts = apportion(cents, weights)
                orphaned[month, kind] += parts[-1]
                for account, part in zip(book, parts[:-1], strict=True):
                    quotas[inputs.account_rep[account], month, kind] += part
                moved[:, kind] += parts[:-1]
        for position, account in enumerate(book):
            taker = inputs.rep_ids[inputs.account_rep[account]]
            if taker != rep:
                transfers += [
                    (inputs.account_id[account], rep, taker, kind, int(moved[position, k]) / 100)
                    for k, kind in enumerate(REVENUE_TYPES)
                ]
    for month in range(months):
        for kind in range(len(REVENUE_TYPES)):
            base = quotas[:, month, kind].astype(np.float64)
            if not base.any():
                base = quotas.sum(axis=(1, 2)).astype(np.float64)
            if base.any():
                quotas[:, month, kind] += apportion(int(orphaned[month, kind]), base)
    targets, group_quotas = _fit_buffers(inputs, quotas, rates)
    frame = pd.DataFrame(transfers, columns=TRANSFER_COLUMNS)
    return CarriedQuotas(
        quotas=quotas,
        targets=targets,
        group_quotas=group_quotas,
        transfers=frame.sort_values(["account_id", "revenue_type"], ignore_index=True),
        idle=idle,
    )


def _fit_buffers(
    inputs: QuotaInputs, quotas: IntArray, rates: tuple[float, ...]
) -> tuple[IntArray, IntArray]:
    """Find each group's target of which its quotas are (1 + buffer); mend quotas by a cent."""
    shape = (len(inputs.group_ids), *quotas.shape[1:])
    targets, group_quotas = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for group, rate in enumerate(rates):
        members = np.flatnonzero(inputs.rep_group == group)
        for month in range(shape[1]):
            for kind in range(shape[2]):
                carried = quotas[members, month, kind]
                total = int(carried.sum())
                target = round(total / (1 + rate))
                targets[group, month, kind] = target
                group_quotas[group, month, kind] = with_buffer(target, rate)
                if group_quotas[group, month, kind] != total:
                    quotas[members, month, kind] = apportion(
                        int(group_quotas[group, month, kind]), carried.astype(np.float64)
                    )
    return targets, group_quotas
