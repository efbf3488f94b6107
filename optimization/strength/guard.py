"""Going forward, do the advantages of reps hold in this company?

Effects fitted on the early deals are held against the later ones. Wins: y ~ sigmoid(a + the deal's
own part + slope x advantage), advantage being the group's and the rep's part. Values: logarithm of
the amount less the deal's own part ~ a + slope x the rep's effect, by least squares. Where the
lower end of the slope's interval is not above zero, no difference between reps counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from optimization.strength.deals import Deals, FloatArray
from optimization.strength.half_life import chosen_half_life
from optimization.strength.models import ModelFit
from optimization.strength.terms import Part

Z_90 = 1.645
_NEWTON_STEPS = 6
# Share of its parts below which a determinant is nothing but rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Verdict:
    """How much of an advantage came true; NaN where that cannot be told.

    Attributes:
        slope: Share of the predicted advantage that came true.
        slope_se: Its standard error.
    """

    slope: float
    slope_se: float

    @property
    def lower(self) -> float:
        """Lower end of the slope's one-sided 95 % interval."""
        return self.slope - Z_90 * self.slope_se

    @property
    def is_on(self) -> bool:
        """The advantage counts."""
        return self.lower > 0

    @property
    def multiplier(self) -> float:
        """Factor on every rep and group effect, 0 to 1."""
        return min(1.0, max(0.0, self.slope)) if self.is_on else 0.0


_UNKNOWN = Verdict(np.nan, np.nan)


def judge_wins(deals: Deals, wins: ModelFit) -> Verdict:
    """Hold the advantages against later wins."""
    early, rows = wins.judged, wins.later_rows
    if early is None:
        return _UNKNOWN
    own = early.base + early.sum_of(deals.terms, rows, Part.SEGMENT)
    advantage = early.sum_of(deals.terms, rows, Part.REP, Part.NICHE)
    return fit_slope(wins.outcome[rows], own, advantage)


def judge_values(deals: Deals, values: ModelFit) -> Verdict:
    """Hold the reps' effects on value against later amounts, by least squares."""
    early, rows = values.judged, values.later_rows
    if early is None:
        return _UNKNOWN
    y = values.outcome[rows] - early.base - early.sum_of(deals.terms, rows, Part.SEGMENT)
    x = early.sum_of(deals.terms, rows, Part.REP, Part.NICHE)
    spread = ((x - x.mean()) ** 2).sum()
    if len(x) <= 2 or spread <= _ROUNDING * (x**2).sum():
        return _UNKNOWN
    slope = ((x - x.mean()) * (y - y.mean())).sum() / spread
    left = max(0.0, ((y - y.mean()) ** 2).sum() - slope**2 * spread)
    return Verdict(float(slope), float(np.sqrt(left / (len(x) - 2) / spread)))


def fit_slope(won: FloatArray, offset: FloatArray, x: FloatArray) -> Verdict:
    """Fit won ~ sigmoid(a + offset + slope * x) by Newton steps, error from the Hessian.

    Args:
        won: 0 or 1, shape (deals,).
        offset: Log-odds, shape (deals,).
        x: What the slope is of, shape (deals,).

    Returns:
        The slope; NaN where all x are alike, or nothing is there.
    """
    a = slope = slope_se = 0.0
    for _ in range(_NEWTON_STEPS):
        p = np.asarray(expit(a + offset + slope * x))
        v = p * (1 - p)
        aa, ab, bb = v.sum(), (v * x).sum(), (v * x * x).sum()
        determinant = aa * bb - ab * ab
        if not determinant > _ROUNDING * aa * bb:
            return _UNKNOWN
        of_a, of_slope = (won - p).sum(), (x * (won - p)).sum()
        a += (bb * of_a - ab * of_slope) / determinant
        slope += (aa * of_slope - ab * of_a) / determinant
        slope_se = np.sqrt(aa / determinant)
    return Verdict(float(slope), float(slope_se))


def guard_table(
    deals: Deals, wins: ModelFit, of_wins: Verdict, of_values: Verdict, half_lives: pd.DataFrame
) -> pd.DataFrame:
    """Table ``strength_guard``, one row: what counts, why, and on how many deals that rests."""
    signal = _signal(deals, of_wins)
    days = chosen_half_life(half_lives)
    row = {
        "signal": signal,
        "is_on": of_wins.is_on,
        "slope": of_wins.slope,
        "slope_se": of_wins.slope_se,
        "slope_lower": of_wins.lower,
        "multiplier": of_wins.multiplier,
        "is_value_on": of_values.is_on,
        "value_slope": of_values.slope,
        "value_slope_se": of_values.slope_se,
        "value_slope_lower": of_values.lower,
        "value_multiplier": of_values.multiplier,
        "half_life_days": days or pd.NA,
        "is_half_life_tuned": bool(half_lives["is_tuned"].iloc[0]),
        "train_deal_count": len(wins.early_rows),
        "holdout_deal_count": len(wins.later_rows),
        "reason": _reason(deals, of_wins, signal),
        "value_reason": _value_reason(of_values),
    }
    return pd.DataFrame([row]).astype({"half_life_days": "Int64"})


def _signal(deals: Deals, verdict: Verdict) -> str:
    if deals.is_won.all() or not deals.is_won.any():
        return "not_estimable"
    return "holds" if verdict.is_on else "none"


def _reason(deals: Deals, verdict: Verdict, signal: str) -> str:
    none_claimed = "win strengths cannot be estimated, and none is claimed."
    if signal == "holds":
        return "Strengths found in earlier deals came true in later ones; they count in the plan."
    if not len(deals):
        return f"No closed deal yet: {none_claimed}"
    if signal == "not_estimable" and deals.is_won.all():
        return (
            "Every closed deal on record is won, so nothing shows who wins more often: "
            f"{none_claimed} To measure them, record lost deals too."
        )
    if signal == "not_estimable":
        return f"No closed deal on record is won: {none_claimed}"
    if np.isnan(verdict.slope):
        return (
            "No strength was found in earlier deals, or there are too few deals to test; the plan "
            "claims none."
        )
    return "Strengths found in earlier deals did not come true in later ones; the plan claims none."


def _value_reason(verdict: Verdict) -> str:
    if verdict.is_on:
        return (
            "Reps who won larger deals than their accounts and products explain went on doing so; "
            "deal values count per rep."
        )
    if np.isnan(verdict.slope):
        return (
            "No difference between reps in the value of won deals was found, or there are too few "
            "to test; values follow the account and the product alone."
        )
    return (
        "Differences between reps in the value of won deals did not last; values follow the "
        "account and the product alone."
    )
