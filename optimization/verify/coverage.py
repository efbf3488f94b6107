"""Recompute every rule of a coverage plan from its tables.

Belongs here: the last gate before a plan is published, written against the contract of the
tables with pandas and numpy alone. Does not belong here: CVXPY, any code of
``optimization.coverage``, or plausibility of the inputs (the gates).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimization.errors import sample
from optimization.policy import CoveragePolicy

if TYPE_CHECKING:
    from optimization.coverage.plan import CoveragePlan

HOUSE = "__house__"
TOLERANCE = 1e-6
PARTS = (
    "segment_value_amount",
    "strength_value_amount",
    "cost_to_serve_amount",
    "disruption_amount",
)
PAIR = ["account_id", "rep_id"]
IDS = (*PAIR, "present_rep_id", "previous_owner_rep_id", "lock_rep_id")


def verify_coverage(
    accounts: pd.DataFrame,
    candidates: pd.DataFrame,
    coverers: pd.DataFrame,
    policy: CoveragePolicy,
    plan: CoveragePlan,
) -> list[str]:
    """Check a plan against the tables it was made from.

    Args:
        accounts: Mart ``coverage_accounts``.
        candidates: Mart ``coverage_candidates``.
        coverers: Mart ``coverage_coverers``.
        policy: Policy the plan was made under.
        plan: The plan's tables.

    Returns:
        Violations in words with up to five records each; empty when every rule holds.
    """
    accounts, candidates, coverers = map(_text_ids, (accounts, candidates, coverers))
    unknown = [*_check_coverers_of_accounts(accounts, candidates, plan)]
    if unknown:
        return unknown  # the rules below would only repeat the fault
    rows = (
        plan.assignments.merge(candidates, on=PAIR, suffixes=("", "_mart"))
        .merge(accounts, on="account_id", suffixes=("", "_account"))
        .merge(coverers, on="rep_id", suffixes=("", "_coverer"))
        .sort_values("account_id", ignore_index=True)
    )
    owned = rows["present_rep_id"].notna()
    moved = owned & (rows["rep_id"] != rows["present_rep_id"])
    limit = int(np.floor(policy.move_budget_rate * int(owned.sum()) + 1e-9))
    coverers = _with_today(coverers, candidates)
    price = policy.overtime_amount_per_hour
    return [
        *_check_copies(rows),
        *_check_limits(rows, moved, limit, coverers),
        *_check_locks(rows),
        *_check_flags(rows, moved),
        *_check_changes(rows, plan.changes),
        *_check_explanations(rows, moved, plan),
        *_check_shadow_prices(rows, moved, limit, coverers, plan.shadow_prices),
        *_check_certificate(rows, moved, limit, coverers, price, plan.certificate.iloc[0]),
        *_check_bound(accounts, candidates, limit, coverers, price, plan),
    ]


def _text_ids(table: pd.DataFrame) -> pd.DataFrame:
    ids = [column for column in IDS if column in table.columns]
    return table.assign(**{c: table[c].map(str, na_action="ignore").astype("str") for c in ids})


def _report(rule: str, keys: Iterable[object]) -> Iterator[str]:
    found = [str(key) for key in keys]
    if found:
        yield f"{rule}: {sample(found)}"


def _where(rows: pd.DataFrame, bad: pd.Series[bool], rule: str) -> Iterator[str]:
    yield from _report(rule, rows.loc[bad, "account_id"])


def _differs(left: pd.Series[float], right: pd.Series[float]) -> pd.Series[bool]:
    size = np.maximum(1.0, np.maximum(left.abs(), right.abs()))
    return ~((left - right).abs() <= TOLERANCE * size)


def _same(left: pd.Series[str], right: pd.Series[str]) -> pd.Series[bool]:
    return (left == right).fillna(False).astype(bool) | (left.isna() & right.isna())


def _numbers(column: pd.Series[float]) -> pd.Series[float]:
    """As floats, missing as NaN: nullable integers would compare to NA."""
    numbers = pd.to_numeric(column, errors="coerce")
    return pd.Series(numbers.to_numpy(dtype=float, na_value=np.nan), index=column.index)


def _check_coverers_of_accounts(
    accounts: pd.DataFrame, candidates: pd.DataFrame, plan: CoveragePlan
) -> Iterator[str]:
    for name, table in (("plan", plan.assignments), ("explanations", plan.explanations)):
        planned = table["account_id"]
        repeated = sorted(set(planned[planned.duplicated()]))
        known = accounts["account_id"]
        yield from _report(f"{name}: more than one coverer", repeated)
        yield from _report(f"{name}: no coverer", known[~known.isin(planned)])
        yield from _report(f"{name}: unknown account", planned[~planned.isin(known)])
        pairs = table[PAIR].merge(candidates[PAIR], on=PAIR, how="left", indicator=True)
        stray = pairs[pairs["_merge"] != "both"]
        yield from _report(f"{name}: pair is not eligible", stray["account_id"])


def _check_copies(rows: pd.DataFrame) -> Iterator[str]:
    for column in ("hours", "value_amount"):
        wrong = _differs(rows[column], rows[f"{column}_mart"])
        yield from _where(rows, wrong, f"{column} is not the pair's")
    for column in ("new_amount", "existing_amount"):
        wrong = _differs(rows[column], rows[f"{column}_account"])
        yield from _where(rows, wrong, f"{column} is not the account's")
    for column in ("coverer_type", "group_id"):
        wrong = ~_same(rows[column], rows[f"{column}_coverer"])
        yield from _where(rows, wrong, f"{column} is not the coverer's")


def _with_today(coverers: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """Index the coverers by rep_id and add what today's accounts ask of them."""
    present = candidates[candidates["is_present"].astype(bool)].groupby("rep_id")
    table = coverers.set_index("rep_id").sort_index()
    hours = present["hours"].sum().reindex(table.index).fillna(0.0)
    count = present.size().reindex(table.index).fillna(0)
    return table.assign(
        capacity_hours=_numbers(table["capacity_hours"]),
        hours_today=hours,
        account_limit=np.maximum(_numbers(table["max_accounts"]), count),
    )


