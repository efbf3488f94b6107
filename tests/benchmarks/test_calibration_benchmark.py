"""The calibration benchmark: its worlds are what they say, and wrong chances fail it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.calibration import Outcome, report
from benchmarks.chances_world import Shape, World, draw_shape


@pytest.mark.parametrize("seed", [1, 2])
def test_futures_come_to_what_accounts_are_worth_and_go_on_from_the_past(seed: int) -> None:
    shape = replace(draw_shape(seed), company_shock=0.01, group_shock=0.0, turn=0.0, growth=0.0)
    world = World(seed, replace(shape, lent=0.0, whale=0.0, drift=0.05))
    futures = world.futures(300).sum(axis=1)
    assert futures.mean() == pytest.approx(world.expected.sum(), rel=0.05)
    deals = world.deals
    won = (deals.closed <= 0) & deals.won
    years = np.bincount(-deals.closed[won] // 365, deals.amount[won])
    assert years[:3].mean() == pytest.approx(futures.mean(), rel=0.15)


def test_good_years_move_all_futures_together_and_a_whale_is_as_large_as_it_says() -> None:
    calm = World(1, Shape(company_shock=0.0, group_shock=0.0, turn=0.0, drift=0.0))
    wild = World(1, Shape(company_shock=0.3, group_shock=0.0, turn=0.0, drift=0.0))
    spread = [world.futures(300).sum(axis=1) for world in (calm, wild)]
    assert spread[1].std() / spread[1].mean() > 3 * spread[0].std() / spread[0].mean()
    whale = World(1, Shape(whale=0.3, creation_sd=0.0, win_sd=0.0)).expected
    assert whale[0] / whale.sum() == pytest.approx(0.3, abs=0.05)


def outcomes(said: float, held: float = 0.8, ratio: float = 1.0) -> list[Outcome]:
    """Twenty companies whose true chances run from 0 to 1; ``said`` is added to them."""
    found = []
    for world, true in enumerate(np.linspace(0, 1, 20)):
        rows = [
            (world, level, true + said, level != "rep", true, held, 1.0)
            for level in ("company", "group", "rep")
        ]
        columns = ["world", "level", "said", "is_published", "true", "held", "error"]
        nothing = pd.DataFrame({"level": [], "period_type": [], "is_held": []})
        fifths = np.array([[ratio, 1.0], *[[1.0, 1.0]] * 4])
        found.append(Outcome(pd.DataFrame(rows, columns=columns), nothing, fifths, 0.5))
    return found


def passes(found: list[Outcome]) -> dict[str, bool]:
    return {line["level"]: line["pass"] for line in report(found)}


def test_true_chances_pass_and_each_claim_that_does_not_hold_fails() -> None:
    right = dict.fromkeys(("company", "group", "rep", "account"), True)
    assert passes(outcomes(0.05)) == right
    assert passes(outcomes(0.2)) == right | {"company": False}
    assert passes(outcomes(0.0, held=0.95)) == dict.fromkeys(right, False) | {"account": True}
    assert passes(outcomes(0.0, ratio=0.7)) == right | {"account": False}


def test_no_published_chance_is_no_pass_for_the_company_and_one_for_reps() -> None:
    silent = [
        replace(each, entities=each.entities.assign(is_published=False)) for each in outcomes(0.0)
    ]
    assert passes(silent) == {"company": False, "group": True, "rep": True, "account": True}


def test_reps_chances_that_do_not_tell_them_apart_fail_once_they_are_published() -> None:
    found = []
    for each in outcomes(0.0):
        rows = each.entities.assign(is_published=True)
        is_rep = rows["level"] == "rep"
        rows.loc[is_rep, "said"] = 0.45 + rows.loc[is_rep, "true"] / 10
        found.append(replace(each, entities=rows))
    assert not passes(found)["rep"]
