"""The strength models in SQL against an independent NumPy version of the same formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from dagster_project.transform.build import build_models
from dagster_project.transform.check import create_empty_sources
from dagster_project.warehouse.duckdb_file import Warehouse
from tests.dagster_project.strength_reference import (
    ADVANTAGE,
    SEGMENT,
    VALUE_TERMS,
    WIN_TERMS,
    Fit,
    age_weight,
)

HOLDOUT_DAYS = 180
MODELS = (
    "int_strength__deals",
    "int_strength__tuning_cells",
    "int_strength__tuning_effects",
    "int_strength__half_lives",
    "int_strength__cells",
    "int_strength__effects",
    "int_values__cells",
    "int_values__effects",
    "strength_guard",
    "int_strength__predictions",
    "strength_backtest",
)


def random_deals(seed: int, count: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    accounts = [f"A{number}" for number in range(150)]
    home = {account: f"R{rng.integers(12)}" for account in accounts}
    deals = pd.DataFrame(
        {
            "opportunity_id": [f"O{number}" for number in range(count)],
            "account_id": rng.choice(accounts, count),
            "revenue_type": rng.choice(["new", "existing"], count),
            "industry": rng.choice(["retail", "energy", "health", "finance"], count),
            "geography": rng.choice(["north", "south", "east | west"], count),
            "size_band": rng.choice(["small", "large"], count),
            "product": rng.choice(["p1", "p2", "p3"], count),
            "age_days": rng.integers(0, 1200, count),
            "is_closed": True,
        }
    )
    lent = rng.random(count) < 0.4
    deals["rep_id"] = deals["account_id"].map(home)
    deals.loc[lent, "rep_id"] = rng.choice([f"R{i}" for i in range(12)], lent.sum())
    deals["group_id"] = "g" + (deals["rep_id"].str[1:].astype(int) % 3).astype(str)
    skill = {f"R{i}": rng.normal(0, 0.5) for i in range(12)}
    niche = {key: rng.normal(0, 0.5) for key in (deals["rep_id"] + deals["industry"]).unique()}
    taste = {account: rng.normal(0, 0.4) for account in accounts}
    lp = deals["rep_id"].map(skill) + (deals["rep_id"] + deals["industry"]).map(niche) - 0.2
    lp += deals["account_id"].map(taste)
    deals["is_won"] = rng.random(count) < 1 / (1 + np.exp(-lp))
    size = deals["account_id"].map(taste) + 0.5 * deals["rep_id"].map(skill)
    deals["amount"] = np.exp(8 + size + rng.normal(0, 0.5, count)).round(2)
    deals.loc[~deals["is_won"] & (rng.random(count) < 0.5), "amount"] = 0.0
    return deals


def run_models(deals: pd.DataFrame, folder: Path) -> Warehouse:
    path = str(folder / "warehouse.duckdb")
    warehouse = Warehouse(path=path)
    create_empty_sources(warehouse)
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists intermediate")
        connection.register("given", deals)
        connection.execute(
            "create table intermediate.int_opportunities__profiled as select * from given"
        )
        connection.unregister("given")
    results = build_models(["--select", *MODELS], folder / "target", Path(path))
    assert [result.message for result in results if not result.is_good] == []
    return warehouse


@pytest.fixture(scope="module", params=[1, 2])
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[pd.DataFrame, Warehouse]:
    deals = random_deals(request.param, 3000)
    warehouse = run_models(deals, tmp_path_factory.mktemp("strength"))
    # Accounts here have several deals and change hands, so they have effects of their own.
    return deals.assign(account_key=deals["account_id"]), warehouse


def split(deals: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    is_late = deals["age_days"] <= HOLDOUT_DAYS
    return deals[~is_late].reset_index(drop=True), deals[is_late].reset_index(drop=True)


def chosen_half_life(warehouse: Warehouse) -> int:
    tried = warehouse.read("intermediate.int_strength__half_lives")
    return int(tried.loc[tried["is_chosen"], "half_life_days"].iloc[0])


def assert_equal_effects(fitted: pd.DataFrame, fit: Fit) -> None:
    expected = fit.rows()
    both = expected.merge(fitted, on=["term", "rep_id", "level"], suffixes=("_numpy", "_sql"))
    assert len(both) == len(expected) == len(fitted)
    assert sum(tau2 > 0 for tau2 in fit.tau2.values()) >= 2, "no signal: the test shows nothing"
    for column in ("effect", "tau2", "information"):
        np.testing.assert_allclose(both[f"{column}_sql"], both[f"{column}_numpy"], atol=1e-9)


def test_every_effect_on_wins_equals_the_reference(case: tuple[pd.DataFrame, Warehouse]) -> None:
    deals, warehouse = case
    half_life = chosen_half_life(warehouse)
    fitted = warehouse.read("intermediate.int_strength__effects")
    early, _ = split(deals)
    for sample, rows, age in (
        ("all", deals, deals["age_days"]),
        ("train", early, early["age_days"] - HOLDOUT_DAYS),
    ):
        weight = age_weight(age, half_life)
        fit = Fit(rows, rows["is_won"], weight, WIN_TERMS, is_binary=True)
        assert_equal_effects(fitted[fitted["sample"] == sample], fit)


def test_every_effect_on_values_equals_the_reference(case: tuple[pd.DataFrame, Warehouse]) -> None:
    deals, warehouse = case
    won = deals[deals["is_won"] & (deals["amount"] > 0)].reset_index(drop=True)
    weight = age_weight(won["age_days"], chosen_half_life(warehouse))
    fit = Fit(won, np.log(won["amount"]), weight, VALUE_TERMS, is_binary=False)
    fitted = warehouse.read("intermediate.int_values__effects")
    assert_equal_effects(fitted[fitted["sample"] == "all"], fit)


def test_the_longest_half_life_as_good_as_the_best_is_chosen(
    case: tuple[pd.DataFrame, Warehouse],
) -> None:
    deals, warehouse = case
    early, _ = split(deals)
    cut = np.quantile(early["age_days"], 0.25)
    newest = early["age_days"] <= cut
    older, judged = early[~newest].reset_index(drop=True), early[newest].reset_index(drop=True)
    y = judged["is_won"].to_numpy(float)
    losses = {}
    for half_life in (0, 730, 365, 180):
        weight = age_weight(older["age_days"] - cut, half_life)
        fit = Fit(older, older["is_won"], weight, WIN_TERMS, is_binary=True, passes=1)
        p = 1 / (1 + np.exp(-fit.predict(judged, SEGMENT + ADVANTAGE)))
        losses[half_life] = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    best = min(losses, key=lambda half_life: losses[half_life].mean())
    good = [
        half_life
        for half_life, loss in losses.items()
        if (loss - losses[best]).mean() <= (loss - losses[best]).std() / np.sqrt(len(y))
    ]
    assert chosen_half_life(warehouse) == max(good, key=lambda days: days or np.inf)
    tried = warehouse.read("intermediate.int_strength__half_lives").set_index("half_life_days")
    for half_life, loss in losses.items():
        assert tried.loc[half_life, "log_loss"] == pytest.approx(loss.mean(), abs=1e-9)


def test_the_guard_is_the_slope_of_later_wins_on_the_advantage(
    case: tuple[pd.DataFrame, Warehouse],
) -> None:
    deals, warehouse = case
    early, late = split(deals)
    weight = age_weight(early["age_days"] - HOLDOUT_DAYS, chosen_half_life(warehouse))
    fit = Fit(early, early["is_won"], weight, WIN_TERMS, is_binary=True)
    lp, advantage = fit.predict(late, SEGMENT), fit.predict(late, ADVANTAGE)
    y = late["is_won"].to_numpy(float)

    def loss(theta):
        eta = theta[0] + lp + theta[1] * advantage
        return np.logaddexp(0, eta).sum() - (y * eta).sum()

    slope = minimize(loss, np.zeros(2), tol=1e-12).x[1]
    guard = warehouse.read("marts.strength_guard").iloc[0]
    assert guard["slope"] == pytest.approx(slope, abs=1e-4)
    p = 1 / (1 + np.exp(-(minimize(loss, np.zeros(2), tol=1e-12).x[0] + lp + slope * advantage)))
    v = p * (1 - p)
    hessian = np.array(
        [[v.sum(), (v * advantage).sum()], [(v * advantage).sum(), (v * advantage**2).sum()]]
    )
    assert guard["slope_se"] == pytest.approx(np.sqrt(np.linalg.inv(hessian)[1, 1]), rel=1e-4)
    assert guard["is_on"] == (guard["slope"] - 1.645 * guard["slope_se"] > 0)


def test_the_value_guard_is_a_least_squares_slope(case: tuple[pd.DataFrame, Warehouse]) -> None:
    deals, warehouse = case
    early, late = (
        part[part["is_won"] & (part["amount"] > 0)].reset_index(drop=True) for part in split(deals)
    )
    weight = age_weight(early["age_days"] - HOLDOUT_DAYS, chosen_half_life(warehouse))
    fit = Fit(early, np.log(early["amount"]), weight, VALUE_TERMS, is_binary=False)
    residual = np.log(late["amount"]) - fit.predict(late, ("base", *set(VALUE_TERMS) - {"rep"}))
    x = fit.predict(late, ("rep",))
    slope = np.polyfit(x, residual, 1)[0]
    guard = warehouse.read("marts.strength_guard").iloc[0]
    assert guard["value_slope"] == pytest.approx(slope, abs=1e-9)


def test_the_backtest_s_scores_are_those_of_the_predictions(
    case: tuple[pd.DataFrame, Warehouse],
) -> None:
    deals, warehouse = case
    early, late = split(deals)
    weight = age_weight(early["age_days"] - HOLDOUT_DAYS, chosen_half_life(warehouse))
    fit = Fit(early, early["is_won"], weight, WIN_TERMS, is_binary=True)
    y = late["is_won"].to_numpy(float)
    table = warehouse.read("marts.strength_backtest").set_index("model")
    for model, parts in (
        ("segment", SEGMENT),
        ("segment_rep", (*SEGMENT, "group", "rep")),
        ("strength", SEGMENT + ADVANTAGE),
    ):
        p = 1 / (1 + np.exp(-fit.predict(late, parts)))
        loss = -(y * np.log(p) + (1 - y) * np.log(1 - p))
        above = (p[y == 1][:, None] > p[y == 0][None, :]) + 0.5 * np.isclose(
            p[y == 1][:, None], p[y == 0][None, :], rtol=0, atol=1e-13
        )
        assert table.loc[model, "log_loss"] == pytest.approx(loss.mean(), abs=1e-9)
        assert table.loc[model, "brier_score"] == pytest.approx(((p - y) ** 2).mean(), abs=1e-9)
        assert table.loc[model, "auc"] == pytest.approx(np.minimum(above, 1).mean(), abs=1e-3)


def test_with_only_won_deals_nothing_is_estimated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deals = random_deals(3, 500).assign(is_won=True, amount=100.0)
    warehouse = run_models(deals, tmp_path, monkeypatch)
    fitted = warehouse.read("intermediate.int_strength__effects")
    assert not fitted["is_estimable"].any()
    assert set(fitted["term"]) == {"base"}
    guard = warehouse.read("marts.strength_guard").iloc[0]
    assert guard["signal"] == "not_estimable"
    assert "Every closed deal on record is won" in guard["reason"]
    assert not guard["is_on"]
    assert not guard["is_value_on"]