def _check_limits(
    rows: pd.DataFrame, moved: pd.Series[bool], limit: int, coverers: pd.DataFrame
) -> Iterator[str]:
    load = rows[rows["rep_id"] != HOUSE].groupby("rep_id", sort=True)
    hours, count = load["hours_mart"].sum(), load.size()
    bound = coverers[["capacity_hours", "hours_today"]].max(axis=1).reindex(hours.index)
    over = hours > bound + TOLERANCE * np.maximum(1.0, bound)
    yield from _report("more hours than capacity and than today", over.index[over])
    many = count > coverers["account_limit"].reindex(count.index)
    yield from _report("more accounts than max_accounts and than today", many.index[many])
    if moved.sum() > limit:
        yield f"move budget: {int(moved.sum())} moves, {limit} allowed"


def _check_locks(rows: pd.DataFrame) -> Iterator[str]:
    target = rows["lock_rep_id"].fillna(rows["present_rep_id"])
    same = (rows["rep_id"] == target).fillna(False).astype(bool)
    married = (rows["lock_action"] == "married").fillna(False).astype(bool)
    divorced = (rows["lock_action"] == "divorced").fillna(False).astype(bool)
    yield from _where(rows, (married & ~same) | (divorced & same), "lock is not obeyed")


def _check_flags(rows: pd.DataFrame, moved: pd.Series[bool]) -> Iterator[str]:
    yield from _where(rows, rows["is_moved"] != moved, "is_moved is wrong")
    locked = rows["lock_action"].notna()
    yield from _where(rows, rows["is_locked"] != locked, "is_locked is wrong")
    kept = _same(rows["previous_rep_id"], rows["previous_owner_rep_id"])
    yield from _where(rows, ~kept, "previous_rep_id is not the owner of record")


