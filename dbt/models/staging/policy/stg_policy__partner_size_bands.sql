select
    partner_id,
    size_band
from {{ source('policy', 'partner_size_bands') }}
