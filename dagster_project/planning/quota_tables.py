"""The tables of a quota plan, and with them all tables of a plan: grain, key, columns, as data."""

from __future__ import annotations

from dagster_project.planning.coverage_tables import COVERAGE_MEANINGS, COVERAGE_TABLES
from dagster_project.warehouse.tables import Table, columns, tables_by_name

MEANINGS: dict[str, str] = {
    **COVERAGE_MEANINGS,
    "month": "First day of the month",
    "revenue_type": "new or existing (renewal and expansion)",
    "goal_amount": "The company's goal of the fiscal year",
    "buffer_amount": "The company's own buffer on top",
    "won_amount": "Won in the months of the plan year that are past",
    "target_amount": "What the company counts on",
    "quota_amount": "What reps are asked for: the target with the group's buffer",
    "unallocated_amount": "Goal + buffer - won - target; negative where the year is ahead, "
    "positive where quotas in force or quotas.first_year_multiple leave some of it to nobody",
    "fair_share_amount": "Quota by potential alone (a plan within the year: the quota in force)",
    "hardness": "(quota - expected bookings) / their standard deviation",
    "last_quota_amount": "Quota of the same months a year before",
    "change_rate": "Quota over last year's, less 1",
    "book_change_rate": "Expected bookings of the plan's accounts over those of record, less 1",
    "taken_over_rate": "Share of the book's expected bookings from accounts that others owned",
    "first_year_limit_amount": "Most a rep with a book mostly taken over is asked for; else empty",
    "year_on_year_verdict": "within, below or above quotas.year_on_year_band, or no limit",
    "ote_verdict": "within, below or above the role's quota_ote_band, or no band",
    "idle_quota_amount": "Quota in force of a rep who covers no account: nobody is asked for it",
    "figure_period": "month or quarter: the finest period whose figure counts "
    "(quotas.month_figure_cv); where it is quarter, a month's amount is only its part of the sum; "
    "in rep_quotas, of both revenue types together",
    "role": "Role as HR names it",
    "credit_rate": "Share of the reps' quotas and bookings that is credited to the person",
    "rolled_up_amount": "What the group's reps carry (the company's, where no group is named)",
    "level": "company, group or rep",
    "entity_id": "Company, group or rep the row is about",
    "over_assignment_rate": "Buffer of the scenario",
    "expected_amount": "Expected bookings, in the plan's months",
    "low_amount": "One year in ten is below",
    "high_amount": "One year in ten is above",
    "sd_amount": "Standard deviation of those bookings; of one account's month from the chance of "
    "single deals alone, empty where nobody covers it",
    "probability": "Chance of reaching the target (company, group) or the quota (rep); empty where "
    "chance_verdict is not calibrated",
    "chance_verdict": "calibrated, or why no chance is given",
    "top_account_rate": "Share of the largest account in the expected bookings",
    "effort_response": "Growth of sales per unit of buffer that was assumed",
    "is_default": "The row uses the plan's own buffer",
    "company_buffer_rate": "Buffer of the company on its own goal",
    "stacked_rate": "All layers' buffers together",
    "is_stacked_too_high": "They exceed quotas.stacked_warning_rate",
    "wanted_probability": "Chance that is wanted",
    "probability_without_buffer": "Chance of reaching the target without any buffer",
    "smallest_rate": "Smallest buffer that reaches the wanted chance, empty where none does",
    "reps_at_quota_rate": "Expected share of reps at or above quota",
    "is_attainment_usual": "That share lies between 55 % and 70 %",
    "attainment_spread": "Standard deviation of the reps' chances: 0 is equally hard",
    "evidence": "What the uncertainty was estimated from",
    "pipeline_amount": "Part of it from deals that are open now, by their chance of being won",
    "people_count": "People on the payroll during the plan",
    "budget_amount": "Budget of the plan's months",
    "base_cost_amount": "Base pay together; empty below three people or where a pay is unknown",
    "expected_variable_amount": "Expected commission, managers included; empty likewise",
    "p90_variable_amount": "Commission of a year that one in ten beats; empty likewise",
    "hiring_amount": "Pay and cost of planned hires",
    "partner_margin_amount": "Expected margin left to partners",
    "training_amount": "Training",
    "expected_cost_amount": "All of these with expected commission; empty likewise",
    "p90_cost_amount": "All of these with commission of a year that one in ten beats; likewise",
    "over_budget_amount": "Expected cost above budget; empty likewise",
    "p90_over_budget_amount": "Cost of such a year above budget; empty likewise",
    "verdict": "within budget, over budget (in a good year), pay unknown or no budget given",
    "cut": "What could be cut: training, a planned hire, a position",
    "saving_amount": "What the cut saves",
    "margin_cost_amount": "Expected margin it costs",
    "is_chosen": "Part of the cheapest set that saves enough",
}


