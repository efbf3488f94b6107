"""``python -m benchmarks.identify``: is the gain that strengths promise true where owners differ?

In generated companies the truth is known: who is better at what, how good each account is, and how
accounts came to their owners. The product estimates strengths from the deals alone; accounts are
then assigned by the wins a year it expects. Claimed is the gain over today's owners that the
estimate promises, true is what the same plan brings, and captured its share of what the best plan
by the truth would bring.

Belongs here: the arms, their figures and thresholds, one JSON line each. Does not belong here:
drawing worlds (``strength_world``) or the model itself (``optimization.strength``).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.identify_company import refresh_and_compare
from benchmarks.strength import assign, estimate
from benchmarks.strength_world import Shape, World, make_world
from optimization.arrays import FloatArray, IntArray

MOVED_RATE = 0.15
# Of an account's wins, lost where an account changes hands; in what is claimed and in what is true.
DISRUPTION = 0.04
_HALVINGS = 8

KEEP = Shape(lent=0.0, quality_sd=0.6)
NOBODY_BETTER = replace(KEEP, tau_rep=0.0, tau_interaction=0.0)
# Some accounts have more deals than others, whoever owns them.
UNEQUAL: dict[str, Any] = {"busy_sd": 0.6}


@dataclass(frozen=True)
class Arm:
    """A kind of company; ``wanted`` names the rules its figures must keep."""

    name: str
    shape: Shape
    is_null: bool = False
    is_ratio_judged: bool = False


def _null(name: str, **how: Any) -> Arm:
    return Arm(name, replace(NOBODY_BETTER, **how), is_null=True)


def _creating(name: str, tau: float, is_ratio_judged: bool, **how: Any) -> Arm:
    shape = replace(NOBODY_BETTER, tau_creation=tau, **UNEQUAL, **how)
    return Arm(name, shape, is_ratio_judged=is_ratio_judged)


ARMS = (
    _null("nobody better, half of deals lent", lent=0.5, quality_sd=0.3),
    _null("nobody better, owners keep"),
    _null("nobody better, 10 % changed", changed=0.1),
    _null("nobody better, half changed", changed=0.5),
    _null("nobody better, seniors hold the better", seniority=0.6),
    _null(
        "nobody better, seniors get the better", seniority=0.6, changed=0.1, changes="by_seniority"
    ),
    _null("nobody better, seniors get 40 %", seniority=0.6, changed=0.4, changes="by_seniority"),
    _null("nobody better, failing accounts to the best", changed=0.3, changes="failing"),
    _null("nobody creates more, owners keep", **UNEQUAL),
    _null("nobody creates more, 30 % changed", **UNEQUAL, changed=0.3),
    _null("nobody creates more, half of deals lent", **UNEQUAL, lent=0.5),
    _null("nobody creates more, seniors hold the busier", **UNEQUAL, busy_seniority=0.6),
    _null(
        "nobody creates more, seniors get the busier",
        **UNEQUAL,
        busy_seniority=0.6,
        changed=0.3,
        changes="by_seniority",
    ),
    _null(
        "nobody creates more, idle accounts to the busiest",
        **UNEQUAL,
        changed=0.1,
        changes="failing",
    ),
    _null("nobody creates more, few deals", **UNEQUAL, changed=0.3, deals_per_rep=60),
    _creating("creation .3, owners keep", 0.3, False),
    _creating("creation .3, 30 % changed", 0.3, True, changed=0.3),
    _creating("creation .3, 60 % changed", 0.3, True, changed=0.6),
    _creating("creation .15, 30 % changed", 0.15, False, changed=0.3),
    _creating("creation .3, 30 % changed, a fifth of deals lent", 0.3, True, changed=0.3, lent=0.2),
    _creating("creation .3, 30 % changed, few deals", 0.3, False, changed=0.3, deals_per_rep=60),
    _creating(
        "creation .3, seniors get 30 % of the busier",
        0.3,
        True,
        busy_seniority=0.6,
        changed=0.3,
        changes="by_seniority",
    ),
    _creating(
        "creation .3, idle accounts to the busiest", 0.3, False, changed=0.1, changes="failing"
    ),
    Arm(
        "creation .3 and tau .3, 30 % changed",
        replace(KEEP, tau_creation=0.3, changed=0.3, **UNEQUAL),
        is_ratio_judged=True,
    ),
    Arm(
        "hunters and farmers .3, 30 % changed",
        replace(NOBODY_BETTER, tau_type=0.3, changed=0.3, **UNEQUAL),
    ),
    Arm("tau .15, owners keep", replace(KEEP, tau_rep=0.15, tau_interaction=0.15)),
    Arm("tau .3, owners keep", KEEP),
    Arm("tau .3, 10 % changed", replace(KEEP, changed=0.1)),
    Arm("tau .3, 30 % changed", replace(KEEP, changed=0.3), is_ratio_judged=True),
    Arm("tau .3, 60 % changed", replace(KEEP, changed=0.6), is_ratio_judged=True),
    Arm("tau .3, half of deals lent", Shape(), is_ratio_judged=True),
    Arm("tau .15, half of deals lent", Shape(tau_rep=0.15, tau_interaction=0.15)),
    Arm(
        "tau .3, seniors get 30 %",
        replace(KEEP, seniority=0.6, changed=0.3, changes="by_seniority"),
        is_ratio_judged=True,
    ),
    Arm("tau .3, failing accounts to the best", replace(KEEP, changed=0.3, changes="failing")),
)


@dataclass(frozen=True)
class Outcome:
    """One world. Gains are shares of what today's owners win."""

    is_on: bool
    multiplier: float
    claimed: float
    true: float
    possible: float
    creation_multiplier: float


