"""The tables of a coverage plan: grain, key and columns, as data."""

from __future__ import annotations

from dagster_project.warehouse.tables import Table, columns, tables_by_name

# One meaning per column name: a name means the same wherever it stands.
COVERAGE_MEANINGS: dict[str, str] = {
    "plan_id": "Hash of inputs, settings, code and seed; the same for every table of a plan",
    "account_id": "Account in the CRM",
    "rep_id": "Coverer: a rep, a partner, or `__house__` where nobody covers",
    "coverer_type": "rep, partner, house or open_head (a planned hire)",
    "group_id": "Sales group",
    "previous_rep_id": "Owner of record in the CRM, possibly a leaver",
    "present_rep_id": "Who covers the account before this plan, empty where nobody can",
    "owner_source": "Where that is known from: crm, last_plan or crm_changed_by_hand",
    "family_id": "Accounts of one family have one coverer; empty for an account on its own",
    "is_moved": "An active owner hands the account over",
    "is_forced_move": "It does because a decision, a rule or its family asks for it; no budget "
    "counts it",
    "is_locked": "A lock or an override binds the account",
    "lock_reason": "Why the account is locked",
    "hours": "Selling hours a year",
    "value_amount": "Expected contribution over the horizon, less disruption and partners' shares",
    "new_amount": "Net-new bookings of a year under this coverer, were it there all year and known "
    "to the account; plan.pair_month_values has the months",
    "existing_amount": "Renewals and expansions of a year under this coverer, likewise",
    "unserved_amount": "What of them a year would bring if nobody covered the account",
    "is_present": "The coverer is the present owner",
    "is_chosen_move": "The pair takes the account from an active owner who could keep it",
    "is_open": "Neither a rule nor a lock closes the pair for any account of its unit",
    "unit_account_id": "First account of those that are covered together",
    "potential_amount": "Business a year, whoever covers the account",
    "present_group_id": "Group of the active owner",
    "win_rate": "Mean probability that the coverer wins a deal of this account",
    "similarity": "Overlap of the coverer's experience with the owner's, 0 to 1",
    "forbidden_reason": "Why the pair may not be, whatever it is worth; empty where it may",
    "strength_note": "The named strength or weakness that says most, with the deals behind it; "
    "empty where none is certain",
    "value_sd_amount": "Standard deviation of the value from uncertain rates, deal values and "
    "strengths",
    "strength_sd_amount": "Standard deviation of the value from uncertain strengths alone",
    "absence_amount": "Expected loss of the months in which the coverer is away, ramping or gone",
    "segment_value_amount": "Expected contribution of the account whoever covers it",
    "strength_value_amount": "What the coverer's measured strengths add or take",
    "cost_to_serve_amount": "The partner's margin share; hours cost the price of their limit",
    "disruption_amount": "Expected loss because the coverer is new to the account",
    "soft_rule_amount": "Expected loss because the coverer lacks a certificate wished for",
    "hours_price_amount": "Price of the coverer's hours, which others want too",
    "count_price_amount": "Price of a place among the coverer's accounts",
    "move_price_amount": "Price of one move out of the budgets of company and group",
    "balance_price_amount": "Price of the account's weight in the balance of its group",
    "other_price_amount": "Price of a partner's budget, less what filling idle hours is worth",
    "net_score_amount": "Value of the pair less the prices it pays",
    "runner_up_rep_id": "Coverer with the next best net score",
    "runner_up_net_score_amount": "Net score of the runner-up",
    "score_difference_amount": "Net score less the runner-up's",
    "binding_rule": "The rule that decided, or value",
    "interval_low_amount": "Lower end of the 90 % interval of the value",
    "interval_high_amount": "Upper end of the 90 % interval of the value",
    "sentence": "The same in words",
    "reason": "leaver, away (leaves or is away for most of the plan), unassigned, "
    "unknown_owner (not in HR), role_does_not_cover, hr_row_set_aside, uncovered, not_certified, "
    "direct_deal, "
    "better_match, override, family, capacity, unprofitable (nobody brings more than its "
    "customers order by themselves) or earlier_plan (planned before, not yet in the CRM)",
    "value_gain_amount": "Value gained by the change, disruption already taken off",
    "objective_amount": "Value of the plan",
    "bound_amount": "No plan can be worth more than this, as the published prices prove",
    "gap_rate": "(bound - objective) / bound",
    "solver_bound_amount": "The solver's own bound where it is lower: its word, not provable from "
    "the tables",
    "solver_gap_rate": "The same gap by the solver's bound; what the accepted gap is held against",
    "status": "optimal, or feasible where the solver stopped within the accepted gap",
    "solver": "Solver used",
    "solver_version": "Its version",
    "seed": "Its seed",
    "options": "Its options, as JSON",
    "account_count": "Accounts in the plan",
    "candidate_count": "Pairs weighed one by one (coverage_pairs)",
    "eligible_count": "Pairs of account and coverer that no plan beats the bound with",
    "moved_count": "Accounts an active owner hands over",
    "chosen_move_count": "Of them, those that no decision, rule or family asks for",
    "move_limit": "Most such moves allowed",
    "uncovered_count": "Accounts nobody covers",
    "overtime_hours": "Hours a year that reps lack for the accounts they keep",
    "overtime_amount": "Price of those hours, taken off the objective",
    "as_is_objective_amount": "Value if every active owner kept every account",
    "gain_amount": "Value of the plan less the baseline's; in the certificate, less value as is",
    "repaired_rep_id": "Who would cover the account if only vacancies were filled, by the fewest "
    "moves: the baseline of the plan's gain",
    "baseline": "as_is, as_is_repaired (vacant accounts covered again within their owner's group "
    "and its free hours) or as_is_repaired_margin (the same, without the prices of overtime, "
    "balance and idle hours)",
    "is_default": "The gain to quote",
    "gain_low_amount": "Lower end of the gain's 90 % interval",
    "gain_high_amount": "Upper end of the gain's 90 % interval",
    "step_number": "Place of the step, from 1",
    "step": "What changes; as_is, as_is_repaired and plan are levels, the other steps add up",
    "amount": "Worth of the level, or what the step adds",
    "running_amount": "Worth after the step",
    "rows_at_bound_count": "Rules that bind",
    "rule": "hours, accounts, moves, moved_amount, group_moves, rep_moves, balance_high, "
    "balance_low, ote_high, ote_low, min_hours or partner_budget; the use and limit of a rule "
    "'at least' are negative",
    "shadow_price_amount": "Value of one more unit",
    "used": "Units used",
    "capacity": "Units there are",
    "slack_limit": "Units the limit may be exceeded by; infinite for a soft rule",
    "slack_price_amount": "Price of a unit beyond the limit",
    "unit": "What is counted",
    "added_hours": "Selling hours of one more rep in its first year, ramped",
    "taken_account_count": "Accounts it would take",
    "predicted_gain_amount": "Most that one more rep brings, as the published prices promise",
    "resolved_gain_amount": "What one more rep of unknown strength brings the plan, solved again "
    "with it; its pay not counted",
    "newcomer_sd_amount": "Standard deviation of that by who the newcomer turns out to be, which "
    "the interval of a mean newcomer leaves out",
    "newcomer_cost_amount": "On-target earnings of the role over the planning horizon, and the "
    "usual one-off cost of a planned hire",
    "cost_source": "Setting that the pay follows from: comp_plans.ote_amount, or "
    "capacity.cost_per_hour where the role's pay plan states none",
    "hiring_verdict": "hire (the lower end of the gain is above the cost), do not hire (the upper "
    "end is not) or cannot tell",
    "replanned_rep_id": "Coverer if the group had one more rep; `newcomer <group>` is that rep",
    "lock_action": "keep (stays with the rep), remove (leaves the rep) or forbid (never the rep)",
    "lock_source": "override (a person decided), hard_rule or rule",
    "better_rep_id": "Coverer the account would have by score without the lock",
    "cost_amount": "Most that the plan could be worth more without the lock",
    "capacity_hours": "Selling hours of the plan year; empty without limit",
    "accounts_before": "Accounts covered before the plan",
    "accounts_after": "Accounts under the plan",
    "hours_before": "Selling hours a year those accounts need before the plan",
    "hours_after": "The same under the plan",
    "value_before_amount": "Value of the accounts covered before the plan",
    "value_after_amount": "Value of the accounts under the plan",
    "potential_share_amount": "Potential that the coverer's share of its group's hours asks "
    "for; empty for other coverers than reps",
    "potential_before_amount": "Expected yearly bookings of the accounts, whoever covers them, "
    "before the plan",
    "potential_after_amount": "The same under the plan",
    "resolved_cost_amount": "The same solved again without the lock; empty where not done",
    "from_rep_id": "Owner of record, empty where the account had none",
    "to_rep_id": "Coverer in the plan",
}


