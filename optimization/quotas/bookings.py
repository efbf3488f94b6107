"""Simulated bookings of the plan's months: reps, groups and the company."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.arrays import FloatArray, ratio
from optimization.policy import QuotaPolicy
from optimization.quotas.chances import Calibration
from optimization.quotas.expected import ExpectedBusiness
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.simulate import COMPANY_ENTITY, Shocks, compound_sums


@dataclass(frozen=True)
class Bookings:
    """Simulated bookings of the plan's months in currency units; S draws, R reps, G groups.

    Attributes:
        rep: Shape (S, R).
        group: Sums of their reps; shape (S, G).
        company: Sum of all, and what nobody covers; shape (S, 1).
    """

    rep: FloatArray
    group: FloatArray
    company: FloatArray


def simulate_bookings(
    inputs: QuotaInputs,
    expected: ExpectedBusiness,
    shocks: Shocks,
    calibration: Calibration,
    policy: QuotaPolicy,
) -> Bookings:
    """Draw the bookings of every rep, with the shocks its group and the company share.

    Each level's draws are as wide as the last back-test found them to be.
    """
    rng = np.random.default_rng(policy.seed)
    mean, count, square = (
        part.sum(axis=(1, 2)) for part in (expected.amount, expected.count, expected.square)
    )
    unsure = np.sqrt(expected.level_variance)
    level_cv = ratio(unsure, mean)
    draws = policy.simulation_count
    rep = compound_sums(rng, mean, count, square, level_cv, draws, shocks.value_cv)
    company_factor = shocks.company.factors(rng, draws)[:, None]
    rep *= company_factor
    group_factor = shocks.group.factors(rng, draws, len(inputs.group_ids))
    rep *= group_factor[:, inputs.rep_group]
    group = np.stack(
        [rep[:, inputs.rep_group == place].sum(axis=1) for place in range(len(inputs.group_ids))],
        axis=1,
    )
    company = group.sum(axis=1, keepdims=True) + expected.uncovered * company_factor
    return Bookings(
        rep=calibration.stretch("rep", rep),
        group=calibration.stretch("group", group),
        company=calibration.stretch(COMPANY_ENTITY, company),
    )
