"""Plots of the coverage plan: loads, proven gap and moves over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_project.plots.canvas import (
    BLUE,
    GREY,
    LIGHT,
    MAX_REPS,
    ORANGE,
    figure_of,
    format_amounts,
    to_png,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_RUNS = 60


def load_and_value_per_rep(loads: pd.DataFrame) -> bytes:
    """Draw hours against capacity, and value, before and after the plan.

    Args:
        loads: Table ``rep_loads``: rep_id, coverer_type, capacity_hours, hours_before,
            hours_after (hours a year), value_before_amount, value_after_amount.

    Returns:
        PNG of the reps; of many those that change most.
    """
    loads = loads[loads["coverer_type"] == "rep"]
    change = (loads["hours_after"] - loads["hours_before"]).abs()
    value_change = (loads["value_after_amount"] - loads["value_before_amount"]).abs()
    order = pd.DataFrame({"hours": change, "value": value_change}).sort_values(
        ["hours", "value"], ascending=False, kind="stable"
    )
    shown = loads.loc[order.index[:MAX_REPS]].sort_values(["hours_after", "rep_id"], kind="stable")
    which = f" ({len(shown)} of {len(loads):,}, largest changes)" if len(shown) < len(loads) else ""
    figure = figure_of(9.0, 1.5 + 0.24 * max(len(shown), 4))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    places = range(len(shown))
    left.barh(places, shown["capacity_hours"], color=LIGHT, height=0.72, label="capacity")
    _before_and_after(left, shown["hours_before"], shown["hours_after"])
    _before_and_after(right, shown["value_before_amount"], shown["value_after_amount"])
    left.set_yticks(places, shown["rep_id"].astype(str), fontsize=8)
    left.set_title(f"Hours a year per rep{which}", loc="left")
    right.set_title("Value", loc="left")
    left.set_xlim(left=0)
    left.set_ylim(-0.6, max(len(shown), 4) - 0.4)
    format_amounts(left, right)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return to_png(figure)


def gap_over_time(runs: pd.DataFrame) -> bytes:
    """Draw how far each run's plan can be from the best possible one.

    Args:
        runs: One row per run: finished_at, gap_rate.

    Returns:
        PNG of the last 60 runs.
    """
    last = _last_runs(runs)
    figure = figure_of(8.0, 2.8)
    axes = figure.subplots()
    axes.plot(_run_places(last), last["gap_rate"] * 100, color=BLUE, marker="o", markersize=5)
    axes.set_title("Proven gap to the best possible plan, %", loc="left")
    axes.set_ylim(0, max(_top(last["gap_rate"]) * 130, 0.01))
    _label_runs(axes, last)
    return to_png(figure)


def moves_over_time(runs: pd.DataFrame) -> bytes:
    """Draw how many accounts change hands and how many stay uncovered, per run.

    Args:
        runs: One row per run: finished_at, moved_count, uncovered_count.

    Returns:
        PNG of the last 60 runs.
    """
    from matplotlib.ticker import MaxNLocator

    last = _last_runs(runs)
    figure = figure_of(8.0, 2.8)
    axes = figure.subplots()
    places = pd.Series(_run_places(last), dtype=float)
    axes.bar(places - 0.2, last["moved_count"], 0.4, color=BLUE, label="moved")
    axes.bar(
        places + 0.2,
        last["uncovered_count"],
        0.4,
        color="white",
        edgecolor=ORANGE,
        hatch="////",
        label="uncovered",
    )
    axes.set_title("Accounts moved and left uncovered, per run", loc="left")
    top = max(_top(last["moved_count"]), _top(last["uncovered_count"]))
    axes.set_ylim(0, max(top * 1.15, 1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    _label_runs(axes, last)
    return to_png(figure)


def _before_and_after(axes: Axes, before: pd.Series[float], after: pd.Series[float]) -> None:
    places = range(len(before))
    axes.hlines(places, before, after, color=GREY, linewidth=1.2)
    axes.plot(
        before,
        places,
        linestyle="none",
        marker="o",
        markersize=6,
        markerfacecolor="white",
        markeredgecolor=ORANGE,
        markeredgewidth=1.5,
        label="before",
    )
    axes.plot(after, places, linestyle="none", marker="D", markersize=5, color=BLUE, label="after")


def _last_runs(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.sort_values("finished_at", kind="stable").tail(_MAX_RUNS).reset_index(drop=True)


def _top(values: pd.Series[Any]) -> float:
    known = values.dropna()
    return float(known.max()) if len(known) else 0.0


def _run_places(runs: pd.DataFrame) -> Sequence[int]:
    # Runs stand at equal distances: several in one day would hide each other on a time axis.
    return range(len(runs))


def _label_runs(axes: Axes, runs: pd.DataFrame) -> None:
    step = max(1, -(-len(runs) // 10))
    places = list(range(len(runs) - 1, -1, -step))[::-1]
    times = pd.to_datetime(runs["finished_at"]).dt.strftime("%d %b\n%H:%M")
    axes.set_xticks(places, [times.iloc[place] for place in places], fontsize=8)
    axes.set_xlim(-0.7, max(len(runs) - 0.3, 7.3))
