"""Wrong quota plans, one for each thing the verifier says of quotas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from optimization.policy import QuotaPolicy
from optimization.quotas.context import QuotaContext
from optimization.tables import QuotaPlan
from optimization.verify.quotas import verify_quotas

from .cases import changed
from .quota_case import POLICY, RATES, context, frames, in_force, planned, said
from .quota_companies import MONTHS, VERIFIED, Company

Break = Callable[[QuotaPlan], QuotaPlan]


@pytest.fixture(scope="module")
def plan() -> QuotaPlan:
    return planned(context())


@pytest.fixture(scope="module")
def carried() -> QuotaPlan:
    return planned(in_force())


@pytest.fixture(scope="module")
def free() -> tuple[QuotaPlan, QuotaContext]:
    """A plan without given parts of a goal: everything is in proportion."""
    known = replace(context(), goal_parts=None)
    return planned(known), known


def scaled(plan: QuotaPlan, factor: pd.Series) -> QuotaPlan:
    """The plan with every rep's quota multiplied, group by (group, month, type) kept in step."""
    quotas = plan.quota_allocations
    amount = (quotas["quota_amount"] * factor).round(2)
    return with_quotas(plan, amount)


def with_quotas(plan: QuotaPlan, amount: pd.Series) -> QuotaPlan:
    """The plan with these quotas of reps, and everything that only repeats them."""
    quotas = plan.quota_allocations.assign(quota_amount=amount)
    year = quotas.groupby("rep_id")["quota_amount"].sum().round(2)
    rows = plan.rep_quotas.set_index("rep_id")
    rows["quota_amount"] = year
    rows["hardness"] = (year - rows["expected_amount"]) / rows["sd_amount"].where(
        rows["sd_amount"] > 0
    )
    rows["change_rate"] = year / rows["last_quota_amount"] - 1
    return replace(
        plan, quota_allocations=quotas, rep_quotas=rows.reset_index()[plan.rep_quotas.columns]
    )


def test_one_rep_carrying_a_whole_group_s_quota_is_refused(plan: QuotaPlan) -> None:
    quotas = plan.quota_allocations
    east = quotas["group_id"] == "east"
    total = quotas[east].groupby(["month", "revenue_type"])["quota_amount"].transform("sum")
    amount = quotas["quota_amount"].mask(east, total.where(quotas["rep_id"] == "R1", 0.0))
    found = said(with_quotas(plan, amount.round(2)), context())
    assert "quota is further off its fair share than allowed: R1, R2, R3" in found
    assert any(text.startswith("a rep's months do not follow its") for text in found), found


def test_the_year_s_quota_in_july_is_refused(plan: QuotaPlan) -> None:
    july = plan.quota_allocations["month"] == MONTHS[0]
    tables = {}
    for name, key in (("quota_allocations", "rep_id"), ("group_targets", "group_id")):
        rows = getattr(plan, name)
        for column in {"quota_amount", "target_amount"} & set(rows.columns):
            year = rows.groupby([key, "revenue_type"])[column].transform("sum")
            rows = rows.assign(**{column: year.where(rows["month"] == MONTHS[0], 0.0).round(2)})
        tables[name] = rows
    assert july.any()
    found = said(replace(plan, **tables), context())
    assert any(
        text.startswith("targets are not in proportion to expected business") for text in found
    ), found


def test_one_rep_s_year_in_july_is_refused_where_others_make_room(plan: QuotaPlan) -> None:
    quotas = plan.quota_allocations.set_index(["rep_id", "month", "revenue_type"])["quota_amount"]
    amount = quotas.copy()
    for month in MONTHS[1:]:
        part = min(quotas["R3", month, "existing"], quotas["R2", MONTHS[0], "existing"] / 12)
        for rep, sign in (("R3", -1), ("R2", 1)):
            amount[rep, month, "existing"] += sign * part
            amount[rep, MONTHS[0], "existing"] -= sign * part
    found = said(with_quotas(plan, amount.round(2).reset_index(drop=True)), context())
    assert any(
        text.startswith("a rep's months do not follow its expected business") for text in found
    ), found


