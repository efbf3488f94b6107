select
    partner_id,
    margin_share,
    hours_per_year,
    max_accounts
from {{ source('policy', 'partners') }}
