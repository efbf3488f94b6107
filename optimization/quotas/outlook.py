"""Do we make the number? Chances of rep, group and company at several buffers.

A buffer changes what reps must sell, not what customers buy. The chance of a group or of the
company to reach its target is therefore the same at every buffer, unless the policy states an
effort_response: then business grows by effort_response x buffer. What customers whom nobody covers
go on ordering counts for the company alone. Bands are always given; a chance only where the last
back-test found the level calibrated and the history allows no very different one (``chances``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray, IntArray, ratio
from optimization.policy import QuotaPolicy
from optimization.quotas.advice import buffer_advice
from optimization.quotas.bookings import Bookings
from optimization.quotas.chances import Calibration, chance_errors
from optimization.quotas.expected import ExpectedBusiness
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.levels import Level
from optimization.quotas.simulate import COMPANY_ENTITY, Shocks

BAND = (0.10, 0.90)
OUTLOOK_COLUMNS = [
    "level",
    "entity_id",
    "over_assignment_rate",
    "target_amount",
    "expected_amount",
    "low_amount",
    "high_amount",
    "sd_amount",
    "probability",
    "chance_verdict",
    "top_account_rate",
    "effort_response",
    "is_default",
]


def attainment_outlook(
    inputs: QuotaInputs,
    expected: ExpectedBusiness,
    bookings: Bookings,
    rates: tuple[float, ...],
    targets: IntArray,
    quotas: IntArray,
    shocks: Shocks,
    calibration: Calibration,
    policy: QuotaPolicy,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the chance of each rep, group and the company, and what a buffer can do for it.

    Reps are measured against their quota; at another buffer it grows or shrinks in
    proportion. Groups and the company are measured against their target without buffer.
    Reps without a book are left out: there is nothing to attain. The company's own buffer is
    the target-weighted mean of its groups'.

    Args:
        inputs: Names of reps and groups.
        expected: Tells who has a book.
        bookings: Simulated bookings.
        rates: Buffer per group.
        targets: Group targets in cents, shape (G, M, 2).
        quotas: Rep quotas in cents, shape (R, M, 2).
        shocks: Where the uncertainty comes from.
        calibration: Which chances may be said.
        policy: Scenario buffers, effort response, wanted probability.

    Returns:
        One row per level, entity and buffer (OUTLOOK_COLUMNS), and one per group and for the
        company (``optimization.quotas.advice``).
    """
    parts = _Parts.of(inputs, expected)
    group_rates = np.array(rates)
    group_target = targets.sum(axis=(1, 2)) / 100
    mean_rate = np.average(group_rates, weights=group_target if group_target.any() else None)
    shared_rate = group_rates[0] if np.ptp(group_rates) == 0 else round(float(mean_rate), 6)
    effort = 1 + policy.effort_response * group_rates
    group_mean = bookings.group.mean(axis=0)
    total = group_mean.sum()
    company_effort = (group_mean * effort).sum() / total if total > 0 else 1.0
    booked = np.flatnonzero(expected.has_book)

    def level(
        name: str,
        entity_ids: tuple[str, ...],
        own_rates: FloatArray,
        own_targets: FloatArray,
        draws: FloatArray,
        own_effort: FloatArray,
        part: FloatArray,
    ) -> Level:
        top_rates, level_cv = part
        errors = chance_errors(shocks.company, draws, own_targets, level_cv, policy.seed)
        return Level(
            name=name,
            entity_ids=entity_ids,
            own_rates=own_rates,
            own_targets=own_targets,
            draws=draws,
            own_effort=own_effort,
            padding=int(name == "rep"),
            verdicts=calibration.verdicts(name, errors),
            top_rates=top_rates,
        )

    company = level(
        COMPANY_ENTITY,
        (COMPANY_ENTITY,),
        np.array([shared_rate]),
        np.array([group_target.sum()]),
        bookings.company,
        np.array([company_effort]),
        parts.company,
    )
    group = level(
        "group",
        inputs.group_ids,
        group_rates,
        group_target,
        bookings.group,
        effort,
        parts.group,
    )
    rep = level(
        "rep",
        tuple(inputs.rep_ids[place] for place in booked),
        group_rates[inputs.rep_group[booked]],
        quotas[booked].sum(axis=(1, 2)) / 100,
        bookings.rep[:, booked],
        effort[inputs.rep_group[booked]],
        parts.rep[:, booked],
    )
    frames = []
    for each in (company, group, rep):
        frames.append(_outlook(each, None, policy))
        for rate in sorted(set(policy.scenario_rates)):
            frames.append(_outlook(each, rate, policy))
    outlook = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    outlook = outlook.sort_values(["level", "entity_id", "over_assignment_rate"], ignore_index=True)
    rep_chance = _outlook(rep, None, policy)["probability"].to_numpy(dtype=np.float64)
    rep_group = inputs.rep_group[booked]
    return outlook, buffer_advice(company, group, rep_group, rep_chance, shocks, policy)


