select
    group_id,
    name,
    over_assignment_rate,
    budget_amount
from {{ source('policy', 'groups') }}
