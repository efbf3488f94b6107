"""``python -m benchmarks.calibration``: are the chances and bands that a plan publishes true?

In generated companies the truth is known: how accounts, reps and owners are today, how the company
grows, how good and bad years fall. The true chance of a target is the share of many futures of the
world in which it is met. Each company's records go through the pipeline's own SQL and fits, its
past plans are back-tested, and its outlook is compared with the futures.

Belongs here: the figures and thresholds, one JSON line a level and one with the verdict. Does not
belong here: drawing worlds (``chances_world``) or running them (``chances_company``).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.chances_company import (
    Planned,
    backtest_by_command,
    plan_of_record,
    write_company,
)
from benchmarks.chances_world import World, draw_shape
from benchmarks.prepare import compile_sql
from dagster_project.planning.quotas import (
    LAST_BACKTEST,
    context_of_past,
    quota_inputs,
    quota_policy,
)
from optimization.arrays import FloatArray
from optimization.backtest.verdict import CALIBRATED, LEVELS
from optimization.plan_quotas import allocate_quotas
from optimization.quotas.bookings import simulate_bookings
from optimization.quotas.chances import Calibration
from optimization.quotas.context import uncertainty
from optimization.quotas.expected import expected_business
from optimization.quotas.inputs import QuotaInputs

FUTURES = 2000
# What companies ask of a year over the one before.
GOAL_GROWTH, GOAL_SD = 0.08, 0.08
FIFTHS = 5
MOST_ERROR = 0.10
BAND = (0.72, 0.88)
SLOPE = (0.7, 1.3)
FIFTH = (0.85, 1.15)


@dataclass(frozen=True)
class Outcome:
    """One company.

    Attributes:
        entities: One row per company, group and rep: world, level, said (the chance, published or
            not), is_published, true, held (share of futures within the band), error (expected over
            true amount).
        backtest: Rows of its back-test.
        fifths: Said and true amount by fifth of what accounts are expected to buy; shape (5, 2).
        past_share: Share of past years in which the company grew as much as the goal asks.
    """

    entities: pd.DataFrame
    backtest: pd.DataFrame
    fifths: FloatArray
    past_share: float


def compare_with_commands(seed: int, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """Back-test one company here and by the commands a user runs; both must say the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_company(Path(folder), World(seed, draw_shape(seed)), GOAL_GROWTH)
        here = plan_of_record(path, nodes).backtest
        there = backtest_by_command(path)
    key = ["cut_on", "level", "entity_id", "period_type", "period_on"]
    amounts = ["expected_amount", "low_amount", "high_amount", "actual_amount"]
    here, there = (
        rows.astype({"cut_on": str, "period_on": str}).set_index(key)[amounts].sort_index()
        for rows in (here, there)
    )
    is_same = here.index.equals(there.index)
    apart = float((here - there).abs().to_numpy().max()) if is_same else None
    return {
        "world": seed,
        "rows": len(here),
        "largest_difference": apart,
        "pass": apart is not None and apart < 0.011,
    }


def play(seed: int, nodes: list[dict[str, Any]]) -> Outcome:
    """Draw a company, plan it, and compare with its futures."""
    world = World(seed, draw_shape(seed))
    goal = float(np.random.default_rng([seed, 5]).normal(GOAL_GROWTH, GOAL_SD))
    with tempfile.TemporaryDirectory() as folder:
        planned = plan_of_record(write_company(Path(folder), world, goal), nodes)
    accounts = planned.tables["coverage_assignments"]
    said = accounts["new_amount"] + accounts["existing_amount"]
    true = world.expected[accounts["account_id"].str[1:].astype(int).to_numpy()]
    fifth = pd.qcut(said.rank(method="first"), FIFTHS, labels=False).to_numpy()
    return Outcome(
        entities=_entities(seed, world, planned),
        backtest=planned.backtest,
        fifths=np.stack(
            [np.bincount(fifth, values, FIFTHS) for values in (said.to_numpy(), true)], axis=1
        ),
        past_share=_past_share(world, goal),
    )


def _entities(seed: int, world: World, planned: Planned) -> pd.DataFrame:
    tables, policy = planned.tables, quota_policy(planned.company)
    given = quota_inputs(tables, planned.company)
    context = replace(context_of_past(tables), backtest=tables[LAST_BACKTEST])
    outlook = allocate_quotas(**given, policy=policy, context=context).attainment_outlook
    inputs = QuotaInputs.from_frames(**given, open_business=context.open_business)
    bookings = simulate_bookings(
        inputs,
        expected_business(inputs, policy),
        uncertainty(context, policy),
        Calibration.from_summary(context.backtest),
        policy,
    )
    future = world.futures(FUTURES)
    members = np.equal.outer(world.group, np.arange(world.shape.groups)).astype(np.float64)
    futures = {"company": future.sum(axis=1, keepdims=True), "group": future @ members}
    futures["rep"] = future
    drawn = {"company": bookings.company, "group": bookings.group, "rep": bookings.rep}
    rows = []
    own = outlook[outlook["is_default"]]
    for row in own.to_dict("records"):
        level, name = str(row["level"]), str(row["entity_id"])
        place = 0 if level == "company" else int(name[1:])
        names = {"company": ("company",), "group": inputs.group_ids, "rep": inputs.rep_ids}[level]
        draws = drawn[level][:, names.index(name)]
        came = futures[level][:, place]
        rows.append(
            {
                "world": seed,
                "level": level,
                "said": float((draws >= row["target_amount"]).mean()),
                "is_published": row["chance_verdict"] == CALIBRATED,
                "true": float((came >= row["target_amount"]).mean()),
                "held": float(((row["low_amount"] <= came) & (came <= row["high_amount"])).mean()),
                "error": float(row["expected_amount"] / came.mean()),
            }
        )
    return pd.DataFrame(rows)


