select
    revenue_type,
    target_amount,
    growth_rate
from {{ source('policy', 'goals') }}
