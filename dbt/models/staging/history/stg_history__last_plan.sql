select
    account_id,
    rep_id,
    owner_rep_id
from {{ source('history', 'last_plan') }}
