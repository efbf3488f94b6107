"""``python -m benchmarks.value``: is what pairs are said to be worth true, and do plans earn it?

In generated companies the truth is known: what each account brings under each rep. Reps have left,
pay is high, hours are to spare; in some companies one account is a large share of the business. The
pipeline values pairs and plans coverage from the records alone. What the plan truly brings is
compared with today's coverage with its vacancies filled, and what accounts were said to bring with
what they bring. A change of rep truly loses LOST of what the account would bring, more than the
plan assumes, as it counts similar experience in the new rep's favour.

Belongs here: the figures and thresholds. Does not belong here: drawing worlds (``chances_world``)
or running them (``chances_company``).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.chances_company import prepare, write_company
from benchmarks.chances_world import World, draw_shape
from benchmarks.prepare import compile_sql
from dagster_project.planning.coverage import plan_coverage

LOST = 0.15
COST_PER_HOUR = 120  # 50 hours an account: more than what half of the accounts bring
LEFT_RATE = 0.1
FIFTHS = 5
FIFTH = (0.85, 1.15)
LEAST_SHARE = 0.95
LEAST_HELD = 0.8  # 40 companies: two standard deviations below nine in ten
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """One company.

    Attributes:
        plan: What its plan truly brings in a year.
        repaired: The same of today's coverage with its vacancies filled.
        said_gain: What the plan says it gains over that.
        ends: Ends of the 90 % interval that it gives, lower and upper.
        dropped: Accounts left to nobody although hours are to spare.
        fifths: Said and true amount by fifth of what accounts are said to bring; shape (5, 2).
        whale: Said over true of the one large account, nan where there is none.
        unserved: Said over true amount of what customers would go on ordering without a rep.
    """

    plan: float
    repaired: float
    said_gain: float
    ends: tuple[float, float]
    dropped: int
    fifths: FloatArray
    whale: float
    unserved: float


def play(seed: int, nodes: list[dict[str, Any]]) -> Outcome:
    """Draw a company, plan it, and compare with the truth."""
    world = World(seed, draw_shape(seed))
    rng = np.random.default_rng([seed, 11])
    count = max(1, round(LEFT_RATE * world.shape.reps))
    left = rng.choice(world.shape.reps, count, replace=False)
    with tempfile.TemporaryDirectory() as folder:
        path = write_company(Path(folder), world, 0.05, left.tolist(), COST_PER_HOUR)
        ready = prepare(path, nodes)
        plan = plan_coverage(ready.warehouse, ready.company)
    rows = plan.assignments.set_index("account_id")
    rows = rows.loc[[f"A{number:05d}" for number in range(world.shape.accounts)]]
    decided, repaired = (_places(rows[column]) for column in ("rep_id", "repaired_rep_id"))
    truly = _truly(world, decided, left)
    said = (rows["new_amount"] + rows["existing_amount"]).to_numpy(dtype=np.float64)
    served = decided >= 0
    fifth = pd.qcut(pd.Series(said[served]).rank(method="first"), FIFTHS, labels=False).to_numpy()
    by_fifth = [np.bincount(fifth, of[served], FIFTHS) for of in (said, truly)]
    loads = plan.rep_loads
    spare = (loads["capacity_hours"] - loads["hours_after"]).clip(lower=0.0).sum()
    house = plan.pairs[plan.pairs["rep_id"] == "__house__"].set_index("account_id")
    unserved = house.loc[rows.index, "unserved_amount"].to_numpy(dtype=np.float64)
    gain = plan.gains[plan.gains["is_default"]].iloc[0]
    return Outcome(
        plan=float(truly.sum()),
        repaired=float(_truly(world, repaired, left).sum()),
        said_gain=float(gain["gain_amount"]),
        ends=(float(gain["gain_low_amount"]), float(gain["gain_high_amount"])),
        dropped=int((~served).sum()) if spare >= rows["hours"].max() else 0,
        fifths=np.stack(by_fifth, axis=1),
        whale=float(said[0] / truly[0]) if world.shape.whale else np.nan,
        unserved=float(unserved.sum() / ((1 - LOST) * world.expected[unserved > 0]).sum()),
    )


def _places(reps: pd.Series[str]) -> NDArray[np.int64]:
    """Number of each rep, -1 for nobody."""
    return np.array([int(rep[1:]) if rep.startswith("R") else -1 for rep in reps], dtype=np.int64)


def _truly(world: World, rep: NDArray[np.int64], left: NDArray[np.int64]) -> FloatArray:
    """What each account brings in a year under these reps, -1 for nobody.

    A change from a rep who is there loses LOST. Nobody wins no new business and loses LOST of what
    customers order.
    """
    brings = world.expected_under(np.where(rep < 0, world.owner, rep))
    is_customer = np.zeros(len(brings), dtype=np.bool_)
    deals = world.deals
    is_customer[deals.account[deals.won & (deals.closed <= 0)]] = True
    stays = (rep == world.owner) | (np.isin(world.owner, left) & (rep >= 0))
    return np.where(stays, brings, np.where((rep >= 0) | is_customer, (1 - LOST) * brings, 0.0))


def _is_held(outcome: Outcome) -> bool:
    """Whether the true gain lies within the interval; a hundredth of a percent is rounding."""
    slack = 1e-4 * outcome.repaired
    low, high = outcome.ends
    return low - slack <= outcome.plan - outcome.repaired <= high + slack


def report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Score all companies."""
    earned = np.array([outcome.plan / outcome.repaired - 1 for outcome in outcomes])
    said = np.array([outcome.said_gain / outcome.repaired for outcome in outcomes])
    fifths = np.mean([outcome.fifths[:, 0] / outcome.fifths[:, 1] for outcome in outcomes], axis=0)
    level = np.array([o.fifths[:, 0].sum() / o.fifths[:, 1].sum() for o in outcomes])
    whales = np.array([outcome.whale for outcome in outcomes])
    whales = whales[~np.isnan(whales)]
    dropped = sum(outcome.dropped for outcome in outcomes)
    held = np.mean([_is_held(outcome) for outcome in outcomes])
    # A plan of the same worth may differ in the last digit of a sum.
    as_good = float((earned >= -1e-9).mean())
    rules = {
        "plan >= vacancies filled in >= 95 % of companies": as_good >= LEAST_SHARE,
        "nobody dropped while hours are to spare": dropped == 0,
        "intervals of nine in ten hold in >= 80 %": bool(held >= LEAST_HELD),
        "every fifth within .85 to 1.15": bool(((FIFTH[0] <= fifths) & (fifths <= FIFTH[1])).all()),
        "large accounts within .85 to 1.15": not len(whales)
        or FIFTH[0] <= float(whales.mean()) <= FIFTH[1],
    }
    return {
        "worlds": len(outcomes),
        "plan_at_least_as_good": round(as_good, 3),
        "true_gain_mean": round(float(earned.mean()), 5),
        "true_gain_worst": round(float(earned.min()), 5),
        "said_gain_mean": round(float(said.mean()), 5),
        "intervals_held": round(float(held), 3),
        "dropped": dropped,
        "said_over_true_by_fifth": [round(float(value), 3) for value in fifths],
        "level_mean": round(float(level.mean()), 3),
        "level_sd": round(float(level.std()), 3),
        "whales": len(whales),
        "whale_said_over_true": round(float(whales.mean()), 3) if len(whales) else None,
        "unserved_said_over_true": round(float(np.mean([o.unserved for o in outcomes])), 3),
        "rules": rules,
        "pass": all(rules.values()),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Play every company, one line each, and a verdict; exit 1 where a rule does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    options = parser.parse_args(arguments)
    nodes = compile_sql()
    outcomes = []
    for seed in range(options.first, options.first + options.worlds):
        begun = time.process_time()
        outcome = play(seed, nodes)
        outcomes.append(outcome)
        line = {
            "world": seed,
            "true_gain": round(outcome.plan / outcome.repaired - 1, 5),
            "said_gain": round(outcome.said_gain / outcome.repaired, 5),
            "said_between": [round(end / outcome.repaired, 5) for end in outcome.ends],
            "dropped": outcome.dropped,
            "level": round(float(outcome.fifths[:, 0].sum() / outcome.fifths[:, 1].sum()), 3),
            "cpu_seconds": round(time.process_time() - begun, 1),
        }
        print(json.dumps(line), flush=True)
    verdict = report(outcomes)
    print(json.dumps(verdict))
    sys.exit(0 if verdict["pass"] else 1)


if __name__ == "__main__":
    main()
