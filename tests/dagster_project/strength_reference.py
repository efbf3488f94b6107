"""The strength fit deal by deal in NumPy, written from the formulas and not from the SQL."""

from __future__ import annotations

import numpy as np
import pandas as pd

WIN_TERMS = {
    "industry": ["industry"],
    "geography": ["geography"],
    "size_band": ["size_band"],
    "product": ["product"],
    "group": ["group_id"],
    "account": ["account_key"],
    "rep": ["rep_id"],
    "rep_industry": ["rep_id", "industry"],
    "rep_geography": ["rep_id", "geography"],
    "rep_size_band": ["rep_id", "size_band"],
    "rep_product": ["rep_id", "product"],
}
VALUE_TERMS = {
    "revenue_type": ["revenue_type"],
    "industry": ["industry"],
    "geography": ["geography"],
    "size_band": ["size_band"],
    "product": ["product"],
    "account": ["account_id"],
    "rep": ["rep_id"],
}
SEGMENT = ("base", "industry", "geography", "size_band", "product", "account")
ADVANTAGE = ("group", "rep", "rep_industry", "rep_geography", "rep_size_band", "rep_product")
PASSES = 3


class Fit:
    """Effects by term and level, fitted on deals with outcome y and weight w."""

    def __init__(self, deals, y, w, terms, is_binary, passes=PASSES):
        self.terms, self.tau2, self.information = terms, {}, {}
        self.effects = {term: {} for term in terms}
        levels = {term: self._keys(deals, term) for term in terms}
        y, w = np.asarray(y, float), np.asarray(w, float)
        mean = (w * y).sum() / w.sum()
        self.base = np.log(mean / (1 - mean)) if is_binary else mean
        lp = np.full(len(deals), self.base)
        for _ in range(passes):
            phi = 1.0 if is_binary else (w * (y - lp) ** 2).sum() / w.sum()
            for term, keys in levels.items():
                mu = 1 / (1 + np.exp(-lp)) if is_binary else lp
                spread = mu * (1 - mu) if is_binary else np.ones(len(lp))
                stats = (
                    pd.DataFrame({"g": w * (y - mu), "v": w * spread, "v2": w**2 * spread})
                    .groupby(keys)
                    .sum()
                    / phi
                )
                before = pd.Series(self.effects[term], dtype=float).reindex(stats.index).fillna(0.0)
                z, a = before + stats["g"] / stats["v"], stats["v"] ** 2 / stats["v2"]
                excess = (a * z**2).sum() - (a * z).sum() ** 2 / a.sum() - (len(a) - 1)
                weight = a.sum() - (a**2).sum() / a.sum()
                tau2 = max(0.0, excess / weight) if weight > 0 else 0.0
                effect = stats["v"] * z / (stats["v"] + 1 / tau2) if tau2 > 0 else 0.0 * z
                lp = lp + (effect - before).loc[keys].to_numpy()
                self.effects[term] = effect.to_dict()
                self.tau2[term], self.information[term] = tau2, stats["v"].to_dict()
            mu = 1 / (1 + np.exp(-lp)) if is_binary else lp
            spread = mu * (1 - mu) if is_binary else np.ones(len(lp))
            shift = (w * (y - mu)).sum() / (w * spread).sum()
            self.base, lp = self.base + shift, lp + shift

    def _keys(self, deals, term):
        columns = self.terms[term]
        rep = deals["rep_id"] if "rep_id" in columns else pd.Series("(all)", index=deals.index)
        others = [column for column in columns if column != "rep_id"]
        level = deals[others[0]] if others else pd.Series("(all)", index=deals.index)
        return pd.Series(list(zip(rep, level, strict=True)), index=range(len(deals)))

    def predict(self, deals, parts):
        """Sum of the named parts for each deal; a level never seen adds nothing."""
        total = np.full(len(deals), self.base if "base" in parts else 0.0)
        for term in self.terms:
            if term in parts:
                total += self._keys(deals, term).map(self.effects[term]).fillna(0.0).to_numpy()
        return total

    def rows(self):
        """Rows as the SQL gives them."""
        found = [
            (term, *key, effect, self.information[term][key], self.tau2[term])
            for term, effects in self.effects.items()
            for key, effect in effects.items()
        ]
        found.append(("base", "(all)", "(all)", self.base, 0.0, 0.0))
        columns = ["term", "rep_id", "level", "effect", "information", "tau2"]
        return pd.DataFrame(found, columns=columns)


def age_weight(age, half_life):
    return np.ones(len(age)) if half_life == 0 else 0.5 ** (np.asarray(age, float) / half_life)
