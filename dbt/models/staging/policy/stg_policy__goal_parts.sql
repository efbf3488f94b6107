select
    revenue_type,
    group_id,
    month,
    target_amount
from {{ source('policy', 'goal_parts') }}
