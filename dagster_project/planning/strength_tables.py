"""The tables the estimate of strengths writes: columns, types, grain and meaning, as data."""

from __future__ import annotations

from functools import partial

from dagster_project.warehouse.tables import Table, tables_by_name

_table = partial(Table.of, "strength")
_REP_LEVEL = {
    "rep_id": ("VARCHAR", "Rep; leavers with deals included"),
    "dimension": ("VARCHAR", "overall, industry, geography, size_band, product or revenue_type"),
    "level": ("VARCHAR", "Level of the dimension; (all) for overall"),
}
_PRIOR = (
    "DOUBLE",
    "Log-odds that managers' ratings and HR facts say; empty where they say nothing",
)

# Read by dbt's second build; not published.
INTERNAL_STRENGTH_TABLES: dict[str, Table] = tables_by_name(
    _table(
        "effects",
        "Effects of the models of wins, of deal values and of opportunities created, fitted on all "
        "there is, one row per model, term, rep and level.",
        ("model", "term", "rep_id", "level"),
        {
            "model": (
                "VARCHAR",
                "win (effects in log-odds), value (in logarithms of amounts) or creation (in "
                "logarithms of opportunities a year)",
            ),
            "term": (
                "VARCHAR",
                "Part of the model; base for its intercept; in_charge for what those in charge of "
                "an account so far create beyond others, as far as it counts in the plan",
            ),
            "rep_id": ("VARCHAR", "Rep of the effect; (all) where the term has none"),
            "level": ("VARCHAR", "Level of the effect; (all) where the term has none"),
            "effect": ("DOUBLE", "What the level adds"),
            "variance": ("DOUBLE", "Variance of the effect given its deals"),
            "tau2": ("DOUBLE", "Variance between the term's levels"),
        },
    ),
    _table(
        "profile_win_rates",
        "What a rep wins and creates of a kind of account, one row per industry, geography, size "
        "band and rep.",
        ("industry", "geography", "size_band", "rep_id"),
        {
            "industry": ("VARCHAR", "Industry of the account"),
            "geography": ("VARCHAR", "Region of the account"),
            "size_band": ("VARCHAR", "Size band of the account"),
            "rep_id": ("VARCHAR", "Rep; (segment) for one of whom nothing is known"),
            "win_rate": ("DOUBLE", "Mean probability of winning a deal"),
            "won_value_rate": ("DOUBLE", "Share of the value asked for that is won"),
            "new_won_value_rate": ("DOUBLE", "The same of new business"),
            "existing_won_value_rate": ("DOUBLE", "The same of existing business"),
            "margin_rate": ("DOUBLE", "Contribution of what is won, over its value"),
            "advantage": ("DOUBLE", "Log-odds the rep adds, as far as they come along"),
            "advantage_sd": ("DOUBLE", "Its standard deviation"),
            "creation_factor": (
                "DOUBLE",
                "Opportunities the rep creates over those of one of whom nothing is known, as far "
                "as it comes along",
            ),
            "creation_sd": ("DOUBLE", "Standard deviation of its logarithm"),
        },
    ),
)

