select
    account_id,
    lock_action,
    rep_id,
    lock_source,
    better_rep_id,
    cost_amount,
    resolved_cost_amount
from {{ source('plan', 'lock_costs') }}