@dataclass(frozen=True)
class _Parts:
    """Share of the largest account, and relative error of the accounts' level; shape (2, n)."""

    company: FloatArray
    group: FloatArray
    rep: FloatArray

    @classmethod
    def of(cls, inputs: QuotaInputs, expected: ExpectedBusiness) -> _Parts:
        account = expected.account_amount.sum(axis=(0, 2))
        by_rep = expected.amount.sum(axis=(1, 2))

        def parts(of_account: NDArray[np.intp], of_rep: NDArray[np.intp], count: int) -> FloatArray:
            top = np.zeros(count)
            np.maximum.at(top, of_account, account)
            amount = np.bincount(of_rep, by_rep, minlength=count)
            unsure = np.sqrt(np.bincount(of_rep, expected.level_variance, minlength=count))
            return np.stack([ratio(top, amount), ratio(unsure, amount)])

        reps = np.arange(len(inputs.rep_ids))
        nowhere = np.zeros_like(inputs.account_rep), np.zeros_like(reps)
        return cls(
            company=parts(*nowhere, 1),
            group=parts(
                inputs.rep_group[inputs.account_rep], inputs.rep_group, len(inputs.group_ids)
            ),
            rep=parts(inputs.account_rep, reps, len(reps)),
        )


def _outlook(level: Level, scenario: float | None, policy: QuotaPolicy) -> pd.DataFrame:
    """Return one level's rows at its own buffer (None), or at a scenario that differs from it."""
    if scenario is None:
        rates, effort = level.own_rates, level.own_effort
    else:
        rates = np.full_like(level.own_rates, scenario)
        effort = np.full_like(level.own_effort, 1 + policy.effort_response * scenario)
    target = level.own_targets * ((1 + rates) / (1 + level.own_rates)) ** level.padding
    # Half a cent: a target of whole cents is reached by the double nearest to it.
    reached = level.draws * effort >= target - 0.005
    low, high = np.quantile(level.draws, BAND, axis=0)
    frame = pd.DataFrame(
        {
            "level": level.name,
            "entity_id": list(level.entity_ids),
            "over_assignment_rate": rates,
            "target_amount": np.round(target, 2),
            "expected_amount": np.round(level.draws.mean(axis=0) * effort, 2),
            "low_amount": np.round(low * effort, 2),
            "high_amount": np.round(high * effort, 2),
            "sd_amount": np.round(level.draws.std(axis=0) * effort, 2),
            "probability": np.where(level.is_said, reached.mean(axis=0), np.nan),
            "chance_verdict": level.verdicts,
            "top_account_rate": level.top_rates.round(4),
            "effort_response": policy.effort_response,
            "is_default": scenario is None,
        },
        columns=OUTLOOK_COLUMNS,
    )
    return frame if scenario is None else frame[rates != level.own_rates]
