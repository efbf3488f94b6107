"""How fast do old deals lose their meaning here?

Of no fading, 730, 365 and 180 days the longest half-life is taken whose log loss on the newest
quarter of the early deals is within one standard error of the best one's; the error is that of the
difference deal by deal, since all are judged on the same deals. Where too few deals can tell, 365.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import log_expit

from optimization.strength.deals import Deals, FloatArray
from optimization.strength.fit import fit_effects
from optimization.strength.models import HOLDOUT_DAYS, Model, age_weight, rows_where
from optimization.strength.terms import Part

# Longest first; 0 stands for none.
HALF_LIVES = (0, 730, 365, 180)
DEFAULT_HALF_LIFE = 365
FEWEST_VALIDATION_DEALS = 100
VALIDATION_RATE = 0.25
# One sweep over the terms tells half-lives apart as three do, at a third of the time.
_PASSES = 1


def try_half_lives(deals: Deals, wins: Model) -> pd.DataFrame:
    """Judge every half-life on the newest quarter of the early deals.

    Args:
        deals: Closed deals.
        wins: The win model.

    Returns:
        Table ``strength_half_lives``, longest half-life first; its ``half_life_days`` is missing
        for no fading.
    """
    losses = _losses(deals, wins)
    table = pd.DataFrame(
        {"half_life_days": pd.array([days or None for days in HALF_LIVES], dtype="Int64")}
    )
    table["deal_count"] = [len(losses.get(days, ())) for days in HALF_LIVES]
    for column in ("log_loss", "excess_log_loss", "excess_log_loss_se"):
        table[column] = np.nan
    is_good = np.zeros(len(HALF_LIVES), dtype=bool)
    if losses:
        # The best, and of equal ones always the same.
        best = losses[min(losses, key=lambda days: (losses[days].mean(), str(days)))]
        for place, days in enumerate(HALF_LIVES):
            excess = losses[days] - best
            error = excess.std() / np.sqrt(len(excess))
            table.loc[place, "log_loss"] = losses[days].mean()
            table.loc[place, "excess_log_loss"] = excess.mean()
            table.loc[place, "excess_log_loss_se"] = error
            is_good[place] = excess.mean() <= error
        is_good &= _can_tell(deals)
    is_tuned = bool(is_good.any())
    chosen = int(is_good.argmax()) if is_tuned else HALF_LIVES.index(DEFAULT_HALF_LIFE)
    table["is_tuned"] = is_tuned
    table["is_chosen"] = np.arange(len(HALF_LIVES)) == chosen
    return table


def chosen_half_life(half_lives: pd.DataFrame) -> int:
    """Read the half-life in use out of ``strength_half_lives``; 0 for none."""
    days = half_lives.loc[half_lives["is_chosen"], "half_life_days"].iloc[0]
    return 0 if pd.isna(days) else int(days)


def _split_age(deals: Deals) -> float | None:
    early = deals.age_days[deals.age_days > HOLDOUT_DAYS]
    return float(np.quantile(early, VALIDATION_RATE)) if len(early) else None


def _can_tell(deals: Deals) -> bool:
    split = _split_age(deals)
    if split is None:
        return False
    judged = deals.is_won[(deals.age_days > HOLDOUT_DAYS) & (deals.age_days <= split)]
    return len(judged) >= FEWEST_VALIDATION_DEALS and 0 < judged.sum() < len(judged)


def _losses(deals: Deals, wins: Model) -> dict[int, FloatArray]:
    """Log loss of each judged deal by half-life; empty where nothing can be fitted or judged."""
    split = _split_age(deals)
    if split is None:
        return {}
    older = rows_where(deals.age_days > split)
    judged = rows_where((deals.age_days > HOLDOUT_DAYS) & (deals.age_days <= split))
    losses: dict[int, FloatArray] = {}
    for days in HALF_LIVES:
        weight = age_weight(deals.age_days[older] - split, days)
        outcome = wins.outcome[older]
        fit = fit_effects(deals.terms, older, outcome, weight, wins.terms, wins.family, _PASSES)
        if fit is None or not fit.is_estimable:
            return {}
        predictor = fit.base + fit.sum_of(deals.terms, judged, *Part)
        sign = np.where(deals.is_won[judged], 1.0, -1.0)
        losses[days] = -np.asarray(log_expit(sign * predictor))
    return losses
