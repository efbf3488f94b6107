"""Does a rep's advantage come along to accounts that others worked on?

Where owners keep their accounts, a good account makes its rep look good, and goes on doing so. So
only deals of an account that several reps worked on can tell. Two tests, each closed to a mistake
that the other one makes (they bracket the truth: Angrist and Pischke 2009, section 5.4):

  same account   effects fitted on other accounts; within an account, does the better rep win more?
                 Good accounts in the hands of good reps do not fool it; accounts that were given
                 away after a run of bad luck do.
  after changes  effects and the account's own record fitted on earlier deals; of the later ones,
                 those of accounts that another rep mainly worked on before. Bad luck does not fool
                 it, since the record is shrunk for it; good accounts that go to good reps do.

The surer test decides, unless the other says less by more than 1.5 standard errors of their
difference. What a rep adds on a product or revenue type is seen on the rep's own accounts too (the
same account, another product), so there the first test decides alone.

From slopes b with covariance S to how much counts, by Bayes' rule over two explanations:
  nothing comes along: every slope is 0, believed with 9 to 1 before looking, so that at most one
  company in ten without any difference between reps is told otherwise;
  it does: slopes vary with deviation 1/4 around a common m, itself between 0 and 1 with density
  7 m^6, since the slope of a rightly shrunk effect is 1. Of creation every m between 0 and 1 is as
  likely: accounts differ so much in how much they ask for that a rep's effect holds some of theirs.
  For the same reason a quarter of a standard deviation is taken off what counts of creation.
The posterior mean counts in full where something comes along with three chances in four, not at all
below one in four, and in between in proportion: belief alone must promise nothing, and a night's
deals must not switch a plan over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from optimization.arrays import ratio
from optimization.strength.deals import BoolArray, FloatArray, IntArray, Records
from optimization.strength.fit import Fit
from optimization.strength.models import (
    HOLDOUT_DAYS,
    Model,
    ModelFit,
    age_weight,
    rows_where,
)
from optimization.strength.slopes import Slopes, fit_slopes
from optimization.strength.terms import ACCOUNT, DIMENSION_TERMS, OF_DEALS, Part

SAME_ACCOUNT, AFTER_CHANGES = "same_account", "after_changes"
NOTHING_COMES_ALONG = 0.9
_SPREAD_OF_SLOPES = 0.25
_APART = 1.5
# Chances that anything comes along between which the posterior mean begins to count.
_CHANCES = (0.25, 0.75)
_GRID = np.linspace(0.05, 1.0, 20)
# Few deals need every one of them for both fitting and testing; many do not.
_MANY_DEALS = 200_000
_FOLDS, _PERIODS = 10, 4
_FOLDS_OF_MANY = _PERIODS_OF_MANY = 2


@dataclass(frozen=True)
class Belief:
    """What is believed of a common slope before looking, and how carefully it is counted.

    Attributes:
        power: Of the density of the slope between 0 and 1.
        caution: Standard deviations that what counts lies below the posterior mean.
    """

    power: int
    caution: float


BELIEF_OF_DEALS, BELIEF_OF_CREATION = Belief(6, 0.0), Belief(0, 0.25)


@dataclass(frozen=True, eq=False)
class Transport:
    """What comes along, by dimension; arrays have shape (dimensions,).

    Attributes:
        dimensions: Names.
        multiplier: Posterior mean of the slope: the factor on every effect of reps and groups.
        multiplier_sd: Its posterior deviation.
        probability: That anything comes along.
        test: The test that decided.
        slope: Its slope; NaN where there was nothing to test.
        slope_se: Its standard error.
        deals: Records that could tell.
    """

    dimensions: tuple[str, ...]
    multiplier: FloatArray
    multiplier_sd: FloatArray
    probability: FloatArray
    test: tuple[str, ...]
    slope: FloatArray
    slope_se: FloatArray
    deals: IntArray


@dataclass(frozen=True, eq=False)
class _Evidence:
    test: str
    slopes: Slopes
    deals: IntArray


def judge_transport(
    records: Records, model: Model, fits: ModelFit, half_life_days: int
) -> Transport:
    """Hold what reps add against the deals or spells that can tell it from what accounts add.

    Args:
        records: Closed deals, or spells.
        model: What is fitted.
        fits: The fits; the early one serves the newest period.
        half_life_days: Age at which a record counts half; 0 for none.
    """
    dimensions = tuple(
        name for name, terms in DIMENSION_TERMS.items() if any(t in model.terms for t in terms)
    )
    same = _on_the_same_account(records, model, half_life_days, dimensions)
    later = _after_changes(records, model, fits, half_life_days, dimensions)
    of_deals = np.array([name in OF_DEALS for name in dimensions])
    belief = BELIEF_OF_DEALS if model.years is None else BELIEF_OF_CREATION
    decides = _weigh(_deciding(same, later, ~of_deals), ~of_deals, belief)
    alone = _weigh(same, of_deals, belief)
    return Transport(
        dimensions=dimensions,
        multiplier=np.where(of_deals, alone.multiplier, decides.multiplier),
        multiplier_sd=np.where(of_deals, alone.multiplier_sd, decides.multiplier_sd),
        probability=np.where(of_deals, alone.probability, decides.probability),
        test=tuple(SAME_ACCOUNT if of else decides.evidence.test for of in of_deals),
        slope=np.where(of_deals, same.slopes.slope, decides.evidence.slopes.slope),
        slope_se=np.where(of_deals, same.slopes.error, decides.evidence.slopes.error),
        deals=np.where(of_deals, same.deals, decides.evidence.deals),
    )


def added_by_rep(
    fit: Fit, records: Records, rows: IntArray, dimensions: Sequence[str]
) -> FloatArray:
    """What the rep of each record adds, by dimension, shape (rows, dimensions)."""
    added = np.zeros((len(rows), len(dimensions)))
    for place, name in enumerate(dimensions):
        for term in DIMENSION_TERMS[name]:
            if term in fit.terms:
                added[:, place] += fit.effects[term.name].effect[
                    records.terms[term.name].code[rows]
                ]
    return added


def _on_the_same_account(
    records: Records, model: Model, half_life_days: int, dimensions: Sequence[str]
) -> _Evidence:
    used = rows_where(model.is_used)
    account = records.features["account_id"].code[used]
    added, own = np.zeros((len(used), len(dimensions))), np.zeros(len(used))
    for fold, fit in _folds(records, model, used, half_life_days):
        held_out = fold(used)
        rows = used[held_out]
        added[held_out] = added_by_rep(fit, records, rows, dimensions)
        own[held_out] = model.own_part(fit, records, rows)
    mean = _mean_by_account(records, model, used, added)[account]
    slopes = fit_slopes(model.outcome[used], own, added - mean, account, model.family, mean)
    told = (np.abs(added - mean) > 0).sum(axis=0).astype(np.int32)
    return _Evidence(SAME_ACCOUNT, slopes, told)


def _after_changes(
    records: Records,
    model: Model,
    fits: ModelFit,
    half_life_days: int,
    dimensions: Sequence[str],
) -> _Evidence:
    rep, account = records.features["rep_id"].code, records.features["account_id"].code
    tested, added, own = [], [], []
    for early, later, today in _periods(records, model):
        before = _main_reps(records, model, early)[account[later]]
        rows = later[(before >= 0) & (before != rep[later])]
        found = None
        if model.years is not None:
            found = _lead(records, model, early, rows, dimensions, half_life_days, today)
        else:
            fit = fits.judged if today == HOLDOUT_DAYS else None
            fit = fit or _fit(records, model, early, half_life_days, today)
            if fit is not None:
                found = (
                    added_by_rep(fit, records, rows, dimensions),
                    model.own_part(fit, records, rows),
                )
        if found is not None:
            tested.append(rows)
            added.append(found[0])
            own.append(found[1])
    if not tested:
        nothing = np.zeros(len(dimensions), dtype=np.int32)
        return _Evidence(AFTER_CHANGES, Slopes.untested(len(dimensions)), nothing)
    rows, columns = np.concatenate(tested), np.concatenate(added)
    slopes = fit_slopes(
        model.outcome[rows],
        np.concatenate(own),
        columns,
        account[rows],
        model.family,
    )
    counts = np.full(len(dimensions), len(rows), dtype=np.int32)
    return _Evidence(AFTER_CHANGES, slopes, counts)


def _lead(
    records: Records,
    model: Model,
    early: IntArray,
    rows: IntArray,
    dimensions: Sequence[str],
    half_life_days: int,
    today: float,
) -> tuple[FloatArray, FloatArray] | None:
    """What reps add beyond those before them, by effects from other accounts; and the record.

    Accounts differ much more in how much they ask for than in how readily they buy, and a rep with
    few of them has much of one in the effect. So an account's record is taken whole, whoever made
    it, and held against the rep's lead over those who made it, as far as the record counts.

    Returns:
        Shape (rows, dimensions) and (rows,); None where there is nothing to fit on.
    """
    account = records.features["account_id"].code
    alone = replace(model, terms=tuple(t for t in model.terms if t.part is Part.SEGMENT))
    record = _fit(records, alone, early, half_life_days, today)
    if record is None:
        return None
    added = np.zeros((len(rows), len(dimensions)))
    before = np.zeros((len(early), len(dimensions)))
    for fold, fit in _folds(records, model, early, half_life_days, today):
        for at, values in ((early, before), (rows, added)):
            held_out = fold(at)
            values[held_out] = added_by_rep(fit, records, at[held_out], dimensions)
    own = record.effects[ACCOUNT.name]
    counted = own.information * own.tau2 / (1 + own.information * own.tau2)
    theirs = _mean_by_account(records, model, early, before) * counted[:, None]
    return added - theirs[account[rows]], alone.own_part(record, records, rows)


def _folds(
    records: Records, model: Model, rows: IntArray, half_life_days: int, today: float = 0.0
) -> Iterator[tuple[Callable[[IntArray], BoolArray], Fit]]:
    """Which rows are of some accounts, and a fit without any of them."""
    account = records.features["account_id"].code
    folds = _FOLDS if len(rows) <= _MANY_DEALS else _FOLDS_OF_MANY
    for number in range(folds):
        of_fold = partial(_is_of_fold, account, folds, number)
        fit = _fit(records, model, rows[~of_fold(rows)], half_life_days, today)
        if fit is not None:
            yield of_fold, fit


def _is_of_fold(account: IntArray, folds: int, number: int, rows: IntArray) -> BoolArray:
    return np.asarray(account[rows] % folds == number)


def _mean_by_account(
    records: Records, model: Model, rows: IntArray, values: FloatArray
) -> FloatArray:
    """Mean of some rows' values, shape (accounts, columns); 0 without any."""
    account, counts = records.features["account_id"], model.counts(rows)
    code, size = account.code[rows], len(account.levels)
    whole = ratio(np.ones(size), np.bincount(code, counts, size))
    return np.column_stack([np.bincount(code, counts * v, size) * whole for v in values.T])


