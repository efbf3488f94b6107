"""Recompute what a plan gains, over which baseline, and the bridge that leads there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimization.verify.limits import Limit
from optimization.verify.proof import worth
from optimization.verify.tables import TOLERANCE, differs, report

if TYPE_CHECKING:
    from optimization.tables import CoveragePlan

# 0.15 in the log-odds of a win, of which half are won, and 0.15 in the deals created.
UNMEASURED_CV = 0.17
Z_90 = 1.645
SHARED = {
    "overtime": ("hours",),
    "balance": ("balance_high", "balance_low", "ote_high", "ote_low"),
    "idle_hours": ("min_hours",),
}
REASONS = ("better_match", "family", "override", "capacity", "unprofitable")


def check_gains(
    pairs: pd.DataFrame, chosen: pd.Series[bool], limits: list[Limit], plan: CoveragePlan
) -> Iterator[str]:
    """Check gains, their intervals and the bridge against the pairs.

    Args:
        pairs: Candidates with their account's columns, sorted by account and coverer.
        chosen: The plan's pairs.
        limits: Every limit.
        plan: The plan's tables.
    """
    as_is = pairs["is_today"]
    named = plan.assignments.set_index("account_id")["repaired_rep_id"]
    repaired = pairs["rep_id"] == pairs["account_id"].map(named)
    found = pairs[repaired].set_index("account_id").index
    missing = named.index.difference(found)
    yield from report("repaired_rep_id is no coverer of the account", missing)
    if len(missing):
        return
    yield from _check_repair(pairs, as_is, repaired, limits)
    yield from _check_amounts(pairs, chosen, as_is, repaired, limits, plan.gains)
    yield from _check_bridge(pairs, chosen, as_is, repaired, limits, plan)


def _check_repair(
    pairs: pd.DataFrame, as_is: pd.Series[bool], repaired: pd.Series[bool], limits: list[Limit]
) -> Iterator[str]:
    """Owners who may stay do; others are followed by their group's, within hours and places."""
    stays = pairs["present_rep_id"].notna() & ~pairs["is_barred"] & as_is
    wrong = pairs.loc[stays & ~repaired, "account_id"]
    yield from report("the repair takes an account from an owner who may keep it", wrong)
    followed = repaired & ~as_is & ~pairs["is_house"]
    rows = pairs[followed]
    yield from report(
        "the repair gives a forbidden pair", rows.loc[rows["is_barred"], "account_id"]
    )
    other = rows["owner_group_id"].notna() & (rows["owner_group_id"] != rows["group_of_coverer"])
    yield from report("the repair leaves the owner's group", rows.loc[other, "account_id"])
    for limit in limits:
        if limit.rule not in ("hours", "accounts"):
            continue
        used, size = limit.used(repaired), limit.sizes["capacity"]
        before = limit.used(repaired & as_is)
        over = (used > np.maximum(size, before) + 1e-6) & (used > before)
        yield from report(f"the repair goes beyond the {limit.rule} of", sorted(over.index[over]))


def _check_amounts(
    pairs: pd.DataFrame,
    chosen: pd.Series[bool],
    as_is: pd.Series[bool],
    repaired: pd.Series[bool],
    limits: list[Limit],
    gains: pd.DataFrame,
) -> Iterator[str]:
    value = pairs["value_amount"]
    total = worth(pairs, chosen, limits)
    expected = {
        "as_is": (total - worth(pairs, as_is, limits), as_is),
        "as_is_repaired": (total - worth(pairs, repaired, limits), repaired),
        "as_is_repaired_margin": (value[chosen].sum() - value[repaired].sum(), repaired),
    }
    said = gains.set_index("baseline")
    if sorted(said.index) != sorted(expected):
        yield f"gains are over {', '.join(said.index)}, not {', '.join(expected)}"
        return
    for name, (gain, base) in expected.items():
        apart = np.hypot(deviation(pairs, chosen, base), _unmeasured(pairs, chosen, base))
        row, reach = said.loc[name], Z_90 * float(apart)
        for column, amount in (
            ("gain_amount", gain),
            ("gain_low_amount", gain - reach),
            ("gain_high_amount", gain + reach),
        ):
            if not abs(row[column] - amount) <= TOLERANCE * max(1.0, abs(total)):
                yield f"{column} over {name} is {row[column]:,.2f}, the pairs say {amount:,.2f}"
        if bool(row["is_default"]) != (name == "as_is_repaired"):
            yield f"is_default of the gain over {name} is wrong"


def deviation(pairs: pd.DataFrame, chosen: pd.Series[bool], base: pd.Series[bool]) -> float:
    """Standard deviation of the difference in value of two choices of pairs."""
    moved = pairs[chosen & ~base | base & ~chosen]
    sign = np.where(chosen[moved.index], 1.0, -1.0)
    strength = moved["strength_sd_amount"]
    own = np.sqrt((moved["value_sd_amount"] ** 2 - strength**2).clip(lower=0.0))
    of_account = (sign * np.sign(moved["value_amount"]) * own).groupby(moved["account_id"]).sum()
    of_rep = strength.groupby(moved["rep_id"]).sum()
    return float(np.sqrt((of_account**2).sum() + (of_rep**2).sum()))


