"""What every rep adds to the log-odds of a win, by dimension and level, known or not.

  data    d from the fit, with information V and spread tau2 between reps
  prior   a belief m worth n deals has the information W = n p (1 - p), p the company's win rate
  both    (V d + W m) / (V + W): with no deals the belief decides, with n deals it is half and half,
          with many the data decides
  spread  1 / (V + W + 1/max(tau2, 0.15^2)): an effect not seen varies as much as the others do, and
          never less than 0.15

What counts in the plan is the effect times the share of it that comes along to other accounts;
where nothing does, beliefs do not count either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from optimization.strength.deals import (
    BoolArray,
    Deals,
    FloatArray,
    PlaceArray,
    Records,
    Spells,
    places,
)
from optimization.strength.models import Model, ModelFit
from optimization.strength.terms import ALL, DIMENSION_TERMS, KINDS, Part, Term
from optimization.strength.transport import Transport

# Published deviations over the model's: measured to make 90 % intervals hold.
SD_FACTOR = 1.25
LEAST_TAU2 = 0.15**2


@dataclass(frozen=True, eq=False, kw_only=True)
class CountedEffects:
    """Effects of all reps in one dimension; arrays have shape (reps, levels).

    Attributes:
        reps: Ids, shape (reps,).
        levels: Names, shape (levels,).
        tau2: Variance between reps.
        effect: What a rep adds.
        effect_sd: Its standard deviation.
        multiplier: Share that comes along to other accounts.
        multiplier_sd: Its standard deviation.
    """

    reps: pd.Index
    levels: pd.Index
    tau2: float
    effect: FloatArray
    effect_sd: FloatArray
    multiplier: float
    multiplier_sd: float

    @property
    def unknown_variance(self) -> float:
        """Variance of what counts of a rep of whom nothing is known."""
        return float((self.multiplier * SD_FACTOR) ** 2 * max(self.tau2, LEAST_TAU2))

    @property
    def counted_effect(self) -> FloatArray:
        """What counts in the plan."""
        return self.multiplier * self.effect

    @property
    def counted_variance(self) -> FloatArray:
        """Variance of what counts: of the effect and of the share that comes along."""
        return (self.multiplier * self.effect_sd) ** 2 + (self.multiplier_sd * self.effect) ** 2


@dataclass(frozen=True, eq=False, kw_only=True)
class RepEffects(CountedEffects):
    """Effects on wins, with what is believed.

    Attributes:
        deals: Closed deals.
        wins: Won ones.
        expected_wins: Wins the deals themselves predict, without the rep.
        data_effect: What the deals say.
        data_effect_sd: Its standard deviation.
        prior_effect: What is believed; NaN where nothing is.
        is_rated: A manager's rating is part of the belief.
    """

    deals: FloatArray
    wins: FloatArray
    expected_wins: FloatArray
    data_effect: FloatArray
    data_effect_sd: FloatArray
    prior_effect: FloatArray
    is_rated: BoolArray


@dataclass(frozen=True, eq=False, kw_only=True)
class CreationEffects(CountedEffects):
    """Effects on opportunities created, in logarithms of their number.

    Attributes:
        created: Opportunities created on accounts the rep was in charge of.
        expected: What the accounts themselves predict, without the rep.
    """

    created: FloatArray
    expected: FloatArray


def creation_effects(
    spells: Spells,
    creation: ModelFit,
    model: Model,
    reps: pd.Index,
    levels: Mapping[str, pd.Index],
    transport: Transport,
) -> dict[str, CreationEffects]:
    """Lay out what every rep adds to the opportunities of an account.

    Args:
        spells: Who was in charge when.
        creation: The fitted model.
        model: What was fitted.
        reps: Ids to lay out; reps with spells must be among them.
        levels: Levels to lay out, by feature.
        transport: What comes along to other accounts, by dimension.

    Returns:
        Effects by dimension.
    """
    expected = np.zeros(len(spells))
    if creation.whole is not None:
        expected = model.family.mean(model.own_part(creation.whole, spells, spells.rows()))
    found = {}
    for place, dimension in enumerate(transport.dimensions):
        names = levels[dimension] if dimension in KINDS else pd.Index([ALL])
        term = DIMENSION_TERMS[dimension][-1]
        effect, information, tau2 = _fitted(spells, creation, term, reps, names)
        created, predicted = _count(spells, dimension, reps, names, spells.created, expected)
        found[dimension] = CreationEffects(
            reps=reps,
            levels=names,
            tau2=tau2,
            effect=effect,
            effect_sd=SD_FACTOR * np.sqrt(1 / (information + 1 / max(tau2, LEAST_TAU2))),
            multiplier=float(transport.multiplier[place]),
            multiplier_sd=float(transport.multiplier_sd[place]),
            created=created,
            expected=predicted,
        )
    return found


def combine_with_priors(
    deals: Deals,
    wins: ModelFit,
    reps: pd.Index,
    levels: Mapping[str, pd.Index],
    priors: pd.DataFrame,
    transport: Transport,
) -> dict[str, RepEffects]:
    """Lay out data and beliefs for every rep and level.

    Args:
        deals: Closed deals.
        wins: The fitted win model.
        reps: Ids to lay out; reps with deals must be among them.
        levels: Levels to lay out, by feature of a deal.
        priors: rep_id, dimension, level, prior_effect (log-odds), pseudo_deals, is_rated.
        transport: What comes along to other accounts, by dimension.

    Returns:
        Effects by dimension.
    """
    expected = np.zeros(len(deals))
    if wins.whole is not None:
        own = wins.whole.sum_of(deals.terms, deals.rows(), Part.SEGMENT)
        expected = np.asarray(expit(wins.whole.base + own))
    win_rate = float(deals.is_won.mean()) if len(deals) else 0.5
    found = {}
    for place, dimension in enumerate(transport.dimensions):
        term = DIMENSION_TERMS[dimension][-1]
        names = levels[dimension] if dimension in KINDS else pd.Index([ALL])
        effect, information, tau2 = _fitted(deals, wins, term, reps, names)
        prior, pseudo_deals, is_rated = _believed(priors, dimension, reps, names)
        prior_information = pseudo_deals * win_rate * (1 - win_rate)
        both = information + prior_information
        weighed = information * effect + prior_information * np.nan_to_num(prior)
        floor = 1 / max(tau2, LEAST_TAU2)
        counts = _count(
            deals, dimension, reps, names, np.ones(len(deals)), deals.is_won.astype(float), expected
        )
        found[dimension] = RepEffects(
            reps=reps,
            levels=names,
            tau2=tau2,
            deals=counts[0],
            wins=counts[1],
            expected_wins=counts[2],
            data_effect=effect,
            data_effect_sd=SD_FACTOR * np.sqrt(1 / (information + floor)),
            prior_effect=prior,
            is_rated=is_rated,
            effect=np.divide(weighed, both, out=effect.copy(), where=prior_information > 0),
            effect_sd=SD_FACTOR * np.sqrt(1 / (both + floor)),
            multiplier=float(transport.multiplier[place]),
            multiplier_sd=float(transport.multiplier_sd[place]),
        )
    return found


def _count(
    records: Records, dimension: str, reps: pd.Index, names: pd.Index, *of: FloatArray
) -> list[FloatArray]:
    """Sums of what records hold, over the grid."""
    rep_at = _places_of(records, "rep_id", reps)
    level_at = np.zeros_like(rep_at)
    if dimension in KINDS:
        level_at = _places_of(records, dimension, names)
    held = level_at >= 0
    flat, shape = (rep_at * len(names) + level_at)[held], (len(reps), len(names))
    return [
        np.asarray(np.bincount(flat, weight[held], shape[0] * shape[1]).reshape(shape), dtype=float)
        for weight in of
    ]


def _places_of(records: Records, column: str, names: pd.Index) -> PlaceArray:
    feature = records.features[column]
    return places(names, feature.levels)[feature.code]


def _fitted(
    records: Records, fits: ModelFit, term: Term, reps: pd.Index, names: pd.Index
) -> tuple[FloatArray, FloatArray, float]:
    """Effect, information and spread of a rep term over the grid."""
    effect, information = np.zeros((len(reps), len(names))), np.zeros((len(reps), len(names)))
    if fits.whole is None:
        return effect, information, 0.0
    fitted = fits.whole.effects[term.name]
    rep_at = places(reps, records.labels(term, "rep_id"))
    others = [column for column in term.columns if column != "rep_id"]
    level_at = places(names, records.labels(term, others[0])) if others else np.zeros_like(rep_at)
    held = fitted.is_seen & (rep_at >= 0) & (level_at >= 0)
    effect[rep_at[held], level_at[held]] = fitted.effect[held]
    information[rep_at[held], level_at[held]] = fitted.information[held]
    return effect, information, fitted.tau2


def _believed(
    priors: pd.DataFrame, dimension: str, reps: pd.Index, names: pd.Index
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Belief, its pseudo-deals and whether a manager's rating is in it, over the grid."""
    shape = (len(reps), len(names))
    effect, pseudo_deals, is_rated = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, bool)
    mine = priors[priors["dimension"] == dimension]
    rep_at, level_at = places(reps, mine["rep_id"]), places(names, mine["level"])
    held = (rep_at >= 0) & (level_at >= 0)
    at = rep_at[held], level_at[held]
    effect[at] = mine["prior_effect"].to_numpy(dtype=float)[held]
    pseudo_deals[at] = mine["pseudo_deals"].to_numpy(dtype=float)[held]
    is_rated[at] = mine["is_rated"].to_numpy(dtype=bool)[held]
    return effect, pseudo_deals, is_rated
