"""Recompute how bands held in past periods: what was won in each, sums, and counts."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from optimization.verify.tables import differs, numbers, report, same

PERIOD_MONTHS = {"month": 1, "quarter": 3, "year": 12}
HELD = (0.72, 0.88)
FEWEST = 10


def check_calibration(
    calibration: pd.DataFrame, summary: pd.DataFrame, history: pd.DataFrame | None
) -> Iterator[str]:
    """Check bands of past periods against what was won, and the counts of those that held.

    Args:
        calibration: Table ``outlook_calibration``.
        summary: Table ``calibration_summary``.
        history: group_id, month, revenue_type, won_amount; None where there is none.
    """
    names = calibration["entity_id"] + " / " + calibration["period_type"].astype("str")
    names = names + " / " + pd.to_datetime(calibration["period_on"]).dt.date.astype("str")
    low, high, actual = (
        numbers(calibration[column]) for column in ("low_amount", "high_amount", "actual_amount")
    )
    right = (low >= 0) & (low <= high) & (numbers(calibration["forecast_amount"]) >= low * 0.98 - 1)
    yield from report("a band of a past period is no band", names[~right])
    near = ((actual - low).abs() < 0.01) | ((actual - high).abs() < 0.01)
    wrong = calibration["is_held"].astype(bool) != ((low <= actual) & (actual <= high))
    yield from report("is_held of a past period is wrong", names[wrong & ~near])
    yield from _check_past(calibration, names, history)
    yield from _check_sums(calibration)
    yield from _check_summary(calibration, summary)


def _check_past(
    table: pd.DataFrame, names: pd.Series[str], history: pd.DataFrame | None
) -> Iterator[str]:
    """Every month, quarter and year from the third on, with what was won in it."""
    won = _won_by_month(history)
    first = 2 * 12
    wanted: dict[tuple[str, str, str, pd.Timestamp], tuple[float, bool]] = {}
    for entity, of_entity in won.items():
        level = "company" if entity is None else "group"
        name = "company" if entity is None else entity
        for period, length in PERIOD_MONTHS.items():
            for start in range(first, len(of_entity), length):
                year = start // 12 * 12
                # Not yet selling when the year before began.
                young = entity is not None and not (of_entity[: year - 11] > 0).any()
                wanted[level, name, period, of_entity.index[start]] = (
                    float(of_entity.iloc[start : start + length].sum()),
                    young,
                )
    key = ["level", "entity_id", "period_type"]
    at = pd.to_datetime(table["period_on"])
    said = list(zip(*(table[column] for column in key), at, strict=True))
    if sorted(said) != sorted(wanted):
        yield "past periods are not those that could be held out"
        return
    amount = pd.Series([wanted[place][0] for place in said], index=table.index, dtype=float)
    off = (numbers(table["actual_amount"]) - amount).abs() > 0.01 + 1e-9 * amount
    yield from report("actual amount of a past period is not what was won", names[off])
    is_young = pd.Series([wanted[place][1] for place in said], index=table.index, dtype=bool)
    wrong = table["is_young"].astype(bool) != is_young
    yield from report("is_young of a past period is wrong", names[wrong])


def _won_by_month(history: pd.DataFrame | None) -> dict[str | None, pd.Series[float]]:
    """Won amounts by month of each group (None: the company), of whole years to the last month."""
    if history is None or history.empty:
        return {}
    rows = history.assign(month=pd.to_datetime(history["month"]))
    wide = rows.pivot_table(index="month", columns="group_id", values="won_amount", aggfunc="sum")
    calendar = pd.date_range(wide.index.min(), wide.index.max(), freq="MS")
    wide = wide.astype(float).reindex(calendar).fillna(0.0)
    wide = wide.iloc[len(wide) % 12 :]
    return {None: wide.sum(axis=1), **{str(group): wide[group] for group in wide.columns}}


def _check_sums(table: pd.DataFrame) -> Iterator[str]:
    """Months add up to quarters and years, groups to the company."""
    at = pd.to_datetime(table["period_on"])
    months = table[table["period_type"] == "month"]
    if months.empty:
        return
    begin = at[months.index].min()
    number = (at.dt.year - begin.year) * 12 + at.dt.month - begin.month
    amount = numbers(table["forecast_amount"])
    for period, length in PERIOD_MONTHS.items():
        part = table[table["period_type"] == period]
        place = number // length
        of_months = amount[months.index].groupby([months["entity_id"], place[months.index]]).sum()
        keys = pd.MultiIndex.from_arrays([part["entity_id"], place[part.index]])
        off = (amount[part.index] - of_months.reindex(keys).to_numpy()).abs() > 0.01 * length
        yield from report(
            "forecasts of months do not sum to the longer period's", part.loc[off, "entity_id"]
        )
        group = part["level"] == "group"
        total = amount[part.index][group].groupby(place[part.index][group]).sum()
        company = amount[part.index][~group]
        of_groups = place[company.index].map(total)
        off = (company - of_groups).abs() > 0.01 * (1 + group.sum())
        yield from report(
            "forecasts of groups do not sum to the company's", place[company.index][off]
        )


def _check_summary(table: pd.DataFrame, summary: pd.DataFrame) -> Iterator[str]:
    rows = []
    for (level, period), part in table.groupby(["level", "period_type"]):
        held, count = int(part["is_held"].sum()), len(part)
        above = int((part["actual_amount"] > part["high_amount"]).sum())
        rate = held / count
        verdict = "too narrow" if rate < HELD[0] else "too wide" if rate > HELD[1] else "holds"
        verdict = "too few to tell" if count < FEWEST else verdict
        young = int(part["is_young"].sum())
        rows.append((level, period, count, held, rate, above, count - held - above, young, verdict))
    key = ["level", "period_type"]
    columns = [*key, "period_count", "held_count", "held_rate", "above_count", "below_count"]
    columns += ["young_count", "band_verdict"]
    wanted = pd.DataFrame(rows, columns=columns).set_index(key)
    said = summary.set_index(key)
    if sorted(said.index) != sorted(wanted.index) or said.index.has_duplicates:
        yield "calibration summary is not for every level and length of period"
        return
    said = said.reindex(wanted.index)
    for column in columns[2:]:
        right = (
            same(said[column], wanted[column])
            if column == "band_verdict"
            else ~differs(numbers(said[column]), numbers(wanted[column]))
        )
        names = [" / ".join(pair) for pair in wanted.index[~right]]
        yield from report(f"{column} of the calibration summary is wrong", names)
