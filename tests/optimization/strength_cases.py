"""Sales forces whose strengths are known, as the frames that ``estimate_strengths`` takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.spells import spells_of

INDUSTRIES = ["energy", "finance", "health", "retail"]
REGIONS = ["east", "north", "south"]
PRODUCTS = ["p1", "p2", "p3"]


@dataclass(frozen=True)
class Case:
    """The arguments of ``estimate_strengths``."""

    deals: pd.DataFrame
    spells: pd.DataFrame
    accounts: pd.DataFrame
    reps: pd.DataFrame
    priors: pd.DataFrame
    product_mix: pd.DataFrame

    def frames(self) -> dict[str, pd.DataFrame]:
        return dict(vars(self))


def make_deals(
    seed: int,
    count: int,
    skill: float = 0.5,
    niche: float = 0.5,
    reps: int = 12,
    lent: float = 0.4,
) -> pd.DataFrame:
    """Draw closed deals of three years.

    Args:
        seed: Of all draws.
        count: Number of deals.
        skill: True deviation of reps, in log-odds.
        niche: True deviation of reps in industries.
        reps: Number of reps.
        lent: Share of deals that another rep than the account's works on.
    """
    rng = np.random.default_rng(seed)
    account = rng.integers(0, 150, count)
    home = rng.integers(0, reps, 150)
    by = np.where(rng.random(count) < lent, rng.integers(0, reps, count), home[account])
    kind = {
        "industry": rng.integers(0, 4, 150)[account],
        "geography": rng.integers(0, 3, 150)[account],
        "size_band": rng.integers(0, 2, 150)[account],
        "product": rng.integers(0, 3, count),
    }
    names = {"industry": INDUSTRIES, "geography": REGIONS, "product": PRODUCTS}
    names["size_band"] = ["large", "small"]
    taste = rng.normal(0, 0.3, 150)[account]
    of_rep = rng.normal(0, skill, reps)[by]
    log_odds = of_rep + rng.normal(0, niche, (reps, 4))[by, kind["industry"]] + taste - 0.2
    won = rng.random(count) < 1 / (1 + np.exp(-log_odds))
    amount = np.exp(8 + taste + 0.5 * of_rep + rng.normal(0, 0.5, count))
    return pd.DataFrame(
        {
            "rep_id": [f"R{n}" for n in by],
            "group_id": [f"g{n % 3}" for n in by],
            "account_id": [f"A{n}" for n in account],
            **{name: np.array(names[name])[at] for name, at in kind.items()},
            "revenue_type": rng.choice(["new", "existing"], count),
            "is_won": won,
            # Lost deals often carry no amount.
            "amount": np.where(~won & (rng.random(count) < 0.5), 0.0, amount),
            "age_days": rng.integers(0, 1100, count),
        }
    )


def make_case(deals: pd.DataFrame, priors: pd.DataFrame | None = None) -> Case:
    """Put accounts, reps and the mix of products around some deals."""
    accounts = (
        deals.groupby("account_id")[["rep_id", "industry", "geography", "size_band"]]
        .first()
        .rename(columns={"rep_id": "owner_rep_id"})
        .reset_index()
    )
    reps = deals[["rep_id", "group_id"]].drop_duplicates("rep_id").sort_values("rep_id")
    counted = deals.groupby(["industry", "product"]).size().reset_index(name="share")
    counted["share"] = counted["share"] / counted.groupby("industry")["share"].transform("sum")
    return Case(
        deals=deals,
        spells=spells_of(deals, accounts, reps),
        accounts=accounts,
        reps=reps.assign(is_active=True, prior_industries=None).reset_index(drop=True),
        priors=no_priors() if priors is None else priors,
        product_mix=counted.assign(margin_rate=0.5),
    )


def no_priors() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rep_id": pd.Series(dtype=str),
            "dimension": pd.Series(dtype=str),
            "level": pd.Series(dtype=str),
            "prior_effect": pd.Series(dtype=float),
            "pseudo_deals": pd.Series(dtype=float),
            "is_rated": pd.Series(dtype=bool),
        }
    )
