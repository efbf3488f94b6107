"""The whole job on the demo company: what was planted in its data is found and decided.

Slow: the demo is refreshed once (see ``tests/conftest.py``).
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

pytestmark = pytest.mark.whole_job

HOUSE = "__house__"


@pytest.fixture(scope="module")
def planted(demo_run: Any) -> dict[str, Any]:
    path = demo_run.home / "demo" / "demo" / "truth" / "planted.json"
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def test_the_leavers_accounts_are_covered_again_and_say_so(demo_run, planted):
    leaver, accounts = planted["leaver"]["rep_id"], planted["leaver"]["account_ids"]
    changes = demo_run.published(
        "select account_id, reason, to_rep_id from plan_changes where from_rep_id = ? order by 1",
        leaver,
    )
    assert [account for account, _, _ in changes] == accounts
    assert {reason for _, reason, _ in changes} == {"leaver"}
    covered = [to for _, _, to in changes if to != HOUSE]
    assert len(covered) >= 0.8 * len(accounts)
    assert leaver not in {
        rep for (rep,) in demo_run.published("select rep_id from coverage_assignments")
    }
    assert demo_run.published("select 1 from quota_allocations where rep_id = ?", leaver) == []


def test_accounts_without_a_known_owner_are_named_as_such(demo_run, planted):
    for reason in ("unassigned", "unknown_owner"):
        accounts = demo_run.warehouse(
            "select account_id from marts.coverage_accounts where vacancy_reason = ? order by 1",
            reason,
        )
        assert [account for (account,) in accounts] == planted[f"{reason}_account_ids"]
        others = demo_run.published(
            "select account_id from plan_changes where account_id in (select unnest(?)) "
            "and reason <> ?",
            planted[f"{reason}_account_ids"],
            reason,
        )
        assert others == []


def test_the_planted_strength_is_named(demo_run, planted):
    strength = planted["counter_intuitive_strength"]
    [(is_named, lower, effect, deals)] = demo_run.published(
        "select is_named, effect_lower, effect, deal_count from rep_strengths "
        "where rep_id = ? and dimension = ? and level = ?",
        strength["rep_id"],
        strength["dimension"],
        strength["level"],
    )
    assert is_named
    assert 0 < lower < effect < strength["log_odds"] + 0.5
    assert 0.5 * strength["deal_count"] <= deals <= strength["deal_count"]
    best = demo_run.published(
        "select level from rep_strengths where rep_id = ? and dimension = 'industry' "
        "order by effect desc limit 1",
        strength["rep_id"],
    )
    assert best == [(strength["level"],)]


def test_the_guard_is_on_and_strengths_count_in_the_plan(demo_run):
    assert demo_run.published("select signal, is_on from strength_guard") == [("transports", True)]
    assert demo_run.published(
        "select count(*) > 100 from assignment_explanations where strength_value_amount <> 0"
    ) == [(True,)]


def test_the_starved_group_is_by_far_the_shortest_of_hours(demo_run, planted):
    short = demo_run.published(
        "select group_id, sum(missing_hours) from capacity_gaps group by 1 order by 2 desc"
    )
    assert short[0][0] == planted["starved_group_id"]
    # Far behind: more than twice as many hours are missing as in any other group.
    assert short[0][1] > 2 * short[1][1]
    months = demo_run.published(
        "select month, is_short, missing_hours, needed_hours - available_hours - open_head_hours "
        "from capacity_gaps where group_id = ? order by 1",
        planted["starved_group_id"],
    )
    assert len(months) == 12
    # At once; once its rep of half a year has no ramp left, the plan has relieved it.
    assert [is_short for _, is_short, _, _ in months[:6]] == [True] * 6
    assert all(missing == pytest.approx(max(gap, 0.0)) for _, _, missing, gap in months)


def test_the_overspent_group_and_no_other_is_over_budget(demo_run, planted):
    verdicts = demo_run.published(
        "select group_id, expected_cost_amount - budget_amount, over_budget_amount "
        "from budget_check where verdict = 'over budget'"
    )
    assert [group for group, _, _ in verdicts] == [planted["overspent_group_id"]]
    assert verdicts[0][1] == pytest.approx(verdicts[0][2])
    assert verdicts[0][2] > 0


def test_what_to_cut_or_hire_is_named_with_amounts(demo_run, planted):
    [(over, sentence)] = demo_run.published(
        "select over_budget_amount, sentence from budget_check where group_id = ?",
        planted["overspent_group_id"],
    )
    [(saved,)] = demo_run.published(
        "select sum(saving_amount) from budget_cuts where is_chosen and group_id = ?",
        planted["overspent_group_id"],
    )
    assert saved >= over
    assert f"{over:,.0f}" in sentence
    [(repair, hours, advice)] = demo_run.published(
        "select repair, missing_hours, sentence from staffing_review "
        "inner join hiring_advice using (group_id) where group_id = ?",
        planted["starved_group_id"],
    )
    assert f"{hours:.0f} hours" in repair
    assert repair.endswith(advice)


def test_a_hire_is_judged_by_what_it_brings_and_costs_in_every_group(demo_run):
    advice = demo_run.published(
        "select group_id, added_hours, gain_low_amount, gain_high_amount, newcomer_cost_amount, "
        "cost_source, hiring_verdict from hiring_advice order by 1"
    )
    assert [row[0] for row in advice] == ["canada", "europe", "midwest", "northeast", "west"]
    for _, hours, low, high, cost, source, verdict in advice:
        # 1,200 hours, from 30 % to all of them in six months; on-target earnings and hiring.
        assert hours == pytest.approx(100 * (0.3 * 6 + 0.7 * 15 / 6 + 6))
        assert (cost, source) == (130_000 + 15_000, "comp_plans.ote_amount")
        assert verdict == (
            "hire" if low > cost else "do not hire" if high <= cost else "cannot tell"
        )


def test_planted_faults_are_set_aside_with_their_reason_or_mended(demo_run, planted):
    faults = planted["faults"]
    for fault, reason in (
        ("no_account_opportunity_ids", "account_id_missing"),
        ("unreadable_amount_opportunity_ids", "cell_unreadable"),
    ):
        aside = demo_run.warehouse(
            "select opportunity_id from staging.quarantined_crm__opportunities "
            "where quarantine_reason = ? order by 1",
            reason,
        )
        assert [opportunity for (opportunity,) in aside] == faults[fault]
    entered_late = demo_run.warehouse(
        "select opportunity_id from staging.stg_crm__opportunities where is_back_dated order by 1"
    )
    assert [deal for (deal,) in entered_late] == faults["closed_before_created_opportunity_ids"]
    names = demo_run.warehouse(
        "select name from staging.stg_crm__accounts where account_id in (select unnest(?))",
        faults["no_break_space_account_ids"],
    )
    assert len(names) == len(faults["no_break_space_account_ids"])
    assert not any("\u00a0" in name for (name,) in names)


def test_every_rule_that_the_demo_switches_on_binds_somewhere(demo_run):
    binding = {
        rule
        for (rule,) in demo_run.published(
            "select distinct rule from shadow_prices where shadow_price_amount > 0"
        )
    }
    assert {"hours", "moves", "balance_high", "balance_low", "ote_high", "ote_low"} <= binding
    reasons = {r for (r,) in demo_run.published("select distinct reason from plan_changes")}
    assert {"family", "not_certified"} <= reasons
    assert demo_run.published(
        "select count(*) > 0 from assignment_explanations where soft_rule_amount > 0"
    ) == [(True,)]


def test_a_hard_certificate_is_held_by_whoever_covers_the_account(demo_run):
    asked = demo_run.warehouse(
        "select account_id, certification from intermediate.int_accounts__certificates "
        "where mode = 'hard'"
    )
    held = set(
        demo_run.warehouse("select rep_id, certification from intermediate.int_reps__certificates")
    )
    coverer = dict(
        demo_run.published(
            "select account_id, rep_id from coverage_assignments where coverer_type = 'rep'"
        )
    )
    lacking = [a for a, what in asked if a in coverer and (coverer[a], what) not in held]
    assert len(asked) > 5
    assert lacking == []


def test_a_family_has_one_coverer_and_is_counted_once(demo_run):
    families = demo_run.published(
        "select family_id, count(*), count(distinct rep_id) from coverage_assignments "
        "where family_id is not null group by 1"
    )
    assert len(families) > 10
    assert all(members > 1 and coverers == 1 for _, members, coverers in families)
    # Whatever table adds accounts up, it finds every account once.
    [(accounts, hours, value)] = demo_run.published(
        "select count(distinct account_id), sum(hours), sum(value_amount) from coverage_assignments"
    )
    same = {"rel": 1e-9}
    for query, expected in (
        ("select count(*) from coverage_assignments", accounts),
        ("select count(*) from assignment_explanations", accounts),
        ("select count(*) from account_segments", accounts),
        ("select account_count from plan_certificates", accounts),
        ("select sum(account_count) from segment_economics", accounts),
        ("select sum(accounts_before) from rep_loads", accounts),
        ("select sum(accounts_after) from rep_loads", accounts),
        ("select sum(hours_after) from rep_loads", hours),
        ("select sum(value_after_amount) from rep_loads", value),
        ("select count(distinct account_id) from coverage_pairs", accounts),
        (
            "select sum(pairs.value_amount) from coverage_pairs as pairs "
            "inner join coverage_assignments using (account_id, rep_id)",
            value,
        ),
    ):
        assert demo_run.published(query)[0][0] == pytest.approx(expected, **same), query
    for column in ("expected_amount", "contribution_amount", "hours_per_year"):
        [(one_by_one,)] = demo_run.published(f"select sum({column}) from account_segments")
        [(by_segment,)] = demo_run.published(f"select sum({column}) from segment_economics")
        assert one_by_one == pytest.approx(by_segment, **same), column
    units = demo_run.published(
        "select count(distinct unit_account_id) from coverage_pairs where is_open"
    )
    assert units == [(accounts - sum(members - 1 for _, members, _ in families),)]


def test_every_override_is_published_with_author_expiry_and_cost(demo_run):
    written = demo_run.warehouse(
        "select account_id, action, rep_id, author, reason, expires_on from raw.overrides "
        "order by all"
    )
    shown = demo_run.published(
        "select account_id, lock_action, rep_id, author, reason, expires_on from override_review "
        "order by all"
    )
    assert shown == written
    states = demo_run.published(
        "select status, days_left >= 0, cost_amount is not null from override_review "
        "where lock_action <> 'release'"
    )
    assert {state for state, _, _ in states} == {"in force", "expired"}
    assert all((s == "in force") == counts == has_cost for s, counts, has_cost in states)


def test_an_override_binds_until_it_expires(demo_run):
    overrides = demo_run.warehouse(
        "select account_id, rep_id, action, expires_on from raw.overrides"
    )
    [(as_of,)] = demo_run.warehouse("select as_of_on from intermediate.int_company__calendar")
    assert {expires < as_of for *_, expires in overrides} == {True, False}
    for account, rep, action, expires in overrides:
        [(chosen, is_locked, why)] = demo_run.published(
            "select rep_id, is_locked, lock_reason from coverage_assignments where account_id = ?",
            account,
        )
        if expires < as_of:
            assert not (why or "").startswith("override"), account
        else:
            assert is_locked, account
            assert why.startswith("override"), account
            assert (chosen == rep) == (action == "keep"), account


def test_the_query_of_the_readme_runs_on_the_published_file(demo_run, repository):
    text = (repository / "README.md").read_text(encoding="utf-8")
    [query] = re.findall(r'con\.sql\("""(.*?)"""\)', text, re.DOTALL)
    assert len(demo_run.published(query)) == 10
