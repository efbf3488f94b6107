"""Promised gains in companies whose truth is known: a small, pinned part of the benchmark."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks.identify import ARMS, KEEP, NOBODY_BETTER, best_plan, gain, play
from benchmarks.identify_company import write_company
from benchmarks.strength_world import make_world

SHAPES = {arm.name: arm.shape for arm in ARMS}


@pytest.mark.parametrize(
    "name", [arm.name for arm in ARMS if arm.is_null and "lent" not in arm.name]
)
def test_where_nobody_is_better_nearly_nothing_is_promised(name):
    outcomes = [play(seed, SHAPES[name]) for seed in range(2)]
    assert np.mean([outcome.claimed for outcome in outcomes]) <= 0.004


def test_where_accounts_changed_hands_the_promise_is_about_true():
    outcomes = [play(seed, SHAPES["tau .3, 60 % changed"]) for seed in range(3)]
    claimed, true = (
        np.mean([getattr(outcome, name) for outcome in outcomes]) for name in ("claimed", "true")
    )
    assert true > 0.03
    assert 0.6 <= claimed / true <= 1.4


def test_owners_keep_their_accounts_unless_they_changed_or_were_lent():
    kept = make_world(1, NOBODY_BETTER).deals
    assert kept.groupby("account_id", observed=True)["rep_id"].nunique().max() == 1
    changed = make_world(1, SHAPES["nobody better, half changed"])
    reps = changed.deals.groupby("account_id", observed=True)["rep_id"].nunique()
    assert reps.max() == 2
    assert 0.3 < (reps == 2).mean() < 0.6
    latest = changed.deals.sort_values("age_days").drop_duplicates("account_id")
    owner = changed.accounts.set_index("account_id")["owner_rep_id"]
    same = latest["rep_id"].astype(str).to_numpy() == owner[latest["account_id"]].to_numpy()
    assert same.mean() > 0.95, "but for accounts without a deal since they changed"


def test_seniors_hold_the_better_accounts_where_the_world_says_so():
    world = make_world(1, SHAPES["nobody better, seniors hold the better"])
    assert np.corrcoef(world.owner, world.truth.quality)[0, 1] > 0.4
    assert (
        abs(np.corrcoef(make_world(1, KEEP).owner, make_world(1, KEEP).truth.quality)[0, 1]) < 0.2
    )


def test_a_plan_moves_no_more_than_it_may_and_gains_by_its_own_values():
    world = make_world(2, KEEP)
    plan = best_plan(world.win_rate, world.owner)
    assert 0 < (plan != world.owner).mean() <= 0.15
    assert gain(world.win_rate, plan, world) > 0
    assert gain(world.win_rate, world.owner, world) == 0


def test_a_world_becomes_a_company_of_files(tmp_path):
    world = make_world(3, KEEP)
    settings = yaml.safe_load(write_company(tmp_path, world).read_text(encoding="utf-8"))
    deals = pd.read_csv(tmp_path / "opportunities.csv")
    mapped = settings["source"]["tables"]["opportunities"]["columns"]
    assert set(mapped) == set(deals)
    assert deals["is_won"].sum() == world.deals["is_won"].sum()
    owners = pd.read_csv(tmp_path / "accounts.csv")["owner_rep_id"]
    assert (owners == world.reps["rep_id"].to_numpy()[world.owner]).all()
