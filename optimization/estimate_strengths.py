"""From closed deals to the tables of strengths."""

from __future__ import annotations

import pandas as pd

from optimization.strength.backtest import backtest_table, calibration_table, predict_later
from optimization.strength.deals import Deals
from optimization.strength.effects_table import effects_table
from optimization.strength.guard import guard_table, judge, transport_table
from optimization.strength.half_life import chosen_half_life, try_half_lives
from optimization.strength.models import fit_model, value_model, win_model
from optimization.strength.rep_effects import combine_with_priors
from optimization.strength.strengths import strengths_table, surprises_table
from optimization.strength.terms import PROFILE
from optimization.strength.transport import judge_transport
from optimization.strength.win_rates import win_rates_table
from optimization.tables import Strengths


def estimate_strengths(
    deals: pd.DataFrame,
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    priors: pd.DataFrame,
    product_mix: pd.DataFrame,
) -> Strengths:
    """Estimate who wins what more often than the deals predict, and whether that comes along.

    Texts of any frame may be categories.

    Args:
        deals: One row per closed deal: rep_id, group_id, account_id, industry, geography,
            size_band, product, revenue_type, is_won, amount (company currency), age_days.
        accounts: One row per account: owner_rep_id, industry, geography, size_band.
        reps: One row per employee: rep_id, group_id, is_active (can cover accounts),
            prior_industries (separated by ``;``).
        priors: What is believed before looking at deals, one row per rep, dimension and level:
            prior_effect (log-odds), pseudo_deals, is_rated (by a manager).
        product_mix: One row per industry and product: share of the industry's deals, margin_rate
            (missing for a product that nobody ever bought and no list names).

    Raises:
        DataError: A deal lacks its outcome or age, or a column is missing.
    """
    accounts, reps, priors, product_mix = map(_as_text, (accounts, reps, priors, product_mix))
    coded = Deals.from_frame(deals)
    win, value = win_model(coded), value_model(coded)
    half_lives = try_half_lives(coded, win)
    days = chosen_half_life(half_lives)
    wins, values = fit_model(coded, win, days), fit_model(coded, value, days)
    wins_along, values_along = (judge_transport(coded, model, days) for model in (win, value))
    of_wins = judge(coded, win, wins, wins_along)
    of_values = judge(coded, value, values, values_along)
    predicted = predict_later(coded, wins)
    active = reps.loc[reps["is_active"].astype(bool), ["rep_id", "group_id"]]
    known = pd.Index(active["rep_id"]).union(coded.reps())
    levels = {name: pd.Index(sorted(accounts[name].unique())) for name in PROFILE}
    levels["product"] = pd.Index(sorted(product_mix["product"].unique()))
    effects = combine_with_priors(coded, wins, known, levels, priors, wins_along)
    return Strengths(
        effects=effects_table(coded, wins, values, wins_along, values_along),
        profile_win_rates=win_rates_table(
            coded, wins.whole, values.whole, effects, accounts, active, product_mix
        ),
        rep_strengths=strengths_table(effects, of_wins, accounts, pd.Index(active["rep_id"])),
        strength_guard=guard_table(coded, wins, of_wins, of_values, half_lives),
        strength_transport=transport_table(of_wins, of_values),
        strength_half_lives=half_lives,
        strength_backtest=backtest_table(coded, wins, predicted),
        strength_calibration=calibration_table(wins, predicted),
        strength_surprises=surprises_table(effects, of_wins, accounts, reps),
    )


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    coded = [column for column in frame if isinstance(frame[column].dtype, pd.CategoricalDtype)]
    return frame.astype(dict.fromkeys(coded, object))
