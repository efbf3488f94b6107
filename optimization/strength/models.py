"""The models, each fitted twice: on all records, and on those known half a year ago."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.strength.deals import BoolArray, Deals, FloatArray, IntArray, Records, Spells
from optimization.strength.fit import Family, Fit, fit_effects
from optimization.strength.terms import CREATION_TERMS, VALUE_TERMS, WIN_TERMS, Part, Term

# The newest deals, which judge what was known before them.
HOLDOUT_DAYS = 180


@dataclass(frozen=True, eq=False)
class Model:
    """What is fitted, on which records.

    Attributes:
        terms: Terms in the order in which they are fitted.
        family: Distribution of the outcome.
        outcome: 0 or 1, the logarithm of the amount, or a count, shape (records,).
        is_used: The records the model is about, shape (records,).
        years: How long a count took, shape (records,); None where a record counts once.
    """

    terms: tuple[Term, ...]
    family: Family
    outcome: FloatArray
    is_used: BoolArray
    years: FloatArray | None = None

    def fit(self, records: Records, rows: IntArray, weight: FloatArray) -> Fit | None:
        """Fit on some records; None without any."""
        outcome, offset = self.outcome[rows], None
        if self.years is not None:
            offset = np.log(self.years[rows])
        return fit_effects(
            records.terms, rows, outcome, weight, self.terms, self.family, offset=offset
        )

    def counts(self, rows: IntArray) -> FloatArray:
        """How much some records count: their years, or 1 each, shape (rows,)."""
        return np.ones(len(rows)) if self.years is None else self.years[rows]

    def own_part(self, fit: Fit, records: Records, rows: IntArray) -> FloatArray:
        """Linear predictor of some records but for what their reps add, shape (rows,)."""
        own = fit.base + fit.sum_of(records.terms, rows, Part.SEGMENT)
        return own if self.years is None else np.asarray(own + np.log(self.years[rows]))


@dataclass(frozen=True, eq=False)
class ModelFit:
    """A model fitted twice; None where there were no deals to fit on.

    Attributes:
        whole: Fitted on all deals; what the plan uses.
        whole_rows: Those deals.
        whole_weight: Their weights.
        early: Fitted on the deals that closed before the last half year.
        early_rows: Those deals.
        early_weight: Their weights.
        later_rows: The deals since: they judge ``early``.
        outcome: Of every deal, shape (deals,).
    """

    whole: Fit | None
    whole_rows: IntArray
    whole_weight: FloatArray
    early: Fit | None
    early_rows: IntArray
    early_weight: FloatArray
    later_rows: IntArray
    outcome: FloatArray

    @property
    def judged(self) -> Fit | None:
        """The early fit, where it found something to fit and there are later deals to judge it."""
        is_judged = self.early is not None and self.early.is_estimable and len(self.later_rows) > 0
        return self.early if is_judged else None


def win_model(deals: Deals) -> Model:
    """Won or lost, of every closed deal."""
    return Model(
        WIN_TERMS, Family.BINOMIAL, deals.is_won.astype(float), np.ones(len(deals), dtype=bool)
    )


def value_model(deals: Deals) -> Model:
    """Logarithm of a won amount. Lost deals often carry 0, so they tell nothing."""
    is_used = deals.is_won & (deals.amount > 0)
    outcome = np.log(np.where(is_used, deals.amount, 1.0))
    return Model(VALUE_TERMS, Family.GAUSSIAN, outcome, is_used)


def creation_model(spells: Spells) -> Model:
    """Opportunities created while somebody was in charge."""
    is_used = np.ones(len(spells), dtype=bool)
    return Model(CREATION_TERMS, Family.POISSON, spells.created, is_used, spells.years)


def age_weight(age_days: FloatArray, half_life_days: int) -> FloatArray:
    """Weight of a deal by its age; a half-life of 0 stands for none."""
    if half_life_days == 0:
        return np.ones(len(age_days))
    return np.asarray(0.5 ** (age_days / half_life_days))


def fit_model(records: Records, model: Model, half_life_days: int) -> ModelFit:
    """Fit a model on all records and on the early ones.

    Args:
        records: Closed deals, or spells.
        model: What to fit.
        half_life_days: Age at which a record counts half; 0 for none.
    """

    def fitted(rows: IntArray, today: float) -> tuple[FloatArray, Fit | None]:
        weight = age_weight(records.age_days[rows] - today, half_life_days)
        return weight, model.fit(records, rows, weight)

    is_early = records.age_days > HOLDOUT_DAYS
    early_rows = rows_where(model.is_used & is_early)
    whole_rows = rows_where(model.is_used)
    whole_weight, whole = fitted(whole_rows, 0.0)
    early_weight, early = fitted(early_rows, HOLDOUT_DAYS)
    return ModelFit(
        whole=whole,
        whole_rows=whole_rows,
        whole_weight=whole_weight,
        early=early,
        early_rows=early_rows,
        early_weight=early_weight,
        later_rows=rows_where(model.is_used & ~is_early),
        outcome=model.outcome,
    )


def rows_where(chosen: BoolArray) -> IntArray:
    """Positions of the chosen deals."""
    return np.flatnonzero(chosen).astype(np.int32)
