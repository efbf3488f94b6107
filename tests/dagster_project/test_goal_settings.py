"""Goals, calendars, pay plans and people in a company.yml: what is wrong is named with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from dagster_project.company.load import load_company
from dagster_project.company.model import Company
from dagster_project.company.policy_tables import build_policy_tables
from dagster_project.company.yaml_file import CompanyError

HEAD = "company: {id: acme, name: Acme}\nsource: {kind: demo}\n"


def load(tmp_path: Path, text: str) -> Company:
    path = tmp_path / "company.yml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load_company(path)


@pytest.mark.parametrize(
    ("text", "problem", "line"),
    [
        ("goals:\n  - {revenue_type: new, target_amount: -5}\n", "goals[0].target_amount", 4),
        ("goals:\n  - {revenue_type: upsell, target_amount: 5}\n", "goals[0].revenue_type", 4),
        (
            "groups: [{group_id: east}]\ngoals:\n"
            "  - {revenue_type: new, target_amount: 5}\n"
            "  - {revenue_type: new, target_amount: 5, group_id: eats}\n",
            "goals[1].group_id: no group 'eats' in `groups`; did you mean 'east'?",
            6,
        ),
        (
            "groups:\n  - {group_id: east}\n  - {group_id: east}\n",
            "groups[1].group_id: 'east' is listed twice",
            5,
        ),
        (
            "goals:\n  - {revenue_type: new, target_amount: 100}\n"
            + "".join(
                f"  - {{revenue_type: new, month: 2026-{month:02d}, target_amount: 8}}\n"
                for month in range(1, 13)
            ),
            "the months of the new goal sum to 96.00, the goal is 100.00; change them by 4.00",
            16,
        ),
        (
            "goals:\n  - {revenue_type: new, target_amount: 10}\n"
            "  - {revenue_type: new, group_id: a, target_amount: 11}\n",
            "the groups of the new goal sum to 11.00, the goal is 10.00; change them by 1.00",
            5,
        ),
        (
            "goals:\n  - {revenue_type: new, month: 2026-01, target_amount: 1}\n"
            "  - {revenue_type: new, month: 2027-01, target_amount: 1}\n",
            "months of two fiscal years",
            5,
        ),
        (
            "goals:\n  - {revenue_type: new, month: soon, target_amount: 1}\n",
            "goals[0].month: no month (found 'soon'); write it as YYYY-MM",
            4,
        ),
        ("goals:\n  - {revenue_type: new, month: 2026-01, growth_rate: 0.1}\n", "goals[0]", 4),
        ("quotas:\n  seasons:\n    - {revenue_type: new, shares: [0.5, 0.5]}\n", "shares", 5),
        (
            "quotas:\n  seasons:\n    - {revenue_type: new, shares: [" + "0.1, " * 11 + "0.1]}\n",
            "the twelve shares sum to 1.2; make them sum to 1",
            5,
        ),
        (
            "comp_plans:\n  - {role: ae, quota_ote_band: [6, 4]}\n",
            "quota_ote_band is [6, 4]; give the lower end first",
            4,
        ),
        (
            "comp_plans:\n  - role: ae\n    cap_attainment: 1.2\n"
            "    accelerators: [{from_attainment: 1.5, rate_multiplier: 2}]\n",
            "an accelerator starts at or beyond cap_attainment",
            4,
        ),
        ("comp_plans:\n  - {role: ae, ote_amount: 9}\n", "variable_share to derive it", 4),
        (
            "comp_plans:\n  - {role: ae, rate: own_quota, commission_rate: 0.1}\n",
            "leave commission_rate empty",
            4,
        ),
        ("comp_plans:\n  - {role: ae, rate: own_quota}\n", "needs an ote_amount", 4),
        ("comp_plans:\n  - {role: ae, rollup_multiple: 0}\n", "rollup_multiple", 4),
        ("quotas: {first_year_multiple: 0}\n", "first_year_multiple", 3),
        ("hires:\n  - {group_id: a, base_pay_amount: 1}\n", "hires[0].start_on: is missing", 4),
        ("quotas:\n  budget: stop\n", "quotas.budget", 4),
        ("people:\n  turnover_trigger_rate: 7\n", "people.turnover_trigger_rate", 4),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, text: str, problem: str, line: int
) -> None:
    with pytest.raises(CompanyError) as caught:
        load(tmp_path, text)
    said = [p for p in caught.value.problems if problem in p]
    assert said, caught.value.problems
    assert said[0].endswith(f"(line {line})")


@pytest.mark.parametrize("calendar", ["4-4-5", "53-week", "weeks"])
def test_a_calendar_of_weeks_is_refused_with_a_clear_word(tmp_path: Path, calendar: str) -> None:
    path = tmp_path / "company.yml"
    path.write_text(
        f"company:\n  id: acme\n  name: Acme\n  fiscal_calendar: {calendar}\n"
        "source: {kind: demo}\n",
        encoding="utf-8",
    )
    with pytest.raises(CompanyError, match=r"weeks are not supported .*use `months`.*line 4"):
        load_company(path)


def test_goals_by_year_group_and_month_become_tables(tmp_path: Path) -> None:
    company = load(
        tmp_path,
        "goals:\n"
        "  - {revenue_type: new, target_amount: 100}\n"
        "  - {revenue_type: new, group_id: east, target_amount: 60}\n"
        "  - {revenue_type: new, month: 2026-02, target_amount: 9}\n"
        "  - {revenue_type: new, month: 2026-03, group_id: east, target_amount: 4}\n",
    )
    tables = build_policy_tables(company)
    assert [row["target_amount"] for row in tables["goals"]] == [100, None]
    assert [tuple(row.values()) for row in tables["goal_parts"]] == [
        ("new", "east", None, 60.0),
        ("new", None, dt.date(2026, 2, 1), 9.0),
        ("new", "east", dt.date(2026, 3, 1), 4.0),
    ]


def test_a_goal_given_twice_for_the_same_part_is_refused(tmp_path: Path) -> None:
    row = "  - {revenue_type: new, group_id: east, target_amount: 1}\n"
    with pytest.raises(CompanyError, match=r"'new / east' is listed twice.*line 5"):
        load(tmp_path, "goals:\n" + row + row)
