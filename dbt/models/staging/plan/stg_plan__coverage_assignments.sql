select
    account_id,
    rep_id,
    coverer_type,
    group_id,
    hours,
    new_amount,
    existing_amount
from {{ source('plan', 'coverage_assignments') }}