def _unmeasured(pairs: pd.DataFrame, chosen: pd.Series[bool], base: pd.Series[bool]) -> float:
    """The same by abilities of reps that nobody could measure."""
    moved = pairs[(chosen ^ base) & ~pairs["is_house"]]
    sign = np.where(chosen[moved.index], 1.0, -1.0)
    more = (sign * moved["value_amount"]).groupby(moved["rep_id"]).sum()
    return UNMEASURED_CV * float(np.sqrt((more**2).sum()))


def _check_bridge(
    pairs: pd.DataFrame,
    chosen: pd.Series[bool],
    as_is: pd.Series[bool],
    repaired: pd.Series[bool],
    limits: list[Limit],
    plan: CoveragePlan,
) -> Iterator[str]:
    expected = pd.DataFrame(
        [
            *_first_steps(pairs, as_is, repaired, limits),
            *_second_steps(pairs, chosen, repaired, limits, plan.changes),
        ],
        columns=["step", "account_count", "amount"],
    )
    said = plan.bridge.sort_values("step_number", ignore_index=True)
    if said["step"].tolist() != expected["step"].tolist():
        yield "the bridge has other steps than from today to the plan"
        return
    scale = max(1.0, expected["amount"].abs().max())
    wrong = (said["amount"] - expected["amount"]).abs() > TOLERANCE * scale
    yield from report("a step of the bridge is not what the pairs say", said.loc[wrong, "step"])
    wrong = said["account_count"] != expected["account_count"]
    yield from report("a step of the bridge counts other accounts", said.loc[wrong, "step"])
    is_level = said["step"].isin(["as_is", "as_is_repaired", "plan"])
    before = said["running_amount"].shift(fill_value=0.0)
    running = said["amount"].where(is_level, before + said["amount"])
    wrong = differs(said["running_amount"], running)
    yield from report("the bridge does not add up at", said.loc[wrong, "step"])
    reached = said["running_amount"].shift().where(is_level & (said["step"] != "as_is"))
    wrong = (reached - said["amount"]).abs() > TOLERANCE * scale
    yield from report("the bridge does not lead to", said.loc[wrong, "step"])


def _by_account(
    pairs: pd.DataFrame, chosen: pd.Series[bool], amount: pd.Series[float]
) -> pd.Series:
    return amount[chosen].groupby(pairs.loc[chosen, "account_id"]).sum()


def _first_steps(
    pairs: pd.DataFrame, as_is: pd.Series[bool], repaired: pd.Series[bool], limits: list[Limit]
) -> Iterator[tuple[str, int, float]]:
    yield "as_is", 0, worth(pairs, as_is, limits)
    value = pairs["value_amount"]
    difference = _by_account(pairs, repaired, value) - _by_account(pairs, as_is, value)
    changed = set(pairs.loc[repaired & ~as_is, "account_id"])
    barred = set(pairs.loc[as_is & pairs["is_barred"] & pairs["is_present"], "account_id"])
    for step, of in (("vacancies", changed - barred), ("ineligible_owners", changed & barred)):
        yield step, len(of), float(difference.reindex(sorted(of)).sum())
    yield from _shared(as_is, repaired, limits)
    yield "as_is_repaired", 0, worth(pairs, repaired, limits)


def _second_steps(
    pairs: pd.DataFrame,
    chosen: pd.Series[bool],
    repaired: pd.Series[bool],
    limits: list[Limit],
    changes: pd.DataFrame,
) -> Iterator[tuple[str, int, float]]:
    disruption = pairs["disruption_amount"]
    gross = pairs["value_amount"] + disruption
    difference = _by_account(pairs, chosen, gross) - _by_account(pairs, repaired, gross)
    changed = pairs[chosen & ~repaired].set_index("account_id")
    vacant = changed.index[changed["present_rep_id"].isna()]
    yield "better_use_of_vacancies", len(vacant), float(difference.reindex(vacant).sum())
    known = changes.drop_duplicates("account_id").set_index("account_id")["reason"]
    reason = known.reindex(changed.index.difference(vacant))
    for step in REASONS:
        of = reason.index[reason == step]
        yield step, len(of), float(difference.reindex(of).sum())
    cost = _by_account(pairs, repaired, disruption) - _by_account(pairs, chosen, disruption)
    cost = cost.reindex(changed.index)
    yield "disruption", int((cost != 0).sum()), float(cost.sum())
    yield from _shared(repaired, chosen, limits)
    yield "plan", 0, worth(pairs, chosen, limits)


def _shared(
    before: pd.Series[bool], after: pd.Series[bool], limits: list[Limit]
) -> Iterator[tuple[str, int, float]]:
    for step, rules in SHARED.items():
        saved = sum(
            ((limit.over(before) - limit.over(after)) * limit.sizes["slack_price_amount"]).sum()
            for limit in limits
            if limit.rule in rules
        )
        yield step, 0, float(saved)
