select
    from_on,
    to_on,
    group_id,
    reason
from {{ source('policy', 'freezes') }}
