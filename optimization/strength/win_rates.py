"""What every available rep wins and creates of every kind of account, as far as it comes along.

A kind of account is an industry, geography and size band, over the products that industry asks for,
and new and existing business as the company has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from optimization.strength.deals import BoolArray, Deals, FloatArray, PlaceArray, Records, places
from optimization.strength.fit import Fit
from optimization.strength.rep_effects import CountedEffects, RepEffects
from optimization.strength.terms import ALL, PROFILE, REVENUE_TYPES

# The rep of whom nothing is known.
NOBODY = "(segment)"
RATE_COLUMNS = (
    "win_rate",
    "won_value_rate",
    "new_won_value_rate",
    "existing_won_value_rate",
    "margin_rate",
    "advantage",
    "advantage_sd",
)
CREATION_COLUMNS = ("creation_factor", "creation_sd")


def win_rates_table(
    deals: Deals,
    wins: Fit | None,
    values: Fit | None,
    effects: Mapping[str, RepEffects],
    spells: Records,
    creation: Fit | None,
    created: Mapping[str, CountedEffects],
    accounts: pd.DataFrame,
    active: pd.DataFrame,
    product_mix: pd.DataFrame,
) -> pd.DataFrame:
    """Table ``profile_win_rates``, one row per kind of account and rep.

    Win rate of a product: sigmoid(mu / sqrt(1 + pi sd^2 / 8)), the mean of a normal log-odds. The
    rep ``(segment)`` stands for one of whom nothing is known.

    Args:
        deals: Closed deals.
        wins: The win model on all deals.
        values: The value model on all deals.
        effects: Effects on wins by dimension.
        spells: Who was in charge when.
        creation: The model of creation on all spells.
        created: Effects on creation by dimension.
        accounts: industry, geography, size_band, one row per account.
        active: rep_id and group_id of the reps who can cover accounts.
        product_mix: industry, product, share (of the industry's deals), margin_rate (missing for
            a product that nobody ever bought and no list names).

    Returns:
        industry, geography, size_band, rep_id; win_rate; won_value_rate, the share of the value
        asked for that is won, of all, new and existing business; margin_rate of what is won;
        advantage over nobody, in log-odds, and its deviation; creation_factor, opportunities
        created over those of nobody, and the deviation of its logarithm. Empty without any deal.
    """
    columns = [*PROFILE, "rep_id", *RATE_COLUMNS, *CREATION_COLUMNS]
    mix = product_mix.dropna(subset="margin_rate").sort_values("product")
    profiles = accounts.loc[accounts["industry"].isin(mix["industry"]), list(PROFILE)]
    profiles = profiles.drop_duplicates().sort_values(list(PROFILE), ignore_index=True)
    if wins is None or profiles.empty:
        return pd.DataFrame(columns=columns)

    def known(names: pd.Series, fit: Fit | None, term: str) -> FloatArray:
        return _effects_of(names, deals, fit, term)

    def sum_of(asked: pd.DataFrame, fit: Fit | None) -> FloatArray:
        return known(asked["product"], fit, "product") + known(
            asked["revenue_type"], fit, "revenue_type"
        )

    own_part = np.full(len(profiles), wins.base)
    for name in PROFILE:
        own_part += known(profiles[name], wins, name)
    of_product, of_type = effects["product"], effects["revenue_type"]
    asked = mix.merge(_type_shares(deals), how="cross")
    baskets = {
        industry: _Basket(
            places(of_product.levels, rows["product"]),
            places(of_type.levels, rows["revenue_type"]),
            sum_of(rows, wins),
            (rows["share"] * rows["type_share"]).to_numpy(dtype=float),
            np.exp(sum_of(rows, values)),
            rows["margin_rate"].to_numpy(dtype=float),
        )
        for industry, rows in asked.groupby("industry", observed=True)
    }
    is_type = dict(zip(REVENUE_TYPES, places(of_type.levels, REVENUE_TYPES).tolist(), strict=True))
    rep_at = places(effects["overall"].reps, active["rep_id"])
    advantage, variance = _added(
        effects, known(active["group_id"], wins, "group"), profiles, rep_at
    )
    unknown = _unknown_variance(effects.values())
    rates = []
    for place, industry in enumerate(profiles["industry"]):
        basket = baskets[industry]
        products, types = np.ix_(rep_at, basket.product), np.ix_(rep_at, basket.revenue_type)
        mine = advantage[place][:, None] + of_product.counted_effect[products]
        mine += of_type.counted_effect[types]
        spread = variance[place][:, None] + of_product.counted_variance[products]
        spread += of_type.counted_variance[types]
        rates.append(
            _rates(
                basket,
                own_part[place],
                np.vstack([np.zeros(len(basket.product)), mine]),
                np.vstack([np.full(len(basket.product), unknown), spread]),
                is_type,
            )
        )
    table = profiles.loc[profiles.index.repeat(1 + len(active))].reset_index(drop=True)
    table["rep_id"] = np.tile(np.array([NOBODY, *active["rep_id"]], dtype=object), len(profiles))
    table[list(RATE_COLUMNS)] = np.vstack(rates)
    log_factor, spread = _added(
        created, _effects_of(active["group_id"], spells, creation, "group"), profiles, rep_at
    )
    nobody = np.full((len(profiles), 1), _unknown_variance(created.values()))
    table["creation_factor"] = np.exp(np.hstack([np.zeros_like(nobody), log_factor])).ravel()
    table["creation_sd"] = np.sqrt(np.hstack([nobody, spread])).ravel()
    return table


def _added(
    effects: Mapping[str, CountedEffects],
    of_group: FloatArray,
    profiles: pd.DataFrame,
    rep_at: PlaceArray,
) -> tuple[FloatArray, FloatArray]:
    """What counts of each rep on each kind of account and its variance, (profiles, reps)."""
    total = np.tile(effects["overall"].multiplier * of_group, (len(profiles), 1))
    variance = np.zeros_like(total)
    for dimension in ("overall", *PROFILE):
        own = effects[dimension]
        names = profiles[dimension] if dimension in PROFILE else [ALL] * len(profiles)
        cells = np.ix_(rep_at, places(own.levels, names))
        total += own.counted_effect[cells].T
        variance += own.counted_variance[cells].T
    return total, variance


def _unknown_variance(effects: Iterable[CountedEffects]) -> float:
    return float(sum(own.unknown_variance for own in effects))


def _effects_of(names: pd.Series, records: Records, fit: Fit | None, term: str) -> FloatArray:
    effect = names.map(effects_by_level(records, fit, term)).astype(float)
    return np.asarray(effect.fillna(0.0), dtype=np.float64)


def effects_by_level(records: Records, fit: Fit | None, term_name: str) -> dict[str, float]:
    """Effect by level of a term with one column; levels without records are left out."""
    term = next((term for term in fit.terms if term.name == term_name), None) if fit else None
    if fit is None or term is None:
        return {}
    found = fit.effects[term_name]
    labels = records.labels(term, term.columns[0])
    return dict(zip(labels[found.is_seen], found.effect[found.is_seen].tolist(), strict=True))


def _type_shares(deals: Deals) -> pd.DataFrame:
    """Share of new and of existing business among all deals, never quite 0."""
    feature = deals.features["revenue_type"]
    counted = pd.Series(np.bincount(feature.code, minlength=len(feature.levels)), feature.levels)
    share = counted.reindex(list(REVENUE_TYPES)).fillna(0.0) + 0.5
    return pd.DataFrame({"revenue_type": REVENUE_TYPES, "type_share": share / share.sum()})


@dataclass(frozen=True, eq=False)
class _Basket:
    """What an industry asks for; arrays have shape (products x revenue types,).

    Attributes:
        product: Place of each product among the levels of the reps' effects.
        revenue_type: Place of each revenue type among them.
        own_part: What both add to the log-odds of a win.
        share: Share of the industry's deals.
        value_factor: Value of a deal, over that of a mean product.
        margin_rate: Contribution margin.
    """

    product: PlaceArray
    revenue_type: PlaceArray
    own_part: FloatArray
    share: FloatArray
    value_factor: FloatArray
    margin_rate: FloatArray


def _rates(
    basket: _Basket,
    own_part: float,
    advantage: FloatArray,
    variance: FloatArray,
    is_type: Mapping[str, int],
) -> FloatArray:
    """Average over what is asked for: ``RATE_COLUMNS`` of each rep, shape (reps, 7).

    ``advantage`` and ``variance`` have shape (reps, products x revenue types).
    """

    def mean(of: FloatArray, weight: FloatArray) -> FloatArray:
        # Row by row, so that reps who are alike get the same number to the last bit and tie.
        return np.asarray((of * weight).sum(axis=1))

    scale = np.sqrt(1 + np.pi / 8 * variance)
    win_rate = np.asarray(expit((own_part + basket.own_part + advantage) / scale))
    value = basket.share * basket.value_factor
    won = mean(win_rate, value)
    of_all = (value * basket.margin_rate).sum() / value.sum()
    margin = np.divide(
        mean(win_rate, value * basket.margin_rate),
        won,
        out=np.full_like(won, of_all),
        where=won != 0,
    )
    return np.column_stack(
        [
            mean(win_rate, basket.share),
            won / value.sum(),
            *(_won_of(win_rate, value, basket.revenue_type == at) for at in is_type.values()),
            margin,
            mean(advantage, basket.share),
            np.sqrt(mean(variance, basket.share)),
        ]
    )


def _won_of(win_rate: FloatArray, value: FloatArray, chosen: BoolArray) -> FloatArray:
    """Share of the value of some of what is asked for that is won, shape (reps,)."""
    return np.asarray((win_rate * (value * chosen)).sum(axis=1) / (value * chosen).sum())