PUBLISHED_STRENGTH_TABLES: dict[str, Table] = tables_by_name(
    _table(
        "rep_strengths",
        "What a rep wins beyond what the deals predict and goes on winning, what a rep creates, "
        "and how much of it counts in the plan, one row per rep, dimension and level.",
        ("rep_id", "dimension", "level"),
        {
            **_REP_LEVEL,
            "deal_count": ("BIGINT", "Closed deals of the rep at the level"),
            "won_count": ("BIGINT", "Won ones among them"),
            "observed_win_rate": ("DOUBLE", "Share of those deals that were won"),
            "expected_win_rate": (
                "DOUBLE",
                "Share the deals themselves predicted, without the rep",
            ),
            "effect": (
                "DOUBLE",
                "Log-odds that persist with the rep and the rep's accounts, shrunk, with the prior "
                "belief",
            ),
            "effect_sd": ("DOUBLE", "Standard deviation of the effect"),
            "effect_lower": ("DOUBLE", "Lower end of the 90 % interval"),
            "effect_upper": ("DOUBLE", "Upper end of the 90 % interval"),
            "prior_effect": _PRIOR,
            "verdict": ("VARCHAR", "Of the dimension; see strength_transport"),
            "counted_effect": (
                "DOUBLE",
                "Log-odds that count in the plan: what comes along to other accounts",
            ),
            "beats_owners_probability": (
                "DOUBLE",
                "Chance that the rep wins more at this level than the owners of the other reps' "
                "accounts there do on average; empty where strengths do not count",
            ),
            "is_extrapolated": ("BOOLEAN", "Fewer than 5 deals"),
            "is_named": (
                "BOOLEAN",
                "Interval leaves zero and differences between reps last: may be called a strength "
                "or weakness",
            ),
            "created_count": (
                "BIGINT",
                "Opportunities created on accounts the rep was in charge of; of products empty",
            ),
            "expected_created_count": (
                "DOUBLE",
                "Opportunities those accounts themselves predict, without the rep",
            ),
            "creation_factor": (
                "DOUBLE",
                "Factor on the opportunities of any account that counts in the plan",
            ),
        },
    ),
    _table(
        "strength_guard",
        "Whether strengths count in this company's plan, and why, one row.",
        (),
        {
            "signal": (
                "VARCHAR",
                "The best verdict of any dimension (see strength_transport), or not_estimable",
            ),
            "is_on": ("BOOLEAN", "Strengths transport to other accounts"),
            "is_counted": (
                "BOOLEAN",
                "A share of any difference between reps counts in the plan, however small",
            ),
            "persistence_slope": (
                "DOUBLE",
                "How much of the predicted advantage came true in later deals, whosever it is",
            ),
            "persistence_slope_se": ("DOUBLE", "Standard error of the slope"),
            "persistence_slope_lower": ("DOUBLE", "Lower end of its one-sided 95 % interval"),
            "is_value_on": (
                "BOOLEAN",
                "Differences between reps in the value of won deals transport",
            ),
            "value_persistence_slope": (
                "DOUBLE",
                "How much of a rep's larger or smaller deals came true in later ones",
            ),
            "value_persistence_slope_se": ("DOUBLE", "Standard error of that slope"),
            "value_persistence_slope_lower": (
                "DOUBLE",
                "Lower end of its one-sided 95 % interval",
            ),
            "value_multiplier": ("DOUBLE", "Factor on every rep's effect on deal value, 0 to 1"),
            "is_creation_on": (
                "BOOLEAN",
                "Differences between reps in opportunities created transport",
            ),
            "half_life_days": (
                "BIGINT",
                "Age at which a deal counts half; empty where age does not matter",
            ),
            "is_half_life_tuned": (
                "BOOLEAN",
                "Chosen on held-out deals; otherwise there were too few and it is 365",
            ),
            "train_deal_count": ("BIGINT", "Deals the effects were fitted on"),
            "holdout_deal_count": ("BIGINT", "Later deals they were judged on"),
            "reason": ("VARCHAR", "Why win strengths count or not, in words"),
            "value_reason": ("VARCHAR", "Why differences in deal value count or not, in words"),
            "creation_reason": (
                "VARCHAR",
                "Why differences in opportunities created count or not, in words",
            ),
        },
    ),
    _table(
        "strength_transport",
        "Whether what reps seem to add comes along to accounts that others worked on, one row per "
        "model and dimension.",
        ("model", "dimension"),
        {
            "model": (
                "VARCHAR",
                "win (of deals won), value (of their amounts) or creation (of opportunities "
                "created)",
            ),
            "dimension": (
                "VARCHAR",
                "overall, industry, geography, size_band, product or revenue_type",
            ),
            "verdict": (
                "VARCHAR",
                "transports: counts in the plan; persists_only: stays with the accounts; "
                "not_tested: too little from accounts that several reps worked on; none: no "
                "difference between reps, or none that lasts",
            ),
            "multiplier": ("DOUBLE", "Factor on every effect of the dimension, 0 to 1"),
            "multiplier_sd": ("DOUBLE", "Its standard deviation"),
            "transport_probability": ("DOUBLE", "That anything comes along"),
            "test": (
                "VARCHAR",
                "The test that decided: same_account (reps compared on one account, effects from "
                "other accounts) or after_changes (later deals of accounts that changed hands)",
            ),
            "deal_count": (
                "BIGINT",
                "Deals that could tell; of creation half years of an account and rep",
            ),
            "slope": (
                "DOUBLE",
                "Share of the predicted difference that came true; empty where nothing could tell",
            ),
            "slope_se": ("DOUBLE", "Standard error of the slope"),
            "slope_lower": ("DOUBLE", "Lower end of its 90 % interval"),
            "slope_upper": ("DOUBLE", "Upper end of its 90 % interval"),
        },
    ),
    _table(
        "strength_half_lives",
        "How fast old deals lose their meaning here, one row per half-life tried.",
        ("half_life_days",),
        {
            "half_life_days": (
                "BIGINT",
                "Age at which a deal counts half; empty for no fading",
            ),
            "deal_count": ("BIGINT", "Held-out deals it was judged on"),
            "log_loss": ("DOUBLE", "Mean log loss on the held-out deals"),
            "excess_log_loss": ("DOUBLE", "Log loss above the best half-life's"),
            "excess_log_loss_se": ("DOUBLE", "Standard error of that difference"),
            "is_tuned": (
                "BOOLEAN",
                "There were enough held-out deals to choose; otherwise 365 days is taken",
            ),
            "is_chosen": ("BOOLEAN", "The half-life in use"),
        },
    ),
    _table(
        "strength_backtest",
        "How well each model predicts later deals it has not seen, one row per model.",
        ("model",),
        {
            "model": ("VARCHAR", "global_rate, rep_rate, segment, segment_rep or strength"),
            "deal_count": ("BIGINT", "Later deals judged"),
            "log_loss": ("DOUBLE", "Mean log loss on later deals"),
            "brier_score": ("DOUBLE", "Mean squared error of the probability"),
            "auc": ("DOUBLE", "Chance that a won deal had a higher probability than a lost one"),
            "calibration_slope": (
                "DOUBLE",
                "Slope of outcomes on predicted log-odds; 1 is right, below 1 overconfident",
            ),
            "calibration_error": (
                "DOUBLE",
                "Mean distance of predicted and observed win rate over ten bins",
            ),
            "predicted_win_rate": ("DOUBLE", "Mean predicted win rate"),
            "observed_win_rate": ("DOUBLE", "Share of those deals that were won"),
            "strength_gain": (
                "DOUBLE",
                "Log loss by which the strength model beats this one, per deal",
            ),
            "strength_gain_lower": (
                "DOUBLE",
                "Lower end of its 90 % interval, deals clustered by rep",
            ),
            "strength_gain_upper": ("DOUBLE", "Upper end of that interval"),
        },
    ),
    _table(
        "strength_calibration",
        "Predicted and observed win rate of later deals, one row per tenth of predicted "
        "probability.",
        ("bin_number",),
        {
            "bin_number": ("INTEGER", "Tenth of the predicted probability: 1 is below 10 %"),
            "deal_count": ("BIGINT", "Later deals in the bin"),
            "predicted_win_rate": ("DOUBLE", "Mean predicted win rate"),
            "observed_win_rate": ("DOUBLE", "Share of those deals that were won"),
            "observed_lower": ("DOUBLE", "Lower end of its 90 % interval"),
            "observed_upper": ("DOUBLE", "Upper end of its 90 % interval"),
        },
    ),
    _table(
        "strength_surprises",
        "Where deals and prior judgement disagree about a rep, one row per rep, dimension and "
        "level.",
        ("rep_id", "dimension", "level"),
        {
            **_REP_LEVEL,
            "rep_id": ("VARCHAR", "Rep the surprise is about"),
            "kind": (
                "VARCHAR",
                "strong_though_rated_low, weak_though_rated_high, strong_outside_own_experience, "
                "weak_in_own_experience, strong_away_from_home or weak_at_home",
            ),
            "deal_count": ("BIGINT", "Closed deals of the rep at the level"),
            "observed_win_rate": ("DOUBLE", "Share of those deals that were won"),
            "expected_win_rate": (
                "DOUBLE",
                "Share the deals themselves predicted, without the rep",
            ),
            "effect": ("DOUBLE", "Log-odds that the deals alone show and that persist, shrunk"),
            "effect_lower": ("DOUBLE", "Lower end of the 90 % interval"),
            "effect_upper": ("DOUBLE", "Upper end of the 90 % interval"),
            "prior_effect": _PRIOR,
            "sentence": ("VARCHAR", "The surprise in words"),
        },
    ),
)

STRENGTH_TABLES = {**INTERNAL_STRENGTH_TABLES, **PUBLISHED_STRENGTH_TABLES}
