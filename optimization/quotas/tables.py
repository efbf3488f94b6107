"""The published tables of targets and quotas, from arrays of cents."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import BoolArray, FloatArray, IntArray, ratio
from optimization.coverers import HOUSE
from optimization.quotas.cents import to_amounts, to_cents
from optimization.quotas.context import Past
from optimization.quotas.expected import ExpectedBusiness
from optimization.quotas.inputs import QuotaInputs
from optimization.values.seasons import NEW, REVENUE_TYPES

CELL_COLUMNS = ["month", "revenue_type"]
# Solved quotas keep a limit to about a cent; a rounding is no breach.
TOLERANCE_CENTS = 100


def company_targets(goals: pd.DataFrame, targets: IntArray, quotas: IntArray) -> pd.DataFrame:
    """Return what becomes of each goal: won, allocated, and left over.

    ``unallocated_amount`` is goal + buffer - won - target: 0 in a plan of a whole year; what
    quotas in force do not ask for in a plan within the year; negative where the year is ahead.

    Args:
        goals: revenue_type, target_amount; goal_amount, buffer_amount, won_amount where known.
        targets: Group targets in cents, shape (G, M, 2).
        quotas: Rep quotas in cents, shape (R, M, 2).
    """
    rows = []
    given = goals.set_index("revenue_type")
    for kind, name in enumerate(REVENUE_TYPES):
        asked = to_cents(given.at[name, "target_amount"])
        goal, buffer, won = (
            to_cents(given.at[name, column]) if column in given else fallback
            for column, fallback in (
                ("goal_amount", asked),
                ("buffer_amount", 0),
                ("won_amount", 0),
            )
        )
        target = int(targets[:, :, kind].sum())
        quota = int(quotas[:, :, kind].sum())
        rows.append((name, goal, buffer, won, target, quota, goal + buffer - won - target))
    frame = pd.DataFrame(
        rows,
        columns=[
            "revenue_type",
            "goal_amount",
            "buffer_amount",
            "won_amount",
            "target_amount",
            "quota_amount",
            "unallocated_amount",
        ],
    )
    for column in frame.columns[1:]:
        frame[column] = to_amounts(frame[column].tolist())
    return frame.sort_values("revenue_type", ignore_index=True)


def rep_quotas(
    inputs: QuotaInputs,
    quotas: IntArray,
    fair_year: FloatArray,
    expected_year: FloatArray,
    sd_year: FloatArray,
    past: Past,
    idle: IntArray,
    periods: pd.DataFrame,
) -> pd.DataFrame:
    """Return where each rep's quota comes from: fair share, hardness, last year, its bands.

    Args:
        inputs: Names.
        quotas: In cents, shape (R, M, 2).
        fair_year: By potential alone (or in force), in cents; shape (R,).
        expected_year: Expected business in cents; shape (R,).
        sd_year: Its standard deviation in cents; shape (R,).
        past: Last year's quotas and bands.
        idle: Quotas in force of reps without accounts, in cents; shape (R,).
        periods: Which period of each rep's quota carries a figure (``figures.figure_periods``).
    """
    year = quotas.sum(axis=(1, 2))
    bands = past.bands
    hardness = ratio(year - expected_year, sd_year, np.nan)
    change = ratio(year, past.last_quota, np.nan)
    has_limit = np.isfinite(bands.upper)
    has_ote = (bands.ote_low > 0) | np.isfinite(bands.ote_high)
    frame = pd.DataFrame(
        {
            "rep_id": inputs.rep_ids,
            "group_id": [inputs.group_ids[group] for group in inputs.rep_group],
            "coverer_type": inputs.coverer_types,
            "quota_amount": to_amounts(year.tolist()),
            "idle_quota_amount": to_amounts(idle.tolist()),
            "fair_share_amount": np.round(fair_year / 100, 2),
            "expected_amount": np.round(expected_year / 100, 2),
            "sd_amount": np.round(sd_year / 100, 2),
            "hardness": hardness,
            "last_quota_amount": np.round(past.last_quota / 100, 2),
            "change_rate": change - 1,
            "book_change_rate": past.book_change - 1,
            "taken_over_rate": past.taken_over,
            "first_year_limit_amount": np.round(
                np.where(np.isfinite(bands.first_year), bands.first_year, np.nan) / 100, 2
            ),
            "year_on_year_verdict": _verdicts(
                year, bands.lower, bands.upper, has_limit, "no limit"
            ),
            "ote_verdict": _verdicts(year, bands.ote_low, bands.ote_high, has_ote, "no band"),
            "figure_period": periods["all"].to_numpy(dtype=object),
        }
    )
    return frame.sort_values("rep_id", ignore_index=True)


def _verdicts(
    year: IntArray,
    lower: FloatArray,
    upper: FloatArray,
    has_band: BoolArray,
    otherwise: str,
) -> NDArray[np.object_]:
    verdicts: NDArray[np.object_] = np.full(len(year), otherwise, dtype=object)
    verdicts[has_band] = "within"
    verdicts[has_band & (year < lower - TOLERANCE_CENTS)] = "below"
    verdicts[has_band & (year > upper + TOLERANCE_CENTS)] = "above"
    return verdicts


def _cells(inputs: QuotaInputs, entity: str, ids: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per entity, month and revenue type in the order of raveled arrays."""
    return pd.MultiIndex.from_product(
        [ids, inputs.months, REVENUE_TYPES], names=[entity, *CELL_COLUMNS]
    ).to_frame(index=False)