def _table(name: str, grain: str, key: tuple[str, ...], names: str, **types: str) -> Table:
    return Table("plan", name, grain, key, columns(COVERAGE_MEANINGS, f"plan_id {names}", **types))


COVERAGE_TABLES: dict[str, Table] = tables_by_name(
    _table(
        "coverage_pairs",
        "Pairs of account and coverer that were weighed, what each is worth and uses of every "
        "rule, for recomputing the bound, one row per plan, account and coverer.",
        ("account_id", "rep_id"),
        "account_id rep_id unit_account_id is_present is_chosen_move is_open forbidden_reason "
        "present_group_id hours potential_amount segment_value_amount strength_value_amount "
        "cost_to_serve_amount absence_amount disruption_amount soft_rule_amount value_amount "
        "value_sd_amount strength_sd_amount new_amount existing_amount unserved_amount win_rate "
        "similarity strength_note",
        similarity="DOUBLE",
    ),
    _table(
        "coverage_assignments",
        "Who covers which account and what it is expected to bring, one row per plan and account.",
        ("account_id",),
        "account_id rep_id coverer_type group_id previous_rep_id present_rep_id owner_source "
        "repaired_rep_id family_id is_moved is_forced_move is_locked lock_reason hours "
        "value_amount new_amount existing_amount unserved_amount",
    ),
    _table(
        "assignment_explanations",
        "Why each account has its coverer: parts that add up to the score, the price of time, "
        "the runner-up, and a sentence, one row per plan and account.",
        ("account_id",),
        "account_id rep_id segment_value_amount strength_value_amount cost_to_serve_amount "
        "absence_amount disruption_amount soft_rule_amount hours_price_amount count_price_amount "
        "move_price_amount balance_price_amount other_price_amount net_score_amount "
        "runner_up_rep_id runner_up_net_score_amount score_difference_amount binding_rule "
        "interval_low_amount interval_high_amount sentence",
    ),
    _table(
        "plan_changes",
        "Accounts whose coverer differs from the owner of record, and why, one row per plan "
        "and account.",
        ("account_id",),
        "account_id from_rep_id to_rep_id reason value_gain_amount disruption_amount",
    ),
    _table(
        "plan_certificates",
        "How far the plan can be from the best possible one, and what it gains over today, one "
        "row per plan.",
        (),
        "objective_amount bound_amount gap_rate solver_bound_amount solver_gap_rate status solver "
        "solver_version seed options account_count candidate_count eligible_count moved_count "
        "chosen_move_count move_limit uncovered_count overtime_hours overtime_amount "
        "as_is_objective_amount gain_amount rows_at_bound_count sentence",
        seed="BIGINT",
        move_limit="BIGINT",
    ),
    _table(
        "plan_gains",
        "What the plan gains, over which baseline, with 90 % intervals, one row per plan and "
        "baseline.",
        ("baseline",),
        "baseline is_default gain_amount gain_low_amount gain_high_amount sentence",
    ),
    _table(
        "gain_bridge",
        "From today's coverage to the plan in steps that add up, one row per plan and step.",
        ("step_number",),
        "step_number step account_count amount running_amount sentence",
        step_number="BIGINT",
        amount="DOUBLE",
    ),
    _table(
        "shadow_prices",
        "What one more unit of a scarce rule would bring: hours and accounts of a coverer, "
        "moves of the company, one row per plan, rule and coverer.",
        ("rule", "rep_id", "group_id"),
        "rule rep_id group_id shadow_price_amount used capacity slack_limit slack_price_amount "
        "unit",
        used="DOUBLE",
        capacity="DOUBLE",
        slack_limit="DOUBLE",
    ),
    _table(
        "hiring_advice",
        "Whether one more rep in a group pays, each group by itself: what it brings and what it "
        "costs, one row per plan and group.",
        ("group_id",),
        "group_id added_hours taken_account_count resolved_gain_amount predicted_gain_amount "
        "gain_low_amount gain_high_amount newcomer_sd_amount newcomer_cost_amount cost_source "
        "hiring_verdict sentence",
    ),
    _table(
        "hiring_changes",
        "Accounts whose coverer the plan with one more rep in the group would change, one row per "
        "plan, group and account.",
        ("group_id", "account_id"),
        "group_id account_id rep_id replanned_rep_id value_gain_amount",
    ),
    _table(
        "lock_costs",
        "What each lock costs the plan, one row per plan, account, action and rep.",
        ("account_id", "lock_action", "rep_id"),
        "account_id lock_action rep_id lock_source lock_reason better_rep_id cost_amount "
        "resolved_cost_amount sentence",
    ),
    _table(
        "rep_loads",
        "What every coverer carries before and under the plan, and its share of the group's "
        "potential; `__house__` is what nobody covers, one row per plan and coverer.",
        ("rep_id",),
        "rep_id coverer_type group_id capacity_hours accounts_before accounts_after "
        "hours_before hours_after value_before_amount value_after_amount "
        "potential_share_amount potential_before_amount potential_after_amount",
        accounts_before="BIGINT",
        accounts_after="BIGINT",
        hours_before="DOUBLE",
        hours_after="DOUBLE",
    ),
)
