"""The quota plan: from frames to verified frames in one call.

Belongs here: the order of the steps and the published columns. Does not belong here: any
step's arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.errors import VerificationError
from optimization.policy import QuotaPolicy
from optimization.quotas.cents import apportion, to_amounts
from optimization.quotas.expected import expected_business, standard_deviation
from optimization.quotas.inputs import MONTH_COUNT, REVENUE_TYPES, QuotaInputs
from optimization.quotas.model import FairShares, fair_quotas, solve_quotas
from optimization.quotas.outlook import attainment_outlook
from optimization.quotas.targets import (
    group_quota_cents,
    group_target_cents,
    over_assignment_rates,
    split_weights,
)
from optimization.verify.quotas import verify_quotas

CELL_COLUMNS = ["month", "revenue_type"]


@dataclass(frozen=True)
class QuotaPlan:
    """A verified quota plan; months are first days, amounts whole cents as doubles.

    Attributes:
        group_targets: group_id, month, revenue_type, target_amount, quota_amount.
        quota_allocations: rep_id, group_id, month, revenue_type, quota_amount.
        attainment_outlook: level, entity_id, over_assignment_rate, target_amount,
            expected_amount, sd_amount, probability, is_default.
    """

    group_targets: pd.DataFrame
    quota_allocations: pd.DataFrame
    attainment_outlook: pd.DataFrame


def allocate_quotas(
    book: pd.DataFrame,
    seasonality: pd.DataFrame,
    sales_cycles: pd.DataFrame,
    rep_months: pd.DataFrame,
    goals: pd.DataFrame,
    groups: pd.DataFrame,
    coverers: pd.DataFrame,
    months: Iterable[object],
    policy: QuotaPolicy,
) -> QuotaPlan:
    """Split the company's goals into group targets and rep quotas by month.

    The frames are described at ``QuotaInputs.from_frames``.

    Returns:
        The plan, sorted by its keys. Every sum holds to the cent: targets to the goal per
        revenue type, rep quotas to (1 + buffer) x target per group, month and revenue type.

    Raises:
        DataError: An input record breaks a rule.
        SolveLimitError: The solver found no optimum.
        VerificationError: The finished plan breaks one of its own rules.
    """
    inputs = QuotaInputs.from_frames(
        book, seasonality, sales_cycles, rep_months, goals, groups, coverers, months
    )
    rates = over_assignment_rates(inputs, policy)
    expected = expected_business(inputs, policy)
    weights = split_weights(expected)
    targets = group_target_cents(inputs, weights)
    group_quotas = group_quota_cents(targets, rates)
    year = expected.amount.sum(axis=(1, 2))
    fair = FairShares(
        quota=fair_quotas(weights, group_quotas, inputs.rep_group),
        expected_year=100 * year,
        sd_year=100 * standard_deviation(year, expected.own_variance, policy),
        rep_group=inputs.rep_group,
    )
    quotas = _whole_cents(solve_quotas(fair, policy), group_quotas, inputs.rep_group)
    plan = QuotaPlan(
        group_targets=_group_frame(inputs, targets, group_quotas),
        quota_allocations=_rep_frame(inputs, quotas),
        attainment_outlook=attainment_outlook(inputs, expected, rates, targets, quotas, policy),
    )
    violations = verify_quotas(
        plan.group_targets,
        plan.quota_allocations,
        book=book,
        goals=goals,
        groups=groups,
        coverers=coverers,
        months=inputs.months,
        default_over_assignment_rate=policy.default_over_assignment_rate,
    )
    if violations:
        raise VerificationError(violations)
    return plan


def _whole_cents(
    quotas: NDArray[np.float64], group_quotas: NDArray[np.int64], rep_group: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Round quotas so that each group's cell sums to the cent; ties go to the lower rep_id."""
    cents = np.zeros(quotas.shape, dtype=np.int64)
    for group in range(len(group_quotas)):
        members = np.flatnonzero(rep_group == group)
        for month in range(MONTH_COUNT):
            for kind in range(len(REVENUE_TYPES)):
                total = int(group_quotas[group, month, kind])
                cents[members, month, kind] = apportion(total, quotas[members, month, kind])
    return cents


def _cells(inputs: QuotaInputs, entity: str, ids: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per entity, month and revenue type in the order of raveled arrays."""
    return pd.MultiIndex.from_product(
        [ids, inputs.months, REVENUE_TYPES], names=[entity, *CELL_COLUMNS]
    ).to_frame(index=False)


def _group_frame(
    inputs: QuotaInputs, targets: NDArray[np.int64], quotas: NDArray[np.int64]
) -> pd.DataFrame:
    frame = _cells(inputs, "group_id", inputs.group_ids)
    frame["target_amount"] = to_amounts(targets.ravel().tolist())
    frame["quota_amount"] = to_amounts(quotas.ravel().tolist())
    return frame.sort_values(["group_id", *CELL_COLUMNS], ignore_index=True)


def _rep_frame(inputs: QuotaInputs, quotas: NDArray[np.int64]) -> pd.DataFrame:
    frame = _cells(inputs, "rep_id", inputs.rep_ids)
    group_of = [inputs.group_ids[group] for group in inputs.rep_group]
    frame.insert(1, "group_id", np.repeat(group_of, MONTH_COUNT * len(REVENUE_TYPES)))
    frame["quota_amount"] = to_amounts(quotas.ravel().tolist())
    return frame.sort_values(["rep_id", *CELL_COLUMNS], ignore_index=True)
