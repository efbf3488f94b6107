select
    account_id,
    rep_id,
    action,
    author,
    reason,
    expires_on
from {{ source('policy', 'overrides') }}
