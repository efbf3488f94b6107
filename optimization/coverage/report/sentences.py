"""The sentence per account that a rep can read.

Ids only: names of persons and pay never enter a plan.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from optimization.coverage.problem.inputs import CoverageInputs
from optimization.coverage.report.wording import counted, coverer_name, is_shown, money
from optimization.coverers import COVERER_TYPES, HOUSE

# Strengths are mentioned from one twentieth of the account's value: below it they read as noise.
MATERIAL_RATE = 0.05
VACANCIES = {
    "leaver": "{previous} has left",
    "away": "{previous} leaves or is away for most of the plan",
    "unassigned": "it had no owner",
    "unknown_owner": "its owner of record {previous} is not in the HR data",
    "role_does_not_cover": "{previous} has a role that covers no accounts",
    "hr_row_set_aside": "the HR record of {previous} was set aside",
    "uncovered": "the last plan had nobody for it",
    "not_certified": "its owner lacks a certificate the account asks for",
    "direct_deal": "a direct deal is open, so a partner cannot keep it",
}

LOSSES = {
    "absence_amount": "months in which its rep is away or ramping",
    "disruption_amount": "the change itself",
    "soft_rule_amount": "a missing certificate",
}
SCARCE = {
    "hours of ": "there its {hours} a year cost {price} of scarce time",
    "accounts of ": "that place earns more with another account",
    "move budget": "the move budget earns more on other accounts",
    "balance of ": "that book would be further from its share of potential or what pay asks for",
    "limits of ": "that coverer's budget or load earns more another way",
}

Record = dict[Hashable, Any]


def account_sentences(
    inputs: CoverageInputs, table: pd.DataFrame, other: pd.DataFrame
) -> list[str]:
    """One text per account.

    Args:
        inputs: The problem.
        table: Explanation of the chosen pair per account, with coverer_type and hours.
        other: The runner-up's scored pair per account, same rows.
    """
    filling = inputs.coverers["rep_id"].to_numpy()[inputs.coverer_of[inputs.repaired_rows]]
    rows = zip(
        inputs.accounts.assign(repaired_rep_id=filling).to_dict("records"),
        table.to_dict("records"),
        other.to_dict("records"),
        strict=True,
    )
    return [" ".join(_sentences(*row)) for row in rows]


def _sentences(account: Record, row: Record, other: Record) -> Iterator[str]:
    yield f"{_lead(account, row)}: {_worth(row)}."
    if row["hours_price_amount"] >= 1:
        hours = counted(round(row["hours"]), "hour")
        yield f"Its {hours} a year cost {money(row['hours_price_amount'])} of scarce time."
    yield _runner_up(account, row, other)


def _lead(account: Record, row: Record) -> str:
    present, rep = account["present_rep_id"], str(row["rep_id"])
    name = coverer_name(rep, str(row["coverer_type"]))
    if row["rep_id"] == present:
        record = account["previous_owner_rep_id"]
        planned = ", as planned before" if pd.notna(record) and record != present else ""
        return f"Stays with {name}{planned}"
    verb = "Is left without a rep" if rep == HOUSE else f"Goes to {name}"
    if pd.notna(present):
        return f"{verb} instead of {present}"
    vacancy = VACANCIES.get(str(account["vacancy_reason"]), "it had no active owner")
    previous = account["previous_owner_rep_id"]
    named = previous if pd.notna(previous) else "its coverer"
    return f"{verb} ({vacancy.format(previous=named)})"


def _worth(row: Record) -> str:
    value = f"worth {money(row['value_amount'])} over the planning horizon"
    strength = row["strength_value_amount"]
    note = f": {row['strength_note']}" if pd.notna(row.get("strength_note")) else ""
    threshold = max(1.0, MATERIAL_RATE * abs(row["segment_value_amount"]))
    if strength >= threshold:
        value += f", {money(strength)} of it from strengths measured on similar accounts{note}"
    elif strength <= -threshold:
        value += f", after {money(-strength)} lost to weak results on similar accounts{note}"
    losses = [
        f"{money(row[column])} for {what}" for column, what in LOSSES.items() if row[column] >= 1
    ]
    return f"{value}, net of {' and '.join(losses)}" if losses else value


def _runner_up(account: Record, row: Record, other: Record) -> str:
    rule = str(row["binding_rule"])
    if pd.isna(row["runner_up_rep_id"]):
        return f"There was no other choice ({rule})."
    name = coverer_name(str(other["rep_id"]), str(other["coverer_type"]))
    name = "leaving it uncovered" if name == "no one" else name
    difference = row["score_difference_amount"]
    if rule.startswith("lock: "):
        ahead = f", {money(-difference)} ahead" if is_shown(-difference) else ""
        reason = rule.removeprefix("lock: ")
        return f"A lock decides here ({reason}); by score alone {name} comes next{ahead}."
    if rule.startswith("family: "):
        family = rule.removeprefix("family: ")
        return (
            f"For this account alone {name} would score {_better(-difference)}, "
            f"but its family ({family}) is covered together."
        )
    if rule == "value" and row["rep_id"] == HOUSE and is_shown(difference):
        return (
            f"No one brings more than leaving it uncovered: with {name} it is worth "
            f"{money(other['value_amount'])}, uncovered {money(row['value_amount'])}."
        )
    if rule == "value":
        if is_shown(difference):
            return f"Next best is {name}, {money(difference)} behind."
        return f"As good by score: {name}. {_tie_break(account, row, other)}"
    if rule == "whole accounts":
        return (
            f"For this account alone {name} would score {_better(-difference)}, "
            "but accounts cannot be split and the limits fit the plan as a whole this way."
        )
    extra = other["value_amount"] - row["value_amount"]
    reason = next(text for start, text in SCARCE.items() if rule.startswith(start)).format(
        hours=counted(round(other["hours"]), "hour"), price=money(other["hours_price_amount"])
    )
    worth = f"{money(extra)} more" if is_shown(extra) else "as much"
    return f"Next is {name}: worth {worth} by itself, but {reason}."


def _better(lead: float) -> str:
    return f"{money(lead)} better" if is_shown(lead) else "as well"


def _tie_break(account: Record, row: Record, other: Record) -> str:
    """What settled a tie: the order of ``rules``, or the limits where that order says otherwise."""
    present = account["present_rep_id"]
    if row["rep_id"] == present:
        return "Of two alike the one who covers the account today keeps it."
    alike = not is_shown(row["value_amount"] - other["value_amount"])
    if alike and row["rep_id"] == account["repaired_rep_id"]:
        return "Of two alike the one who fills the vacancy by the fewest moves is taken."
    comes_first = [
        (COVERER_TYPES.index(str(pair["coverer_type"])), str(pair["rep_id"]))
        for pair in (row, other)
    ]
    first_in_line = (present, account["repaired_rep_id"])
    if alike and other["rep_id"] not in first_in_line and comes_first[0] < comes_first[1]:
        return "Of two alike the first by type and id is taken."
    return "Both fit this account; the limits of the plan as a whole decided."
