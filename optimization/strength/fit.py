"""Observed-minus-expected effects, shrunk by the signal each term really holds.

An additive model: of the log-odds of a win (binomial), of the logarithm of a won amount
(gaussian), or of the logarithm of a yearly rate (poisson). Newton steps, term by term. For a level
of a term, with mu the fitted mean, v its variance function and phi the dispersion (1, or the
residual variance):
G = sum w (y - mu) / phi, V = sum w v / phi, V2 = sum w^2 v / phi, z = d + G/V, a = V^2/V2.
The variance between levels, tau2, is the moment estimate of DerSimonian and Laird (1986) over
(z, a); the effect d = V z / (V + 1/tau2) is the empirical-Bayes mean, 0 where tau2 = 0.

A rate is a factor, so a level of a poisson term has its mean in closed form (Clayton and Kaldor
1987): with n what came and m what was to be expected without the level, both over phi,
z = n/m - 1, a = m^2 / sum w^2 mu, and exp(d) = (n + 1/tau2) / (m + 1/tau2) is the mean of the
factor, whose logarithm varies by 1 / (n + 1/tau2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.special import expit, logit

from optimization.strength.deals import BoolArray, FloatArray, IntArray, TermLevels
from optimization.strength.terms import Part, Term

PASSES = 3
# Log-odds beyond which a probability is 0 or 1 to double precision.
LIMIT = 35.0
_NO_INFORMATION = 1e-12
_NO_SPREAD = 1e-9
# Deals summed at a time: what is computed of them stays in the processor's cache.
_BLOCK = 1 << 16


class Family(Enum):
    """Distribution of the outcome."""

    BINOMIAL = "binomial"
    GAUSSIAN = "gaussian"
    POISSON = "poisson"

    def intercept(self, mean: float) -> float:
        """Linear predictor of a mean."""
        if self is Family.GAUSSIAN:
            return mean
        if self is Family.POISSON:
            return float(np.log(max(mean, _NO_SPREAD)))
        return float(np.clip(logit(mean), -LIMIT, LIMIT))

    def mean(self, predictor: FloatArray) -> FloatArray:
        """Fitted mean."""
        if self is Family.POISSON:
            return np.asarray(np.exp(np.minimum(predictor, LIMIT)))
        return predictor if self is Family.GAUSSIAN else np.asarray(expit(predictor))

    def variance(self, mean: FloatArray) -> FloatArray:
        """Variance function, without the dispersion."""
        if self is Family.POISSON:
            return mean
        return np.ones_like(mean) if self is Family.GAUSSIAN else mean * (1 - mean)

    def dispersion(self, outcome: FloatArray, weight: FloatArray, mean: FloatArray) -> float:
        """Variance of an outcome over its variance function."""
        if self is Family.BINOMIAL:
            return 1.0
        if self is Family.POISSON:
            # Opportunities that come in bunches tell less than as many that come one by one.
            left = float((weight * (outcome - mean) ** 2).sum())
            return max(1.0, left / max(float((weight * mean).sum()), _NO_SPREAD))
        return max(float((weight * (outcome - mean) ** 2).sum() / weight.sum()), _NO_SPREAD)


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects of one term; arrays have shape (levels,).

    Attributes:
        effect: Shrunk effect, 0 where the level has no deal.
        information: V, what the level's deals tell; of a rate n, what came.
        is_seen: The level has deals.
        tau2: Variance between levels.
    """

    effect: FloatArray
    information: FloatArray
    is_seen: BoolArray
    tau2: float

    @property
    def variance(self) -> FloatArray:
        """Variance of each effect given its deals; ``tau2`` where there is none."""
        if self.tau2 == 0:
            return np.zeros_like(self.effect)
        return 1 / (np.where(self.is_seen, self.information, 0.0) + 1 / self.tau2)


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model.

    Attributes:
        base: Intercept.
        is_estimable: Outcomes differ; without that the intercept is all there is.
        terms: The terms, in the order fitted.
        effects: Effects by name of the term.
    """

    base: float
    is_estimable: bool
    terms: tuple[Term, ...]
    effects: Mapping[str, Effects]

    def sum_of(self, levels: Mapping[str, TermLevels], rows: IntArray, *parts: Part) -> FloatArray:
        """Add up the effects of some parts for some deals, shape (rows,)."""
        total = np.zeros(len(rows))
        for term in self.terms:
            if term.part in parts:
                total += self.effects[term.name].effect[levels[term.name].code[rows]]
        return total


def fit_effects(
    levels: Mapping[str, TermLevels],
    rows: IntArray,
    outcome: FloatArray,
    weight: FloatArray,
    terms: Sequence[Term],
    family: Family,
    passes: int = PASSES,
    offset: FloatArray | None = None,
) -> Fit | None:
    """Fit a model on some deals.

    Args:
        levels: Levels by name of a term, of all deals.
        rows: Deals to fit on.
        outcome: 0 or 1, or the logarithm of an amount, shape (rows,).
        weight: Of each deal, shape (rows,).
        terms: Terms in the order in which they are fitted.
        family: Distribution of the outcome.
        passes: Sweeps over the terms.
        offset: Known part of the linear predictor (of a count the logarithm of its years), shape
            (rows,).

    Returns:
        The fit; None without any deal.
    """
    if not len(rows):
        return None
    known = np.zeros(len(rows)) if offset is None else offset
    total = float((weight * np.exp(known)).sum()) if family is Family.POISSON else weight.sum()
    mean = float((weight * outcome).sum() / total)
    spread = float((weight * (outcome - mean) ** 2).sum() / total)
    base = family.intercept(mean)
    effects = {term.name: _none(levels[term.name].size) for term in terms}
    if spread <= _NO_SPREAD:
        return Fit(base, False, tuple(terms), effects)
    code = {term.name: levels[term.name].code[rows] for term in terms}
    predictor = base + known
    for _ in range(passes):
        dispersion = family.dispersion(outcome, weight, family.mean(predictor))
        for term in terms:
            before = effects[term.name]
            at = code[term.name]
            after = _step(at, before, outcome, weight, predictor, family, dispersion)
            predictor += (after.effect - before.effect)[at]
            effects[term.name] = after
        fitted = family.mean(predictor)
        shift = float(
            (weight * (outcome - fitted)).sum() / (weight * family.variance(fitted)).sum()
        )
        base += shift
        predictor += shift
    return Fit(base, True, tuple(terms), effects)


def _none(size: int) -> Effects:
    return Effects(np.zeros(size), np.zeros(size), np.zeros(size, dtype=bool), 0.0)


def _step(
    at: IntArray,
    before: Effects,
    outcome: FloatArray,
    weight: FloatArray,
    predictor: FloatArray,
    family: Family,
    dispersion: float,
) -> Effects:
    """Make one Newton step of one term, and shrink it."""
    size = len(before.effect)
    gradient, information, squared = np.zeros(size), np.zeros(size), np.zeros(size)
    block = max(_BLOCK, size)
    for start in range(0, len(at), block):
        part = slice(start, start + block)
        here = at[part].astype(np.intp)
        fitted = family.mean(predictor[part])
        weighted = weight[part] * family.variance(fitted)
        gradient += np.bincount(here, weight[part] * (outcome[part] - fitted), size)
        information += np.bincount(here, weighted, size)
        squared += np.bincount(here, weight[part] * weighted, size)
    information /= dispersion
    is_seen = information > _NO_INFORMATION
    if family is Family.POISSON:
        return _shrunk_factor(before, gradient / dispersion, information, squared / dispersion)
    v = information[is_seen]
    z = before.effect[is_seen] + gradient[is_seen] / dispersion / v
    tau2 = variance_between(z, v**2 / (squared[is_seen] / dispersion))
    effect = np.zeros(size)
    if tau2 > 0:
        effect[is_seen] = v * z / (v + 1 / tau2)
    return Effects(effect, information, is_seen, tau2)


def _shrunk_factor(
    before: Effects, gradient: FloatArray, information: FloatArray, squared: FloatArray
) -> Effects:
    """Find the mean factor of every level of a term of a rate, all sums over the dispersion."""
    is_seen = information > _NO_INFORMATION
    factor = np.exp(before.effect[is_seen])
    came = np.maximum(gradient[is_seen] + information[is_seen], 0.0)
    expected = information[is_seen] / factor
    tau2 = variance_between(came / expected - 1, expected**2 / (squared[is_seen] / factor))
    effect, told = np.zeros(len(before.effect)), np.zeros(len(before.effect))
    told[is_seen] = came
    if tau2 > 0:
        effect[is_seen] = np.log((came + 1 / tau2) / (expected + 1 / tau2))
    return Effects(effect, told, is_seen, tau2)


def variance_between(z: FloatArray, a: FloatArray) -> float:
    """Variance between estimates z of precision a: DerSimonian and Laird (1986), at least 0."""
    if len(a) < 2:
        return 0.0
    total = a.sum()
    room = total - (a**2).sum() / total
    if room <= _NO_SPREAD * total:
        return 0.0
    excess = (a * z**2).sum() - (a * z).sum() ** 2 / total - (len(a) - 1)
    return max(0.0, float(excess / room))