def _past_share(world: World, goal: float) -> float:
    deals = world.deals
    won = (deals.closed <= 0) & deals.won
    year = np.bincount((-deals.closed[won]) // 365, deals.amount[won], world.shape.years)
    grown = year[:-1] / year[1:] - 1
    return float((grown >= goal).mean())


def report(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Score all companies: one line a level, one for accounts, and the verdict."""
    entities = pd.concat([outcome.entities for outcome in outcomes], ignore_index=True)
    backtest = pd.concat([outcome.backtest for outcome in outcomes], ignore_index=True)
    lines = [_level(level, entities, backtest) for level in LEVELS]
    company = entities[entities["level"] == "company"]
    past = np.array([outcome.past_share for outcome in outcomes])
    brier = {
        "said": float(((company["said"] - company["true"]) ** 2).mean()),
        "always_half": float(((0.5 - company["true"]) ** 2).mean()),
        "past_share": float(((past - company["true"]) ** 2).mean()),
    }
    lines[0]["squared_error"] = {name: round(value, 4) for name, value in brier.items()}
    lines[0]["rules"]["squared error below always 50 % and the past share"] = brier["said"] < min(
        brier["always_half"], brier["past_share"]
    )
    parts = np.array([outcome.fifths[:, 0] / outcome.fifths[:, 1] for outcome in outcomes])
    fifths = parts.mean(axis=0)
    lines.append(
        {
            "level": "account",
            "said_over_true_by_fifth": [round(float(value), 3) for value in fifths],
            "rules": {
                "every fifth within .85 to 1.15": bool(
                    ((FIFTH[0] <= fifths) & (fifths <= FIFTH[1])).all()
                )
            },
        }
    )
    for line in lines:
        line["pass"] = all(line["rules"].values())
    return lines


def _level(level: str, entities: pd.DataFrame, backtest: pd.DataFrame) -> dict[str, Any]:
    rows = entities[entities["level"] == level]
    said, true = (rows[name].to_numpy(dtype=np.float64) for name in ("said", "true"))
    published = rows["is_published"].to_numpy(dtype=bool)
    distance = np.abs(said - true)
    error = float(distance[published].mean()) if published.any() else None
    held = float(rows["held"].mean())
    rules = {"80 % bands hold 72 to 88 %": BAND[0] <= held <= BAND[1]}
    if level == "rep":
        slope = _slope(said[published], true[published]) if published.sum() > 2 else None
        is_right = slope is None or SLOPE[0] <= slope <= SLOPE[1]
        rules["slope of published chances in [.7, 1.3], or none is published"] = is_right
    if level == "company":
        rules["mean error of published chances <= .10, and some are published"] = (
            error is not None and error <= MOST_ERROR
        )
    past = backtest[backtest["level"] == level]
    return {
        "level": level,
        "entities": len(rows),
        "published": int(published.sum()),
        "mean_error_published": None if error is None else round(error, 3),
        "mean_error_all": round(float(distance.mean()), 3),
        "slope_all": round(_slope(said, true), 3),
        "band_held": round(held, 3),
        "expected_over_true": round(float(rows["error"].mean()), 3),
        "expected_over_true_sd": round(float(rows["error"].std()), 3),
        "backtest_band_held": {
            str(period): round(float(part["is_held"].mean()), 3)
            for period, part in past.groupby("period_type")
        },
        "rules": rules,
    }


def _slope(said: FloatArray, true: FloatArray) -> float:
    return float(np.polyfit(said, true, 1)[0])


def main(arguments: Sequence[str] | None = None) -> None:
    """Play every world; exit 1 where a rule does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="seed of the first world")
    parser.add_argument(
        "--commands", type=int, default=0, help="companies that go through whole refreshes too"
    )
    chosen = parser.parse_args(arguments)
    started = time.process_time()
    nodes = compile_sql()
    outcomes = []
    for place in range(chosen.worlds):
        outcomes.append(play(chosen.first + place, nodes))
        print(f"world {place + 1} of {chosen.worlds}", file=sys.stderr, flush=True)
    lines = report(outcomes) if outcomes else []
    lines += [compare_with_commands(chosen.first + n, nodes) for n in range(chosen.commands)]
    for line in lines:
        print(json.dumps(line), flush=True)
    passed = all(line["pass"] for line in lines)
    verdict = {
        "worlds": chosen.worlds,
        "cpu_seconds": round(time.process_time() - started, 1),
        "pass": passed,
    }
    print(json.dumps(verdict), flush=True)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