def test_targets_of_two_groups_exchanged_are_refused(
    free: tuple[QuotaPlan, QuotaContext],
) -> None:
    plan, known = free
    rows = plan.group_targets
    other = rows["group_id"].replace({"east": "west", "west": "east"})
    swapped = rows.assign(group_id=other).sort_values(["group_id", "month", "revenue_type"])
    rate = swapped["group_id"].map(RATES)
    swapped["quota_amount"] = ((1 + rate) * swapped["target_amount"]).round(2)
    found = said(replace(plan, group_targets=swapped.reset_index(drop=True)), known)
    assert any(
        text.startswith("targets are not in proportion to expected business: east")
        for text in found
    ), found


# What the verifier says of a changed cell.
MESSAGES = [
    ("company_targets", "revenue_type", " does not have one row for each revenue_type"),
    ("company_targets", "quota_amount", "the company's targets of existing do not add up"),
    ("company_targets", "won_amount", "won_amount of existing is not the company's"),
    ("group_targets", "month", "group_targets repeats rows"),
    ("group_targets", "revenue_type", "group_targets lacks rows"),
    ("group_targets", "group_id", "group_targets has rows it should not"),
    ("group_targets", "target_amount", "targets must sum to the parts of goals that are given"),
    ("group_targets", "target_amount", " cents, the goal is "),
    ("group_targets", "target_amount", "a group's quota must be (1 + its buffer) x its target"),
    ("quota_allocations", "group_id", "a rep's group must be its coverer's: "),
    ("quota_allocations", "quota_amount", "rep quotas must sum to their group's quota: "),
    ("quota_allocations", "quota_amount", "a rep without accounts must have no quota: R6"),
    ("quota_allocations", "quota_amount", "a month without expected business has a quota: R6"),
    ("rep_quotas", "fair_share_amount", "fair share is not in proportion to expected business"),
    ("rep_quotas", "sd_amount", "quotas of east can be divided better, such as between R"),
    ("rep_quotas", "group_id", "group_id of a rep's quota is not the coverer's: "),
    ("rep_quotas", "ote_verdict", "ote_verdict of a rep's quota is wrong: "),
    ("expected_bookings", "expected_amount", "a rep without accounts is expected to book: R6"),
    ("expected_bookings", "group_id", "group of expected bookings is not the rep's: "),
    ("expected_bookings", "pipeline_amount", "open deals are no part of expected bookings: "),
    (
        "quota_rollups",
        "rep_id",
        "quotas are not rolled up for everybody with a pay plan and no accounts",
    ),
    ("quota_rollups", "role", "a rolled-up quota is for another role or group: M1"),
    ("quota_rollups", "credit_rate", "credit_rate of a rolled-up quota is wrong: M1"),
    ("quota_rollups", "quota_amount", "quota_amount of a rolled-up quota is wrong: M1"),
    ("quota_rollups", "quota_amount", "rolled-up quotas do not sum to their multiple: manager / "),
    ("attainment_outlook", "level", "chances are not for every entity at every buffer: "),
    ("attainment_outlook", "sd_amount", "expected bookings differ between buffers beyond effort"),
    (
        "attainment_outlook",
        "expected_amount",
        "expected amount of a chance is not the expected bookings",
    ),
    ("attainment_outlook", "probability", "a chance lies outside 0 to 1: "),
    ("attainment_outlook", "probability", "a chance does not fit its target and band: "),
    ("attainment_outlook", "probability", "a chance rises with the target: "),
    ("attainment_outlook", "probability", "equal targets have unequal chances: "),
    ("attainment_outlook", "is_default", "is_default of a chance is wrong: "),
    (
        "attainment_outlook",
        "chance_verdict",
        "a chance is given that is not calibrated, or not given: ",
    ),
    ("attainment_outlook", "top_account_rate", "top_account_rate is wrong: "),
    ("pair_month_values", "rep_id", "a month's value is with another coverer: "),
    ("pair_month_values", "month", "a month's value lies outside the plan: "),
    (
        "pair_month_values",
        "expected_amount",
        "expected bookings are not the sum of their accounts' values: ",
    ),
    ("buffer_advice", "level", "buffer advice is not for the company and each group"),
    ("buffer_advice", "stacked_rate", "stacked_rate of buffer advice is wrong: "),
    ("buffer_advice", "probability", "probability_without_buffer of buffer advice is wrong: "),
    ("buffer_advice", "smallest_rate", "smallest_rate of buffer advice is wrong: "),
    (
        "buffer_advice",
        "sentence",
        "a sentence of buffer advice holds a number that its row does not",
    ),
    (
        "budget_check",
        "group_id",
        "budget_check is not for every group with people, coverers or a budget",
    ),
    ("budget_check", "people_count", "people_count of a budget is wrong: "),
    ("budget_check", "expected_variable_amount", "a good year pays less than half of a usual one"),
    ("budget_check", "p90_cost_amount", "parts of the p90 cost do not add up: "),
    ("budget_check", "over_budget_amount", "expected cost above budget is wrong: "),
    ("budget_check", "over_budget_amount", " together are too few, and not all are chosen"),
    ("budget_check", "verdict", "verdict of a budget is wrong: "),
    ("budget_check", "sentence", "sentence of a budget does not say what its row says: "),
    ("budget_cuts", "group_id", "a cut is listed for a group within its budget: "),
    ("budget_cuts", "cut", "the cuts listed of east are not those that are possible"),
    ("budget_cuts", "saving_amount", "a cut of east does not save or cost that: "),
    ("budget_cuts", "is_chosen", "the chosen cuts of east save less than is over budget"),
    ("budget_cuts", "is_chosen", "the chosen cuts of east are not the cheapest"),
]


