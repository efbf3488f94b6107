"""What each rep is strong and weak at, beside the present owners, and where that is a surprise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import ndtr

from optimization.arrays import ratio
from optimization.strength.deals import FloatArray, places
from optimization.strength.guard import TRANSPORTS, Z_90, Verdict
from optimization.strength.rep_effects import CreationEffects, RepEffects
from optimization.strength.terms import PROFILE, UNKNOWN

FEWEST_DEALS = 5
STRENGTH_COLUMNS = (
    "rep_id",
    "dimension",
    "level",
    "deal_count",
    "won_count",
    "observed_win_rate",
    "expected_win_rate",
    "effect",
    "effect_sd",
    "effect_lower",
    "effect_upper",
    "prior_effect",
    "verdict",
    "counted_effect",
    "beats_owners_probability",
    "is_extrapolated",
    "is_named",
    "created_count",
    "expected_created_count",
    "creation_factor",
)
SURPRISE_COLUMNS = (
    "rep_id",
    "dimension",
    "level",
    "kind",
    "deal_count",
    "observed_win_rate",
    "expected_win_rate",
    "effect",
    "effect_lower",
    "effect_upper",
    "prior_effect",
    "sentence",
)
_SURPRISES = {
    "strong_though_rated_low": "stronger than managers rate.",
    "weak_though_rated_high": "weaker than managers rate.",
    "strong_outside_own_experience": "strong outside the industries the rep comes from.",
    "weak_in_own_experience": "weak in an industry the rep comes from.",
    "strong_away_from_home": "strong away from the home region of the rep's group.",
    "weak_at_home": "weak in the home region of the rep's group.",
}


def strengths_table(
    effects: Mapping[str, RepEffects],
    created: Mapping[str, CreationEffects],
    verdict: Verdict,
    accounts: pd.DataFrame,
    active: pd.Index,
) -> pd.DataFrame:
    """Table ``rep_strengths``, one row per rep, dimension and level.

    The effect is what persists, whosever it is; what counts in the plan stands beside it. A
    strength is named only where its 90 % interval leaves zero, there are at least 5 deals and
    differences between reps last here.

    Args:
        effects: Effects on wins by dimension.
        created: Effects on opportunities created, by dimension; of products there are none.
        verdict: On wins.
        accounts: owner_rep_id, industry, geography, size_band, one row per account.
        active: Reps who can cover accounts.
    """
    overall = effects["overall"]
    owned = accounts[accounts["owner_rep_id"].isin(active)]
    tables = []
    for dimension, own in effects.items():
        is_part = dimension != "overall"
        total = own.counted_effect + overall.counted_effect * is_part
        variance = own.counted_variance + overall.counted_variance * is_part
        effect = verdict.persistence.multiplier * own.effect
        word = verdict.of(dimension)
        is_counted = TRANSPORTS in (word, verdict.of("overall"))
        reach = Z_90 * own.effect_sd
        rates = [ratio(count, own.deals, np.nan) for count in (own.wins, own.expected_wins)]
        columns: list[np.ndarray] = [
            own.deals.astype(np.int64),
            own.wins.astype(np.int64),
            *rates,
            effect,
            own.effect_sd,
            effect - reach,
            effect + reach,
            own.prior_effect,
            np.full(effect.shape, word, dtype=object),
            own.counted_effect,
            _beats_owners(total, variance, _owned(own, dimension, owned))
            if is_counted
            else np.full(effect.shape, np.nan),
            own.deals < FEWEST_DEALS,
            verdict.persistence.is_on & (own.deals >= FEWEST_DEALS) & (np.abs(effect) > reach),
            *_creation(created.get(dimension), effect.shape),
        ]
        tables.append(_tidy(own, dimension, dict(zip(STRENGTH_COLUMNS[3:], columns, strict=True))))
    return pd.concat(tables, ignore_index=True).astype({"created_count": "Int64"})


def _creation(own: CreationEffects | None, shape: tuple[int, ...]) -> list[np.ndarray]:
    if own is None:
        return [np.full(shape, np.nan)] * 3
    return [own.created, own.expected, np.exp(own.counted_effect)]


def _tidy(own: RepEffects, dimension: str, columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Lay a dimension out, one row per rep and level."""
    table = pd.DataFrame(
        {
            "rep_id": own.reps.repeat(len(own.levels)),
            "dimension": dimension,
            "level": np.tile(own.levels.to_numpy(dtype=object), len(own.reps)),
        }
    )
    return table.assign(**{name: values.ravel() for name, values in columns.items()})


