select
    partner_id,
    hours_per_year,
    max_accounts
from {{ source('policy', 'partners') }}
