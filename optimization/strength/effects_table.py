"""The fitted models as a table: what the account's potential and the candidates are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optimization.arrays import ratio
from optimization.strength.deals import Deals, Records
from optimization.strength.fit import Fit
from optimization.strength.guard import CREATION, VALUE
from optimization.strength.models import Model, ModelFit
from optimization.strength.terms import ACCOUNT, ALL, Part
from optimization.strength.transport import Transport, added_by_rep

BASE = "base"
EFFECT_COLUMNS = ("model", "term", "rep_id", "level", "effect", "variance", "tau2")


# Mean factor of those in charge of an account, as far as it counts in the plan.
IN_CHARGE = "in_charge"


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model, what it was fitted on, and what comes along of its effects of reps.

    Attributes:
        records: Closed deals, or spells.
        model: What was fitted.
        fits: The fits.
        transport: By dimension.
    """

    records: Records
    model: Model
    fits: ModelFit
    transport: Transport


def effects_table(models: Mapping[str, Fitted]) -> pd.DataFrame:
    """Table ``effects``, one row per model, term, rep and level with deals.

    What a rep seems to add and does not take along is its accounts' own: it stays with them.

    Args:
        models: By name: win (effects in log-odds), value (in logarithms of company currency),
            creation (in logarithms of opportunities a year).

    Returns:
        model, term (``base`` for the intercept), rep_id and level (``(all)`` where a
        term has none), effect, its variance, and the variance between the term's levels. The
        creation model has one term more, in_charge, by account: the logarithm of the mean factor
        of those in charge of it, as far as it counts.
    """
    tables = []
    for name, model in models.items():
        if model.fits.whole is not None:
            fit = _with_what_stays(model, model.fits.whole)
            shift = _scale_of_values(model, fit) if name == VALUE else 0.0
            tables.append(_rows(model.records, name, fit, shift))
            if name == CREATION:
                tables.append(_in_charge(model, fit))
    if not tables:
        return pd.DataFrame(columns=list(EFFECT_COLUMNS))
    return pd.concat(tables, ignore_index=True)


def _with_what_stays(model: Fitted, fit: Fit) -> Fit:
    """Add to each account's effect what its reps added on average and do not take along."""
    records, transport, rows = model.records, model.transport, model.fits.whole_rows
    weight = model.fits.whole_weight * model.model.counts(rows)
    account = records.terms[ACCOUNT.name].code[rows]
    stays = added_by_rep(fit, records, rows, transport.dimensions) @ (1 - transport.multiplier)
    own = fit.effects[ACCOUNT.name]
    total = np.bincount(account, weight * stays, len(own.effect))
    mean = ratio(total, np.bincount(account, weight, len(own.effect)), 0.0)
    held = replace(own, effect=own.effect + mean)
    return replace(fit, effects={**fit.effects, ACCOUNT.name: held})


def _in_charge(model: Fitted, fit: Fit) -> pd.DataFrame:
    records, transport, rows = model.records, model.transport, model.fits.whole_rows
    account = records.features["account_id"]
    counted = added_by_rep(fit, records, rows, transport.dimensions) @ transport.multiplier
    code, size = account.code[rows], len(account.levels)
    lasted = model.model.counts(rows)
    years = np.bincount(code, lasted, size)
    factor = ratio(np.bincount(code, lasted * np.exp(counted), size), years, 1.0)
    values = (CREATION, IN_CHARGE, ALL, account.levels.astype(str), np.log(factor), 0.0, 0.0)
    return pd.DataFrame(dict(zip(EFFECT_COLUMNS, values, strict=True)))[years > 0]


def _scale_of_values(model: Fitted, fit: Fit) -> float:
    """Logarithm of paid over predicted value of all won deals.

    exp of a mean logarithm is a median; with this on top, predicted and paid value are equal.
    """
    deals, transport, rows = model.records, model.transport, model.fits.whole_rows
    assert isinstance(deals, Deals)
    own = fit.base + fit.sum_of(deals.terms, rows, Part.SEGMENT)
    of_rep = added_by_rep(fit, deals, rows, transport.dimensions) @ transport.multiplier
    return float(np.log(deals.amount[rows].sum() / np.exp(own + of_rep).sum()))


def _rows(records: Records, name: str, fit: Fit, shift: float) -> pd.DataFrame:
    tables = [
        pd.DataFrame(
            [(name, BASE, ALL, ALL, fit.base + shift, 0.0, 0.0)], columns=list(EFFECT_COLUMNS)
        )
    ]
    for term in fit.terms:
        found = fit.effects[term.name]
        rest = [column for column in term.columns if column != "rep_id"]
        has_rep = "rep_id" in term.columns
        level = [records.labels(term, column)[found.is_seen].astype(str) for column in rest]
        tables.append(
            pd.DataFrame(
                {
                    "model": name,
                    "term": term.name,
                    "rep_id": records.labels(term, "rep_id")[found.is_seen] if has_rep else ALL,
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
