select
    revenue_type,
    goal_amount,
    target_amount,
    quota_amount,
    unallocated_amount
from {{ source('plan', 'company_targets') }}
