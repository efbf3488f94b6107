select
    {{ profile_id('industry', 'geography', 'size_band') }} as profile_id,
    industry,
    geography as region,
    size_band,
    rep_id,
    win_rate,
    won_value_rate,
    new_won_value_rate,
    existing_won_value_rate,
    margin_rate,
    advantage,
    advantage_sd,
    creation_factor,
    creation_sd
from {{ source('strength', 'profile_win_rates') }}
