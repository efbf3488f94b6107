"""Recompute what can be of chances: targets, bands, monotony, and what advice says of them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from optimization.policy import QuotaPolicy
from optimization.verify.cells import Cells, FloatArray
from optimization.verify.tables import numbers, report

if TYPE_CHECKING:
    from optimization.tables import QuotaPlan

ENTITY = ["level", "entity_id"]
USUAL = (0.55, 0.70)
_PERCENT = re.compile(r"[\d.]+%")
# Simulated means stray by so many standard errors at most.
ERRORS = 6.0
# Where a deal in so many years decides, means of simulated years say little.
MOST_UNSURE = 5.0


def check_outlook(
    cells: Cells,
    sd: FloatArray,
    table: pd.DataFrame,
    rates: dict[str, float],
    policy: QuotaPolicy,
) -> Iterator[str]:
    """Check who is listed at which buffers, targets, bands, and that chances fit them.

    Args:
        cells: Amounts.
        sd: Standard deviation of each rep's expected business in cents; shape (R,).
        table: Table ``attainment_outlook``.
        rates: Buffer of each group.
        policy: Scenario buffers and effort response.
    """
    own = _own(cells, rates)
    key = [*ENTITY, "over_assignment_rate"]
    wanted = {
        (*entity, rate)
        for entity, (mine, _) in own.items()
        for rate in {mine, *policy.scenario_rates}
    }
    said = set(table[key].itertuples(index=False, name=None))
    keys = sorted(wanted ^ said) + sorted(map(tuple, table.loc[table.duplicated(key), key].values))
    yield from report("chances are not for every entity at every buffer", keys)
    if keys:
        return
    names = table["level"] + " / " + table["entity_id"]
    rate = table["over_assignment_rate"]
    of = [own[pair] for pair in table[ENTITY].itertuples(index=False, name=None)]
    mine = pd.Series([pair[0] for pair in of], index=table.index)
    target = pd.Series([pair[1] for pair in of], index=table.index) / 100
    target = target * ((1 + rate) / (1 + mine)).where(table["level"] == "rep", 1.0)
    for column, right in (
        ("is_default", table["is_default"] == (rate == mine)),
        ("effort_response", table["effort_response"] == policy.effort_response),
        ("target_amount", (table["target_amount"] - target).abs() <= 0.006 + 1e-9 * target),
    ):
        yield from report(f"{column} of a chance is wrong", names[~right])
    # A company's own buffer is a mean of its groups'; so is what it makes of effort.
    effort = (1 + policy.effort_response * rate).where(
        (table["level"] != "company") | ~table["is_default"], np.nan
    )
    amounts = ["expected_amount", "low_amount", "high_amount", "sd_amount"]
    plain = table[amounts].div(effort, axis=0)
    spread = plain.groupby(names).transform("max") - plain.groupby(names).transform("min")
    wrong = (spread > 0.02 + 1e-9 * plain.abs()).any(axis=1)
    yield from report("expected bookings differ between buffers beyond effort", names[wrong])
    right = (table["low_amount"] >= 0) & (table["low_amount"] <= table["high_amount"])
    right &= table["sd_amount"] >= 0
    yield from report("a band of bookings is no band", names[~right])
    yield from _check_means(cells, sd, table, plain, names, policy)
    yield from _check_probabilities(table, names, target, policy)


def _own(cells: Cells, rates: dict[str, float]) -> dict[tuple[str, str], tuple[float, float]]:
    """Own buffer and target in cents of every entity."""
    targets = cells.target.sum(axis=(1, 2))
    group_rates = np.array([rates[group] for group in cells.group_ids])
    shared = float(group_rates[0])
    if np.ptp(group_rates) > 0:
        weights = targets if targets.any() else None
        shared = round(float(np.average(group_rates, weights=weights)), 6)
    own = {("company", "company"): (shared, float(targets.sum()))}
    for place, group in enumerate(cells.group_ids):
        own["group", group] = (rates[group], float(targets[place]))
    for place, rep in enumerate(cells.rep_ids):
        if cells.has_book[place]:
            group = cells.group_ids[cells.rep_group[place]]
            own["rep", rep] = (rates[group], float(cells.quota[place].sum()))
    return own


def _check_means(
    cells: Cells,
    sd: FloatArray,
    table: pd.DataFrame,
    plain: pd.DataFrame,
    names: pd.Series[str],
    policy: QuotaPolicy,
) -> Iterator[str]:
    """Simulated means are those of expected bookings, but for chance (the company's: more)."""
    by_rep = np.stack([cells.expected.sum(axis=(1, 2)), sd], axis=1) / 100
    of_groups = cells.by_group(by_rep)
    known = {f"rep / {rep}": row for rep, row in zip(cells.rep_ids, by_rep, strict=True)}
    known |= {f"group / {name}": row for name, row in zip(cells.group_ids, of_groups, strict=True)}
    known["company / company"] = by_rep.sum(axis=0)
    mean, sd_of_mean = (
        pd.Series([known[name][place] for name in names], index=table.index) for place in (0, 1)
    )
    error = ERRORS * sd_of_mean.clip(lower=plain["sd_amount"]) / np.sqrt(policy.simulation_count)
    more = plain["expected_amount"] - mean
    off = (more < -error - 1 - 1e-6 * mean) | (
        (more > error + 1 + 1e-6 * mean) & (table["level"] != "company")
    )
    off &= sd_of_mean <= MOST_UNSURE * mean
    yield from report("expected amount of a chance is not the expected bookings", names[off])


def _check_probabilities(
    table: pd.DataFrame, names: pd.Series[str], target: pd.Series[float], policy: QuotaPolicy
) -> Iterator[str]:
    chance = numbers(table["probability"])
    known = chance.notna()
    wrong = known != (table["chance_verdict"] == "calibrated")
    yield from report("a chance is given that is not calibrated, or not given", names[wrong])
    yield from report(
        "a chance lies outside 0 to 1", names[known & ~((chance >= 0) & (chance <= 1))]
    )
    # One in ten years lies below the band and one in ten above; one draw for the quantile.
    room = 1.5 / policy.simulation_count + 1e-9
    least = pd.Series(0.0, index=table.index).mask(target <= table["high_amount"] - 0.02, 0.1)
    least = least.mask(target <= table["low_amount"] - 0.02, 0.9) - room
    most = pd.Series(1.0, index=table.index).mask(target >= table["low_amount"] + 0.02, 0.9)
    most = most.mask(target >= table["high_amount"] + 0.02, 0.1) + room
    wrong = known & ((chance < least) | (chance > most))
    yield from report("a chance does not fit its target and band", names[wrong])
    # What is asked, in terms of bookings without effort: the more, the smaller the chance.
    effort = 1 + policy.effort_response * table["over_assignment_rate"]
    plain = ~((table["level"] == "company") & table["is_default"] & (policy.effort_response > 0))
    rows = pd.DataFrame({"name": names, "asked": target / effort, "chance": chance})
    rows = rows[known & plain].sort_values(["name", "asked"])
    steps = rows.groupby("name")[["asked", "chance"]].diff()
    rises = (steps["asked"] > 0) & (steps["chance"] > 1e-9)
    yield from report("a chance rises with the target", rows.loc[rises, "name"].drop_duplicates())
    wrong = (steps["asked"] == 0) & (steps["chance"].abs() > 1e-9)
    unequal = rows.loc[wrong, "name"].drop_duplicates()
    yield from report("equal targets have unequal chances", unequal)


def check_advice(
    cells: Cells, plan: QuotaPlan, rates: dict[str, float], policy: QuotaPolicy
) -> Iterator[str]:
    """Check buffers, what they add up to, and what the outlook says of them."""
    table, outlook = plan.buffer_advice, plan.attainment_outlook
    own = {entity: found for entity, found in _own(cells, rates).items() if entity[0] != "rep"}
    said = list(table[ENTITY].itertuples(index=False, name=None))
    if sorted(said) != sorted(own):
        yield "buffer advice is not for the company and each group"
        return
    names = table["level"] + " / " + table["entity_id"]
    default = outlook[outlook["is_default"]].set_index(ENTITY)["probability"]
    rate = pd.Series([own[entity][0] for entity in said], index=table.index)
    stacked = (1 + policy.company_buffer_rate) * (1 + rate) - 1
    group_of = dict(zip(cells.rep_ids, cells.rep_group, strict=True))
    of_reps = default["rep"] if "rep" in default.index else pd.Series(dtype=float)
    group = [cells.group_ids[group_of[rep]] for rep in of_reps.index]
    chances = [
        of_reps if level == "company" else of_reps[np.array(group, dtype=object) == name]
        for level, name in said
    ]
    # Where one rep's chance is not said, nothing is said of them together.
    share = pd.Series([float(c.mean(skipna=False)) for c in chances], index=table.index)
    spread = pd.Series([float(c.std(ddof=0, skipna=False)) for c in chances], index=table.index)
    wanted: dict[str, pd.Series[float] | float] = {
        "company_buffer_rate": policy.company_buffer_rate,
        "over_assignment_rate": rate,
        "stacked_rate": stacked.round(6),
        "wanted_probability": policy.wanted_probability,
        "probability": pd.Series([default[entity] for entity in said], index=table.index),
        "reps_at_quota_rate": share,
        "attainment_spread": spread,
        "effort_response": policy.effort_response,
    }
    for column, values in wanted.items():
        wrong = ~_equal(table[column], pd.Series(0.0, index=table.index) + values)
        yield from report(f"{column} of buffer advice is wrong", names[wrong])
    usual = (share >= USUAL[0]) & (share <= USUAL[1])
    for column, flags in (
        ("is_stacked_too_high", stacked > policy.stacked_warning_rate + 1e-9),
        ("is_attainment_usual", usual),
    ):
        known = table[column].notna()
        wrong = known & (table[column].fillna(False).astype(bool) != flags)
        # Without chances of reps nobody knows whether attainment would be usual.
        wrong |= known != (share.notna() if column == "is_attainment_usual" else True)
        yield from report(f"{column} of buffer advice is wrong", names[wrong])
    yield from _check_smallest(table, outlook, names, policy)


def _equal(left: pd.Series[float], right: pd.Series[float]) -> pd.Series[bool]:
    found, wanted = numbers(left), numbers(right)
    return ((found - wanted).abs() <= 1e-9) | (found.isna() & wanted.isna())


def _check_smallest(
    table: pd.DataFrame, outlook: pd.DataFrame, names: pd.Series[str], policy: QuotaPolicy
) -> Iterator[str]:
    without = numbers(table["probability_without_buffer"])
    at_zero = outlook[outlook["over_assignment_rate"] == 0].set_index(ENTITY)["probability"]
    wanted = pd.Series(
        [
            at_zero.get(entity, np.nan)
            for entity in table[ENTITY].itertuples(index=False, name=None)
        ],
        index=table.index,
        dtype=float,
    )
    if policy.effort_response == 0:
        wanted = numbers(table["probability"])
    wrong = wanted.notna() & ((without - wanted).abs() > 1e-9)
    yield from report("probability_without_buffer of buffer advice is wrong", names[wrong])
    smallest = numbers(table["smallest_rate"])
    enough = without >= policy.wanted_probability - 1e-9
    wrong = enough & ~(smallest == 0)
    if policy.effort_response == 0:
        wrong |= ~enough & smallest.notna()
    wrong |= (smallest < 0) | (smallest > policy.max_over_assignment_rate)
    yield from report("smallest_rate of buffer advice is wrong", names[wrong])
    written = [
        set(_PERCENT.findall(str(row["sentence"]))) <= _percents(row, policy)
        for row in table.to_dict("records")
    ]
    yield from report(
        "a sentence of buffer advice holds a number that its row does not",
        names[~pd.Series(written, index=table.index, dtype=bool)],
    )


def _percents(row: Mapping[Hashable, Any], policy: QuotaPolicy) -> set[str]:
    """How a row's rates, the usual share of reps at quota and the largest buffer are written."""
    rates = [value for value in row.values() if isinstance(value, float) and value == value]
    fixed = (*USUAL, policy.max_over_assignment_rate)
    return {f"{rate:{form}}" for rate in (*rates, *fixed) for form in (".0%", ".1%")}