@pytest.mark.parametrize(("table", "column", "message"), MESSAGES)
def test_the_verifier_says_what_is_wrong_with_a_quota(
    plan: QuotaPlan, table: str, column: str, message: str
) -> None:
    frame = getattr(plan, table)
    known, heard = context(), set()
    held = frame.index[frame[column].notna()]
    for at in {*held[:: max(1, len(held) // 16)], held[-1]}:
        broken = frame.copy()
        broken[column] = broken[column].astype(object)
        broken.loc[at, column] = changed(frame.loc[at, column], column)
        found = said(replace(plan, **{table: broken.infer_objects()}), known)
        if any(message in text for text in found):
            return
        heard |= set(found)
    raise AssertionError(heard)


def put(table: str, column: str, value: object, **where: object) -> Break:
    """Set a cell of the first row that is so."""

    def change(plan: QuotaPlan) -> QuotaPlan:
        frame = getattr(plan, table).copy()
        rows = frame
        for name, wanted in where.items():
            rows = rows[rows[name] == wanted]
        frame[column] = frame[column].astype(object)
        frame.loc[rows.index[0], column] = value
        return replace(plan, **{table: frame.infer_objects()})

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("quota_allocations", "quota_amount", -1.0), "quota_amount must not be negative"),
        (put("quota_allocations", "quota_amount", float("nan")), "quota_amount must be finite"),
        (put("group_targets", "target_amount", 0.001), "target_amount must be whole cents"),
        (put("rep_quotas", "sd_amount", -1.0), "sd_amount of a rep's quota is wrong: P1"),
        (put("attainment_outlook", "low_amount", -1.0), "a band of bookings is no band: "),
        (
            put("budget_check", "base_cost_amount", 1.0, group_id="(company)"),
            "pay of fewer than three people, or unknown pay, is shown: (company)",
        ),
        (
            put("budget_check", "expected_variable_amount", -1.0, group_id="east"),
            "expected variable pay is negative: east",
        ),
    ],
)
def test_a_value_that_cannot_be_is_refused(plan: QuotaPlan, change: Break, message: str) -> None:
    found = said(change(plan), context())
    assert any(message in text for text in found), found