def _owned(own: RepEffects, dimension: str, accounts: pd.DataFrame) -> FloatArray:
    """Accounts each rep owns at each level today; a product is asked for by all of them."""
    rep_at = places(own.reps, accounts["owner_rep_id"])
    if dimension not in PROFILE:
        count = np.bincount(rep_at, minlength=len(own.reps)).astype(float)
        return np.repeat(count[:, None], len(own.levels), axis=1)
    flat = rep_at * len(own.levels) + places(own.levels, accounts[dimension])
    shape = len(own.reps), len(own.levels)
    return np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape).astype(float)


def _beats_owners(effect: FloatArray, variance: FloatArray, owned: FloatArray) -> FloatArray:
    """Chance to win more than the present owners of the level's other accounts do on average."""

    def of_others(values: FloatArray) -> FloatArray:
        weighed = owned * values
        return ratio(weighed.sum(axis=0) - weighed, owned.sum(axis=0) - owned, np.nan)

    spread = np.sqrt(variance + of_others(variance))
    return np.asarray(ndtr((effect - of_others(effect)) / spread))


def surprises_table(
    effects: Mapping[str, RepEffects], verdict: Verdict, accounts: pd.DataFrame, reps: pd.DataFrame
) -> pd.DataFrame:
    """Table ``strength_surprises``: where the deals disagree with what one would have thought.

    A named strength or weakness against a manager's rating, against the industries a rep comes
    from, or against the region the rep's group works in. The belief itself is no part of the effect
    shown: what the deals alone say and lasts.

    Args:
        effects: Effects by dimension.
        verdict: On wins.
        accounts: owner_rep_id, industry, geography, size_band, one row per account.
        reps: rep_id, group_id, prior_industries (separated by ``;``), one row per employee.
    """
    if not verdict.persistence.is_on:
        return pd.DataFrame(columns=list(SURPRISE_COLUMNS))
    lasting = verdict.persistence.multiplier
    home = _home_regions(accounts, reps)
    group = dict(zip(reps["rep_id"], reps["group_id"], strict=True))
    industries = dict(zip(reps["rep_id"], reps["prior_industries"], strict=True))
    rows = []
    for dimension, own in effects.items():
        effect, reach = lasting * own.data_effect, Z_90 * own.data_effect_sd
        for rep, level in np.argwhere((own.deals >= FEWEST_DEALS) & (np.abs(effect) > reach)):
            at = rep, level
            rep_id, name = str(own.reps[rep]), str(own.levels[level])
            kind = _kind(
                effect[at],
                own.prior_effect[at] if own.is_rated[at] else 0.0,
                dimension,
                name,
                industries.get(rep_id),
                home.get(group.get(rep_id, "")),
            )
            if kind is None:
                continue
            deals = int(own.deals[at])
            observed, expected = own.wins[at] / deals, own.expected_wins[at] / deals
            rows.append(
                (
                    rep_id,
                    dimension,
                    name,
                    kind,
                    deals,
                    observed,
                    expected,
                    effect[at],
                    effect[at] - reach[at],
                    effect[at] + reach[at],
                    own.prior_effect[at],
                    _sentence(rep_id, dimension, name, deals, observed, expected, kind),
                )
            )
    return pd.DataFrame(rows, columns=list(SURPRISE_COLUMNS))


def _home_regions(accounts: pd.DataFrame, reps: pd.DataFrame) -> dict[str, str]:
    """Home of each group: the region of most of the accounts that its members own."""
    owned = accounts[accounts["geography"] != UNKNOWN].merge(
        reps[["rep_id", "group_id"]], left_on="owner_rep_id", right_on="rep_id"
    )
    counted = owned.groupby(["group_id", "geography"], observed=True).size().reset_index(name="n")
    ordered = counted.sort_values(["n", "geography"], ascending=[False, True])
    return dict(ordered.groupby("group_id", observed=True)["geography"].first())


def _kind(
    effect: float,
    rating: float,
    dimension: str,
    level: str,
    prior_industries: object,
    home: str | None,
) -> str | None:
    is_strong = effect > 0
    if effect * rating < 0:
        return "strong_though_rated_low" if is_strong else "weak_though_rated_high"
    if dimension == "industry" and isinstance(prior_industries, str):
        known = prior_industries.replace(" ", "").lower().split(";")
        if is_strong != (level.lower() in known):
            return "strong_outside_own_experience" if is_strong else "weak_in_own_experience"
    if dimension == "geography" and home is not None and is_strong != (home == level):
        return "strong_away_from_home" if is_strong else "weak_at_home"
    return None


def _sentence(
    rep_id: str,
    dimension: str,
    level: str,
    deals: int,
    observed: float,
    expected: float,
    kind: str,
) -> str:
    where = "" if dimension == "overall" else f"in {dimension.replace('_', ' ')} {level} "
    return (
        f"{rep_id} wins {_percent(observed)} % of {deals} deals {where}where the deals predict "
        f"{_percent(expected)} %: {_SURPRISES[kind]}"
    )


def _percent(rate: float) -> int:
    return int(np.floor(100 * rate + 0.5))
