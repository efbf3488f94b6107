select
    currency,
    fiscal_year_start_month,
    as_of as stated_as_of_on,
    horizon_months,
    installed_base_months,
    selling_hours_per_year,
    ramp_months,
    ramp_start_rate,
    max_accounts_per_rep,
    cost_per_hour,
    move_budget_days,
    max_owner_changes,
    renewal_lock_days,
    stale_days,
    lock_named_accounts,
    max_quarantine_rate
from {{ source('policy', 'company_settings') }}
