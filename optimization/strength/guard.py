"""What may be said of the reps' advantages: they transport, only persist, or cannot be told.

Persist: effects fitted on the early deals come true on the later ones, mostly of the same accounts
with the same reps. Transport: they come true on accounts that others worked on. Only what
transports counts in the plan, since a plan hands accounts over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.strength.deals import Deals, Records
from optimization.strength.half_life import chosen_half_life
from optimization.strength.models import Model, ModelFit
from optimization.strength.slopes import fit_slopes
from optimization.strength.terms import DIMENSION_TERMS, Part
from optimization.strength.transport import Transport

Z_90 = 1.645
TRANSPORTS, PERSISTS_ONLY, NOT_TESTED, NONE = "transports", "persists_only", "not_tested", "none"
NOT_ESTIMABLE = "not_estimable"
# The models' names in the tables.
WIN, VALUE, CREATION = "win", "value", "creation"
# Above this standard error of the slope a full strength would be missed more often than not.
_TOO_UNSURE = 0.5
# A share that comes along too small to call it so.
_LEAST_SHARE = 0.1
TRANSPORT_COLUMNS = (
    "model",
    "dimension",
    "verdict",
    "multiplier",
    "multiplier_sd",
    "transport_probability",
    "test",
    "deal_count",
    "slope",
    "slope_se",
    "slope_lower",
    "slope_upper",
)


@dataclass(frozen=True)
class Persistence:
    """How much of an advantage came true in later deals; NaN where that cannot be told.

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
        """Differences between reps last."""
        return self.lower > 0

    @property
    def multiplier(self) -> float:
        """Factor that makes an effect what is to be expected of it, 0 to 1; 0 where none lasts."""
        return min(1.0, max(0.0, self.slope)) if self.is_on else 0.0


@dataclass(frozen=True, eq=False)
class Verdict:
    """What may be said of one model's differences between reps.

    Attributes:
        persistence: Of the sum over all dimensions.
        transport: By dimension.
        has_difference: Any difference was found, by dimension.
    """

    persistence: Persistence
    transport: Transport
    has_difference: tuple[bool, ...]

    def of(self, dimension: str) -> str:
        """Transports, persists only, not tested, or none."""
        place = self.transport.dimensions.index(dimension)
        is_likely = self.transport.probability[place] >= 0.5
        if not self.has_difference[place]:
            return NONE
        if is_likely and self.transport.multiplier[place] >= _LEAST_SHARE:
            return TRANSPORTS
        if not self.transport.slope_se[place] <= _TOO_UNSURE:
            return NOT_TESTED
        return PERSISTS_ONLY if self.persistence.is_on else NONE

    @property
    def transporting(self) -> list[str]:
        """Dimensions that transport."""
        return [name for name in self.transport.dimensions if self.of(name) == TRANSPORTS]

    @property
    def share(self) -> float:
        """Largest share of any dimension's differences that counts in the plan."""
        return float((self.transport.multiplier * np.array(self.has_difference)).max())

    @property
    def signal(self) -> str:
        """The best that can be said of any dimension."""
        found = {self.of(name) for name in self.transport.dimensions}
        if TRANSPORTS in found:
            return TRANSPORTS
        if not self.persistence.is_on:
            return NONE
        return next(word for word in (NOT_TESTED, PERSISTS_ONLY, NONE) if word in found)


def judge(records: Records, model: Model, fits: ModelFit, transport: Transport) -> Verdict:
    """Put together what lasts and what comes along.

    Args:
        records: Closed deals, or spells.
        model: What was fitted.
        fits: The fits.
        transport: What comes along to other accounts.
    """
    effects = fits.whole.effects if fits.whole is not None else {}
    return Verdict(
        judge_persistence(records, model, fits),
        transport,
        tuple(
            any(term.name in effects and effects[term.name].tau2 > 0 for term in terms)
            for terms in (DIMENSION_TERMS[name] for name in transport.dimensions)
        ),
    )


def judge_persistence(records: Records, model: Model, fits: ModelFit) -> Persistence:
    """Hold what reps seemed to add against what came later, whosever it is."""
    early, rows = fits.judged, fits.later_rows
    if early is None:
        return Persistence(np.nan, np.nan)
    own = model.own_part(early, records, rows)
    advantage = early.sum_of(records.terms, rows, Part.REP, Part.NICHE)
    slopes = fit_slopes(
        fits.outcome[rows],
        own,
        advantage[:, None],
        records.features["account_id"].code[rows],
        model.family,
    )
    return Persistence(float(slopes.slope[0]), float(slopes.error[0]))


def transport_table(verdicts: Mapping[str, Verdict]) -> pd.DataFrame:
    """Table ``strength_transport``, one row per model and dimension."""

    def rows(model: str, verdict: Verdict) -> Iterator[tuple[object, ...]]:
        found = verdict.transport
        for place, name in enumerate(found.dimensions):
            slope, error = found.slope[place], found.slope_se[place]
            yield (
                model,
                name,
                verdict.of(name),
                found.multiplier[place],
                found.multiplier_sd[place],
                found.probability[place],
                found.test[place],
                found.deals[place],
                slope,
                error,
                slope - Z_90 * error,
                slope + Z_90 * error,
            )

    return pd.DataFrame(
        [row for model, verdict in verdicts.items() for row in rows(model, verdict)],
        columns=list(TRANSPORT_COLUMNS),
    )


