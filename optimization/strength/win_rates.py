"""What every available rep wins of every kind of account, the guard's multiplier applied.

A kind of account is an industry, geography and size band, over the products that industry asks for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit

from optimization.strength.deals import Deals, FloatArray, places
from optimization.strength.fit import Fit
from optimization.strength.guard import Verdict
from optimization.strength.rep_effects import RepEffects
from optimization.strength.terms import ALL, PROFILE

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
    profiles = accounts[list(PROFILE)].drop_duplicates().sort_values(list(PROFILE))
    tables = [pd.DataFrame(columns=[*PROFILE, "rep_id", *RATE_COLUMNS])]
    if wins is not None:
        reps = _Reps(deals, wins, effects, active)
        segment = {name: effects_by_level(deals, wins, name) for name in (*PROFILE, "product")}
        of_value = effects_by_level(deals, values, "product")
        mix = product_mix.sort_values("product")
        for names in profiles.itertuples(index=False, name=None):
            profile = dict(zip(PROFILE, names, strict=True))
            basket = mix[mix["industry"] == profile["industry"]]
            own_part = wins.base + sum(segment[name].get(at, 0.0) for name, at in profile.items())
            by_product = basket["product"].map(segment["product"]).fillna(0.0)
            value_factor = np.exp(basket["product"].map(of_value).fillna(0.0))
            advantage, variance = reps.on(profile, basket["product"])
            # With the guard off nothing about a rep counts, so its uncertainty does not either.
            rates = _rates(
                own_part + by_product.to_numpy(dtype=float),
                verdict.multiplier * advantage,
                verdict.multiplier**2 * variance,
                basket["share"].to_numpy(dtype=float),
                value_factor.to_numpy(dtype=float),
                basket["margin_rate"].to_numpy(dtype=float),
            )
            rates["advantage_sd"] = np.sqrt(_mean(variance, basket["share"].to_numpy(dtype=float)))
            tables.append(pd.DataFrame({**profile, "rep_id": reps.ids, **rates}))
    return pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)


class _Reps:
    """What nobody in particular and each available rep add, by kind of account and product."""

    def __init__(
        self, deals: Deals, wins: Fit, effects: Mapping[str, RepEffects], active: pd.DataFrame
    ) -> None:
        self.ids = [NOBODY, *active["rep_id"]]
        self._effects = effects
        self._at = places(effects["overall"].reps, active["rep_id"])
        of_group = active["group_id"].map(effects_by_level(deals, wins, "group"))
        self._of_group = of_group.fillna(0.0).to_numpy(dtype=float)
        self._unknown_variance = sum(own.unknown_variance for own in effects.values())

    def on(self, profile: Mapping[str, str], products: pd.Series) -> tuple[FloatArray, FloatArray]:
        """Advantage and its variance, shape (1 + reps, products)."""
        shape = len(self._at), len(products)
        advantage, variance = np.repeat(self._of_group[:, None], shape[1], axis=1), np.zeros(shape)
        for dimension, own in self._effects.items():
            level = products if dimension == "product" else [profile.get(dimension, ALL)]
            cell = np.ix_(self._at, places(own.levels, level))
            advantage += own.effect[cell]
            variance += own.effect_sd[cell] ** 2
        return (
            np.vstack([np.zeros(shape[1]), advantage]),
            np.vstack([np.full(shape[1], self._unknown_variance), variance]),
        )


def effects_by_level(deals: Deals, fit: Fit | None, term_name: str) -> dict[str, float]:
    """Effect by level of a term with one column; levels without deals are left out."""
    term = next((term for term in fit.terms if term.name == term_name), None) if fit else None
    if fit is None or term is None:
        return {}
    found = fit.effects[term_name]
    labels = deals.labels(term, term.columns[0])
    return dict(zip(labels[found.is_seen], found.effect[found.is_seen].tolist(), strict=True))


def _rates(
    own_part: FloatArray,
    advantage: FloatArray,
    variance: FloatArray,
    share: FloatArray,
    value_factor: FloatArray,
    margin_rate: FloatArray,
) -> dict[str, FloatArray]:
    """Average over products; ``advantage`` and ``variance`` have shape (reps, products)."""
    spread = np.sqrt(1 + np.pi / 8 * variance)
    win_rate = np.asarray(expit((own_part + advantage) / spread))
    value = share * value_factor
    # Row by row, so that reps who are alike get the same number to the last bit and tie exactly.
    won, margin = _mean(win_rate, value), _mean(win_rate, value * margin_rate)
    return {
        "win_rate": _mean(win_rate, share),
        "won_value_rate": won / value.sum(),
        "margin_rate": np.divide(
            margin,
            won,
            out=np.full_like(won, (value * margin_rate).sum() / value.sum()),
            where=won != 0,
        ),
        "advantage": _mean(advantage, share),
    }


def _mean(of: FloatArray, weight: FloatArray) -> FloatArray:
    """Weighted sum over products, shape (reps,)."""
    return np.asarray((of * weight).sum(axis=1))
