"""From closed deals and spells to the tables of strengths."""

from __future__ import annotations

import pandas as pd

from optimization.strength.backtest import backtest_table, calibration_table, predict_later
from optimization.strength.deals import Deals, Spells
from optimization.strength.effects_table import Fitted, effects_table
from optimization.strength.guard import (
    CREATION,
    VALUE,
    WIN,
    guard_table,
    judge,
    transport_table,
)
from optimization.strength.half_life import chosen_half_life, try_half_lives
from optimization.strength.models import creation_model, fit_model, value_model, win_model
from optimization.strength.rep_effects import combine_with_priors, creation_effects
from optimization.strength.strengths import strengths_table, surprises_table
from optimization.strength.terms import PROFILE, REVENUE_TYPES
from optimization.strength.transport import judge_transport
from optimization.strength.win_rates import win_rates_table
from optimization.tables import Strengths


def estimate_strengths(
    deals: pd.DataFrame,
    spells: pd.DataFrame,
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    priors: pd.DataFrame,
    product_mix: pd.DataFrame,
) -> Strengths:
    """Estimate who wins and creates more than the accounts predict, and whether it comes along.

    Texts of any frame may be categories.

    Args:
        deals: One row per closed deal: rep_id, group_id, account_id, industry, geography,
            size_band, product, revenue_type, is_won, amount (company currency), age_days.
        spells: One row per account, rep in charge and half year: rep_id, group_id, account_id,
            industry, geography, size_band, created_count, years, age_days.
        accounts: One row per account: owner_rep_id, industry, geography, size_band.
        reps: One row per employee: rep_id, group_id, is_active (can cover accounts),
            prior_industries (separated by ``;``).
        priors: What is believed before looking at deals, one row per rep, dimension and level:
            prior_effect (log-odds), pseudo_deals, is_rated (by a manager).
        product_mix: One row per industry and product: share of the industry's deals, margin_rate
            (missing for a product that nobody ever bought and no list names).

    Raises:
        DataError: A deal lacks its outcome or age, a spell its length, or a column is missing.
    """
    accounts, reps, priors, product_mix = map(_as_text, (accounts, reps, priors, product_mix))
    coded, in_charge = Deals.from_frame(deals), Spells.from_frame(spells)
    win, value, creation = win_model(coded), value_model(coded), creation_model(in_charge)
    half_lives = try_half_lives(coded, win)
    days = chosen_half_life(half_lives)
    models = {WIN: (coded, win), VALUE: (coded, value), CREATION: (in_charge, creation)}
    found, verdicts = {}, {}
    for name, (records, model) in models.items():
        fits = fit_model(records, model, days)
        along = judge_transport(records, model, fits, days)
        found[name] = Fitted(records, model, fits, along)
        verdicts[name] = judge(records, model, fits, along)
    wins, values, created = (found[name].fits for name in (WIN, VALUE, CREATION))
    of_wins = verdicts[WIN]
    predicted = predict_later(coded, wins)
    active = reps.loc[reps["is_active"].astype(bool), ["rep_id", "group_id"]]
    known = pd.Index(active["rep_id"]).union(coded.reps()).union(in_charge.reps())
    levels = {name: pd.Index(sorted(accounts[name].unique())) for name in PROFILE}
    levels["product"] = pd.Index(sorted(product_mix["product"].unique()))
    levels["revenue_type"] = pd.Index(sorted(REVENUE_TYPES))
    effects = combine_with_priors(coded, wins, known, levels, priors, of_wins.transport)
    of_creation = creation_effects(
        in_charge, created, creation, known, levels, verdicts[CREATION].transport
    )
    return Strengths(
        effects=effects_table(found),
        profile_win_rates=win_rates_table(
            coded,
            wins.whole,
            values.whole,
            effects,
            in_charge,
            created.whole,
            of_creation,
            accounts,
            active,
            product_mix,
        ),
        rep_strengths=strengths_table(
            effects, of_creation, of_wins, accounts, pd.Index(active["rep_id"])
        ),
        strength_guard=guard_table(coded, wins, verdicts, half_lives),
        strength_transport=transport_table(verdicts),
        strength_half_lives=half_lives,
        strength_backtest=backtest_table(coded, wins, predicted),
        strength_calibration=calibration_table(wins, predicted),
        strength_surprises=surprises_table(effects, of_wins, accounts, reps),
    )


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    coded = [column for column in frame if isinstance(frame[column].dtype, pd.CategoricalDtype)]
    return frame.astype(dict.fromkeys(coded, object))
