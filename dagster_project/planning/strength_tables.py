"""The tables the estimate of strengths writes: columns, types, grain and meaning, as data."""

from __future__ import annotations

from dagster_project.warehouse.tables import Column, Table, tables_by_name


def _table(
    name: str, grain: str, key: tuple[str, ...], columns: dict[str, tuple[str, str]]
) -> Table:
    return Table(
        "strength", name, grain, key, tuple(Column(n, *facts) for n, facts in columns.items())
    )


_REP_LEVEL = {
    "rep_id": ("VARCHAR", "Rep; leavers with deals included"),
    "dimension": ("VARCHAR", "overall, industry, geography, size_band or product"),
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
        "Effects of the models of wins and of deal values, fitted on all closed deals, one row per "
        "model, term, rep and level.",
        ("model", "term", "rep_id", "level"),
        {
            "model": ("VARCHAR", "win (effects in log-odds) or value (in logarithms of amounts)"),
            "term": ("VARCHAR", "Part of the model; base for its intercept"),
            "rep_id": ("VARCHAR", "Rep of the effect; (all) where the term has none"),
            "level": ("VARCHAR", "Level of the effect; (all) where the term has none"),
            "effect": ("DOUBLE", "What the level adds"),
            "variance": ("DOUBLE", "Variance of the effect given its deals"),
            "tau2": ("DOUBLE", "Variance between the term's levels"),
        },
    ),
    _table(
        "profile_win_rates",
        "What a rep wins of a kind of account, one row per industry, geography, size band and rep.",
        ("industry", "geography", "size_band", "rep_id"),
        {
            "industry": ("VARCHAR", "Industry of the account"),
            "geography": ("VARCHAR", "Region of the account"),
            "size_band": ("VARCHAR", "Size band of the account"),
            "rep_id": ("VARCHAR", "Rep; (segment) for one of whom nothing is known"),
            "win_rate": ("DOUBLE", "Mean probability of winning a deal"),
            "won_value_rate": ("DOUBLE", "Share of the value asked for that is won"),
            "margin_rate": ("DOUBLE", "Contribution of what is won, over its value"),
            "advantage": ("DOUBLE", "Log-odds the rep adds, times the guard"),
            "advantage_sd": ("DOUBLE", "Its standard deviation, before the guard"),
        },
    ),
)

PUBLISHED_STRENGTH_TABLES: dict[str, Table] = tables_by_name(
    _table(
        "rep_strengths",
        "What a rep is strong and weak at beyond what the deals predict, one row per rep, "
        "dimension and level.",
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
                "Log-odds the rep adds, shrunk, with the prior belief, times the guard",
            ),
            "effect_sd": ("DOUBLE", "Standard deviation of the effect"),
            "effect_lower": ("DOUBLE", "Lower end of the 90 % interval"),
            "effect_upper": ("DOUBLE", "Upper end of the 90 % interval"),
            "prior_effect": _PRIOR,
            "beats_owners_probability": (
                "DOUBLE",
                "Chance that the rep wins more at this level than the owners of the other reps' "
                "accounts there do on average; empty where strengths do not count",
            ),
            "is_extrapolated": ("BOOLEAN", "Fewer than 5 deals"),
            "is_named": (
                "BOOLEAN",
                "Interval leaves zero and the guard is on: may be called a strength or weakness",
            ),
        },
    ),
    _table(
        "strength_guard",
        "Whether strengths hold going forward in this company, one row.",
        (),
        {
            "signal": ("VARCHAR", "holds, none or not_estimable"),
            "is_on": ("BOOLEAN", "Strengths count in the plan"),
            "slope": ("DOUBLE", "How much of the predicted advantage came true in later deals"),
            "slope_se": ("DOUBLE", "Standard error of the slope"),
            "slope_lower": ("DOUBLE", "Lower end of its one-sided 95 % interval"),
            "multiplier": ("DOUBLE", "Factor on every rep and group effect, 0 to 1"),
            "is_value_on": (
                "BOOLEAN",
                "Differences between reps in the value of won deals count in the plan",
            ),
            "value_slope": (
                "DOUBLE",
                "How much of a rep's larger or smaller deals came true in later ones",
            ),
            "value_slope_se": ("DOUBLE", "Standard error of that slope"),
            "value_slope_lower": ("DOUBLE", "Lower end of its one-sided 95 % interval"),
            "value_multiplier": ("DOUBLE", "Factor on every rep's effect on deal value, 0 to 1"),
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
            "effect": ("DOUBLE", "Log-odds the deals alone show, shrunk and times the guard"),
            "effect_lower": ("DOUBLE", "Lower end of the 90 % interval"),
            "effect_upper": ("DOUBLE", "Upper end of the 90 % interval"),
            "prior_effect": _PRIOR,
            "sentence": ("VARCHAR", "The surprise in words"),
        },
    ),
)

STRENGTH_TABLES = {**INTERNAL_STRENGTH_TABLES, **PUBLISHED_STRENGTH_TABLES}
