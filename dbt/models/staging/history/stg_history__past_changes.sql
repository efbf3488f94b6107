select
    account_id,
    changed_on,
    from_rep_id,
    to_rep_id,
    origin
from {{ source('history', 'past_changes') }}
