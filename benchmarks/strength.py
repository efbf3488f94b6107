"""``python -m benchmarks.strength``: does the strength model find what is true, and only that?

Belongs here: the cases, their figures and thresholds, one JSON line each. Does not belong here:
drawing worlds (``strength_world``) or the model itself (``optimization.strength``).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from benchmarks.spells import spells_of
from benchmarks.strength_world import YEARS, Shape, World, make_world
from optimization.arrays import FloatArray, IntArray
from optimization.estimate_strengths import estimate_strengths
from optimization.strength.guard import Z_90
from optimization.strength.win_rates import NOBODY

BASE = Shape()
NULL = replace(BASE, tau_rep=0.0, tau_interaction=0.0)
CAPACITY = 1.1


@dataclass(frozen=True)
class Estimate:
    """What the product says of a world; arrays have shape (accounts, reps)."""

    is_on: bool
    multiplier: float
    win_rate: FloatArray
    advantage: FloatArray
    advantage_sd: FloatArray
    strengths: pd.DataFrame
    wins_a_year: FloatArray
    creation_multiplier: float


def estimate(world: World) -> Estimate:
    """Estimate a world without any belief about its reps."""
    mix = world.deals.groupby(["industry", "product"], observed=True).size().reset_index(name="n")
    mix["share"] = mix["n"] / mix.groupby("industry", observed=True)["n"].transform("sum")
    spells = spells_of(world.deals, world.accounts, world.reps)
    found = estimate_strengths(
        world.deals,
        spells,
        world.accounts,
        world.reps,
        no_priors(),
        mix.assign(margin_rate=1.0),
    )
    rates = found.profile_win_rates
    key = ["industry", "geography", "size_band"]
    pairs = world.accounts[["account_id", *key]].merge(rates[rates["rep_id"] != NOBODY], on=key)

    def grid(column: str) -> FloatArray:
        wide = pairs.pivot(index="account_id", columns="rep_id", values=column)
        return wide.loc[world.accounts["account_id"], world.reps["rep_id"]].to_numpy(dtype=float)

    transport = found.strength_transport.set_index(["model", "dimension"])["multiplier"]
    deals = deals_a_year(world, found.effects)
    of_types = sum(
        deals[:, place, None] * grid(f"{name}_won_value_rate")
        for place, name in enumerate(("new", "existing"))
    )
    return Estimate(
        is_on=bool(found.strength_guard["is_on"].iloc[0]),
        multiplier=float(found.strength_transport["multiplier"].iloc[:4].mean()),
        win_rate=grid("win_rate"),
        advantage=grid("advantage"),
        advantage_sd=grid("advantage_sd"),
        strengths=found.rep_strengths,
        wins_a_year=of_types * grid("creation_factor"),
        creation_multiplier=float(transport["creation", "overall"]),
    )


def deals_a_year(world: World, effects: pd.DataFrame) -> FloatArray:
    """Deals a year of each account with a rep like any other: dbt's rate, all of one kind.

    Returns:
        Of new and of existing business, shape (accounts, 2).
    """
    in_charge = effects[(effects["model"] == "creation") & (effects["term"] == "in_charge")]
    factor = np.exp(world.accounts["account_id"].map(in_charge.set_index("level")["effect"]))
    years = YEARS * factor.fillna(1.0).to_numpy(dtype=float)

    def rate(revenue_type: str) -> FloatArray:
        of_type = world.deals[world.deals["revenue_type"] == revenue_type]
        counted = of_type["account_id"].value_counts()
        deals = world.accounts["account_id"].map(counted).fillna(0).to_numpy(dtype=float)
        mean = deals.sum() / years.sum()
        spread = (deals / years).var(ddof=1) - mean * (1 / years).mean()
        if spread <= 0:
            return np.full(len(years), mean)
        return np.asarray((deals + mean**2 / spread) / (years + mean / spread))

    return np.column_stack([rate("new"), rate("existing")])


def no_priors() -> pd.DataFrame:
    """Build an empty table of beliefs."""
    columns = ["rep_id", "dimension", "level", "prior_effect", "pseudo_deals", "is_rated"]
    return pd.DataFrame(columns=columns)


def assign(value: FloatArray, held: IntArray | None = None) -> IntArray:
    """Assign each account one rep, each rep at most 1.1 times the mean; optimal.

    Args:
        value: Value of each pair, shape (accounts, reps).
        held: Rep of each account today, who may go on having as many; shape (accounts,).

    Returns:
        Index of the rep of each account, shape (accounts,).
    """
    accounts, reps = value.shape
    places = np.full(reps, int(np.ceil(CAPACITY * accounts / reps)))
    if held is not None:
        places = np.maximum(places, np.bincount(held, minlength=reps))
    _, column = linear_sum_assignment(np.repeat(value, places, axis=1), maximize=True)
    return np.asarray(np.repeat(np.arange(reps), places)[column], dtype=np.int64)


@dataclass(frozen=True)
class Scores:
    """Figures of one world."""

    is_on: bool
    spearman: float
    captured: float
    uplift_ratio: float
    predicted_uplift: float
    coverage: float


@cache
def score(seed: int, shape: Shape) -> Scores:
    """Draw a world, estimate it and judge the estimate on the truth."""
    world = make_world(seed, shape)
    found = estimate(world)
    rows = np.arange(shape.accounts)
    chosen, best = assign(found.win_rate), assign(world.win_rate)
    at_random = world.win_rate.mean()
    true_uplift = world.win_rate[rows, chosen].mean() - at_random
    predicted = found.win_rate[rows, chosen].mean() - found.win_rate.mean()
    inside = np.abs(found.advantage - world.advantage) <= Z_90 * found.advantage_sd
    possible = world.win_rate[rows, best].mean() - at_random
    # Without skill nothing can be gained: shares of it have no meaning.
    return Scores(
        is_on=found.is_on,
        spearman=_spearman(found.win_rate, world.win_rate),
        captured=float(true_uplift / possible) if possible > 1e-9 else np.nan,
        uplift_ratio=float(predicted / true_uplift) if possible > 1e-9 else np.nan,
        predicted_uplift=float(predicted / found.win_rate.mean()),
        coverage=float(inside.mean()),
    )


def _spearman(ours: FloatArray, true: FloatArray) -> float:
    """Mean over accounts of the rank correlation over reps; 0 where all are estimated alike."""
    a, b = rankdata(ours, axis=1), rankdata(true, axis=1)
    a -= a.mean(axis=1, keepdims=True)
    b -= b.mean(axis=1, keepdims=True)
    spread = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    both = (a * b).sum(axis=1)
    return float(np.divide(both, spread, out=np.zeros_like(both), where=spread > 0).mean())


Figures = dict[str, float | list[float] | bool]


def _series(values: Iterable[float]) -> Figures:
    array = np.array(list(values), dtype=float)
    return {
        "mean": round(float(array.mean()), 4),
        "min": round(float(array.min()), 4),
        "max": round(float(array.max()), 4),
        "runs": float(len(array)),
    }


def _base_case(name: str) -> Callable[[int], Figures]:
    return lambda seeds: _series(getattr(score(seed, BASE), name) for seed in range(seeds))


def null_uplift(seeds: int) -> Figures:
    """Uplift claimed where nobody is better at anything."""
    return _series(score(seed, NULL).predicted_uplift for seed in range(seeds))


def guard_rates(seeds: int) -> Figures:
    """How often the guard is on: without skill (4 x seeds worlds), with it (1.5 x seeds)."""
    off, on = 4 * seeds, (3 * seeds) // 2
    return {
        "null_on": float(np.mean([score(seed, NULL).is_on for seed in range(off)])),
        "null_runs": float(off),
        "base_on": float(np.mean([score(seed, BASE).is_on for seed in range(on)])),
        "base_runs": float(on),
    }


def more_data(seeds: int) -> Figures:
    """Captured value at 60, 200 and 600 deals a rep."""
    means = [
        float(
            np.mean([score(s, replace(BASE, deals_per_rep=deals)).captured for s in range(seeds)])
        )
        for deals in (60, 200, 600)
    ]
    return {"captured": [round(mean, 4) for mean in means]}


def planted(seeds: int) -> Figures:
    """A rep who is strong in an industry of which it owns no account: found, named and used."""
    shape = replace(BASE, planted=1.2)
    named, used = [], []
    for seed in range(seeds):
        world = make_world(seed, shape)
        found = estimate(world)
        row = found.strengths.query("rep_id == 'R00000' and level == 'industry00000'").iloc[0]
        named.append(row["is_named"] and row["effect"] > 0)
        mine = assign(found.win_rate) == 0
        in_industry = (world.accounts["industry"] == "industry00000").to_numpy()
        used.append(in_industry[mine].mean() > 2 * in_industry.mean())
    return {"named": float(np.mean(named)), "used": float(np.mean(used)), "runs": float(seeds)}


@dataclass(frozen=True)
class Case:
    """One row of the table: what is measured and what it must show."""

    name: str
    measure: Callable[[int], Figures]
    wanted: str
    holds: Callable[[Figures], bool]


def _at(figures: Figures, name: str) -> float:
    value = figures[name]
    assert isinstance(value, float)
    return value


CASES = (
    Case(
        "spearman",
        _base_case("spearman"),
        "mean >= .60, each >= .50",
        lambda f: _at(f, "mean") >= 0.60 and _at(f, "min") >= 0.50,
    ),
    Case(
        "captured",
        _base_case("captured"),
        "mean >= .52, each >= .40",
        lambda f: _at(f, "mean") >= 0.52 and _at(f, "min") >= 0.40,
    ),
    Case(
        "predicted_over_true_uplift",
        _base_case("uplift_ratio"),
        "mean in [.70, 1.10]",
        lambda f: 0.70 <= _at(f, "mean") <= 1.10,
    ),
    Case(
        "predicted_uplift_without_skill",
        null_uplift,
        "mean <= 4 %, each <= 8 %",
        lambda f: _at(f, "mean") <= 0.04 and _at(f, "max") <= 0.08,
    ),
    Case(
        "guard_on",
        guard_rates,
        "without skill <= 12 %, with skill >= 95 %",
        lambda f: _at(f, "null_on") <= 0.12 and _at(f, "base_on") >= 0.95,
    ),
    Case(
        "interval_90_covers",
        _base_case("coverage"),
        "mean in [.85, .95]",
        lambda f: 0.85 <= _at(f, "mean") <= 0.95,
    ),
    Case(
        "more_data_captures_more",
        more_data,
        "60 < 200 < 600 deals a rep",
        lambda f: isinstance(f["captured"], list) and f["captured"] == sorted(set(f["captured"])),
    ),
    Case(
        "planted_strength",
        planted,
        "used in every run, named in 80 %",
        lambda f: _at(f, "named") >= 0.8 and _at(f, "used") == 1.0,
    ),
)


def main() -> None:
    """Measure every case; exit 1 where one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="worlds per case (guard: 4 x)")
    parser.add_argument("--case", choices=[case.name for case in CASES], help="only this one")
    arguments = parser.parse_args()
    all_hold = True
    for case in CASES:
        if arguments.case not in (None, case.name):
            continue
        started = time.process_time()
        figures = case.measure(arguments.seeds)
        holds = case.holds(figures)
        all_hold &= holds
        line = {
            "case": case.name,
            **figures,
            "wanted": case.wanted,
            "holds": holds,
            "cpu_seconds": round(time.process_time() - started, 1),
        }
        print(json.dumps(line), flush=True)
    sys.exit(0 if all_hold else 1)


if __name__ == "__main__":
    main()