def _check_changes(rows: pd.DataFrame, changes: pd.DataFrame) -> Iterator[str]:
    expected = rows[~_same(rows["rep_id"], rows["previous_owner_rep_id"])]
    key = "account_id"
    missing = expected.loc[~expected[key].isin(changes[key]), key]
    yield from _report("change is not listed", missing)
    yield from _report(
        "change is listed, not made", changes.loc[~changes[key].isin(expected[key]), key]
    )
    yield from _report("change is listed twice", changes.loc[changes[key].duplicated(), key])
    both = changes.merge(rows, on=key, suffixes=("_change", ""))
    right = _same(both["to_rep_id"], both["rep_id"])
    right &= _same(both["from_rep_id"], both["previous_owner_rep_id"])
    yield from _where(both, ~right, "change names other coverers than the plan")


def _check_explanations(
    rows: pd.DataFrame, moved: pd.Series[bool], plan: CoveragePlan
) -> Iterator[str]:
    told = plan.explanations.sort_values("account_id", ignore_index=True)
    yield from _where(rows, told["rep_id"] != rows["rep_id"], "explains another coverer")
    for part in PARTS:
        yield from _where(rows, _differs(told[part], rows[part]), f"{part} is not the pair's")
    hours, places, move = _prices(plan.shadow_prices)
    expected = {
        "hours_price_amount": rows["rep_id"].map(hours).fillna(0.0) * rows["hours_mart"],
        "count_price_amount": rows["rep_id"].map(places).fillna(0.0),
        "move_price_amount": move * moved.astype(float),
    }
    for part, amount in expected.items():
        yield from _where(rows, _differs(told[part], amount), f"{part} is not the price paid")
    net = told["segment_value_amount"] + told["strength_value_amount"]
    for part in ("cost_to_serve_amount", "disruption_amount", *expected):
        net = net - told[part]
    wrong = _differs(net, told["net_score_amount"])
    yield from _where(rows, wrong, "parts do not add up to the net score")
    lead = told["net_score_amount"] - told["runner_up_net_score_amount"]
    alone = told["runner_up_rep_id"].isna()
    wrong = _differs(lead, told["score_difference_amount"]) & ~alone
    yield from _where(rows, wrong, "score difference is wrong")


def _prices(table: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float], float]:
    price = {
        rule: table[table["rule"] == rule].set_index("rep_id")["shadow_price_amount"]
        for rule in ("hours", "accounts", "moves")
    }
    return price["hours"], price["accounts"], float(price["moves"].sum())


def _check_shadow_prices(
    rows: pd.DataFrame,
    moved: pd.Series[bool],
    limit: int,
    coverers: pd.DataFrame,
    table: pd.DataFrame,
) -> Iterator[str]:
    keys = table["rule"] + " of " + table["rep_id"].fillna("the company")
    yield from _report("shadow price is negative", keys[~(table["shadow_price_amount"] >= 0)])
    load = rows.groupby("rep_id")
    used = {"hours": load["hours_mart"].sum(), "accounts": load.size()}
    sizes = {"hours": coverers["capacity_hours"], "accounts": coverers["account_limit"]}
    for rule in used:
        part = table[table["rule"] == rule]
        use = part["rep_id"].map(used[rule]).fillna(0.0).astype(float)
        size = _numbers(part["rep_id"].map(sizes[rule]))
        wrong = _differs(part["used"], use) | _differs(part["capacity"], size)
        yield from _report("use or capacity of a limit is wrong", keys[part.index[wrong]])
    moves = table[table["rule"] == "moves"]
    if moves["used"].tolist() != [float(moved.sum())] or moves["capacity"].tolist() != [limit]:
        yield "use or capacity of a limit is wrong: moves of the company"


