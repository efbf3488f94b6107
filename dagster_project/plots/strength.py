"""Plots of rep strengths.

Belongs here: drawing from one frame. Does not belong here: queries, or what ``canvas`` holds.
"""

from __future__ import annotations

import pandas as pd

from dagster_project.plots.canvas import GREY, LIGHT, MAX_REPS, figure_of, to_png

_MAX_LEVELS = 24


def strength_heat_map(strengths: pd.DataFrame) -> bytes:
    """Draw what each rep is strong and weak at; hatched where no deals tell.

    Args:
        strengths: One row per rep, dimension and level: rep_id, dimension, level, deal_count,
            effect (log odds beyond what the deals predict), is_named (certain enough to name).

    Returns:
        PNG; of many reps and levels those with most deals.
    """
    known = strengths[(strengths["deal_count"] > 0) & strengths["effect"].notna()]
    reps = _largest(known, "rep_id", MAX_REPS)
    known = known.assign(column=known["dimension"] + ": " + known["level"].astype(str))
    levels = _largest(known, "column", _MAX_LEVELS)
    grid = known.pivot_table(index="rep_id", columns="column", values="effect", aggfunc="mean")
    named = known[known["is_named"].astype(bool)]
    grid = grid.reindex(index=reps, columns=levels)
    figure = figure_of(2.4 + 0.34 * max(len(levels), 6), 2.4 + 0.22 * max(len(reps), 4))
    axes = figure.subplots()
    axes.set_title("Odds of winning beyond what the deals predict", loc="left")
    if grid.empty:
        axes.text(0.5, 0.5, "no rep has a closed deal yet", ha="center", color=GREY)
        axes.set_axis_off()
        return to_png(figure)
    limit = max(float(grid.abs().max().max()), 0.05)
    # White is a strength of about nothing, so what is not known shows the hatched ground.
    axes.patch.set(hatch="////", edgecolor=LIGHT)
    image = axes.pcolormesh(
        grid,
        cmap="PuOr_r",
        vmin=-limit,
        vmax=limit,
        edgecolors="#AAAAAA",
        linewidth=0.3,
    )
    axes.invert_yaxis()
    for rep, column in zip(named["rep_id"], named["column"], strict=True):
        if rep in reps and column in levels:
            axes.plot(levels.index(column) + 0.5, reps.index(rep) + 0.5, "k.", markersize=5)
    axes.set_xticks(
        [place + 0.5 for place in range(len(levels))], levels, rotation=45, ha="right", fontsize=8
    )
    axes.set_yticks([place + 0.5 for place in range(len(reps))], reps, fontsize=8)
    axes.set_xlabel(
        "hatched: no deals to tell · dot: certain enough to name", color=GREY, fontsize=8
    )
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("log odds: weaker ← 0 → stronger", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return to_png(figure)


def _largest(frame: pd.DataFrame, column: str, count: int) -> list[str]:
    """Take the values with most deals, in alphabetical order."""
    deals = frame.groupby(column)["deal_count"].sum()
    largest = deals.sort_values(ascending=False, kind="stable").head(count)
    return sorted(str(value) for value in largest.index)
