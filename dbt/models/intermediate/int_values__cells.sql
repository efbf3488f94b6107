-- Cells of the value fits: won deals with an amount. (Lost deals often carry 0, so they tell nothing.)
with

half_life as (
    select half_life_days
    from {{ ref('int_strength__half_lives') }}
    where is_chosen
),

sampled as (
    select
        'all' as sample,
        true as is_training,
        age_days as age,
        deals.*
    from {{ ref('int_strength__deals') }} as deals
    union all
    select
        'train' as sample,
        not is_holdout as is_training,
        case when is_holdout then 0 else age_days - {{ var('strength_holdout_days') }} end as age,
        deals.*
    from {{ ref('int_strength__deals') }} as deals
),

weighted as (
    select
        sampled.*,
        ln(sampled.amount) as y,
        case when sampled.is_training then {{ age_weight('sampled.age', 'half_life.half_life_days') }} else 1.0 end as weight
    from sampled
    cross join half_life
    where sampled.is_won and sampled.amount > 0
)

{{ strength_cells('weighted', values=true) }}
