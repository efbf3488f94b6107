"""What buffers add up to and can do, how attainable quotas are, and how equally so."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray
from optimization.backtest.verdict import CALIBRATED
from optimization.policy import QuotaPolicy
from optimization.quotas.levels import Level
from optimization.quotas.simulate import Shocks

USUAL_ATTAINMENT = (0.55, 0.70)
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


def buffer_advice(
    company: Level,
    group: Level,
    rep_group: NDArray[np.intp],
    rep_chance: FloatArray,
    shocks: Shocks,
    policy: QuotaPolicy,
) -> pd.DataFrame:
    """Advise on the buffers of the company and of each group.

    Args:
        company: The company.
        group: The groups.
        rep_group: Position of each booked rep's group; shape (R,).
        rep_chance: Chance of each to reach the quota, NaN where it is not said; shape (R,).
        shocks: Where the uncertainty comes from.
        policy: Effort response, wanted probability.

    Returns:
        One row per group and for the company, ADVICE_COLUMNS; what follows from a chance that is
        not said is empty.
    """
    advice = pd.concat(
        [
            _advice(company, np.zeros_like(rep_group), rep_chance, shocks, policy),
            _advice(group, rep_group, rep_chance, shocks, policy),
        ],
        ignore_index=True,
    )
    return advice.sort_values(["level", "entity_id"], ignore_index=True)


def _advice(
    level: Level,
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
        without = own = share = spread = np.nan
        smallest = None
        if level.is_said[place]:
            without = float((draws >= target - 0.005).mean())
            own = float((draws * level.own_effort[place] >= target - 0.005).mean())
            smallest = _smallest_rate(draws, target, policy)
        chances = rep_chance[rep_entity == place]
        if chances.size:
            share, spread = float(chances.mean()), float(chances.std())
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
                USUAL_ATTAINMENT[0] <= share <= USUAL_ATTAINMENT[1]
                if not np.isnan(share)
                else None,
                spread,
                policy.effort_response,
                shocks.evidence,
                _sentence(level.verdicts[place], own, smallest, share, policy),
            )
        )
    return pd.DataFrame(rows, columns=ADVICE_COLUMNS).astype(
        {"smallest_rate": float, "is_attainment_usual": "boolean"}
    )


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


def _sentence(
    verdict: str, own: float, smallest: float | None, share: float, policy: QuotaPolicy
) -> str:
    wanted = f"{policy.wanted_probability:.0%}"
    if verdict != CALIBRATED:
        said = f"No chance of making the number is given: {verdict}."
    else:
        if smallest is not None:
            does = f"a buffer of {smallest:.1%} reaches the wanted {wanted}"
        elif policy.effort_response == 0:
            does = (
                f"no buffer reaches the wanted {wanted}: effort_response is 0, so a higher quota "
                "is taken not to change what customers buy"
            )
        else:
            does = (
                f"no buffer up to {policy.max_over_assignment_rate:.0%} reaches the wanted "
                f"{wanted} at an effort_response of {policy.effort_response:g}"
            )
        said = f"The chance of making the number is {own:.0%}; {does}."
    low, high = USUAL_ATTAINMENT
    usual = (
        f" {share:.0%} of reps are expected at or above quota ({low:.0%} to {high:.0%} is usual)."
    )
    return said if np.isnan(share) else said + usual
