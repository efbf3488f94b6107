"""Plots of rep strengths: who is strong where, and whether that holds on later deals."""

from __future__ import annotations

import pandas as pd

from dagster_project.plots.canvas import (
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    MAX_REPS,
    figure_of,
    to_png,
)

_MAX_LEVELS = 24
_FEWEST_DEALS = 5


def strength_heat_map(strengths: pd.DataFrame) -> bytes:
    """Draw what each rep is strong and weak at, and how sure that is.

    Args:
        strengths: One row per rep, dimension and level: rep_id, dimension, level, deal_count,
            effect (log odds beyond what the deals predict), effect_sd, is_named (certain enough to
            name). Levels with fewer than 5 deals stay blank.

    Returns:
        PNG; of many reps and levels those with most deals. A square's size says how certain the
        effect is: it fills its cell where the effect is two standard deviations from zero.
    """
    known = strengths[(strengths["deal_count"] >= _FEWEST_DEALS) & strengths["effect"].notna()]
    reps = _largest(known, "rep_id", MAX_REPS)
    known = known.assign(column=known["dimension"] + ": " + known["level"].astype(str))
    levels = _largest(known, "column", _MAX_LEVELS)
    levels.sort(key=lambda column: not column.startswith("overall"))
    known = known[known["rep_id"].isin(reps) & known["column"].isin(levels)]
    figure = figure_of(2.4 + 0.34 * max(len(levels), 6), 2.4 + 0.22 * max(len(reps), 4))
    axes = figure.subplots()
    axes.set_title("Odds of winning beyond what the deals predict", loc="left")
    if known.empty:
        axes.text(0.5, 0.5, "no rep has enough closed deals yet", ha="center", color=GREY)
        axes.set_axis_off()
        return to_png(figure)
    limit = max(float(known["effect"].abs().max()), 0.05)
    sureness = (known["effect"].abs() / known["effect_sd"].clip(lower=1e-9)).clip(0.3, 2.0) / 2.0
    axes.set_facecolor("#F7F7F7")
    marks = axes.scatter(
        [levels.index(column) + 0.5 for column in known["column"]],
        [reps.index(rep) + 0.5 for rep in known["rep_id"]],
        c=known["effect"],
        s=170 * sureness,
        marker="s",
        cmap="PuOr_r",
        vmin=-limit,
        vmax=limit,
        edgecolors="#888888",
        linewidths=0.4,
    )
    named = known[known["is_named"].astype(bool)]
    for rep, column in zip(named["rep_id"], named["column"], strict=True):
        axes.plot(levels.index(column) + 0.5, reps.index(rep) + 0.5, "k.", markersize=4)
    axes.set_xlim(0, len(levels))
    axes.set_ylim(len(reps), 0)
    axes.set_xticks(
        [place + 0.5 for place in range(len(levels))], levels, rotation=45, ha="right", fontsize=8
    )
    axes.set_yticks([place + 0.5 for place in range(len(reps))], reps, fontsize=8)
    axes.set_xlabel(
        "blank: fewer than 5 deals · large square: certain · dot: certain enough to name",
        color=GREY,
        fontsize=8,
    )
    bar = figure.colorbar(marks, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("log odds: weaker ← 0 → stronger", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return to_png(figure)


def calibration_curve(bins: pd.DataFrame) -> bytes:
    """Draw observed against predicted win rates on later deals.

    Args:
        bins: ``strength_calibration``: deal_count, predicted_win_rate, observed_win_rate,
            observed_lower, observed_upper.

    Returns:
        PNG.
    """
    figure = figure_of(4.6, 4.2)
    axes = figure.subplots()
    axes.set_title("Later deals: predicted and observed win rate", loc="left", fontsize=10)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    ordered = bins.sort_values("predicted_win_rate")
    if ordered.empty:
        axes.text(0.5, 0.4, "no later deals to judge", ha="center", color=GREY)
    else:
        axes.vlines(
            ordered["predicted_win_rate"],
            ordered["observed_lower"],
            ordered["observed_upper"],
            color=BLUE,
            linewidth=1.5,
        )
        sizes = 20 + 160 * ordered["deal_count"] / max(1, int(ordered["deal_count"].max()))
        axes.scatter(
            ordered["predicted_win_rate"], ordered["observed_win_rate"], s=sizes, color=BLUE
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("predicted", fontsize=8)
    axes.set_ylabel("observed, with 90 % interval", fontsize=8)
    return to_png(figure)


def backtest_bars(scores: pd.DataFrame) -> bytes:
    """Draw the log loss of each model on later deals; shorter is better.

    Args:
        scores: ``strength_backtest``: model, log_loss, strength_gain_lower, strength_gain_upper.

    Returns:
        PNG.
    """
    figure = figure_of(7.0, 2.6)
    axes = figure.subplots()
    axes.set_title("Log loss on later deals, by model (shorter is better)", loc="left")
    if scores.empty:
        axes.text(0.5, 0.5, "no later deals to judge", ha="center", color=GREY)
        axes.set_axis_off()
        return to_png(figure)
    ordered = scores.sort_values("log_loss", ascending=False, kind="stable")
    low = float(ordered["log_loss"].min())
    # The differences are small beside the whole: the axis starts near them, and says so.
    start = max(0.0, low - 0.5 * (float(ordered["log_loss"].max()) - low) - 0.01)
    columns = ["model", "log_loss", "strength_gain_lower", "strength_gain_upper"]
    for place, (model, loss, lower, upper) in enumerate(ordered[columns].to_numpy()):
        is_ours = model == "strength"
        axes.barh(place, loss - start, 0.65, left=start, color=GREEN if is_ours else LIGHT)
        gain = "" if is_ours else _gain(lower, upper)
        axes.text(loss, place, f" {loss:.4f}{gain}", va="center", fontsize=8)
    axes.set_yticks(range(len(ordered)), ordered["model"].str.replace("_", " "), fontsize=8)
    top = float(ordered["log_loss"].max())
    axes.set_xlim(start, top + 0.45 * (top - start))
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(
        f"axis starts at {start:.2f} · in brackets: gain of the strength model, 90 % interval",
        color=GREY,
        fontsize=8,
    )
    return to_png(figure)


def _gain(lower: float, upper: float) -> str:
    return "" if pd.isna(lower) else f"  ({lower:+.4f} to {upper:+.4f})"


def _largest(frame: pd.DataFrame, column: str, count: int) -> list[str]:
    """Take the values with most deals, in alphabetical order."""
    deals = frame.groupby(column)["deal_count"].sum()
    largest = deals.sort_values(ascending=False, kind="stable").head(count)
    return sorted(str(value) for value in largest.index)
