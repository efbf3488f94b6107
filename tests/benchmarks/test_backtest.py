"""The backtest of any file: what it reads, what it leaves out, what it refuses, what it finds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.backtest import MODELS, backtest, choose_period
from benchmarks.backtest_file import FileError, read_deals
from benchmarks.backtest_scores import score_models
from benchmarks.strength_world import Shape, make_world

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = replace(Shape(), accounts=200, reps=12, deals_per_rep=250, tau_rep=0.6)
END = pd.Timestamp("2024-06-30")


@pytest.fixture(scope="module")
def deals() -> pd.DataFrame:
    world = make_world(5, SMALL).deals
    world = world.astype(dict.fromkeys(world.select_dtypes("category"), str))
    closed = END - pd.to_timedelta(world["age_days"], unit="D")
    return pd.DataFrame(
        {
            "Owner": world["rep_id"],
            "Outcome": np.where(world["is_won"], "Closed Won", "Closed Lost"),
            "Closed": closed.dt.strftime("%d/%m/%Y"),
            "Customer": world["account_id"],
            "Sector": world["industry"],
            "Area": world["geography"],
            "Headcount": world["size_band"].str[-1].astype(int) * 1000 + world.index % 400,
        }
    )


COLUMNS = {"rep_id": "Owner", "is_won": "Outcome", "closed_at": "Closed", "account_id": "Customer"}
DIMENSIONS = {"industry": "Sector", "region": "Area", "size": "Headcount"}


def written(folder: Path, frame: pd.DataFrame, **how: str) -> Path:
    path = folder / "deals.csv"
    frame.to_csv(path, index=False, **how)  # type: ignore[call-overload]
    return path


def test_a_file_with_skill_in_it_shows_that_strengths_predict(
    deals: pd.DataFrame, tmp_path: Path
) -> None:
    read = read_deals(written(tmp_path, deals), COLUMNS, DIMENSIONS)
    assert len(read.frame) == len(deals)
    assert read.frame["is_won"].mean() == pytest.approx((deals["Outcome"] == "Closed Won").mean())
    assert read.frame["size_band"].nunique() == 4
    assert any("%d/%m/%Y" in note for note in read.notes)
    report = backtest(read, choose_period(read), draws=100, seed=1)
    assert [fold["guard"]["signal"] for fold in report["folds"]][-1] == "holds"
    losses = {model: report["models"][model]["log_loss"] for model in MODELS}
    assert losses["strength"] < losses["segment"] < losses["global_rate"]
    gain = report["models"]["segment"]
    assert 0 < gain["strength_gain_90"][0] < gain["strength_gain"] < gain["strength_gain_90"][1]


@pytest.mark.parametrize("form", ["parquet", "semicolons in latin-1", "no account, created only"])
def test_files_of_other_shapes_are_read_alike(
    deals: pd.DataFrame, tmp_path: Path, form: str
) -> None:
    columns, frame = dict(COLUMNS), deals.assign(Sector=deals["Sector"] + " é")
    path = tmp_path / "deals.parquet"
    if form == "parquet":
        typed = frame.assign(
            Outcome=frame["Outcome"] == "Closed Won",
            Closed=pd.to_datetime(frame["Closed"], format="%d/%m/%Y"),
        )
        typed.to_parquet(path)
    elif form.startswith("semicolons"):
        path = written(tmp_path, frame, sep=";", encoding="latin-1")
    else:
        del columns["account_id"], columns["closed_at"]
        columns["created_at"] = "Closed"
        path = written(tmp_path, frame)
    read = read_deals(path, columns, {"sector": "Sector"})
    assert len(read.frame) == len(deals)
    assert set(read.frame["industry"]) == set(frame["Sector"])
    report = backtest(read, "yearly", draws=20, seed=1)
    assert report["judged_on"] > 1000


def test_open_deals_and_rows_without_a_rep_or_date_are_left_out_and_counted(
    deals: pd.DataFrame, tmp_path: Path
) -> None:
    faulty = deals.copy()
    faulty.loc[0, "Owner"] = None
    faulty.loc[1, "Outcome"] = "Negotiation"
    faulty.loc[2, "Closed"] = "soon"
    read = read_deals(written(tmp_path, faulty), COLUMNS, {})
    assert read.left_out == {"no rep": 1, "open or unknown outcome": 1, "no readable date": 1}
    assert len(read.frame) == len(deals) - 3


def test_own_words_for_won_and_lost_count(deals: pd.DataFrame, tmp_path: Path) -> None:
    words = {"Closed Won": "gewonnen", "Closed Lost": "verloren"}
    path = written(tmp_path, deals.assign(Outcome=deals["Outcome"].map(words)))
    with pytest.raises(FileError, match=r"'(gewonnen|verloren)'.*--won VALUE and --lost VALUE"):
        read_deals(path, COLUMNS, {})
    read = read_deals(path, COLUMNS, {}, won=("Gewonnen",), lost=("verloren",))
    assert len(read.frame) == len(deals)


@pytest.mark.parametrize(
    ("columns", "dimensions", "message"),
    [
        ({"is_won": "Outcome", "closed_at": "Closed"}, {}, r"--map rep_id=COLUMN"),
        ({"rep_id": "Owner", "is_won": "Outcome"}, {}, r"which column holds a date"),
        ({**COLUMNS, "rep_id": "Ownr"}, {}, r"no column 'Ownr'; did you mean 'Owner'\?"),
        ({**COLUMNS, "colour": "Area"}, {}, r"--map colour: no such field.*--dimension colour"),
        (COLUMNS, dict.fromkeys("abcde", "Area"), r"5 dimensions given; the model has 4"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_how_to_mend_it(
    deals: pd.DataFrame,
    tmp_path: Path,
    columns: dict[str, str],
    dimensions: dict[str, str],
    message: str,
) -> None:
    with pytest.raises(FileError, match=message):
        read_deals(written(tmp_path, deals.head(50)), columns, dimensions)


def test_scores_are_those_of_the_definitions() -> None:
    rng = np.random.default_rng(3)
    p = rng.uniform(0.05, 0.95, 4000).round(2)
    won = rng.random(4000) < p
    frame = pd.DataFrame({"rep_id": rng.integers(0, 20, 4000), "is_won": won, "strength": p})
    found = score_models(frame, {"strength": "strength"}, draws=200, seed=1)["strength"]
    loss = -(won * np.log(p) + ~won * np.log(1 - p)).mean()
    above = p[won][:, None] - p[~won][None, :]
    assert found["log_loss"] == pytest.approx(loss, abs=1e-5)
    assert found["brier_score"] == pytest.approx(((won - p) ** 2).mean(), abs=1e-5)
    assert found["auc"] == pytest.approx(((above > 0) + 0.5 * (above == 0)).mean(), abs=1e-3)
    assert found["calibration_slope"] == pytest.approx(1.0, abs=0.1)
    low, high = found["log_loss_90"]  # type: ignore[misc]
    assert low < found["log_loss"] < high  # type: ignore[operator]


@pytest.mark.slow
def test_the_command_prints_stores_and_ends_in_one_json_line(
    deals: pd.DataFrame, tmp_path: Path
) -> None:
    path = written(tmp_path, deals)
    maps = [f"--map={name}={column}" for name, column in COLUMNS.items()]
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.backtest", str(path), *maps, "--draws=20"),
            *("--dimension=industry=Sector", f"--output={tmp_path / 'report.json'}"),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    printed = json.loads(ended.stdout.splitlines()[-1])
    assert printed == json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert set(printed["models"]) == set(MODELS)
    refused = subprocess.run(
        [sys.executable, "-m", "benchmarks.backtest", str(tmp_path / "no.csv"), *maps],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "is no file" in refused.stderr