def _check_certificate(
    rows: pd.DataFrame,
    moved: pd.Series[bool],
    limit: int,
    coverers: pd.DataFrame,
    price: float,
    certificate: pd.Series[float],
) -> Iterator[str]:
    objective, bound = certificate["objective_amount"], certificate["bound_amount"]
    used = rows.groupby("rep_id")["hours_mart"].sum()
    lacking = float((used - coverers["capacity_hours"].reindex(used.index)).clip(lower=0.0).sum())
    if not abs(certificate["overtime_hours"] - lacking) <= TOLERANCE * max(1.0, lacking):
        said = certificate["overtime_hours"]
        yield f"certificate says {said:,.1f} hours of overtime, the plan {lacking:,.1f}"
    total = float(rows["value_amount_mart"].sum()) - price * lacking
    size = max(1.0, abs(total))
    if not abs(objective - total) <= TOLERANCE * size:
        yield f"objective is {objective:,.2f}, the rows add up to {total:,.2f}"
    if not bound >= objective - TOLERANCE * size:
        yield f"bound {bound:,.2f} lies below the objective {objective:,.2f}"
    gap = (bound - objective) / max(1.0, abs(bound))
    if not (
        certificate["gap_rate"] >= -TOLERANCE and abs(gap - certificate["gap_rate"]) <= TOLERANCE
    ):
        yield f"gap is {certificate['gap_rate']:.6f}, bound and objective say {gap:.6f}"
    gain = certificate["objective_amount"] - certificate["as_is_objective_amount"]
    if not abs(gain - certificate["gain_amount"]) <= TOLERANCE * size:
        yield f"gain is {certificate['gain_amount']:,.2f}, the difference to today is {gain:,.2f}"
    for column, count in (
        ("account_count", len(rows)),
        ("moved_count", int(moved.sum())),
        ("move_limit", limit),
        ("uncovered_count", int((rows["rep_id"] == HOUSE).sum())),
    ):
        if certificate[column] != count:
            yield f"certificate says {column} {certificate[column]}, the plan {count}"


def _check_bound(
    accounts: pd.DataFrame,
    candidates: pd.DataFrame,
    limit: int,
    coverers: pd.DataFrame,
    price: float,
    plan: CoveragePlan,
) -> Iterator[str]:
    """Recompute the bound that the published prices prove, for any plan that keeps the rules.

    sum over accounts of the best (value - prices paid) + sum of price x limit + hours of
    overtime x what an hour is worth beyond its price.
    """
    hours, places, move = _prices(plan.shadow_prices)
    pairs = candidates.merge(accounts, on="account_id")
    target = pairs["lock_rep_id"].fillna(pairs["present_rep_id"])
    same = (pairs["rep_id"] == target).fillna(False).astype(bool)
    forbidden = ((pairs["lock_action"] == "married") & ~same).fillna(False) | (
        (pairs["lock_action"] == "divorced") & same
    ).fillna(False)
    move_pair = pairs["present_rep_id"].notna() & (pairs["rep_id"] != pairs["present_rep_id"])
    paid = pairs["rep_id"].map(hours).fillna(0.0) * pairs["hours"]
    paid = paid + pairs["rep_id"].map(places).fillna(0.0) + move * move_pair
    net = (pairs["value_amount"] - paid)[~forbidden]
    best = net.groupby(pairs["account_id"]).max().sum()
    table = plan.shadow_prices
    proven = float(best + (table["shadow_price_amount"] * table["capacity"]).sum())
    lacking = (coverers["hours_today"] - coverers["capacity_hours"]).clip(lower=0.0)
    proven += float((lacking * (hours - price).clip(lower=0.0).reindex(lacking.index)).sum())
    bound = float(plan.certificate["bound_amount"].iloc[0])
    if not bound <= proven + TOLERANCE * max(1.0, abs(proven)):
        yield f"bound is {bound:,.2f}, the shadow prices prove {proven:,.2f}"
