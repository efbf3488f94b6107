"""Scores of predicted probabilities; intervals take a rep's deals to stand or fall together.

Belongs here: log loss, Brier score, AUC, calibration slope and error, and their bootstrap. Does not
belong here: any model.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimization.arrays import FloatArray

BINS = 400
NEWTON_STEPS = 8
SCORES = ("log_loss", "brier_score", "auc", "calibration_slope", "calibration_error")


def score_models(
    predictions: pd.DataFrame, models: Mapping[str, str], draws: int, seed: int
) -> dict[str, dict[str, float | list[float] | None]]:
    """Score every model on the same deals.

    Args:
        predictions: One row per deal: rep_id, is_won and one probability per model.
        models: Column of the probability by name of the model; the one named ``strength`` is
            compared with all others.
        draws: Bootstrap samples of reps.
        seed: Of the bootstrap.

    Returns:
        Per model each score with its 90 % interval, and ``strength_gain``: by how much the strength
        model's log loss is lower.
    """
    y = predictions["is_won"].to_numpy(dtype=float)
    rep = pd.factorize(predictions["rep_id"], sort=True)[0]
    reps = int(rep.max()) + 1
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(reps, np.full(reps, 1 / reps), size=draws).astype(float)
    tables = {
        name: _Binned(predictions[column].to_numpy(dtype=float), y, rep, reps)
        for name, column in models.items()
    }
    found: dict[str, dict[str, float | list[float] | None]] = {}
    for name, table in tables.items():
        once = table.scores(np.ones((1, reps)))
        many = table.scores(weights)
        row: dict[str, float | list[float] | None] = {}
        for score in SCORES:
            row[score] = _rounded(once[score][0])
            row[f"{score}_90"] = _interval(many[score])
        if name != "strength":
            ours = tables["strength"]
            gain = table.losses(weights) - ours.losses(weights)
            whole = table.losses(np.ones((1, reps))) - ours.losses(np.ones((1, reps)))
            row["strength_gain"] = _rounded(float(whole[0]))
            row["strength_gain_90"] = _interval(gain)
        found[name] = row
    return found


class _Binned:
    """Sums per rep and bin of probability: all that the scores and their bootstrap need."""

    def __init__(self, p: FloatArray, y: FloatArray, rep: NDArray[np.int64], reps: int) -> None:
        p = np.clip(p, 1e-12, 1 - 1e-12)
        self._deals = np.bincount(rep, minlength=reps).astype(float)
        self._loss = np.bincount(
            rep, weights=-(y * np.log(p) + (1 - y) * np.log(1 - p)), minlength=reps
        )
        self._brier = np.bincount(rep, weights=(y - p) ** 2, minlength=reps)
        edges = np.unique(np.quantile(p, np.linspace(0, 1, BINS + 1)))
        bin_of = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, max(len(edges) - 2, 0))
        bins = max(len(edges) - 1, 1)
        self._wins = _table(rep, bin_of, y, reps, bins)
        self._losses = _table(rep, bin_of, 1 - y, reps, bins)
        total = np.bincount(bin_of, minlength=bins)
        logit = np.bincount(bin_of, weights=np.log(p / (1 - p)), minlength=bins)
        self._logit = logit / np.maximum(total, 1)
        tenth = np.minimum(9, (p * 10).astype(int))
        self._tenth_gap = _table(rep, tenth, y - p, reps, 10)

    def losses(self, weights: FloatArray) -> FloatArray:
        """Log loss for each row of rep weights."""
        return np.asarray((weights @ self._loss) / (weights @ self._deals))

    def scores(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Every score for each row of rep weights, shape (draws, reps)."""
        deals = weights @ self._deals
        wins, losses = weights @ self._wins, weights @ self._losses
        below = np.cumsum(losses, axis=1) - losses
        pairs = wins.sum(axis=1) * losses.sum(axis=1)
        above = (wins * (below + losses / 2)).sum(axis=1)
        return {
            "log_loss": self.losses(weights),
            "brier_score": (weights @ self._brier) / deals,
            "auc": np.divide(above, pairs, out=np.full_like(above, np.nan), where=pairs > 0),
            "calibration_slope": self._slopes(wins, losses),
            "calibration_error": np.abs(weights @ self._tenth_gap).sum(axis=1) / deals,
        }

    def _slopes(self, wins: FloatArray, losses: FloatArray) -> FloatArray:
        """Slope of outcomes on the predicted log-odds, by Newton's method."""
        x, n = self._logit[None, :], wins + losses
        a, b = np.zeros(len(wins)), np.zeros(len(wins))
        if np.ptp(self._logit) < 1e-9:
            return np.full(len(wins), np.nan)
        for _ in range(NEWTON_STEPS):
            p = 1 / (1 + np.exp(-np.clip(a[:, None] + b[:, None] * x, -35, 35)))
            g, v = wins - n * p, n * p * (1 - p)
            g_a, g_b = g.sum(axis=1), (g * x).sum(axis=1)
            h_aa, h_ab, h_bb = v.sum(axis=1), (v * x).sum(axis=1), (v * x * x).sum(axis=1)
            determinant = np.maximum(h_aa * h_bb - h_ab * h_ab, 1e-12)
            a += (h_bb * g_a - h_ab * g_b) / determinant
            b += (h_aa * g_b - h_ab * g_a) / determinant
        return b


def _table(
    rep: NDArray[np.int64], place: NDArray[np.int64], values: FloatArray, reps: int, places: int
) -> FloatArray:
    flat = np.bincount(rep * places + place, weights=values, minlength=reps * places)
    return np.asarray(flat.reshape(reps, places), dtype=np.float64)


def _interval(values: FloatArray) -> list[float] | None:
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.quantile(known, [0.05, 0.95])
    return [round(float(low), 5), round(float(high), 5)]


def _rounded(value: float) -> float | None:
    return round(float(value), 5) if np.isfinite(value) else None
