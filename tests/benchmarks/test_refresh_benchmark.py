"""The benchmark at its smallest size: it runs, and its figures can be believed."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest

from benchmarks import usage
from benchmarks.floor import aggregate
from benchmarks.measure import Sample, median
from benchmarks.refresh import main
from benchmarks.staged import stage_of
from expectations import load_suite, suite_names


@pytest.fixture(scope="module")
def output() -> list[str]:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = main(["--sizes", "800", "--repeats", "1"])
    assert code == 0, printed.getvalue()
    return printed.getvalue().splitlines()


@pytest.fixture(scope="module")
def facts(output: list[str]) -> dict[str, Any]:
    return json.loads(output[-1])


@pytest.mark.whole_job
def test_every_stage_has_a_row_in_the_table(output: list[str]) -> None:
    rows = [line.split("|")[1].strip() for line in output if line.startswith("| ")]
    assert [row for row in rows if row in usage.STAGES] == list(usage.STAGES)


@pytest.mark.whole_job
def test_the_stages_add_up_to_the_whole(facts: dict[str, Any]) -> None:
    for programme in ("refresh", "floor"):
        figures = facts[programme]
        assert sum(figures["stages_cpu_s"].values()) == pytest.approx(figures["cpu_s"], abs=0.1)


@pytest.mark.whole_job
def test_work_is_found_in_the_stages_that_do_it(facts: dict[str, Any]) -> None:
    refresh, floor = facts["refresh"]["stages_cpu_s"], facts["floor"]["stages_cpu_s"]
    assert all(refresh[stage] > 0 for stage in usage.STAGES)
    assert all(floor[stage] > 0 for stage in (usage.PULLS, usage.DBT_BEFORE, usage.COVERAGE))
    assert floor[usage.VERIFY] == 0


@pytest.mark.whole_job
def test_floor_and_refresh_decide_the_same(facts: dict[str, Any]) -> None:
    assert facts["is_same_plan"]
    assert facts["floor"]["peak_rss_mb"] > 0
    assert facts["refresh"]["peak_rss_mb"] > 0


@pytest.mark.parametrize("name", suite_names())
def test_the_floor_knows_every_rule_of_a_suite(name: str) -> None:
    for rule in load_suite(name)["expectations"]:
        assert "(" in aggregate(rule["type"], rule["kwargs"])


def test_an_unknown_kind_of_rule_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="expect_the_unexpected"):
        aggregate("expect_the_unexpected", {"column": "amount"})


def test_bounds_on_both_sides_are_both_checked() -> None:
    sql = aggregate(
        "expect_column_values_to_be_between", {"column": "fte", "min_value": 0, "max_value": 1}
    )
    assert sql == 'count_if("fte" < 0 or "fte" > 1)'


def test_steps_are_booked_to_their_stages() -> None:
    assert stage_of("crm__accounts") == usage.PULLS
    assert stage_of("gate_opportunities") == usage.GATES
    assert stage_of("published__plan") == usage.PUBLISH
    assert stage_of("something_new") == usage.REST


def test_a_median_is_taken_stage_by_stage() -> None:
    samples = [
        Sample(cpu, cpu, 100.0, {usage.PULLS: (pulls, pulls)})
        for cpu, pulls in ((1.0, 0.9), (5.0, 0.2), (3.0, 0.4))
    ]
    middle = median(samples)
    assert (middle.cpu, middle.of(usage.PULLS)) == (3.0, (0.4, 0.4))
    assert middle.of(usage.GATES) == (0.0, 0.0)
