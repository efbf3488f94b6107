"""Do we make the number? Chances of rep, group and company at several buffers, by simulation.

A buffer changes what reps must sell, not what customers buy. The chance of a group or of the
company to reach its target is therefore the same at every buffer, unless the policy states an
effort_response: then business grows by effort_response x buffer. What customers whom nobody covers
go on ordering counts for the company alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray, IntArray, ratio
from optimization.policy import QuotaPolicy
from optimization.quotas.calibrate import BAND, COMPANY_ENTITY
from optimization.quotas.expected import ExpectedBusiness
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.simulate import Shocks, compound_sums, shock_factors

USUAL_ATTAINMENT = (0.55, 0.70)
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
    "effort_response",
    "is_default",
]
ADVICE_COLUMNS = [
    "level",
    "entity_id",
    "company_buffer_rate",
    "over_assignment_rate",
    "stacked_rate",
    "is_stacked_too_high",
    "wanted_probability",
    "probability_without_buffer",
    "probability",
    "smallest_rate",
    "reps_at_quota_rate",
    "is_attainment_usual",
    "attainment_spread",
    "effort_response",
    "evidence",
    "sentence",
]


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
    inputs: QuotaInputs, expected: ExpectedBusiness, shocks: Shocks, policy: QuotaPolicy
) -> Bookings:
    """Draw the bookings of every rep, with the shocks its group and the company share."""
    rng = np.random.default_rng(policy.seed)
    mean, count, square = (
        part.sum(axis=(1, 2)) for part in (expected.amount, expected.count, expected.square)
    )
    unsure = np.sqrt(expected.level_variance)
    level_cv = ratio(unsure, mean)
    draws = policy.simulation_count
    rep = compound_sums(rng, mean, count, square, level_cv, draws, shocks.value_cv)
    company_factor = shock_factors(
        rng, shocks.company_rate, (draws, 1), shocks.company_observations
    )
    rep *= company_factor
    shape = (draws, len(inputs.group_ids))
    group_factor = shock_factors(rng, shocks.group_rate, shape, shocks.group_observations)
    rep *= group_factor[:, inputs.rep_group]
    group = np.stack(
        [rep[:, inputs.rep_group == place].sum(axis=1) for place in range(len(inputs.group_ids))],
        axis=1,
    )
    company = group.sum(axis=1, keepdims=True) + expected.uncovered * company_factor
    return Bookings(rep=rep, group=group, company=company)


@dataclass(frozen=True)
class _Level:
    """The entities of one level: figures in currency units, one value per entity.

    ``padding`` is 1 where the target itself grows with the buffer (reps), else 0.
    """

    name: str
    entity_ids: tuple[str, ...]
    own_rates: FloatArray
    own_targets: FloatArray
    draws: FloatArray
    own_effort: FloatArray
    padding: int


def attainment_outlook(
    inputs: QuotaInputs,
    expected: ExpectedBusiness,
    bookings: Bookings,
    rates: tuple[float, ...],
    targets: IntArray,
    quotas: IntArray,
    shocks: Shocks,
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
        policy: Scenario buffers, effort response, wanted probability.

    Returns:
        One row per level, entity and buffer (OUTLOOK_COLUMNS), and one per group and for the
        company (ADVICE_COLUMNS).
    """
    group_rates = np.array(rates)
    group_target = targets.sum(axis=(1, 2)) / 100
    mean_rate = np.average(group_rates, weights=group_target if group_target.any() else None)
    shared_rate = group_rates[0] if np.ptp(group_rates) == 0 else round(float(mean_rate), 6)
    effort = 1 + policy.effort_response * group_rates
    group_mean = bookings.group.mean(axis=0)
    total = group_mean.sum()
    company_effort = (group_mean * effort).sum() / total if total > 0 else 1.0
    booked = np.flatnonzero(expected.has_book)
    company = _Level(
        name=COMPANY_ENTITY,
        entity_ids=(COMPANY_ENTITY,),
        own_rates=np.array([shared_rate]),
        own_targets=np.array([group_target.sum()]),
        draws=bookings.company,
        own_effort=np.array([company_effort]),
        padding=0,
    )
    group = _Level(
        name="group",
        entity_ids=inputs.group_ids,
        own_rates=group_rates,
        own_targets=group_target,
        draws=bookings.group,
        own_effort=effort,
        padding=0,
    )
    rep = _Level(
        name="rep",
        entity_ids=tuple(inputs.rep_ids[place] for place in booked),
        own_rates=group_rates[inputs.rep_group[booked]],
        own_targets=quotas[booked].sum(axis=(1, 2)) / 100,
        draws=bookings.rep[:, booked],
        own_effort=effort[inputs.rep_group[booked]],
        padding=1,
    )
    frames = []
    for level in (company, group, rep):
        frames.append(_outlook(level, None, policy))
        for rate in sorted(set(policy.scenario_rates)):
            frames.append(_outlook(level, rate, policy))
    outlook = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    outlook = outlook.sort_values(["level", "entity_id", "over_assignment_rate"], ignore_index=True)
    rep_chance = _outlook(rep, None, policy)["probability"].to_numpy()
    rep_group = inputs.rep_group[booked]
    advice = pd.concat(
        [
            _advice(company, np.zeros_like(rep_group), rep_chance, shocks, policy),
            _advice(group, rep_group, rep_chance, shocks, policy),
        ],
        ignore_index=True,
    )
    return outlook, advice.sort_values(["level", "entity_id"], ignore_index=True)


