"""``python -m benchmarks.backtest FILE --map rep_id=COLUMN --map is_won=COLUMN ...``.

Does the strength model, fitted on earlier deals, predict later ones better than simpler models do?
For any table of opportunities, with the product's own model, on rolling yearly or quarterly folds.

Belongs here: the command, the folds and the report. Does not belong here: reading the file
(``backtest_file``), scores (``backtest_scores``) or the model (``optimization.strength``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.backtest_file import ClosedDeals, FileError, read_deals
from benchmarks.backtest_scores import score_models
from optimization.strength.backtest import RawRates, chances
from optimization.strength.deals import Deals
from optimization.strength.guard import judge_persistence
from optimization.strength.half_life import chosen_half_life, try_half_lives
from optimization.strength.models import age_weight, fit_model, win_model

PERIODS = {"yearly": pd.DateOffset(years=1), "quarterly": pd.DateOffset(months=3)}
FEWEST_TRAINING, FEWEST_JUDGED = 200, 30
MODELS = ("global_rate", "rep_rate", "segment", "segment_rep", "strength", "strength_unguarded")


def backtest(deals: ClosedDeals, period: str, draws: int, seed: int) -> dict[str, Any]:
    """Fit and judge on rolling folds.

    Args:
        deals: Closed deals.
        period: ``yearly`` or ``quarterly``.
        draws: Bootstrap samples of reps.
        seed: Of the bootstrap.

    Returns:
        ``folds`` and ``models``; see the report that :func:`main` stores.

    Raises:
        FileError: Too few deals for a single fold.
    """
    folds, judged = [], []
    for cut, end in _folds(deals.frame, period):
        early = deals.frame[deals.frame["at"] < cut]
        late = deals.frame[(deals.frame["at"] >= cut) & (deals.frame["at"] < end)]
        if len(early) < FEWEST_TRAINING or early["is_won"].nunique() < 2:
            continue
        if len(late) < FEWEST_JUDGED:
            continue
        guard, predicted = _fit_and_predict(early, late, cut)
        judged.append(predicted)
        scores = score_models(predicted, {m: m for m in MODELS}, draws=1, seed=seed)
        folds.append(
            {
                "from": str(cut.date()),
                "until": str(end.date()),
                "trained_on": len(early),
                "judged_on": len(late),
                "guard": guard,
                "log_loss": {model: scores[model]["log_loss"] for model in MODELS},
            }
        )
    if not judged:
        raise FileError(
            f"no {period} fold has {FEWEST_TRAINING} earlier deals, won and lost, and "
            f"{FEWEST_JUDGED} later ones; try --folds quarterly or a longer file"
        )
    together = pd.concat(judged, ignore_index=True)
    return {
        "judged_on": len(together),
        "folds": folds,
        "models": score_models(together, {m: m for m in MODELS}, draws, seed),
    }


def choose_period(deals: ClosedDeals) -> str:
    """Years where there are three of them, else quarters."""
    days = (deals.frame["at"].max() - deals.frame["at"].min()).days
    return "yearly" if days >= 3 * 365 else "quarterly"


def _folds(frame: pd.DataFrame, period: str) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
    """Whole periods counted back from the day after the last deal, oldest first."""
    step = PERIODS[period]
    first, end = frame["at"].min(), frame["at"].max() + pd.Timedelta(days=1)
    ends = [end]
    while ends[-1] - step > first:
        ends.append(ends[-1] - step)
    for later, earlier in zip(ends[-2::-1], ends[:0:-1], strict=True):
        yield earlier, later


def _fit_and_predict(
    early: pd.DataFrame, late: pd.DataFrame, cut: pd.Timestamp
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Fit the product's model on the earlier deals and predict the later ones."""
    together = pd.concat([early, late], ignore_index=True)
    every = Deals.from_frame(
        together.assign(age_days=(cut - together["at"]).dt.days, revenue_type="new")
    )
    known = every.only(np.arange(len(every)) < len(early))
    win = win_model(known)
    half_life = chosen_half_life(try_half_lives(known, win))
    wins = fit_model(known, win, half_life)
    assert wins.whole is not None, "folds without deals are left out"
    verdict = judge_persistence(known, win, wins)
    raw = RawRates.of(known, known.rows(), age_weight(known.age_days, half_life))
    rows = every.rows()[len(early) :]
    predicted = late[["opportunity_id", "rep_id", "is_won"]].assign(
        **chances(wins.whole, raw, every, rows, verdict.multiplier),
        strength_unguarded=chances(wins.whole, raw, every, rows)["strength"],
    )
    return (
        {
            "signal": "holds" if verdict.is_on else "none",
            "slope": None if np.isnan(verdict.slope) else round(verdict.slope, 4),
            "multiplier": round(verdict.multiplier, 4),
            "half_life_days": half_life or None,
        },
        predicted.sort_values("opportunity_id", ignore_index=True),
    )


