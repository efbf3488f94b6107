"""Does the strength model predict deals it has not seen better than simpler models do?

All models are fitted on the early deals and judged on the later ones. Intervals of a difference
take the deals of one rep to stand or fall together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import rankdata

from optimization.strength.deals import Deals, FloatArray, IntArray
from optimization.strength.fit import Family, Fit
from optimization.strength.guard import Z_90
from optimization.strength.models import ModelFit
from optimization.strength.slopes import fit_slopes
from optimization.strength.terms import Part

BINS = 10
STRENGTH = "strength"
_LEAST_CHANCE = 1e-12
BACKTEST_COLUMNS = (
    "model",
    "deal_count",
    "log_loss",
    "brier_score",
    "auc",
    "calibration_slope",
    "calibration_error",
    "predicted_win_rate",
    "observed_win_rate",
    "strength_gain",
    "strength_gain_lower",
    "strength_gain_upper",
)
CALIBRATION_COLUMNS = (
    "bin_number",
    "deal_count",
    "predicted_win_rate",
    "observed_win_rate",
    "observed_lower",
    "observed_upper",
)


@dataclass(frozen=True, eq=False)
class RawRates:
    """Win rates without a model, with half a win and half a loss so that log loss stays finite.

    Attributes:
        whole: Of all deals.
        by_rep: By code of the rep, shape (reps,); ``whole`` for one without deals.
    """

    whole: float
    by_rep: FloatArray

    @classmethod
    def of(cls, deals: Deals, rows: IntArray, weight: FloatArray) -> RawRates:
        """Count some deals by their weights."""
        feature = deals.features["rep_id"]
        rep, reps = feature.code[rows], len(feature.levels)
        held = np.bincount(rep, weight, reps)
        won = np.bincount(rep, weight * deals.is_won[rows], reps)
        whole = (won.sum() + 0.5) / (held.sum() + 1)
        return cls(float(whole), np.where(held > 0, (won + 0.5) / (held + 1), whole))


def chances(
    fit: Fit, raw: RawRates, deals: Deals, rows: IntArray, multiplier: float = 1.0
) -> dict[str, FloatArray]:
    """Probability of some deals by model, each shape (rows,).

    Args:
        fit: The win model.
        raw: Rates of the deals it was fitted on.
        deals: Deals, levels numbered as where the model was fitted.
        rows: Which of them to predict.
        multiplier: The guard's, on what the rep and the group add to the strength model.
    """
    own = fit.base + fit.sum_of(deals.terms, rows, Part.SEGMENT)
    rep = fit.sum_of(deals.terms, rows, Part.REP)
    niche = fit.sum_of(deals.terms, rows, Part.NICHE)
    found = {
        "global_rate": np.full(len(rows), raw.whole),
        "rep_rate": raw.by_rep[deals.features["rep_id"].code[rows]],
        "segment": np.asarray(expit(own)),
        "segment_rep": np.asarray(expit(own + rep)),
        STRENGTH: np.asarray(expit(own + multiplier * (rep + niche))),
    }
    return {name: np.clip(p, _LEAST_CHANCE, 1 - _LEAST_CHANCE) for name, p in found.items()}


def predict_later(deals: Deals, wins: ModelFit) -> dict[str, FloatArray]:
    """Probability of each later deal by model; empty where there is nothing to fit or judge."""
    early = wins.judged
    if early is None:
        return {}
    raw = RawRates.of(deals, wins.early_rows, wins.early_weight)
    return chances(early, raw, deals, wins.later_rows)


def backtest_table(
    deals: Deals, wins: ModelFit, predicted: Mapping[str, FloatArray]
) -> pd.DataFrame:
    """Table ``strength_backtest``, one row per model; empty where there is nothing to judge."""
    won = wins.outcome[wins.later_rows]
    rep = deals.features["rep_id"].code[wins.later_rows]
    account = deals.features["account_id"].code[wins.later_rows]
    losses = {name: log_loss(won, p) for name, p in predicted.items()}
    rows = []
    for name, p in predicted.items():
        gain, gain_se = np.nan, np.nan
        if name != STRENGTH:
            gain, gain_se = _clustered_mean(losses[name] - losses[STRENGTH], rep)
        gap = np.bincount(_bin(p), won - p, BINS)
        rows.append(
            (
                name,
                len(won),
                losses[name].mean(),
                ((won - p) ** 2).mean(),
                auc(won, p),
                _calibration_slope(won, p, account),
                np.abs(gap).sum() / len(won),
                p.mean(),
                won.mean(),
                gain,
                gain - Z_90 * gain_se,
                gain + Z_90 * gain_se,
            )
        )
    return pd.DataFrame(rows, columns=list(BACKTEST_COLUMNS))


def calibration_table(wins: ModelFit, predicted: Mapping[str, FloatArray]) -> pd.DataFrame:
    """Table ``strength_calibration``: do deals with a chance of 60 % close 60 times in 100?

    Later deals by tenths of the strength model's probability; Wilson's (1927) interval for the
    observed rate.
    """
    if STRENGTH not in predicted:
        return pd.DataFrame(columns=list(CALIBRATION_COLUMNS))
    p, won = predicted[STRENGTH], wins.outcome[wins.later_rows]
    counts = np.bincount(_bin(p), minlength=BINS)
    held = np.flatnonzero(counts)
    n = counts[held].astype(float)
    rate = np.bincount(_bin(p), won, BINS)[held] / n
    middle = rate + Z_90**2 / (2 * n)
    reach = Z_90 * np.sqrt(rate * (1 - rate) / n + Z_90**2 / (4 * n**2))
    return pd.DataFrame(
        {
            "bin_number": held + 1,
            "deal_count": counts[held],
            "predicted_win_rate": np.bincount(_bin(p), p, BINS)[held] / n,
            "observed_win_rate": rate,
            "observed_lower": (middle - reach) / (1 + Z_90**2 / n),
            "observed_upper": (middle + reach) / (1 + Z_90**2 / n),
        }
    )


def log_loss(won: FloatArray, p: FloatArray) -> FloatArray:
    """Log loss of each deal."""
    return -np.log(np.where(won > 0, p, 1 - p))


def auc(won: FloatArray, p: FloatArray) -> float:
    """Chance that a won deal had a higher probability than a lost one; ties count half.

    Mann and Whitney's (1947) statistic; NaN where all are won or lost.
    """
    wins = won.sum()
    losses = len(won) - wins
    if not wins or not losses:
        return np.nan
    above = rankdata(p)[won > 0].sum() - wins * (wins + 1) / 2
    return float(above / (wins * losses))


def _calibration_slope(won: FloatArray, p: FloatArray, account: IntArray) -> float:
    predictor = np.log(p / (1 - p))[:, None]
    slopes = fit_slopes(won, np.zeros(len(won)), predictor, account, Family.BINOMIAL)
    return float(slopes.slope[0])


def _bin(p: FloatArray) -> np.ndarray:
    return np.minimum(BINS - 1, np.floor(p * BINS)).astype(np.intp)


def _clustered_mean(values: FloatArray, cluster: np.ndarray) -> tuple[float, float]:
    """Mean, and its standard error where a cluster's values stand or fall together."""
    mean = values.mean()
    sums = np.bincount(cluster, values - mean)
    return float(mean), float(np.sqrt((sums**2).sum()) / len(values))