def _outlook(level: _Level, scenario: float | None, policy: QuotaPolicy) -> pd.DataFrame:
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
            "probability": reached.mean(axis=0),
            "effort_response": policy.effort_response,
            "is_default": scenario is None,
        },
        columns=OUTLOOK_COLUMNS,
    )
    return frame if scenario is None else frame[rates != level.own_rates]


def _advice(
    level: _Level,
    rep_entity: NDArray[np.intp],
    rep_chance: FloatArray,
    shocks: Shocks,
    policy: QuotaPolicy,
) -> pd.DataFrame:
    """Return one row per entity: what its buffers add up to, and what a buffer can do."""
    rows = []
    for place, name in enumerate(level.entity_ids):
        draws, target = level.draws[:, place], level.own_targets[place]
        rate = float(level.own_rates[place])
        without = float((draws >= target - 0.005).mean())
        own = float((draws * level.own_effort[place] >= target - 0.005).mean())
        smallest = _smallest_rate(draws, target, policy)
        chances = rep_chance[rep_entity == place]
        share = float(chances.mean()) if chances.size else np.nan
        stacked = (1 + policy.company_buffer_rate) * (1 + rate) - 1
        rows.append(
            (
                level.name,
                name,
                policy.company_buffer_rate,
                rate,
                round(stacked, 6),
                stacked > policy.stacked_warning_rate + 1e-9,
                policy.wanted_probability,
                without,
                own,
                smallest,
                share,
                USUAL_ATTAINMENT[0] <= share <= USUAL_ATTAINMENT[1],
                float(chances.std()) if chances.size else np.nan,
                policy.effort_response,
                shocks.evidence,
                _sentence(own, smallest, share, policy),
            )
        )
    return pd.DataFrame(rows, columns=ADVICE_COLUMNS).astype({"smallest_rate": float})


def _smallest_rate(draws: FloatArray, target: float, policy: QuotaPolicy) -> float | None:
    """Return the smallest buffer that reaches the wanted probability, None where none does."""
    # So many draws must reach the target; the least of the best of them says what it takes.
    enough = max(int(np.ceil(policy.wanted_probability * len(draws) - 1e-9)), 1)
    place = len(draws) - enough
    reached = float(np.partition(draws, place)[place])
    if reached >= target - 0.005:
        return 0.0
    if policy.effort_response == 0 or reached <= 0:
        return None
    rate = float(np.ceil((target / reached - 1) / policy.effort_response * 1000) / 1000)
    return rate if rate <= policy.max_over_assignment_rate else None


def _sentence(own: float, smallest: float | None, share: float, policy: QuotaPolicy) -> str:
    wanted = f"{policy.wanted_probability:.0%}"
    if smallest is not None:
        said = f"a buffer of {smallest:.1%} reaches the wanted {wanted}"
    elif policy.effort_response == 0:
        said = (
            f"no buffer reaches the wanted {wanted}: effort_response is 0, so a higher quota is "
            "taken not to change what customers buy"
        )
    else:
        said = (
            f"no buffer up to {policy.max_over_assignment_rate:.0%} reaches the wanted {wanted} at "
            f"an effort_response of {policy.effort_response:g}"
        )
    low, high = USUAL_ATTAINMENT
    return (
        f"The chance of making the number is {own:.0%}; {said}. {share:.0%} of reps are expected "
        f"at or above quota ({low:.0%} to {high:.0%} is usual)."
    )