def _pairs(values: list[str], option: str) -> dict[str, str]:
    found = {}
    for value in values:
        name, equals, column = value.partition("=")
        if not (name and equals and column):
            raise FileError(f"{option} {value}: write it as name=COLUMN")
        if name in found:
            raise FileError(f"{option} {name} is given twice; keep one")
        found[name] = column
    return found


def _print_report(report: dict[str, Any]) -> None:
    print(f"{report['deals']:,} closed deals of {report['reps']:,} reps; {report['period']} folds")
    for note in report["notes"]:
        print(f"  {note}")
    for reason, count in report["left_out"].items():
        print(f"  left out: {count:,} rows, {reason}")
    print()
    for fold in report["folds"]:
        guard = fold["guard"]
        print(
            f"{fold['from']} to {fold['until']}: {fold['trained_on']:,} earlier deals, "
            f"{fold['judged_on']:,} judged; guard {guard['signal']}, x {guard['multiplier']}"
        )
    print()
    header = "log loss", "Brier", "AUC", "slope", "ECE", "strength gain (90 % interval)"
    print(f"{'model':<20}" + "".join(f"{name:>9}" for name in header[:5]) + f"  {header[5]}")
    for model, row in report["models"].items():
        cells = [row[name] for name in ("log_loss", "brier_score", "auc")]
        cells += [row["calibration_slope"], row["calibration_error"]]
        text = "".join(f"{'-' if cell is None else f'{cell:.4f}':>9}" for cell in cells)
        gain = row.get("strength_gain")
        low, high = row.get("strength_gain_90") or (0.0, 0.0)
        text += "" if gain is None else f"  {gain:+.4f} ({low:+.4f} to {high:+.4f})"
        print(f"{model:<20}{text}")


def main() -> None:
    """Read, judge, print, store; the last line printed is the report as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="CSV or Parquet, one row per opportunity")
    parser.add_argument("--map", action="append", default=[], metavar="NAME=COLUMN")
    parser.add_argument("--dimension", action="append", default=[], metavar="NAME=COLUMN")
    parser.add_argument("--won", action="append", default=[], help="a value that means won")
    parser.add_argument("--lost", action="append", default=[], help="a value that means lost")
    parser.add_argument("--folds", choices=["auto", *PERIODS], default="auto")
    parser.add_argument("--draws", type=int, default=1000, help="bootstrap samples of reps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, help="default: var/backtests/<file>.json")
    arguments = parser.parse_args()
    try:
        deals = read_deals(
            arguments.file,
            _pairs(arguments.map, "--map"),
            _pairs(arguments.dimension, "--dimension"),
            tuple(arguments.won),
            tuple(arguments.lost),
        )
        period = choose_period(deals) if arguments.folds == "auto" else arguments.folds
        result = backtest(deals, period, arguments.draws, arguments.seed)
    except FileError as error:
        sys.exit(f"backtest: {error}")
    report = {
        "file": arguments.file.name,
        "deals": len(deals.frame),
        "reps": int(deals.frame["rep_id"].nunique()),
        "win_rate": round(float(deals.frame["is_won"].mean()), 5),
        "period": period,
        "dimensions": deals.dimensions,
        "left_out": deals.left_out,
        "notes": deals.notes,
        **result,
    }
    _print_report(report)
    output = arguments.output or Path("var", "backtests", f"{arguments.file.stem}.json")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"\nstored in {output}")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