def guard_table(
    deals: Deals, wins: ModelFit, verdicts: Mapping[str, Verdict], half_lives: pd.DataFrame
) -> pd.DataFrame:
    """Table ``strength_guard``, one row: what counts, why, and on how many deals that rests."""
    of_wins, of_values, of_creation = (verdicts[name] for name in (WIN, VALUE, CREATION))
    signal = _signal(deals, of_wins)
    days = chosen_half_life(half_lives)
    row = {
        "signal": signal,
        "is_on": signal == TRANSPORTS,
        "is_counted": any(verdict.share > 0 for verdict in verdicts.values()),
        "persistence_slope": of_wins.persistence.slope,
        "persistence_slope_se": of_wins.persistence.slope_se,
        "persistence_slope_lower": of_wins.persistence.lower,
        "is_value_on": of_values.signal == TRANSPORTS,
        "value_persistence_slope": of_values.persistence.slope,
        "value_persistence_slope_se": of_values.persistence.slope_se,
        "value_persistence_slope_lower": of_values.persistence.lower,
        "value_multiplier": of_values.transport.multiplier[0],
        "is_creation_on": of_creation.signal == TRANSPORTS,
        "half_life_days": days or pd.NA,
        "is_half_life_tuned": bool(half_lives["is_tuned"].iloc[0]),
        "train_deal_count": len(wins.early_rows),
        "holdout_deal_count": len(wins.later_rows),
        "reason": _reason(deals, of_wins, signal),
        "value_reason": _value_reason(of_values),
        "creation_reason": _creation_reason(of_creation),
    }
    return pd.DataFrame([row]).astype({"half_life_days": "Int64"})


def _signal(deals: Deals, verdict: Verdict) -> str:
    if deals.is_won.all() or not deals.is_won.any() or len(deals.reps()) < 2:
        return NOT_ESTIMABLE
    return verdict.signal


def _reason(deals: Deals, verdict: Verdict, signal: str) -> str:
    none_claimed = "win strengths cannot be estimated, and none is claimed."
    if not len(deals):
        return f"No closed deal yet: {none_claimed}"
    if len(deals.reps()) < 2:
        return f"A single rep worked on every closed deal: {none_claimed}"
    if deals.is_won.all():
        return (
            "Every closed deal on record is won, so nothing shows who wins more often: "
            f"{none_claimed} To measure them, record lost deals too."
        )
    if not deals.is_won.any():
        return f"No closed deal on record is won: {none_claimed}"
    if signal == TRANSPORTS:
        names = ", ".join(name.replace("_", " ") for name in verdict.transporting)
        return (
            f"Strengths ({names}) came true on accounts that others had worked on; as much of "
            "them as comes along counts in the plan."
        )
    if signal == NOT_TESTED:
        return (
            "Your reps keep their accounts: differences between reps last, but from this data "
            "nobody can say whether they are the reps' or their accounts'. Deals of accounts that "
            f"change hands would show it; until then {_counts(verdict.share)}"
        )
    if signal == PERSISTS_ONLY:
        return (
            "Differences between reps last with the accounts they have, and did not come along "
            f"to accounts that others had worked on; {_counts(verdict.share)}"
        )
    if np.isnan(verdict.persistence.slope):
        return (
            "No strength was found in earlier deals, or there are too few deals to test; "
            f"{_counts(verdict.share)}"
        )
    return (
        "Strengths found in earlier deals did not come true in later ones; "
        f"{_counts(verdict.share)}"
    )


def _counts(share: float) -> str:
    if share == 0:
        return "the plan claims none."
    return f"the plan counts at most {np.ceil(100 * share):.0f} % of them."


def _value_reason(verdict: Verdict) -> str:
    account_alone = "values follow the account and the product alone."
    if verdict.signal == TRANSPORTS:
        return (
            "Reps who won larger deals than their accounts and products explain did so on "
            "accounts that others had worked on too; deal values count per rep."
        )
    if verdict.signal == NOT_TESTED:
        return (
            "Some reps go on winning larger deals, but nobody can say whether that is theirs or "
            f"their accounts'; {account_alone}"
        )
    if verdict.signal == PERSISTS_ONLY:
        return (
            "Some reps go on winning larger deals with the accounts they have, and not with "
            f"others; {account_alone}"
        )
    if np.isnan(verdict.persistence.slope):
        return (
            "No difference between reps in the value of won deals was found, or there are too few "
            f"to test; {account_alone}"
        )
    return f"Differences between reps in the value of won deals did not last; {account_alone}"


def _creation_reason(verdict: Verdict) -> str:
    if verdict.signal == TRANSPORTS:
        return (
            "Some reps create more opportunities a year than their accounts' kind predicts, on "
            "accounts that others were in charge of too; as much of it as comes along counts in "
            "the plan."
        )
    if verdict.signal == NOT_TESTED:
        return (
            "Accounts of some reps go on having more opportunities, but nobody can say whether "
            f"that is the reps' doing or their accounts'; {_counts(verdict.share)}"
        )
    if verdict.signal == PERSISTS_ONLY:
        return (
            "Accounts of some reps go on having more opportunities, and it did not come along to "
            f"accounts that others had been in charge of; {_counts(verdict.share)}"
        )
    return (
        "No difference between reps in how many opportunities they create was found that lasts; "
        f"{_counts(verdict.share)}"
    )
