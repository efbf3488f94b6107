"""The strength fit in SQL against an independent NumPy version of the same formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dagster_project.transform import build, create_empty_sources
from dagster_project.warehouse import Warehouse

TERMS = {
    "industry": ["industry"],
    "geography": ["geography"],
    "size_band": ["size_band"],
    "product": ["product"],
    "group": ["group_id"],
    "rep": ["rep_id"],
    "rep_industry": ["rep_id", "industry"],
    "rep_geography": ["rep_id", "geography"],
    "rep_size_band": ["rep_id", "size_band"],
    "rep_product": ["rep_id", "product"],
}
PASSES = 3


def reference_effects(deals: pd.DataFrame) -> pd.DataFrame:
    """Fit deal by deal (not by cell): columns of TERMS, y in {0, 1}, w > 0."""
    y, w = deals["y"].to_numpy(float), deals["w"].to_numpy(float)
    levels = {
        term: deals[columns].agg(" | ".join, axis=1).to_numpy() for term, columns in TERMS.items()
    }
    effect = {term: dict.fromkeys(np.unique(keys), 0.0) for term, keys in levels.items()}
    base = np.log((w * y).sum() / (w - w * y).sum())
    lp = np.full(len(deals), base)
    rows = []
    for number in range(PASSES):
        for term, keys in levels.items():
            p = 1 / (1 + np.exp(-lp))
            stats = []
            for level in effect[term]:
                at = keys == level
                g = (w[at] * (y[at] - p[at])).sum()
                v = (w[at] * p[at] * (1 - p[at])).sum()
                v2 = (w[at] ** 2 * p[at] * (1 - p[at])).sum()
                stats.append((level, effect[term][level] + g / v, v, v * v / v2))
            z, a = np.array([s[1] for s in stats]), np.array([s[3] for s in stats])
            spread = (a * z**2).sum() - (a * z).sum() ** 2 / a.sum() - (len(stats) - 1)
            weight = a.sum() - (a**2).sum() / a.sum()
            tau2 = max(0.0, spread / weight) if weight > 0 else 0.0
            for level, z_level, v, _ in stats:
                new = v * z_level / (v + 1 / tau2) if tau2 > 0 else 0.0
                lp[keys == level] += new - effect[term][level]
                effect[term][level] = new
                if number == PASSES - 1:
                    rows.append((term, level, new, tau2))
        p = 1 / (1 + np.exp(-lp))
        shift = (w * (y - p)).sum() / (w * p * (1 - p)).sum()
        base += shift
        lp += shift
    return pd.DataFrame(
        [*rows, ("base", "(all)", base, 0.0)], columns=["term", "level", "effect", "tau2"]
    )


def random_deals(seed: int, count: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    deals = pd.DataFrame(
        {
            "industry": rng.choice(["retail", "energy", "health", "finance"], count),
            "geography": rng.choice(["north", "south", "east"], count),
            "size_band": rng.choice(["small", "large"], count),
            "product": rng.choice(["p1", "p2", "p3"], count),
            "rep_id": rng.choice([f"R{i}" for i in range(12)], count),
            "age": rng.integers(0, 1200, count),
        }
    )
    deals["group_id"] = "g" + (deals["rep_id"].str[1:].astype(int) % 3).astype(str)
    skill = dict(zip([f"R{i}" for i in range(12)], rng.normal(0, 0.5, 12), strict=True))
    niche = {key: rng.normal(0, 0.5) for key in (deals["rep_id"] + deals["industry"]).unique()}
    lp = deals["rep_id"].map(skill) + (deals["rep_id"] + deals["industry"]).map(niche) - 0.2
    deals["y"] = (rng.random(count) < 1 / (1 + np.exp(-lp))).astype(int)
    deals["w"] = 0.5 ** (deals["age"] / 365.0)
    return deals


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.setenv("COVERAGE_DUCKDB_PATH", str(tmp_path / "warehouse.duckdb"))
    made = Warehouse(path=str(tmp_path / "warehouse.duckdb"))
    create_empty_sources(made)
    return made


def fit_in_sql(warehouse: Warehouse, cells: pd.DataFrame, target: Path) -> pd.DataFrame:
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists intermediate")
        connection.register("given_cells", cells)
        connection.execute(
            "create table intermediate.int_strength__cells as select * from given_cells"
        )
        connection.unregister("given_cells")
    results = build(["--select", "int_strength__effects"], target)
    assert [result.message for result in results if not result.is_good] == []
    return warehouse.read("intermediate.int_strength__effects")


def as_cells(deals: pd.DataFrame) -> pd.DataFrame:
    keys = ["industry", "geography", "size_band", "product", "group_id", "rep_id"]
    weighted = deals.assign(
        deals=1.0,
        wins=deals["y"],
        weight=deals["w"],
        won_weight=deals["w"] * deals["y"],
        squared_weight=deals["w"] ** 2,
    )
    sums = ["deals", "wins", "weight", "won_weight", "squared_weight"]
    cells = weighted.groupby(keys, as_index=False)[sums].sum()
    cells.insert(0, "sample", "all")
    return cells


@pytest.mark.parametrize("seed", [1, 2])
def test_the_sql_fit_equals_the_numpy_reference_on_every_effect(
    warehouse: Warehouse, tmp_path: Path, seed: int
) -> None:
    deals = random_deals(seed, 3000)
    fitted = fit_in_sql(warehouse, as_cells(deals), tmp_path / "target")
    expected = reference_effects(deals)
    both = expected.merge(fitted, on=["term", "level"], suffixes=("_reference", "_sql"))
    assert len(both) == len(expected) == len(fitted)
    assert (expected["tau2"] > 0).any(), "the case must hold signal, or the test shows nothing"
    np.testing.assert_allclose(both["effect_sql"], both["effect_reference"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(both["tau2_sql"], both["tau2_reference"], rtol=0, atol=1e-9)


def test_with_only_won_deals_nothing_is_estimated(warehouse: Warehouse, tmp_path: Path) -> None:
    fitted = fit_in_sql(warehouse, as_cells(random_deals(3, 500).assign(y=1)), tmp_path / "target")
    assert not fitted["is_estimable"].any()
    assert set(fitted["term"]) == {"base"}
