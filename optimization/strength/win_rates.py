"""What every available rep wins of every kind of account, the guard's multiplier applied.

A kind of account is an industry, geography and size band, over the products that industry asks for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit

from optimization.strength.deals import Deals, FloatArray
from optimization.strength.fit import Fit
from optimization.strength.guard import Verdict
from optimization.strength.rep_effects import RepEffects
from optimization.strength.terms import PROFILE, Term

# The rep of whom nothing is known.
NOBODY = "(segment)"
RATE_COLUMNS = ("win_rate", "won_value_rate", "margin_rate", "advantage", "advantage_sd")


def win_rates_table(
    deals: Deals,
    wins: Fit | None,
    values: Fit | None,
    effects: Mapping[str, RepEffects],
    verdict: Verdict,
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
        effects: Effects by dimension.
        verdict: The guard's, on wins.
        accounts: industry, geography, size_band, one row per account.
        active: rep_id and group_id of the reps who can cover accounts.
        product_mix: industry, product, share (of the industry's deals), margin_rate.

    Returns:
        industry, geography, size_band, rep_id; win_rate; won_value_rate, the share of the value
        asked for that is won; margin_rate of what is won; advantage over nobody, in log-odds, and
        its deviation. Empty without any deal.
    """
    keys = [*PROFILE, "rep_id"]
    profiles = accounts[list(PROFILE)].drop_duplicates().sort_values(list(PROFILE))
    if wins is None or profiles.empty:
        return pd.DataFrame(columns=[*keys, *RATE_COLUMNS])
    segment = {name: effects_by_level(deals, wins, name) for name in (*PROFILE, "product")}
    of_value = effects_by_level(deals, values, "product")
    group = active["group_id"].map(effects_by_level(deals, wins, "group")).fillna(0.0).to_numpy()
    rep_at = effects["overall"].reps.get_indexer(active["rep_id"])
    baskets = dict(iter(product_mix.sort_values("product").groupby("industry", observed=True)))
    unknown = sum(own.unknown_variance for own in effects.values())
    names = [NOBODY, *active["rep_id"]]
    tables = []
    for profile in profiles.itertuples(index=False):
        basket = baskets[profile.industry]
        level_at = {
            "overall": [0],
            **{
                name: effects[name].levels.get_indexer([getattr(profile, name)]) for name in PROFILE
            },
            "product": effects["product"].levels.get_indexer(basket["product"]),
        }
        advantage, variance = (
            np.zeros((len(names), len(basket))),
            np.full((len(names), len(basket)), unknown),
        )
        advantage[1:] = group[:, None]
        variance[1:] = 0.0
        for dimension, own in effects.items():
            at = np.ix_(rep_at, level_at[dimension])
            advantage[1:] += own.effect[at]
            variance[1:] += own.effect_sd[at] ** 2
        own_part = wins.base + sum(segment[n].get(getattr(profile, n), 0.0) for n in PROFILE)
        by_product = basket["product"].map(segment["product"]).fillna(0.0).to_numpy()
        factor = np.exp(basket["product"].map(of_value).fillna(0.0).to_numpy())
        rates = _rates(
            own_part + by_product,
            verdict.multiplier * advantage,
            variance,
            verdict.multiplier,
            basket["share"].to_numpy(dtype=float),
            factor,
            basket["margin_rate"].to_numpy(dtype=float),
        )
        facts = {name: getattr(profile, name) for name in PROFILE}
        tables.append(pd.DataFrame({**facts, "rep_id": names, **rates}))
    return pd.concat(tables, ignore_index=True)


def effects_by_level(deals: Deals, fit: Fit | None, term_name: str) -> dict[str, float]:
    """Effect by level of a term with one column; levels without deals are left out."""
    term = _term(fit, term_name)
    if fit is None or term is None:
        return {}
    found = fit.effects[term_name]
    labels = deals.labels(term, term.columns[0])
    return dict(zip(labels[found.is_seen], found.effect[found.is_seen].tolist(), strict=True))


def _term(fit: Fit | None, name: str) -> Term | None:
    return next((term for term in fit.terms if term.name == name), None) if fit else None


def _rates(
    own_part: FloatArray,
    advantage: FloatArray,
    variance: FloatArray,
    multiplier: float,
    share: FloatArray,
    value_factor: FloatArray,
    margin_rate: FloatArray,
) -> dict[str, FloatArray]:
    """Average over products; ``advantage`` and ``variance`` have shape (reps, products).

    With the guard off nothing about a rep counts, so its uncertainty does not either.
    """
    spread = np.sqrt(1 + np.pi / 8 * multiplier**2 * variance)
    win_rate = np.asarray(expit((own_part + advantage) / spread))
    value = share * value_factor
    won = win_rate @ value
    margin = np.divide(
        win_rate @ (value * margin_rate),
        won,
        out=np.full_like(won, (value * margin_rate).sum() / value.sum()),
        where=won != 0,
    )
    return {
        "win_rate": win_rate @ share,
        "won_value_rate": won / value.sum(),
        "margin_rate": margin,
        "advantage": advantage @ share,
        "advantage_sd": np.sqrt(variance @ share),
    }
