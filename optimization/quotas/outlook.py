"""Do we make the number? Chances of rep, group and company at several buffers.

Belongs here: the closed-form outlook on a finished quota plan. Does not belong here: setting
quotas, or simulation from single deals.

A year's sales of a rep, group or company are taken as normal: the sum of independent accounts
plus one shock shared by all of them. That is good where many accounts add up, and rough for a
book of a few large ones: their sales are lumpy and skewed, and the normal even allows less
than nothing. Only what is covered counts: accounts left with the house bring 0.

A buffer changes what reps must sell, not what customers buy. The chance of a group or of the
company to reach its target is therefore the same at every buffer, unless the policy states an
effort_response: then expected business grows by effort_response x buffer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from optimization.policy import QuotaPolicy
from optimization.quotas.expected import ExpectedBusiness, standard_deviation
from optimization.quotas.inputs import QuotaInputs

COMPANY_ENTITY = "company"
OUTLOOK_COLUMNS = [
    "level",
    "entity_id",
    "over_assignment_rate",
    "target_amount",
    "expected_amount",
    "sd_amount",
    "probability",
    "is_default",
]


@dataclass(frozen=True)
class _Level:
    """The entities of one level: yearly figures in currency units, one value per entity.

    ``padding`` is 1 where the target itself grows with the buffer (reps), else 0.
    """

    name: str
    entity_ids: tuple[str, ...]
    own_rates: NDArray[np.float64]
    own_targets: NDArray[np.float64]
    expected: NDArray[np.float64]
    own_effort: NDArray[np.float64]
    own_variance: NDArray[np.float64]
    padding: int


def attainment_outlook(
    inputs: QuotaInputs,
    expected: ExpectedBusiness,
    rates: tuple[float, ...],
    targets: NDArray[np.int64],
    quotas: NDArray[np.int64],
    policy: QuotaPolicy,
) -> pd.DataFrame:
    """Return the chance of each rep, group and the company at its own and at other buffers.

    Reps are measured against their quota; at another buffer it grows or shrinks in
    proportion. Groups and the company are measured against their target without buffer.
    Reps without a book are left out: there is nothing to attain. The company's own buffer is
    the target-weighted mean of its groups'.

    Args:
        inputs: Names of reps and groups.
        expected: Expected business by rep.
        rates: Buffer per group.
        targets: Group targets in cents, shape (G, 12, 2).
        quotas: Rep quotas in cents, shape (R, 12, 2).
        policy: Scenario buffers and uncertainty.

    Returns:
        One row per level, entity and buffer, with OUTLOOK_COLUMNS.
    """
    group_rates = np.array(rates)
    rep_amount = expected.amount.sum(axis=(1, 2))
    group_count = len(inputs.group_ids)
    group_amount, group_variance = np.zeros(group_count), np.zeros(group_count)
    np.add.at(group_amount, inputs.rep_group, rep_amount)
    np.add.at(group_variance, inputs.rep_group, expected.own_variance)
    group_target = targets.sum(axis=(1, 2)) / 100
    mean_rate = np.average(group_rates, weights=group_target if group_target.any() else None)
    shared_rate = group_rates[0] if np.ptp(group_rates) == 0 else round(float(mean_rate), 6)
    effort = 1 + policy.effort_response * group_rates
    total = group_amount.sum()
    company_effort = (group_amount * effort).sum() / total if total > 0 else 1.0
    booked = np.flatnonzero(expected.has_book)
    levels = (
        _Level(
            name="company",
            entity_ids=(COMPANY_ENTITY,),
            own_rates=np.array([shared_rate]),
            own_targets=np.array([group_target.sum()]),
            expected=np.array([total]),
            own_effort=np.array([company_effort]),
            own_variance=np.array([group_variance.sum()]),
            padding=0,
        ),
        _Level(
            name="group",
            entity_ids=inputs.group_ids,
            own_rates=group_rates,
            own_targets=group_target,
            expected=group_amount,
            own_effort=effort,
            own_variance=group_variance,
            padding=0,
        ),
        _Level(
            name="rep",
            entity_ids=tuple(inputs.rep_ids[rep] for rep in booked),
            own_rates=group_rates[inputs.rep_group[booked]],
            own_targets=quotas[booked].sum(axis=(1, 2)) / 100,
            expected=rep_amount[booked],
            own_effort=effort[inputs.rep_group[booked]],
            own_variance=expected.own_variance[booked],
            padding=1,
        ),
    )
    frames = []
    for level in levels:
        frames.append(_outlook(level, None, policy))
        for rate in sorted(set(policy.scenario_rates)):
            frames.append(_outlook(level, rate, policy))
    outlook = pd.concat(frames, ignore_index=True)
    return outlook.sort_values(["level", "entity_id", "over_assignment_rate"], ignore_index=True)


def _outlook(level: _Level, scenario: float | None, policy: QuotaPolicy) -> pd.DataFrame:
    """Return one level's rows at its own buffer (None), or at a scenario that differs from it."""
    if scenario is None:
        rates, effort = level.own_rates, level.own_effort
    else:
        rates = np.full_like(level.own_rates, scenario)
        effort = np.full_like(level.own_effort, 1 + policy.effort_response * scenario)
    target = level.own_targets * ((1 + rates) / (1 + level.own_rates)) ** level.padding
    amount = level.expected * effort
    sd = standard_deviation(amount, level.own_variance * effort**2, policy)
    margin = amount - target
    z = np.divide(margin, sd, out=np.where(margin >= 0, np.inf, -np.inf), where=sd > 0)
    frame = pd.DataFrame(
        {
            "level": level.name,
            "entity_id": list(level.entity_ids),
            "over_assignment_rate": rates,
            "target_amount": np.round(target, 2),
            "expected_amount": np.round(amount, 2),
            "sd_amount": np.round(sd, 2),
            "probability": ndtr(z),
            "is_default": scenario is None,
        },
        columns=OUTLOOK_COLUMNS,
    )
    return frame if scenario is None else frame[rates != level.own_rates]