def _table(name: str, grain: str, key: tuple[str, ...], names: str, **types: str) -> Table:
    return Table("plan", name, grain, key, columns(MEANINGS, f"plan_id {names}", **types))


_CENTS = "DECIMAL(18, 2)"

QUOTA_TABLES: dict[str, Table] = tables_by_name(
    _table(
        "company_targets",
        "What becomes of the company's goal: won, allocated, left, one row per plan and "
        "revenue type.",
        ("revenue_type",),
        "revenue_type goal_amount buffer_amount won_amount target_amount quota_amount "
        "unallocated_amount",
        goal_amount=_CENTS,
        buffer_amount=_CENTS,
        won_amount=_CENTS,
        target_amount=_CENTS,
        quota_amount=_CENTS,
        unallocated_amount=_CENTS,
    ),
    _table(
        "group_targets",
        "Target and over-assigned quota of a group, one row per plan, group, month and revenue "
        "type.",
        ("group_id", "month", "revenue_type"),
        "group_id month revenue_type target_amount quota_amount",
        target_amount=_CENTS,
        quota_amount=_CENTS,
    ),
    _table(
        "quota_allocations",
        "Quota of a rep, one row per plan, rep, month and revenue type.",
        ("rep_id", "month", "revenue_type"),
        "rep_id group_id month revenue_type quota_amount figure_period",
        quota_amount=_CENTS,
    ),
    _table(
        "rep_quotas",
        "Where a rep's quota comes from: fair share, hardness, last year, bands, one row per "
        "plan and rep.",
        ("rep_id",),
        "rep_id group_id coverer_type quota_amount idle_quota_amount fair_share_amount "
        "expected_amount sd_amount hardness last_quota_amount change_rate book_change_rate "
        "taken_over_rate first_year_limit_amount year_on_year_verdict ote_verdict figure_period",
        quota_amount=_CENTS,
        idle_quota_amount=_CENTS,
        hardness="DOUBLE",
    ),
    _table(
        "pair_month_values",
        "What an account is expected to bring its coverer, one row per plan, account, month and "
        "revenue type; months of nothing are left out.",
        ("account_id", "month", "revenue_type"),
        "account_id rep_id month revenue_type expected_amount sd_amount",
    ),
    _table(
        "expected_bookings",
        "What a rep's accounts are expected to bring, one row per plan, rep, month and revenue "
        "type.",
        ("rep_id", "month", "revenue_type"),
        "rep_id group_id month revenue_type expected_amount pipeline_amount",
    ),
    _table(
        "quota_transfers",
        "Quotas in force that followed an account to its new coverer, one row per plan, "
        "account and revenue type.",
        ("account_id", "revenue_type"),
        "account_id from_rep_id to_rep_id revenue_type quota_amount",
        quota_amount=_CENTS,
    ),
    _table(
        "quota_rollups",
        "What people without accounts carry of what the reps below them carry, one row per plan "
        "and person.",
        ("rep_id",),
        "rep_id role group_id credit_rate rolled_up_amount quota_amount",
        quota_amount=_CENTS,
        credit_rate="DOUBLE",
    ),
    _table(
        "attainment_outlook",
        "Simulated chance of reaching target or quota at several buffers, one row per plan, "
        "level, entity and buffer.",
        ("level", "entity_id", "over_assignment_rate"),
        "level entity_id over_assignment_rate target_amount expected_amount low_amount "
        "high_amount sd_amount probability chance_verdict top_account_rate effort_response "
        "is_default",
        probability="DOUBLE",
        effort_response="DOUBLE",
    ),
    _table(
        "buffer_advice",
        "What the layers of buffers add up to, what they can do, and how attainable quotas "
        "are, one row per plan, level and entity.",
        ("level", "entity_id"),
        "level entity_id company_buffer_rate over_assignment_rate stacked_rate "
        "is_stacked_too_high wanted_probability probability_without_buffer probability "
        "smallest_rate reps_at_quota_rate is_attainment_usual attainment_spread "
        "effort_response evidence sentence",
        wanted_probability="DOUBLE",
        probability_without_buffer="DOUBLE",
        probability="DOUBLE",
        attainment_spread="DOUBLE",
        effort_response="DOUBLE",
    ),
    _table(
        "budget_check",
        "Cost of a group against its budget; pay only of three people and more; one row per "
        "plan and group.",
        ("group_id",),
        "group_id people_count budget_amount base_cost_amount expected_variable_amount "
        "p90_variable_amount hiring_amount partner_margin_amount training_amount "
        "expected_cost_amount p90_cost_amount over_budget_amount p90_over_budget_amount "
        "verdict sentence",
    ),
    _table(
        "budget_cuts",
        "What a group over its budget could cut and what that costs in expected margin, one "
        "row per plan, group and cut.",
        ("group_id", "cut"),
        "group_id cut saving_amount margin_cost_amount is_chosen",
    ),
)

PLAN_TABLES: dict[str, Table] = COVERAGE_TABLES | QUOTA_TABLES
