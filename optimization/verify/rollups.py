"""Recompute what managers and overlay roles carry: each role's people share what reps carry."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from optimization.verify.cells import Cells
from optimization.verify.known import Known
from optimization.verify.tables import numbers, report, same


def check_rollups(cells: Cells, table: pd.DataFrame, known: Known) -> Iterator[str]:
    """Check who is rolled up, for which group, at which share, and that shares add up.

    Args:
        cells: Amounts.
        table: Table ``quota_rollups``.
        known: People and pay plans.
    """
    multiples = {role: plan.rollup_multiple for role, plan in (known.comp_plans or {}).items()}
    if known.money is None:
        yield from report("a quota is rolled up, but no people are known", table["rep_id"])
        return
    people = known.money.people
    above = people[~people["rep_id"].isin(cells.rep_ids) & people["role"].isin(list(multiples))]
    if sorted(table["rep_id"]) != sorted(above["rep_id"]):
        yield "quotas are not rolled up for everybody with a pay plan and no accounts"
        return
    said = table.set_index("rep_id")
    above = above.set_index("rep_id").reindex(said.index)
    group = above["group_id"].where(above["group_id"].isin(cells.group_ids))
    wrong = ~same(said["role"], above["role"]) | ~same(said["group_id"], group)
    yield from report("a rolled-up quota is for another role or group", said.index[wrong])
    year = cells.quota.sum(axis=(1, 2))
    totals = dict(zip(cells.group_ids, cells.by_group(year), strict=True))
    total = numbers(group.map(totals)).fillna(float(year.sum())) / 100
    count = numbers(above.groupby([above["role"], group.fillna("")])["role"].transform("size"))
    rate = numbers(above["role"].map(multiples)) / count
    for column, wanted in (("rolled_up_amount", total), ("credit_rate", rate)):
        off = (numbers(said[column]) - wanted).abs() > 0.006 * (column != "credit_rate") + 1e-9
        yield from report(f"{column} of a rolled-up quota is wrong", said.index[off])
    off = (numbers(said["quota_amount"]) - rate * total).abs() > 0.011
    yield from report("quota_amount of a rolled-up quota is wrong", said.index[off])
    shares = numbers(said["quota_amount"]).groupby([above["role"], group.fillna("")])
    whole = (rate * count * total).groupby([above["role"], group.fillna("")]).first()
    off = (shares.sum() - whole).abs() > 0.006
    yield from report("rolled-up quotas do not sum to their multiple", whole.index[off])