def _rep_cells(inputs: QuotaInputs) -> pd.DataFrame:
    """Return ``_cells`` of the reps, with their groups."""
    frame = _cells(inputs, "rep_id", inputs.rep_ids)
    group_of = [inputs.group_ids[group] for group in inputs.rep_group]
    frame.insert(1, "group_id", np.repeat(group_of, len(inputs.months) * len(REVENUE_TYPES)))
    return frame


def group_frame(inputs: QuotaInputs, targets: IntArray, quotas: IntArray) -> pd.DataFrame:
    """Return targets and quotas by group, month and revenue type; cents in, shape (G, M, 2)."""
    frame = _cells(inputs, "group_id", inputs.group_ids)
    frame["target_amount"] = to_amounts(targets.ravel().tolist())
    frame["quota_amount"] = to_amounts(quotas.ravel().tolist())
    return frame.sort_values(["group_id", *CELL_COLUMNS], ignore_index=True)


def rep_frame(inputs: QuotaInputs, quotas: IntArray, periods: pd.DataFrame) -> pd.DataFrame:
    """Return quotas by rep, month and revenue type, and which period carries a figure.

    Args:
        inputs: Names.
        quotas: In cents, shape (R, M, 2).
        periods: From ``figures.figure_periods``.
    """
    frame = _rep_cells(inputs)
    frame["quota_amount"] = to_amounts(quotas.ravel().tolist())
    by_kind = periods[list(REVENUE_TYPES)].to_numpy(dtype=object)[:, None, :]
    frame["figure_period"] = np.broadcast_to(by_kind, quotas.shape).ravel()
    return frame.sort_values(["rep_id", *CELL_COLUMNS], ignore_index=True)


def expected_frame(inputs: QuotaInputs, expected: ExpectedBusiness) -> pd.DataFrame:
    """Return expected bookings by rep, month and revenue type, open deals' part beside them."""
    frame = _rep_cells(inputs)
    pipeline = np.zeros_like(expected.amount)
    pipeline[:, :, NEW] = expected.pipeline_amount
    frame["expected_amount"] = np.round(expected.amount.ravel(), 2)
    frame["pipeline_amount"] = np.round(pipeline.ravel(), 2)
    return frame.sort_values(["rep_id", *CELL_COLUMNS], ignore_index=True)


def pair_month_frame(
    inputs: QuotaInputs, expected: ExpectedBusiness, value_cv: float
) -> pd.DataFrame:
    """Return what each account is expected to bring its coverer, by month and revenue type.

    Sums over a rep's accounts are its expected bookings. Cells of nothing are left out.

    Args:
        inputs: Names.
        expected: Amounts and squares by account and month.
        value_cv: Standard deviation over mean of one deal's value around its account's.
    """
    rep = np.array(inputs.rep_ids, dtype=object)[inputs.account_rep]
    parts = [
        (kind, inputs.account_id, rep, expected.account_amount[k], expected.account_square[k])
        for k, kind in enumerate(REVENUE_TYPES)
    ]
    alone, nobody = expected.uncovered_amount, np.full(len(inputs.uncovered_id), HOUSE)
    parts.append(("existing", inputs.uncovered_id, nobody, alone, np.full_like(alone, np.nan)))
    frames = []
    for kind, account, who, amount, square in parts:
        row, month = np.nonzero(amount)
        frames.append(
            pd.DataFrame(
                {
                    "account_id": np.array(account, dtype=object)[row],
                    "rep_id": who[row],
                    "month": inputs.months[month],
                    "revenue_type": kind,
                    "expected_amount": amount[row, month],
                    "sd_amount": np.sqrt((1 + value_cv**2) * square[row, month]),
                }
            )
        )
    return pd.concat(frames, ignore_index=True).sort_values(
        ["account_id", "month", "revenue_type"], ignore_index=True
    )
