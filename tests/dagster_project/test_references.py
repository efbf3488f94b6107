"""References and settings that fail: told apart by reason, suggested, blocked above a share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.company.model import Company
from dagster_project.company.overrides import Override
from dagster_project.gates.keys import KEY_PROBLEMS, KEYS_MATCH, explained
from dagster_project.gates.pull_facts import FACTS, record_facts
from dagster_project.gates.record import suite_parameters
from dagster_project.gates.run import RuleResult, run_gate
from dagster_project.sources.landing import PULLED, create_records, record_pull
from dagster_project.sources.notes import nearest
from dagster_project.sources.pull import pull_table
from dagster_project.warehouse.contract import LANDING

from .inputs.company import Rows, company_of, healthy, write_files


class Judged:
    """What the facts of all pulls and their rules say of one company."""

    def __init__(
        self, folder: Path, tables: dict[str, Rows], settings: dict[str, Any] | None = None
    ) -> None:
        write_files(folder, {**healthy(), **tables})
        company = company_of(folder, settings)
        self.judge(company)

    def judge(self, company: Company) -> None:
        with duckdb.connect() as con:
            con.execute("create schema raw")
            create_records(con)
            for table in LANDING.values():
                target = f"raw.{table.name}{PULLED}"
                record_pull(con, pull_table(con, company, table, target))
            self.notes = record_facts(con, company)
            rules = run_gate(con, "pulls", FACTS, parameters=suite_parameters("pulls", company))
            self.failed: dict[str, RuleResult] = {
                rule.check: rule for rule in explained(con, rules) if not rule.passed
            }
            self.problems = con.execute(
                "select problem, column_name, key_value, suggested_key, difference "
                f"from {KEY_PROBLEMS.relation} order by all"
            ).fetchall()

    def noted(self, part: str) -> str:
        [note] = [note for _, note in self.notes if part in note]
        return note


def renamed(rows: Rows, column: str, write: Any) -> Rows:
    return [row | {column: write(row[column])} for row in rows]


@pytest.mark.parametrize(
    ("write", "difference"),
    [
        (lambda key: key.replace("R0", "R").replace("R1", "R1"), "leading_zeros"),
        (str.lower, "case_or_punctuation"),
        (lambda key: f"{key[0]}-{key[1:]}", "case_or_punctuation"),
        (lambda key: f"{key.lower()}@acme.com", "mail_address"),
    ],
)
def test_owners_written_in_another_way_block_the_run_with_a_suggestion(
    tmp_path: Path, write: Any, difference: str
) -> None:
    accounts = renamed(healthy()["accounts"], "owner_rep_id", write)
    judged = Judged(tmp_path, {"accounts": accounts})
    rule = judged.failed[KEYS_MATCH]
    assert rule.is_blocking
    assert rule.sample_keys == ("accounts",)
    assert "rows name no record of employees, such as '" in rule.message
    assert "max_unmatched_owner_rate" in rule.message
    found = {row[4] for row in judged.problems if row[1] == "owner_rep_id" and row[3] is not None}
    assert found == {difference}


def test_owners_by_name_are_suggested_the_person_s_id(tmp_path: Path) -> None:
    names = {row["rep_id"]: row["name"] for row in healthy()["employees"]}
    accounts = renamed(healthy()["accounts"], "owner_rep_id", names.get)
    judged = Judged(tmp_path, {"accounts": accounts})
    suggested = {row[2]: row[3:] for row in judged.problems if row[1] == "owner_rep_id"}
    assert suggested == {names[f"R{i:02}"]: (f"R{i:02}", "name") for i in range(12)}


def test_ids_of_15_and_of_18_characters_are_told_and_a_record_of_another_case_is_not(
    tmp_path: Path,
) -> None:
    def long(key: str) -> str:
        return f"001bm00001Z{key}"

    accounts = renamed(healthy()["accounts"], "account_id", lambda key: f"{long(key)}AAL")
    deals = renamed(healthy()["opportunities"], "account_id", long)
    activities = renamed(healthy()["activities"], "account_id", lambda key: f"{long(key)}AAL")
    judged = Judged(
        tmp_path, {"accounts": accounts, "opportunities": deals, "activities": activities}
    )
    rule = judged.failed[KEYS_MATCH]
    assert rule.sample_keys == ("opportunities",)
    assert "account_id: 120 of 120 rows name no record of accounts, such as" in rule.message
    assert "as ids of 15 and of 18 characters do" in rule.message
    [row] = [row for row in judged.problems if row[2] == "001bm00001ZA003"]
    assert row[3] == "001bm00001ZA003AAL"


def test_a_few_unmatched_owners_are_listed_and_block_nothing(tmp_path: Path) -> None:
    accounts = healthy()["accounts"]
    accounts[0] |= {"owner_rep_id": "r-01"}
    judged = Judged(tmp_path, {"accounts": accounts})
    assert judged.failed.keys() == {"keys_are_spelt_like_their_records"}
    assert "1 of 30 rows" in judged.noted("owner_rep_id")
    # The share is a setting.
    strict = Judged(tmp_path, {"accounts": accounts}, {"gates": {"max_unmatched_owner_rate": 0.01}})
    assert KEYS_MATCH in strict.failed


def test_owners_whose_role_does_not_cover_are_counted_by_role(tmp_path: Path) -> None:
    people = healthy()["employees"]
    for row in people[:3]:
        row["role"] = "senior_account_executive"
    people[3]["role"] = "lone_wolf"
    judged = Judged(tmp_path, {"employees": people})
    # R00 to R03 own three accounts each of the 30.
    assert judged.noted("whose role does not cover").startswith(
        "12 accounts are owned by people whose role does not cover, and count as vacant: "
        "senior_account_executive (9), a role of one person (3)"
    )
    assert not judged.failed["owners_have_covering_roles"].is_blocking


def test_business_of_roles_without_quota_is_told_with_its_money(tmp_path: Path) -> None:
    people = healthy()["employees"]
    for row in people[:6]:
        row["role"] = "customer_success_manager"
    judged = Judged(tmp_path, {"employees": people})
    deals = healthy()["opportunities"]
    won = [d for d in deals if d["is_won"] == "true" and d["revenue_type"] == "new"]
    total = sum(float(d["amount"]) for d in won)
    without = sum(float(d["amount"]) for d in won if d["rep_id"] < "R06")
    note = judged.noted("of new business won")
    assert note.startswith(f"{without:,.0f} of {total:,.0f} USD of new business")


def test_hr_of_active_people_only_and_without_hire_dates_is_named_for_what_it_is(
    tmp_path: Path,
) -> None:
    people = [row for row in healthy()["employees"] if row["rep_id"] not in ("R00", "R01")]
    people = [{k: v for k, v in row.items() if k != "hire_date"} for row in people]
    judged = Judged(tmp_path, {"employees": people})
    assert "20 of 120 deals are of people it does not list" in judged.noted("active people only")
    assert judged.noted("no hire dates")


def test_unknown_keys_of_every_table_are_listed(tmp_path: Path) -> None:
    unknown: dict[str, Rows] = {
        "stage_changes": [{"opportunity_id": "ZZ1", "stage": "x", "entered_at": "2025-02-01"}] * 3,
        "quotas": [{"rep_id": "R99", "starts_on": "2026-01-01", "amount": "5"}],
        "absences": [{"rep_id": "R98", "starts_on": "2026-01-01"}],
        "certifications": [{"rep_id": "R97", "certification": "safety"}],
        "activities": [{"account_id": "NOPE", "rep_id": "R96", "at": "2025-02-03"}],
    }
    write_files(tmp_path, {**healthy(), **unknown})
    tables = {name: {"path": f"{name}.csv"} for name in {**healthy(), **unknown}}
    company = company_of(tmp_path, {"source": {"tables": tables}})
    judged = Judged.__new__(Judged)
    judged.judge(company)
    assert {row[1:3] for row in judged.problems} == {
        ("opportunity_id", "ZZ1"), ("rep_id", "R99"), ("rep_id", "R98"), ("rep_id", "R97"),
        ("account_id", "NOPE"), ("rep_id", "R96"),
    }  # fmt: skip
    assert "3 of 3 rows name no record of opportunities" in judged.noted("such as 'ZZ1'")


SETTINGS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "a late stage": (
        {"coverage": {"lock_stages": ["Opne"]}},
        *("coverage.lock_stages[0]", "Opne", "there are 'Open', 'Closed'"),
    ),
    "a group": (
        {"groups": [{"group_id": "nroth"}]},
        *("groups[0].group_id", "nroth", "there are 'north', 'south'"),
    ),
    "the group of a goal": (
        {"goals": [{"revenue_type": "new", "group_id": "east", "target_amount": 1}]},
        *("goals[0].group_id", "east", "there are "),
    ),
    "the group of a hire": (
        {"hires": [{"group_id": "soth", "start_on": "2026-05-01", "base_pay_amount": 1}]},
        *("hires[0].group_id", "soth", "there are 'south', 'north'"),
    ),
    "the group of a freeze": (
        {"coverage": {"freezes": [
            {"from_on": "2026-01-01", "to_on": "2026-01-31", "group_id": "west"}]}},
        *("coverage.freezes[0].group_id", "west", "there are "),
    ),
    "a covering role": (
        {"capacity": {"covering_roles": ["account_executive", "acount_executive"]}},
        *("capacity.covering_roles[1]", "acount_executive", "there are 'account_executive'"),
    ),
    "the role of a pay plan": (
        {"comp_plans": [{"role": "Account Executive", "commission_rate": 0.1}]},
        *("comp_plans[0].role", "Account Executive", "there are 'account_executive'"),
    ),
    "a certification": (
        {"coverage": {"certifications": [{"certification": "saftey"}]}},
        *("coverage.certifications[0].certification", "saftey", "no value there can be named"),
    ),
    "the industry of a certification": (
        {"coverage": {"certifications": [{"certification": "safety", "industry": "minning"}]}},
        *("coverage.certifications[0].industry", "minning", "there are 'mining', 'retail'"),
    ),
    "the product of a certification": (
        {"coverage": {"certifications": [{"certification": "safety", "product": "cor"}]}},
        *("coverage.certifications[0].product", "cor", "there are 'core', "),
    ),
    "a certification everybody needs": (
        {"people": {"required_certifications": ["first aid"]}},
        *("people.required_certifications[0]", "first aid", "no value there can be named"),
    ),
    "a size band": (
        {"segments": {"size_bands": [
            {"name": "small", "min_employees": 1}, {"name": "huge", "min_employees": 100_000}]}},
        *("segments.size_bands[1]", "huge", "there are 'small'"),
    ),
    "the size band of a rule for hours": (
        {"coverage_policies": [{"size_band": "enterprise", "hours_per_year": 9}]},
        *("coverage_policies[0].size_band", "enterprise", "there are 'mid_market', 'smb'"),
    ),
    "the size band of a partner": (
        {"partners": [{"partner_id": "P", "hours_per_year": 9, "size_bands": ["enterprise"]}]},
        *("partners[0].size_bands[0]", "enterprise", "there are "),
    ),
    "the industry of a prior": (
        {"strength": {"hr_priors": [{"fact": "prior_industry", "level": "Retail"}]}},
        *("strength.hr_priors[0].level", "Retail", "there are 'retail', 'mining'"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_matches_no_data_is_named_with_the_values_there_are(
    tmp_path: Path, name: str
) -> None:
    settings, path, value, there = SETTINGS[name]
    judged = Judged(tmp_path, {}, settings)
    [note] = [n for _, n in judged.notes if path in n]
    assert note.startswith(f"{path}: '{value}' matches nothing in ")
    assert there in note
    assert ("unmatched_setting", path, value) in {row[:3] for row in judged.problems}
    rule = judged.failed["settings_match_the_data"]
    assert not rule.is_blocking


def test_settings_that_match_are_not_named(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "coverage": {
            "lock_stages": ["Open"],
            "certifications": [
                {"certification": "safety", "industry": "mining", "product": "core"}
            ],
        },
        "groups": [{"group_id": "north"}],
        "people": {"required_certifications": ["safety"]},
        "segments": {"size_bands": [{"name": "all", "min_employees": 1}]},
    }
    assert Judged(tmp_path, {}, settings).notes == []


def test_a_reviewed_row_about_an_unknown_account_or_rep_is_named(tmp_path: Path) -> None:
    write_files(tmp_path, dict(healthy()))
    company = company_of(tmp_path)
    row = {"author": "a", "reason": "b", "expires_on": "2026-12-31", "action": "keep"}
    company._overrides = (
        Override.model_validate(row | {"account_id": "A00l", "rep_id": "R00"}),
        Override.model_validate(row | {"account_id": "A001", "rep_id": "R0O"}),
    )
    judged = Judged.__new__(Judged)
    judged.judge(company)
    assert {row[:3] for row in judged.problems} == {
        ("unmatched_setting", "overrides: account_id", "A00l"),
        ("unmatched_setting", "overrides: rep_id", "R0O"),
    }


def test_values_are_named_nearest_first() -> None:
    known = ["Closed Won", "Prospecting", "Negotiation/Review", "Negotiation"]
    assert nearest("negotiaton", known)[:2] == ["Negotiation", "Negotiation/Review"]


def test_the_same_deals_again_under_other_ids_are_listed_with_count_and_amount(
    tmp_path: Path,
) -> None:
    deals = healthy()["opportunities"]
    again = [row | {"opportunity_id": f"X{i}"} for i, row in enumerate(deals)]
    judged = Judged(tmp_path, {"opportunities": deals + again})
    closed = [row for row in deals if row["is_closed"] == "true"]
    won = [row for row in closed if row["is_won"] == "true"]
    amount = sum(float(row["amount"]) for row in won)
    note = judged.noted("are alike to another")
    assert note.startswith(f"{len(closed)} deals are alike to another in account, amount, closing")
    assert "such as 'X0' to 'O0000'" in note
    assert f"{len(won)} are won, for {amount:,.0f}: all count" in note
    listed = {row[2]: row[3] for row in judged.problems if row[0] == "possible_duplicate"}
    assert listed["X0"] == "O0000"
    assert len(listed) == len(closed)
    assert not judged.failed["records_are_distinct"].is_blocking
