select
    group_id,
    verdict,
    sentence
from {{ source('plan', 'budget_check') }}
