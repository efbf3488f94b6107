-- What a rep wins and creates of a kind of account, and on what values; the rep "(segment)" is one
-- of whom nothing is known.
with

win_rates as (select * from {{ ref('stg_strength__win_rates') }}),

guard as (select * from {{ ref('stg_strength__guard') }}),

effects as (
    select
        rep_id,
        effect
    from {{ ref('stg_strength__effects') }}
    where model = 'value' and term = 'rep'
)

select
    win_rates.profile_id,
    win_rates.rep_id,
    cast(win_rates.win_rate as double precision) as win_rate,
    cast(win_rates.new_won_value_rate as double precision) as new_won_value_rate,
    cast(win_rates.existing_won_value_rate as double precision) as existing_won_value_rate,
    cast(win_rates.margin_rate as double precision) as margin_rate,
    cast(win_rates.advantage_sd as double precision) as advantage_sd,
    cast(win_rates.creation_factor as double precision) as creation_factor,
    cast(win_rates.creation_sd as double precision) as creation_sd,
    cast(exp(guard.value_multiplier * coalesce(effects.effect, 0.0)) as double precision)
        as value_factor,
    guard.is_counted
from win_rates
cross join guard
left join effects on win_rates.rep_id = effects.rep_id