def test_a_quota_beyond_the_year_on_year_band_is_refused(plan: QuotaPlan) -> None:
    """A plan made without the band does not keep it."""
    tight = replace(POLICY, year_on_year_band=0.01)
    inputs = {name: frames()[name] for name in VERIFIED}
    found = verify_quotas(plan, **inputs, policy=tight, context=context())
    assert any(
        text.startswith("quota is beyond the year-on-year band: R1, R4") for text in found
    ), found


def test_a_quota_beyond_the_first_year_s_limit_is_refused(plan: QuotaPlan) -> None:
    tight = replace(POLICY, first_year_multiple=1.2)
    inputs = {name: frames()[name] for name in VERIFIED}
    found = verify_quotas(plan, **inputs, policy=tight, context=context())
    assert "quota is beyond the first year's limit: R3" in found


def test_a_quota_unlike_the_one_in_force_is_refused(carried: QuotaPlan, plan: QuotaPlan) -> None:
    known = in_force()
    fair = put("rep_quotas", "fair_share_amount", 1.0)(carried)
    assert "fair share is not the quota in force: P1" in said(fair, known)
    minus = put("quota_transfers", "quota_amount", -1.0)(carried)
    assert any("a quota that followed an account is negative" in t for t in said(minus, known))
    away = put("quota_transfers", "to_rep_id", "R5")(carried)
    assert any("a quota that followed an account names other reps" in t for t in said(away, known))
    gone = replace(carried, quota_transfers=carried.quota_transfers.iloc[1:])
    assert any(
        "quotas that followed accounts are not those of the moved" in t for t in said(gone, known)
    )
    much = put("quota_transfers", "quota_amount", 1e7)(carried)
    assert any("more quota left a rep than it had: R" in text for text in said(much, known))
    found = said(scaled(carried, pd.Series(1.1, index=carried.quota_allocations.index)), known)
    assert "quotas of new do not sum to those in force" in found
    other = carried.quota_allocations["rep_id"].map({"R3": 0.9, "R4": 1.1}).fillna(1.0)
    found = said(scaled(carried, other), known)
    assert any("a rep's quota is not the one in force and what followed" in t for t in found), found
    stray = replace(plan, quota_transfers=carried.quota_transfers)
    assert any(
        "a quota follows an account, but none is in force" in t for t in said(stray, context())
    )


def test_budgets_without_any_money_are_refused(plan: QuotaPlan) -> None:
    found = said(plan, replace(context(), money=None))
    assert any(text.startswith("budget_check has rows, but no money is known") for text in found)
    assert any(text.startswith("a quota is rolled up, but no people are known") for text in found)


def test_quotas_that_could_be_divided_better_are_refused() -> None:
    """Two reps exchange a twentieth of their year, within the guard and with every sum."""
    company = Company(
        books={"A": [(0.0, 90_000.0, None, False)], "B": [(0.0, 60_000.0, None, False)]},
        group_of={"A": "east", "B": "east"},
        goals={"new": 0.0, "existing": 150_000.0},
    )
    policy = QuotaPolicy(simulation_count=400)
    plan = company.plan(policy)
    quotas = plan.quota_allocations
    shift = quotas["quota_amount"].where(quotas["rep_id"] == "A", 0.0).mul(0.05).round(2)
    taken = shift.groupby([quotas["month"], quotas["revenue_type"]]).transform("sum")
    amount = quotas["quota_amount"] - shift + taken.where(quotas["rep_id"] == "B", 0.0)
    inputs = {name: company.frames()[name] for name in VERIFIED}
    broken = with_quotas(plan, amount.round(2))
    found = verify_quotas(broken, **inputs, policy=policy, context=QuotaContext())
    assert any("quotas of east can be divided better, such as between" in t for t in found), found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.assign(expected_amount=-1.0), "the value of a month is not positive: "),
        (lambda rows: pd.concat([rows, rows]), "an account has two values in a month: "),
        (
            lambda rows: rows.assign(rep_id="__house__", revenue_type="new"),
            "nobody wins new business: ",
        ),
    ],
)
def test_values_by_month_that_cannot_be_are_refused(change, message):
    plan = planned(context())
    found = said(replace(plan, pair_month_values=change(plan.pair_month_values)), context())
    assert any(text.startswith(message) for text in found), found
