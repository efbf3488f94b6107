"""Plots of targets and quotas.

Belongs here: drawing from one frame. Does not belong here: queries, or what ``canvas`` holds.
"""

from __future__ import annotations

import pandas as pd

from dagster_project.plots.canvas import BLUE, GREEN, GREY, ORANGE, amount, figure_of, to_png

_MAX_GROUPS = 12


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
    figure = figure_of(2.5 + 0.62 * (len(steps) + 3), 3.6)
    axes = figure.subplots()
    bottom = 0.0
    bars = []
    for name, value in steps:
        bars.append((name, bottom, value, BLUE))
        bottom += value
    bars += [
        ("target", 0.0, target, GREY),
        ("buffer", target, quota - target, ORANGE),
        ("quotas", 0.0, quota, GREEN),
    ]
    for place, (_, start, height, color) in enumerate(bars):
        axes.bar(place, height, 0.7, bottom=start, color=color)
        axes.annotate(
            amount(height),
            (place, max(start, start + height)),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set_xticks(range(len(bars)), [bar[0] for bar in bars], rotation=30, ha="right", fontsize=8)
    axes.set_title("From groups' targets to the company's, and to quotas", loc="left")
    axes.margins(y=0.1)
    axes.yaxis.set_major_formatter(lambda value, _: amount(value))
    return to_png(figure)
