"""The fitted models as a table: what the account's potential and the candidates are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from optimization.arrays import ratio
from optimization.strength.deals import Deals
from optimization.strength.fit import Fit
from optimization.strength.models import ModelFit
from optimization.strength.terms import ACCOUNT, ALL, Part
from optimization.strength.transport import Transport, added_by_rep

BASE = "base"
EFFECT_COLUMNS = ("model", "term", "rep_id", "level", "effect", "variance", "tau2")


def effects_table(
    deals: Deals, wins: ModelFit, values: ModelFit, of_wins: Transport, of_values: Transport
) -> pd.DataFrame:
    """Table ``effects``, one row per model, term, rep and level with deals.

    What a rep seems to add and does not take along is its accounts' own: it stays with them.

    Args:
        deals: Closed deals.
        wins: The win model; effects in log-odds.
        values: The value model; effects in logarithms of company currency.
        of_wins: What comes along of the effects of reps on wins.
        of_values: The same of their effects on values.

    Returns:
        model (win or value), term (``base`` for the intercept), rep_id and level (``(all)`` where a
        term has none), effect, its variance, and the variance between the term's levels.
    """
    tables = []
    for name, fits, transport in (("win", wins, of_wins), ("value", values, of_values)):
        if fits.whole is not None:
            fit = _with_what_stays(deals, fits, fits.whole, transport)
            shift = _scale_of_values(deals, fits, fit, transport) if name == "value" else 0.0
            tables.append(_rows(deals, name, fit, shift))
    if not tables:
        return pd.DataFrame(columns=list(EFFECT_COLUMNS))
    return pd.concat(tables, ignore_index=True)


def _with_what_stays(deals: Deals, fits: ModelFit, fit: Fit, transport: Transport) -> Fit:
    """Add to each account's effect what its reps added on average and do not take along."""
    rows, weight = fits.whole_rows, fits.whole_weight
    account = deals.terms[ACCOUNT.name].code[rows]
    stays = added_by_rep(fit, deals, rows, transport.dimensions) @ (1 - transport.multiplier)
    own = fit.effects[ACCOUNT.name]
    total = np.bincount(account, weight * stays, len(own.effect))
    mean = ratio(total, np.bincount(account, weight, len(own.effect)), 0.0)
    held = replace(own, effect=own.effect + mean)
    return replace(fit, effects={**fit.effects, ACCOUNT.name: held})


def _scale_of_values(deals: Deals, values: ModelFit, fit: Fit, transport: Transport) -> float:
    """Logarithm of paid over predicted value of all won deals.

    exp of a mean logarithm is a median; with this on top, predicted and paid value are equal.
    """
    rows = values.whole_rows
    own = fit.base + fit.sum_of(deals.terms, rows, Part.SEGMENT)
    of_rep = added_by_rep(fit, deals, rows, transport.dimensions) @ transport.multiplier
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
