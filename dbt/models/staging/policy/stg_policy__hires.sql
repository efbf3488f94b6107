select
    group_id,
    start_on,
    head_count
from {{ source('policy', 'hires') }}
