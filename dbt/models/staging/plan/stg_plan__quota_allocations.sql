select
    rep_id,
    group_id,
    month,
    revenue_type,
    quota_amount,
    figure_period
from {{ source('plan', 'quota_allocations') }}
