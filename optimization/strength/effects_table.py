"""The fitted models as a table: what the account's potential and the candidates are made of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.strength.deals import Deals
from optimization.strength.fit import Fit
from optimization.strength.models import Model, rows_where
from optimization.strength.terms import ALL, Part

BASE = "base"
EFFECT_COLUMNS = ("model", "term", "rep_id", "level", "effect", "variance", "tau2")


def effects_table(
    deals: Deals, wins: Fit | None, values: Fit | None, value_scale: float
) -> pd.DataFrame:
    """Table ``effects``, one row per model, term, rep and level with deals.

    Args:
        deals: Closed deals.
        wins: The win model on all deals; effects in log-odds.
        values: The value model on all deals; effects in logarithms of company currency.
        value_scale: Added to the value model's intercept; see :func:`scale_of_values`.

    Returns:
        model (win or value), term (``base`` for the intercept), rep_id and level (``(all)`` where a
        term has none), effect, its variance, and the variance between the term's levels.
    """
    tables = [
        _rows(deals, name, fit, shift)
        for name, fit, shift in (("win", wins, 0.0), ("value", values, value_scale))
        if fit is not None
    ]
    if not tables:
        return pd.DataFrame(columns=list(EFFECT_COLUMNS))
    return pd.concat(tables, ignore_index=True)


def scale_of_values(deals: Deals, model: Model, fit: Fit | None, multiplier: float) -> float:
    """Logarithm of paid over predicted value of all won deals.

    exp of a mean logarithm is a median; with this on top, predicted and paid value are equal.

    Args:
        deals: Closed deals.
        model: The value model.
        fit: Its fit on all deals.
        multiplier: The guard's, on the reps' effects on value.
    """
    if fit is None:
        return 0.0
    rows = rows_where(model.is_used)
    own = fit.base + fit.sum_of(deals.terms, rows, Part.SEGMENT)
    of_rep = multiplier * fit.sum_of(deals.terms, rows, Part.REP, Part.NICHE)
    return float(np.log(deals.amount[rows].sum() / np.exp(own + of_rep).sum()))


def _rows(deals: Deals, name: str, fit: Fit, shift: float) -> pd.DataFrame:
    tables = [
        pd.DataFrame(
            [(name, BASE, ALL, ALL, fit.base + shift, 0.0, 0.0)], columns=list(EFFECT_COLUMNS)
        )
    ]
    for term in fit.terms:
        found = fit.effects[term.name]
        rest = [column for column in term.columns if column != "rep_id"]
        has_rep = "rep_id" in term.columns
        level = [deals.labels(term, column)[found.is_seen].astype(str) for column in rest]
        tables.append(
            pd.DataFrame(
                {
                    "model": name,
                    "term": term.name,
                    "rep_id": deals.labels(term, "rep_id")[found.is_seen] if has_rep else ALL,
                    "level": [" | ".join(names) for names in zip(*level, strict=True)]
                    if rest
                    else ALL,
                    "effect": found.effect[found.is_seen],
                    "variance": found.variance[found.is_seen],
                    "tau2": found.tau2,
                }
            )
        )
    return pd.concat([table for table in tables if len(table)], ignore_index=True)