def _periods(records: Records, model: Model) -> Iterator[tuple[IntArray, IntArray, float]]:
    """Half years, newest first: the records before one, those in it, and its first day's age."""
    count = _PERIODS if model.is_used.sum() <= _MANY_DEALS else _PERIODS_OF_MANY
    for number in range(1, count + 1):
        today = float(number * HOLDOUT_DAYS)
        is_early = records.age_days > today
        is_later = ~is_early & (records.age_days > today - HOLDOUT_DAYS)
        if number == 1:
            is_later |= records.age_days <= 0
        yield rows_where(model.is_used & is_early), rows_where(model.is_used & is_later), today


def _fit(
    records: Records, model: Model, rows: IntArray, half_life_days: int, today: float = 0.0
) -> Fit | None:
    weight = age_weight(records.age_days[rows] - today, half_life_days)
    fit = model.fit(records, rows, weight)
    return fit if fit is not None and fit.is_estimable else None


def _main_reps(records: Records, model: Model, rows: IntArray) -> IntArray:
    """Rep with most of an account's deals or years, of equals the first; -1 without any."""
    rep, account = records.features["rep_id"], records.features["account_id"]
    reps = max(len(rep.levels), 1)
    of_rows = account.code[rows].astype(np.int64) * reps + rep.code[rows]
    pairs, pair_of = np.unique(of_rows, return_inverse=True)
    count = np.bincount(pair_of, model.counts(rows), len(pairs))
    main = np.full(len(account.levels), -1, dtype=np.int32)
    # Written in ascending order of count, and of equals the first rep last.
    order = np.lexsort((-pairs, count))
    main[pairs[order] // reps] = pairs[order] % reps
    return main


def _deciding(same: _Evidence, later: _Evidence, chosen: BoolArray) -> _Evidence:
    """Choose the test to believe on some dimensions."""
    (of_same, error_of_same), (of_later, error_of_later) = (
        _common_slope(evidence.slopes, chosen) for evidence in (same, later)
    )
    if not np.isfinite(error_of_same) or not np.isfinite(error_of_later):
        return same if np.isinf(error_of_same) else later
    surer, other, difference = same, later, of_same - of_later
    if error_of_later < error_of_same:
        surer, other, difference = later, same, -difference
    is_less = difference > _APART * np.hypot(error_of_same, error_of_later)
    return other if is_less else surer


def _common_slope(slopes: Slopes, chosen: BoolArray) -> tuple[float, float]:
    """Generalised least-squares mean of some slopes and its error; infinite without any."""
    held = chosen & slopes.is_tested
    if not held.any():
        return 0.0, np.inf
    precision = np.linalg.inv(slopes.covariance[np.ix_(held, held)])
    total = precision.sum()
    return float(precision.sum(axis=0) @ slopes.slope[held] / total), float(total**-0.5)


@dataclass(frozen=True, eq=False)
class _Weighed:
    evidence: _Evidence
    multiplier: FloatArray
    multiplier_sd: FloatArray
    probability: FloatArray


def _weigh(evidence: _Evidence, chosen: BoolArray, belief: Belief) -> _Weighed:
    """Apply Bayes' rule to the slopes of some dimensions; the others stay 0."""
    held = chosen & evidence.slopes.is_tested
    multiplier, deviation = np.zeros(len(chosen)), np.zeros(len(chosen))
    probability = np.where(chosen, 1 - NOTHING_COMES_ALONG, 0.0)
    if held.any():
        slope = evidence.slopes.slope[held]
        covariance = evidence.slopes.covariance[np.ix_(held, held)]
        mean, variance, chance = posterior(slope, covariance, belief)
        counted = float(np.interp(chance, _CHANCES, (0.0, 1.0)))
        careful = mean - belief.caution * np.sqrt(variance)
        multiplier[held] = counted * np.clip(careful, 0.0, 1.0)
        deviation[held] = counted * np.sqrt(variance)
        probability[chosen] = chance
    return _Weighed(evidence, multiplier, deviation, probability)


def posterior(
    slope: FloatArray, covariance: FloatArray, belief: Belief = BELIEF_OF_DEALS
) -> tuple[FloatArray, FloatArray, float]:
    """Mean and variance of the true slopes, and the chance that anything comes along.

    Args:
        slope: Shape (dimensions,).
        covariance: Shape (dimensions, dimensions).
        belief: Before looking.
    """
    density = _GRID**belief.power
    believed = (1 - NOTHING_COMES_ALONG) * density / density.sum()
    prior = _SPREAD_OF_SLOPES**2 * np.eye(len(slope))
    total = covariance + prior
    pull = prior @ np.linalg.inv(total)
    left_over = np.diag(prior - pull @ prior)
    evidence = np.array(
        [np.log(NOTHING_COMES_ALONG) + _log_density(slope, covariance)]
        + [
            np.log(weight) + _log_density(slope - common, total)
            for common, weight in zip(_GRID, believed, strict=True)
        ]
    )
    weight = np.exp(evidence - evidence.max())
    weight /= weight.sum()
    means = np.vstack([np.zeros(len(slope))] + [m + pull @ (slope - m) for m in _GRID])
    mean = weight @ means
    variance = weight @ (means - mean) ** 2 + (1 - weight[0]) * left_over
    return mean, variance, float(1 - weight[0])


def _log_density(at: FloatArray, covariance: FloatArray) -> float:
    """Logarithm of a normal density around 0, up to a constant of the dimension."""
    root = np.linalg.cholesky(covariance)
    return float(-0.5 * (np.linalg.solve(root, at) ** 2).sum() - np.log(np.diag(root)).sum())