def play(seed: int, shape: Shape) -> Outcome:
    """Draw a world, estimate it, plan by the estimate, and see what the plan brings."""
    world = make_world(seed, shape)
    found = estimate(world)
    plan = best_plan(after_change(found.wins_a_year, world.owner), world.owner)
    best = best_plan(after_change(world.wins_a_year, world.owner), world.owner)
    return Outcome(
        is_on=found.is_on,
        multiplier=found.multiplier,
        claimed=gain(found.wins_a_year, plan, world),
        true=gain(world.wins_a_year, plan, world),
        possible=gain(world.wins_a_year, best, world),
        creation_multiplier=found.creation_multiplier,
    )


def after_change(wins: FloatArray, owner: IntArray) -> FloatArray:
    """Take the disruption of a change off every pair but today's."""
    value = wins * (1 - DISRUPTION)
    rows = np.arange(len(owner))
    value[rows, owner] = wins[rows, owner]
    return value


def gain(wins: FloatArray, plan: IntArray, world: World) -> float:
    """Gain of a plan over today's owners, by some wins a year of every pair."""
    rows = np.arange(len(plan))
    value = after_change(wins, world.owner)
    return float(value[rows, plan].sum() / value[rows, world.owner].sum() - 1)


def best_plan(value: FloatArray, owner: IntArray) -> IntArray:
    """Assign accounts so that at most 15 % change hands, within the reps' capacity."""
    rows, most = np.arange(len(owner)), np.ptp(value)
    low, high, best = 0.0, float(most), owner
    for _ in range(_HALVINGS):
        price = (low + high) / 2
        dearer = value.copy()
        dearer[rows, owner] += price
        plan = assign(dearer, owner)
        if (plan != owner).mean() <= MOVED_RATE:
            best, high = plan, price
        else:
            low = price
    return best


def play_pipeline(seed: int, shape: Shape) -> Outcome:
    """Draw a world and let a whole refresh plan it."""
    return Outcome(**refresh_and_compare(make_world(seed, shape)))


def report(arm: Arm, worlds: int, run: Callable[[int, Shape], Outcome]) -> dict[str, object]:
    """Play an arm; one line."""
    started = time.process_time()
    outcomes = [run(seed, arm.shape) for seed in range(worlds)]
    claimed = float(np.mean([outcome.claimed for outcome in outcomes]))
    true = float(np.mean([outcome.true for outcome in outcomes]))
    possible = float(np.mean([outcome.possible for outcome in outcomes]))
    on = float(np.mean([outcome.is_on for outcome in outcomes]))
    ratio = claimed / true if true > 1e-4 else None
    rules = {"claimed <= 1.3 x true, or <= 0.2 %": claimed <= max(1.3 * true, 0.002)}
    if arm.is_null:
        rules["claimed <= 0.2 %"] = claimed <= 0.002
        rules["on in <= 10 %"] = on <= 0.1
    if arm.is_ratio_judged:
        rules["claimed / true in [.7, 1.3]"] = ratio is not None and 0.7 <= ratio <= 1.3
    return {
        "arm": arm.name,
        "through": "the pipeline" if run is play_pipeline else "the estimate",
        "worlds": worlds,
        "claimed_gain": round(claimed, 5),
        "true_gain": round(true, 5),
        "claimed_over_true": None if ratio is None else round(ratio, 3),
        "captured": None if possible < 1e-4 else round(true / possible, 3),
        "on": round(on, 3),
        "multiplier": round(float(np.mean([o.multiplier for o in outcomes])), 3),
        "creation_multiplier": round(float(np.mean([o.creation_multiplier for o in outcomes])), 3),
        "rules": rules,
        "pass": all(rules.values()),
        "cpu_seconds": round(time.process_time() - started, 1),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Play every arm; exit 1 where a rule does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=40, help="an arm")
    parser.add_argument("--arm", help="only those whose name contains this")
    parser.add_argument("--pipeline", action="store_true", help="through whole refreshes")
    chosen = parser.parse_args(arguments)
    all_pass = True
    for arm in ARMS:
        if chosen.arm and chosen.arm not in arm.name:
            continue
        line = report(arm, chosen.worlds, play_pipeline if chosen.pipeline else play)
        all_pass &= bool(line["pass"])
        print(json.dumps(line), flush=True)
    sys.exit(0 if all_pass else 1)


if __name__ == "__main__":
    main()
