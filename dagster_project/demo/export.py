"""Writing the demo company: landing files with a few deliberate faults, and the hidden truth.

The folder ``truth/`` is for tests and benchmarks; nothing lands it.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dagster_project.company.sections.sources import DemoSource
from dagster_project.demo.accounts import UNASSIGNED, UNKNOWN_OWNER, Accounts
from dagster_project.demo.catalogue import (
    ACCOUNT_ENDS,
    ACCOUNT_STARTS,
    INDUSTRIES,
    MINING,
    PLANTED_LOG_ODDS,
    PRODUCTS,
    REGIONS,
)
from dagster_project.demo.deals import REVENUE_TYPES, Deals, last_quotas, make_activities
from dagster_project.demo.effects import Effects
from dagster_project.demo.people import Staff, absence_rows, certification_rows, employee_rows
from dagster_project.warehouse.contract import LANDING, LandingTable
from dagster_project.warehouse.tables import quote_identifier, quote_text

_OPEN_STAGES = ("Qualification", "Proposal", "Negotiation")
_STAGE_HISTORY_DAYS = 730
_FAULTS_OF_A_KIND = 3
_UNKNOWN_OWNER_ID = "E999"


def write_company(
    rng: np.random.Generator,
    source: DemoSource,
    currency: str,
    staff: Staff,
    accounts: Accounts,
    deals: Deals,
    effects: Effects,
    folder: Path,
) -> None:
    """Write every landing file and ``truth/`` into an existing folder.

    Args:
        rng: Random stream of this part.
        source: Format and end of the history.
        currency: Currency of the amounts.
        staff: The covering reps.
        accounts: The accounts.
        deals: The deals.
        effects: The true effects.
        folder: Where to write.
    """
    names = _Names(staff, accounts)
    account_columns, account_faults = _account_columns(rng, source, accounts, deals, names)
    deal_columns, deal_faults = _deal_columns(rng, source, currency, deals, names)
    tables: dict[str, dict[str, Any]] = {
        "accounts": account_columns,
        "opportunities": deal_columns,
        "products": {
            "product_id": [product.product_id for product in PRODUCTS],
            "name": [product.name for product in PRODUCTS],
            "family": [product.family for product in PRODUCTS],
            "list_price": [product.list_price for product in PRODUCTS],
            "unit_cost": [product.unit_cost for product in PRODUCTS],
        },
        "activities": _activity_columns(rng, source, deals, names),
        "stage_changes": _stage_columns(source, deals, deal_columns["opportunity_id"]),
        "employees": _transpose(employee_rows(rng, source, staff)),
        "certifications": _transpose(certification_rows(rng, source, staff)),
        "absences": _transpose(absence_rows(source, staff)),
        "quotas": _transpose(last_quotas(source, staff, deals)),
    }
    with duckdb.connect(":memory:") as con:
        for name, columns in tables.items():
            _write_table(con, LANDING[name], columns, folder / f"{name}.{source.format}")
    truth = folder / "truth"
    truth.mkdir()
    planted = _planted(staff, accounts, deals) | {"faults": account_faults | deal_faults}
    (truth / "planted.json").write_text(json.dumps(planted, indent=1) + "\n", encoding="utf-8")
    (truth / "effects.json").write_text(
        json.dumps(_effect_rows(staff, accounts, effects), indent=1) + "\n", encoding="utf-8"
    )


class _Names:
    """Identifiers as Arrow arrays, to be taken by index."""

    def __init__(self, staff: Staff, accounts: Accounts) -> None:
        self.accounts = pa.array(accounts.account_id)
        # Negative indices count from the end: UNKNOWN_OWNER is -2, UNASSIGNED is -1.
        self.reps = np.array([*staff.rep_id, _UNKNOWN_OWNER_ID, None], dtype=object)


def _account_columns(
    rng: np.random.Generator,
    source: DemoSource,
    accounts: Accounts,
    deals: Deals,
    names: _Names,
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    count = len(accounts.account_id)
    industries = np.array([industry.name for industry in INDUSTRIES], dtype=object)
    industry = industries[accounts.industry]
    name = np.array(
        [
            f"{ACCOUNT_STARTS[(i * 5) % len(ACCOUNT_STARTS)]} "
            f"{ACCOUNT_ENDS[industry[i]][i % 3]} {i + 1}"
            for i in range(count)
        ],
        dtype=object,
    )
    with_odd_space = rng.choice(count, _FAULTS_OF_A_KIND, replace=False)
    name[with_odd_space] = [text.replace(" ", "\u00a0", 1) for text in name[with_odd_space]]
    industry[rng.random(count) < 0.04] = None
    employees = pa.array(accounts.employees, mask=rng.random(count) < 0.03)
    # A parent is a larger account of the same industry and region, listed before its child.
    parent = np.full(count, None, dtype=object)
    for child in np.flatnonzero(rng.random(count) < 0.05):
        larger = np.flatnonzero(
            (accounts.industry[:child] == accounts.industry[child])
            & (accounts.region[:child] == accounts.region[child])
            & (accounts.employees[:child] > accounts.employees[child])
        )
        if len(larger) and parent[larger[0]] is None:
            parent[child] = accounts.account_id[larger[0]]
    first_seen = -rng.integers(30, 365 * (source.years + 3), count) * 86_400
    np.minimum.at(first_seen, deals.account, deals.created - 86_400)
    has_won = accounts.is_customer_from_start.copy()
    has_won[deals.account[deals.is_won]] = True
    region = [REGIONS[i] for i in accounts.region]
    columns = {
        "account_id": names.accounts,
        "name": list(name),
        "parent_account_id": list(parent),
        "industry": list(industry),
        "employees": employees,
        "annual_revenue": np.round(
            accounts.employees * rng.lognormal(np.log(180_000), 0.5, count), -3
        ),
        "country": [place.country for place in region],
        "region": [place.name for place in region],
        "postal_code": [
            f"{place.postal_prefix}{number:03d}"
            for place, number in zip(region, rng.integers(0, 1000, count), strict=True)
        ],
        "lifecycle": ["customer" if won else "prospect" for won in has_won],
        "owner_rep_id": list(names.reps[accounts.owner]),
        "is_named": rng.random(count) < 0.03,
        "created_at": _timestamps(source, first_seen),
        "fiscal_year_start": list(rng.choice(np.array([1, 1, 1, 1, 4, 7, 10, None]), count)),
    }
    return columns, {
        "no_break_space_account_ids": [accounts.account_id[i] for i in sorted(with_odd_space)]
    }


def _deal_columns(
    rng: np.random.Generator, source: DemoSource, currency: str, deals: Deals, names: _Names
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    count = len(deals.account)
    ids = [f"O{number:07d}" for number in range(1, count + 1)]
    lost = np.flatnonzero(deals.is_closed & ~deals.is_won & (deals.amount > 0))
    undecided = np.flatnonzero(~deals.is_closed)
    lost, undecided = rng.permutation(lost), rng.permutation(undecided)
    homeless = np.sort(undecided[:_FAULTS_OF_A_KIND])
    backwards = np.sort(lost[:_FAULTS_OF_A_KIND])
    unreadable = np.sort(lost[_FAULTS_OF_A_KIND : 2 * _FAULTS_OF_A_KIND])
    closed = deals.closed.copy()
    closed[backwards] = deals.created[backwards] - 20 * 86_400
    has_account = np.ones(count, dtype=bool)
    has_account[homeless] = False
    stage = np.minimum((deals.progress * 3).astype(np.int64), 2)
    stage = np.where(deals.is_won, 3, np.where(deals.is_closed, 4, stage))
    amount: Any = pa.array(deals.amount)
    faults = {
        "no_account_opportunity_ids": [ids[i] for i in homeless],
        "closed_before_created_opportunity_ids": [ids[i] for i in backwards],
    }
    if source.format == "csv":  # a typed file cannot hold a text in a column of numbers
        text = [f"{value:.2f}" for value in deals.amount]
        for i in unreadable:
            text[i] = text[i].replace(".", ",").replace("0", "O") + " approx."
        amount = text
        faults["unreadable_amount_opportunity_ids"] = [ids[i] for i in unreadable]
    columns = {
        "opportunity_id": ids,
        "account_id": names.accounts.take(pa.array(deals.account, mask=~has_account)),
        "rep_id": _take(names.reps, deals.rep),
        "product_id": _take([product.product_id for product in PRODUCTS], deals.product),
        "revenue_type": _take(REVENUE_TYPES, deals.revenue_type),
        "stage": _take([*_OPEN_STAGES, "Closed Won", "Closed Lost"], stage),
        "is_closed": deals.is_closed,
        "is_won": deals.is_won,
        "amount": amount,
        "created_at": _timestamps(source, deals.created),
        "closed_at": _timestamps(source, closed, ~deals.is_closed),
        "currency": pa.repeat(currency, count),
    }
    return columns, faults


def _activity_columns(
    rng: np.random.Generator, source: DemoSource, deals: Deals, names: _Names
) -> dict[str, Any]:
    account, rep, at = make_activities(rng, deals)
    kinds = ("call", "email", "meeting", "visit")
    return {
        "account_id": names.accounts.take(pa.array(account)),
        "rep_id": _take(names.reps, rep),
        "type": _take(kinds, rng.choice(4, len(account), p=(0.4, 0.35, 0.15, 0.1))),
        "at": _timestamps(source, at),
    }


def _stage_columns(source: DemoSource, deals: Deals, ids: list[str]) -> dict[str, Any]:
    """Write when deals entered their stages: each takes a third of the way to the decision.

    Deals begun in the last two years only: that is what the CRM keeps.
    """
    recent = np.flatnonzero(deals.created > -_STAGE_HISTORY_DAYS * 86_400)
    deal, stage = np.repeat(recent, 3), np.tile(np.arange(3), len(recent))
    entered = deals.created[deal] + stage * (deals.closed - deals.created)[deal] // 3
    seen = np.flatnonzero(entered < 86_400)
    order = seen[np.lexsort((deal[seen], entered[seen]))]
    return {
        "opportunity_id": pa.array(ids).take(pa.array(deal[order])),
        "stage": _take(_OPEN_STAGES, stage[order]),
        "entered_at": _timestamps(source, entered[order]),
    }


def _planted(staff: Staff, accounts: Accounts, deals: Deals) -> dict[str, Any]:
    """Name every planted fact by its identifiers."""
    star_deals = (deals.rep == staff.star) & (accounts.industry[deals.account] == MINING)
    left = np.flatnonzero(accounts.owner == staff.leaver)
    ids = np.array(accounts.account_id, dtype=object)
    return {
        "counter_intuitive_strength": {
            "rep_id": staff.rep_id[staff.star],
            "dimension": "industry",
            "level": INDUSTRIES[MINING].name,
            "log_odds": PLANTED_LOG_ODDS,
            "deal_count": int(np.count_nonzero(star_deals & deals.is_closed)),
        },
        "leaver": {"rep_id": staff.rep_id[staff.leaver], "account_ids": list(ids[left])},
        "starved_group_id": REGIONS[staff.starved_group].group_id,
        "overspent_group_id": REGIONS[staff.overspent_group].group_id,
        "negative_margin_product_id": next(
            product.product_id for product in PRODUCTS if product.unit_cost > product.list_price
        ),
        "unassigned_account_ids": list(ids[accounts.owner == UNASSIGNED]),
        "unknown_owner_account_ids": list(ids[accounts.owner == UNKNOWN_OWNER]),
    }


def _effect_rows(staff: Staff, accounts: Accounts, effects: Effects) -> dict[str, Any]:
    return {
        "segment": {name: values.tolist() for name, values in effects.segment.items()},
        "rep": dict(zip(staff.rep_id, effects.rep.tolist(), strict=True)),
        "rep_by": {
            name: dict(zip(staff.rep_id, values.tolist(), strict=True))
            for name, values in effects.rep_by.items()
        },
        "account_quality": dict(zip(accounts.account_id, accounts.quality.tolist(), strict=True)),
        "levels": {
            "industry": [industry.name for industry in INDUSTRIES],
            "region": [region.name for region in REGIONS[: effects.rep_by["region"].shape[1]]],
            "size_band": ["smb", "mid_market", "enterprise"],
            "product": [product.product_id for product in PRODUCTS],
        },
    }


def _write_table(
    con: duckdb.DuckDBPyConnection, table: LandingTable, columns: dict[str, Any], path: Path
) -> None:
    """Write one file; rows keep their order, so the same seed gives the same bytes."""
    con.register("rows", pa.table(columns))
    chosen = ", ".join(quote_identifier(name) for name in table.column_names)
    options = "format parquet" if path.suffix == ".parquet" else "format csv, header"
    con.execute(f"copy (select {chosen} from rows) to {quote_text(path)} ({options})")
    con.unregister("rows")


def _take(values: Any, index: NDArray[np.int64]) -> pa.Array:
    return pa.array(list(values)).take(pa.array(index))


def _timestamps(
    source: DemoSource, seconds: NDArray[np.int64], missing: NDArray[np.bool_] | None = None
) -> pa.Array:
    end = dt.datetime.combine(source.end_on, dt.time())
    start = int((end - dt.datetime(1970, 1, 1)).total_seconds())
    return pa.array(start + seconds, mask=missing).cast(pa.timestamp("s"))


def _transpose(rows: list[dict[str, object]]) -> dict[str, list[object]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
