"""The tables of a quota plan: columns, types, grain and meaning, as data.

Belongs here: the shape of what the quota step writes and what is published of it. Does not
belong here: coverage tables (``plan_tables``, which joins both) or how rows are decided.
"""

from __future__ import annotations

QUOTA_MEANINGS: dict[str, str] = {
    "month": "First day of the month",
    "revenue_type": "new or existing (renewal and expansion)",
    "goal_amount": "The company's goal of the fiscal year",
    "buffer_amount": "The company's own buffer on top",
    "won_amount": "Won in the months of the plan year that are past",
    "target_amount": "What the company counts on",
    "quota_amount": "What reps are asked for: the target with the group's buffer",
    "unallocated_amount": "Goal + buffer - won - target; negative where the year is ahead",
    "fair_share_amount": "Quota by potential alone (a plan within the year: the quota in force)",
    "hardness": "(quota - expected bookings) / their standard deviation",
    "last_quota_amount": "Quota of the same months a year before",
    "change_rate": "Quota over last year's, less 1",
    "book_change_rate": "Expected bookings of the plan's accounts over those of record, less 1",
    "year_on_year_verdict": "within, below or above quotas.year_on_year_band, or no limit",
    "ote_verdict": "within, below or above the role's quota_ote_band, or no band",
    "from_rep_id": "Owner of record, empty where the account had none",
    "to_rep_id": "Coverer in the plan",
    "level": "company, group or rep",
    "entity_id": "Company, group or rep the row is about",
    "over_assignment_rate": "Buffer of the scenario",
    "expected_amount": "Expected bookings of the covered accounts in the plan's months",
    "low_amount": "One year in ten is below",
    "high_amount": "One year in ten is above",
    "sd_amount": "Standard deviation of those bookings",
    "probability": "Chance of reaching the target (company, group) or the quota (rep)",
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
    "forecast_amount": "Forecast from the years before alone",
    "actual_amount": "What was won",
    "is_held": "The month fell into its 80 % band",
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

_CENTS = "DECIMAL(18, 2)"
_MONEY = "DOUBLE"

# By table: what one row is, the key in sort order, the type of each column.
QUOTA_SHAPES: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "company_targets": (
        "What becomes of the company's goal: won, allocated, left, one row per plan and revenue "
        "type.",
        ("revenue_type",),
        {
            "revenue_type": "VARCHAR",
            "goal_amount": _CENTS,
            "buffer_amount": _CENTS,
            "won_amount": _CENTS,
            "target_amount": _CENTS,
            "quota_amount": _CENTS,
            "unallocated_amount": _CENTS,
        },
    ),
    "group_targets": (
        "Target and over-assigned quota of a group, one row per plan, group, month and revenue "
        "type.",
        ("group_id", "month", "revenue_type"),
        {
            "group_id": "VARCHAR",
            "month": "DATE",
            "revenue_type": "VARCHAR",
            "target_amount": _CENTS,
            "quota_amount": _CENTS,
        },
    ),
    "quota_allocations": (
        "Quota of a rep, one row per plan, rep, month and revenue type.",
        ("rep_id", "month", "revenue_type"),
        {
            "rep_id": "VARCHAR",
            "group_id": "VARCHAR",
            "month": "DATE",
            "revenue_type": "VARCHAR",
            "quota_amount": _CENTS,
        },
    ),
    "rep_quotas": (
        "Where a rep's quota comes from: fair share, hardness, last year, bands, one row per plan "
        "and rep.",
        ("rep_id",),
        {
            "rep_id": "VARCHAR",
            "group_id": "VARCHAR",
            "quota_amount": _CENTS,
            "fair_share_amount": _MONEY,
            "expected_amount": _MONEY,
            "hardness": "DOUBLE",
            "last_quota_amount": _MONEY,
            "change_rate": "DOUBLE",
            "book_change_rate": "DOUBLE",
            "year_on_year_verdict": "VARCHAR",
            "ote_verdict": "VARCHAR",
        },
    ),
    "quota_transfers": (
        "Quotas in force that followed an account to its new coverer, one row per plan, account "
        "and revenue type.",
        ("account_id", "revenue_type"),
        {
            "account_id": "VARCHAR",
            "from_rep_id": "VARCHAR",
            "to_rep_id": "VARCHAR",
            "revenue_type": "VARCHAR",
            "quota_amount": _CENTS,
        },
    ),
    "attainment_outlook": (
        "Simulated chance of reaching target or quota at several buffers, one row per plan, level, "
        "entity and buffer.",
        ("level", "entity_id", "over_assignment_rate"),
        {
            "level": "VARCHAR",
            "entity_id": "VARCHAR",
            "over_assignment_rate": "DOUBLE",
            "target_amount": _MONEY,
            "expected_amount": _MONEY,
            "low_amount": _MONEY,
            "high_amount": _MONEY,
            "sd_amount": _MONEY,
            "probability": "DOUBLE",
            "effort_response": "DOUBLE",
            "is_default": "BOOLEAN",
        },
    ),
    "buffer_advice": (
        "What the layers of buffers add up to, what they can do, and how attainable quotas are, "
        "one row per plan, level and entity.",
        ("level", "entity_id"),
        {
            "level": "VARCHAR",
            "entity_id": "VARCHAR",
            "company_buffer_rate": "DOUBLE",
            "over_assignment_rate": "DOUBLE",
            "stacked_rate": "DOUBLE",
            "is_stacked_too_high": "BOOLEAN",
            "wanted_probability": "DOUBLE",
            "probability_without_buffer": "DOUBLE",
            "probability": "DOUBLE",
            "smallest_rate": "DOUBLE",
            "reps_at_quota_rate": "DOUBLE",
            "is_attainment_usual": "BOOLEAN",
            "attainment_spread": "DOUBLE",
            "effort_response": "DOUBLE",
            "evidence": "VARCHAR",
            "sentence": "VARCHAR",
        },
    ),
    "outlook_calibration": (
        "80 % bands against past months they had not seen, one row per plan, level, entity and "
        "month.",
        ("level", "entity_id", "month"),
        {
            "level": "VARCHAR",
            "entity_id": "VARCHAR",
            "month": "DATE",
            "forecast_amount": _MONEY,
            "low_amount": _MONEY,
            "high_amount": _MONEY,
            "actual_amount": _MONEY,
            "is_held": "BOOLEAN",
        },
    ),
    "budget_check": (
        "Cost of a group against its budget; pay only of three people and more; one row per plan "
        "and group.",
        ("group_id",),
        {
            "group_id": "VARCHAR",
            "people_count": "BIGINT",
            "budget_amount": _MONEY,
            "base_cost_amount": _MONEY,
            "expected_variable_amount": _MONEY,
            "p90_variable_amount": _MONEY,
            "hiring_amount": _MONEY,
            "partner_margin_amount": _MONEY,
            "training_amount": _MONEY,
            "expected_cost_amount": _MONEY,
            "p90_cost_amount": _MONEY,
            "over_budget_amount": _MONEY,
            "p90_over_budget_amount": _MONEY,
            "verdict": "VARCHAR",
            "sentence": "VARCHAR",
        },
    ),
    "budget_cuts": (
        "What a group over its budget could cut and what that costs in expected margin, one row "
        "per plan, group and cut.",
        ("group_id", "cut"),
        {
            "group_id": "VARCHAR",
            "cut": "VARCHAR",
            "saving_amount": _MONEY,
            "margin_cost_amount": _MONEY,
            "is_chosen": "BOOLEAN",
        },
    ),
}
