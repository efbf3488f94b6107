select
    rep_id,
    dimension,
    level,
    rating,
    log_odds_per_point,
    pseudo_deals
from {{ source('policy', 'manager_ratings') }}
