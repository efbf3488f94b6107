select
    fact,
    value,
    dimension,
    level,
    log_odds,
    pseudo_deals
from {{ source('policy', 'hr_priors') }}
