select
    group_id,
    month,
    revenue_type,
    target_amount,
    quota_amount
from {{ source('plan', 'group_targets') }}
