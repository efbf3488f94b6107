"""The suites are data: here their form is checked, so that a slip is found without a run."""

import re

import pytest

from expectations import load_suite, suite_names

GATED = {
    "accounts",
    "opportunities",
    "products",
    "employees",
    "certifications",
    "activities",
    "coverage_pairs",
    "coverage_accounts",
    "coverage_coverers",
    "seasonality",
    "goals",
    "rep_months",
    "coverage_assignments",
    "quota_allocations",
}
suites = pytest.mark.parametrize("name", suite_names())


def test_every_gated_table_has_a_suite():
    assert set(suite_names()) >= GATED


def test_an_unknown_suite_is_refused_with_the_list_of_known_ones():
    with pytest.raises(KeyError, match=r"no suite 'nowhere'.*accounts"):
        load_suite("nowhere")


@suites
def test_a_suite_names_its_table_and_key(name):
    suite = load_suite(name)
    assert suite["name"] == suite["meta"]["table"] == name
    assert suite["meta"]["key"]
    assert isinstance(suite["meta"]["optional"], bool)


@suites
def test_the_first_rule_is_the_row_count_because_an_empty_table_keeps_all_others(name):
    first = load_suite(name)["expectations"][0]
    assert first["type"] == "expect_table_row_count_to_be_between"
    assert first["kwargs"]["min_value"] >= 1


@suites
def test_a_required_table_may_not_be_empty(name):
    suite = load_suite(name)
    assert suite["meta"]["optional"] or suite["expectations"][0]["severity"] == "critical"


@suites
def test_check_names_are_unique_words_without_limits(name):
    checks = [rule["meta"]["check"] for rule in load_suite(name)["expectations"]]
    assert len(checks) == len(set(checks))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", check) for check in checks)


@suites
def test_every_rule_has_a_severity_a_reason_and_a_fix(name):
    for rule in load_suite(name)["expectations"]:
        assert rule["severity"] in {"critical", "warning"}
        assert rule["meta"]["why"].endswith(".")
        assert rule["meta"]["fix"].endswith(".")


@suites
def test_every_computed_column_is_used_and_every_placeholder_is_a_parameter(name):
    suite = load_suite(name)
    used = {rule["kwargs"].get("column") for rule in suite["expectations"]}
    select = suite["meta"].get("select", {})
    assert set(select) <= used
    placeholders = {word for sql in select.values() for word in re.findall(r"{(\w+)}", sql)}
    assert placeholders == set(suite["meta"].get("parameters", {}))
