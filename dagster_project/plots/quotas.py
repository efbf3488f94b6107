"""Plots of targets and quotas."""

from __future__ import annotations

import pandas as pd

from dagster_project.plots.canvas import BLUE, GREEN, GREY, ORANGE, amount, figure_of, to_png

_MAX_BARS = 12
_CHARTS_ACROSS = 4


def quota_waterfall(
    targets: pd.DataFrame, quotas: pd.DataFrame, company_targets: pd.DataFrame
) -> bytes:
    """Draw the way from the company's goal to groups' targets, the buffers, and reps' quotas.

    Args:
        targets: Rows of group_targets: group_id, target_amount, quota_amount, in any grain.
        quotas: Rows of quota_allocations: rep_id, quota_amount, in any grain.
        company_targets: Rows of company_targets: goal_amount, buffer_amount, won_amount,
            target_amount, unallocated_amount.

    Returns:
        PNG; of many groups or reps the largest, the others together.
    """
    whole = company_targets.drop(columns="revenue_type").astype(float).sum()
    groups = _largest(targets, "group_id", "target_amount")
    reps = _largest(quotas, "rep_id", "quota_amount")
    target = float(targets["target_amount"].astype(float).sum())
    quota = float(quotas["quota_amount"].astype(float).sum())
    goal, buffer = float(whole["goal_amount"]), float(whole["buffer_amount"])
    bars = [("goal", 0.0, goal, GREY)]
    if buffer:
        bars.append(("company buffer", goal, buffer, ORANGE))
    if whole["won_amount"]:
        bars.append(("won so far", goal + buffer - whole["won_amount"], whole["won_amount"], GREEN))
    if abs(whole["unallocated_amount"]) >= 1:
        left = float(whole["unallocated_amount"])
        bars.append(("not allocated", min(target, target + left), abs(left), GREY))
    bars += _stacked(groups, BLUE)
    bars += [
        ("targets", 0.0, target, GREY),
        ("groups' buffer", target, quota - target, ORANGE),
        ("quotas", 0.0, quota, GREEN),
    ]
    bars += _stacked(reps, BLUE)
    figure = figure_of(2.5 + 0.52 * len(bars), 3.8)
    axes = figure.subplots()
    for place, (_, start, height, color) in enumerate(bars):
        axes.bar(place, height, 0.7, bottom=start, color=color)
        axes.annotate(
            amount(height),
            (place, max(start, start + height)),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=7,
        )
    axes.set_xticks(range(len(bars)), [bar[0] for bar in bars], rotation=35, ha="right", fontsize=8)
    axes.set_title("From the company's goal to groups' targets and reps' quotas", loc="left")
    axes.margins(y=0.1)
    axes.yaxis.set_major_formatter(lambda value, _: amount(value))
    return to_png(figure)


def chance_by_buffer(outlook: pd.DataFrame) -> bytes:
    """Draw the chance of making the number against the buffer, for the company and each group.

    Args:
        outlook: Rows of attainment_outlook: level, entity_id, over_assignment_rate, probability,
            is_default.

    Returns:
        PNG; a dot marks the buffer of the plan.
    """
    rows = outlook[outlook["level"].isin(["company", "group"])]
    figure = figure_of(6.0, 3.6)
    axes = figure.subplots()
    for (level, entity), lines in rows.groupby(["level", "entity_id"], sort=True):
        ordered = lines.sort_values("over_assignment_rate")
        is_company = level == "company"
        (line,) = axes.plot(
            ordered["over_assignment_rate"] * 100,
            ordered["probability"] * 100,
            linewidth=2.5 if is_company else 1.0,
            color=GREY if is_company else None,
            label=str(entity),
        )
        own = ordered[ordered["is_default"]]
        axes.plot(
            own["over_assignment_rate"] * 100,
            own["probability"] * 100,
            "o",
            color=line.get_color(),
        )
    axes.set_ylim(0, 100)
    axes.set_xlabel("buffer, % above target")
    axes.set_ylabel("chance, %")
    axes.set_title("Chance of making the number against the buffer", loc="left")
    axes.legend(fontsize=7, ncols=2)
    return to_png(figure)


def capacity_by_month(gaps: pd.DataFrame) -> bytes:
    """Draw hours needed against hours there are, one small chart a group, month by month.

    Args:
        gaps: Rows of capacity_gaps: group_id, month, needed_hours, available_hours,
            open_head_hours, is_short.

    Returns:
        PNG; months that are short in orange; the groups with the largest gaps first.
    """
    short = (gaps["needed_hours"] - gaps["available_hours"]).groupby(gaps["group_id"]).sum()
    names = list(short.sort_values(ascending=False, kind="stable").index[:_MAX_BARS])
    across = min(max(len(names), 2), _CHARTS_ACROSS)
    down = max(1, -(-len(names) // across))
    figure = figure_of(1.0 + 2.4 * across, 0.6 + 2.4 * down)
    all_axes = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes in all_axes[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(all_axes, names, strict=False):
        rows = gaps[gaps["group_id"] == name].sort_values("month")
        place = range(len(rows))
        colors = [ORANGE if is_short else BLUE for is_short in rows["is_short"]]
        axes.bar(place, rows["available_hours"], 0.8, color=colors)
        axes.bar(place, rows["open_head_hours"], 0.8, bottom=rows["available_hours"], color=GREEN)
        axes.step(list(place), rows["needed_hours"], where="mid", color=GREY, linewidth=2)
        axes.set_title(str(name), loc="left", fontsize=9)
        months = pd.to_datetime(rows["month"])
        axes.set_xticks(list(place)[::3], [f"{month:%b}" for month in months][::3], fontsize=7)
    figure.suptitle(
        "Hours there are (bars; hires on top) and hours needed (line)", x=0.02, ha="left"
    )
    return to_png(figure)


def _largest(rows: pd.DataFrame, key: str, column: str) -> list[tuple[str, float]]:
    """Sum by key, largest first; of many the rest together."""
    sums = rows[column].astype(float).groupby(rows[key].astype(str)).sum()
    sums = sums.sort_values(ascending=False, kind="stable")
    steps = [(str(name), float(value)) for name, value in sums.items()]
    if len(steps) > _MAX_BARS:
        rest = steps[_MAX_BARS - 1 :]
        others = (f"{len(rest)} others", sum(value for _, value in rest))
        steps = [*steps[: _MAX_BARS - 1], others]
    return steps


def _stacked(steps: list[tuple[str, float]], color: str) -> list[tuple[str, float, float, str]]:
    """Put each bar on the end of the one before it."""
    bars = []
    bottom = 0.0
    for name, value in steps:
        bars.append((name, bottom, value, color))
        bottom += value
    return bars
