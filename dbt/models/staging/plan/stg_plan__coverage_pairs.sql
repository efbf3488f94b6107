select
    account_id,
    rep_id,
    is_open,
    value_amount
from {{ source('plan', 'coverage_pairs') }}
