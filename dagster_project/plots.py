"""Plots: a frame in, a small PNG out, to be shown beside an asset in the Dagster UI.

Belongs here: drawing. Does not belong here: querying, or deciding what is worth a picture.

Colours are those of Okabe and Ito, told apart by colour-blind readers, and each thing also
differs by shape or place. Matplotlib is imported inside the functions: definitions load fast.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREEN, _GREY, _LIGHT = "#0072B2", "#D55E00", "#009E73", "#767676", "#DDDDDD"
_MAX_REPS = 30
_MAX_LEVELS = 24
_MAX_GROUPS = 12
_MAX_RUNS = 60
_PALETTE = 256


def as_markdown(png: bytes, alt: str) -> str:
    """Wrap a picture as Markdown that needs no file.

    Args:
        png: The picture.
        alt: What it shows, for those who cannot see it.

    Returns:
        A Markdown image with the picture inside.
    """
    return f"![{alt}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})"


def load_and_value_per_rep(loads: pd.DataFrame) -> bytes:
    """Draw hours against capacity, and value, before and after the plan.

    Args:
        loads: One row per rep: rep_id, capacity_hours, hours_before, hours_after (hours a
            year), value_before_amount, value_after_amount.

    Returns:
        PNG; of many reps those that change most.
    """
    change = (loads["hours_after"] - loads["hours_before"]).abs()
    value_change = (loads["value_after_amount"] - loads["value_before_amount"]).abs()
    order = pd.DataFrame({"hours": change, "value": value_change}).sort_values(
        ["hours", "value"], ascending=False, kind="stable"
    )
    shown = loads.loc[order.index[:_MAX_REPS]].sort_values(["hours_after", "rep_id"], kind="stable")
    which = f" ({len(shown)} of {len(loads):,}, largest changes)" if len(shown) < len(loads) else ""
    figure = _figure(9.0, 1.5 + 0.24 * max(len(shown), 4))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    places = range(len(shown))
    left.barh(places, shown["capacity_hours"], color=_LIGHT, height=0.72, label="capacity")
    _before_and_after(left, shown["hours_before"], shown["hours_after"])
    _before_and_after(right, shown["value_before_amount"], shown["value_after_amount"])
    left.set_yticks(places, shown["rep_id"].astype(str), fontsize=8)
    left.set_title(f"Hours a year per rep{which}", loc="left")
    right.set_title("Value", loc="left")
    left.set_xlim(left=0)
    left.set_ylim(-0.6, max(len(shown), 4) - 0.4)
    _format_amounts(left, right)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return _png(figure)


def gap_over_time(runs: pd.DataFrame) -> bytes:
    """Draw how far each run's plan can be from the best possible one.

    Args:
        runs: One row per run: finished_at, gap_rate.

    Returns:
        PNG of the last 60 runs.
    """
    last = _last_runs(runs)
    figure = _figure(8.0, 2.8)
    axes = figure.subplots()
    axes.plot(_run_places(last), last["gap_rate"] * 100, color=_BLUE, marker="o", markersize=5)
    axes.set_title("Proven gap to the best possible plan, %", loc="left")
    axes.set_ylim(0, max(_top(last["gap_rate"]) * 130, 0.01))
    _label_runs(axes, last)
    return _png(figure)


def moves_over_time(runs: pd.DataFrame) -> bytes:
    """Draw how many accounts change hands and how many stay uncovered, per run.

    Args:
        runs: One row per run: finished_at, moved_count, uncovered_count.

    Returns:
        PNG of the last 60 runs.
    """
    from matplotlib.ticker import MaxNLocator

    last = _last_runs(runs)
    figure = _figure(8.0, 2.8)
    axes = figure.subplots()
    places = pd.Series(_run_places(last), dtype=float)
    axes.bar(places - 0.2, last["moved_count"], 0.4, color=_BLUE, label="moved")
    axes.bar(
        places + 0.2,
        last["uncovered_count"],
        0.4,
        color="white",
        edgecolor=_ORANGE,
        hatch="////",
        label="uncovered",
    )
    axes.set_title("Accounts moved and left uncovered, per run", loc="left")
    top = max(_top(last["moved_count"]), _top(last["uncovered_count"]))
    axes.set_ylim(0, max(top * 1.15, 1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    _label_runs(axes, last)
    return _png(figure)


def strength_heat_map(strengths: pd.DataFrame) -> bytes:
    """Draw what each rep is strong and weak at; hatched where no deals tell.

    Args:
        strengths: One row per rep, dimension and level: rep_id, dimension, level, deal_count,
            effect (log odds beyond what the deals predict), is_named (certain enough to name).

    Returns:
        PNG; of many reps and levels those with most deals.
    """
    known = strengths[(strengths["deal_count"] > 0) & strengths["effect"].notna()]
    reps = _largest(known, "rep_id", _MAX_REPS)
    known = known.assign(column=known["dimension"] + ": " + known["level"].astype(str))
    levels = _largest(known, "column", _MAX_LEVELS)
    grid = known.pivot_table(index="rep_id", columns="column", values="effect", aggfunc="mean")
    named = known[known["is_named"].astype(bool)]
    grid = grid.reindex(index=reps, columns=levels)
    figure = _figure(2.4 + 0.34 * max(len(levels), 6), 2.4 + 0.22 * max(len(reps), 4))
    axes = figure.subplots()
    axes.set_title("Odds of winning beyond what the deals predict", loc="left")
    if grid.empty:
        axes.text(0.5, 0.5, "no rep has a closed deal yet", ha="center", color=_GREY)
        axes.set_axis_off()
        return _png(figure)
    limit = max(float(grid.abs().max().max()), 0.05)
    # White is a strength of about nothing, so what is not known shows the hatched ground.
    axes.patch.set(hatch="////", edgecolor=_LIGHT)
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
        "hatched: no deals to tell · dot: certain enough to name", color=_GREY, fontsize=8
    )
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("log odds: weaker ← 0 → stronger", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return _png(figure)


def quota_waterfall(targets: pd.DataFrame) -> bytes:
    """Draw how the groups' targets add up to the company's, and the buffer on top.

    Args:
        targets: Rows of group_targets: group_id, target_amount, quota_amount, in any grain.

    Returns:
        PNG; of many groups the largest, the others together.
    """
    amounts = targets[["target_amount", "quota_amount"]].astype(float)
    sums = amounts.groupby(targets["group_id"].astype(str)).sum()
    sums = sums.sort_values("target_amount", ascending=False, kind="stable")
    target, quota = float(sums["target_amount"].sum()), float(sums["quota_amount"].sum())
    steps = [(str(name), float(value)) for name, value in sums["target_amount"].items()]
    if len(steps) > _MAX_GROUPS:
        rest = steps[_MAX_GROUPS - 1 :]
        steps = [
            *steps[: _MAX_GROUPS - 1],
            (f"{len(rest)} others", sum(value for _, value in rest)),
        ]
    figure = _figure(2.5 + 0.62 * (len(steps) + 3), 3.6)
    axes = figure.subplots()
    bottom = 0.0
    bars = []
    for name, value in steps:
        bars.append((name, bottom, value, _BLUE))
        bottom += value
    bars += [
        ("target", 0.0, target, _GREY),
        ("buffer", target, quota - target, _ORANGE),
        ("quotas", 0.0, quota, _GREEN),
    ]
    for place, (_, start, height, color) in enumerate(bars):
        axes.bar(place, height, 0.7, bottom=start, color=color)
        axes.annotate(
            _amount(height),
            (place, max(start, start + height)),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set_xticks(range(len(bars)), [bar[0] for bar in bars], rotation=30, ha="right", fontsize=8)
    axes.set_title("From groups' targets to the company's, and to quotas", loc="left")
    axes.margins(y=0.1)
    axes.yaxis.set_major_formatter(lambda value, _: _amount(value))
    return _png(figure)


def _before_and_after(axes: Axes, before: pd.Series[float], after: pd.Series[float]) -> None:
    places = range(len(before))
    axes.hlines(places, before, after, color=_GREY, linewidth=1.2)
    axes.plot(
        before,
        places,
        linestyle="none",
        marker="o",
        markersize=6,
        markerfacecolor="white",
        markeredgecolor=_ORANGE,
        markeredgewidth=1.5,
        label="before",
    )
    axes.plot(after, places, linestyle="none", marker="D", markersize=5, color=_BLUE, label="after")


def _largest(frame: pd.DataFrame, column: str, count: int) -> list[str]:
    """Take the values with most deals, in alphabetical order."""
    deals = frame.groupby(column)["deal_count"].sum()
    largest = deals.sort_values(ascending=False, kind="stable").head(count)
    return sorted(str(value) for value in largest.index)


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


def _amount(value: float) -> str:
    """Write an amount with three digits: 950, 12.3k, 3.45M, 1.2bn."""
    for unit, sign in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:.3g}{sign}"
    return f"{value:.3g}"


def _format_amounts(*many: Axes) -> None:
    for axes in many:
        axes.xaxis.set_major_formatter(lambda value, _: _amount(value))


def _figure(width: float, height: float) -> Figure:
    """Start a figure without pyplot, whose global state is not safe between threads."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=90, layout="constrained")


def _png(figure: Figure) -> bytes:
    from PIL import Image

    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    # Few colours are in use: a palette halves the bytes that the run history keeps.
    Image.open(drawn).convert("RGB").quantize(_PALETTE).save(small, format="png", optimize=True)
    return small.getvalue()
