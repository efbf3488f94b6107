-- One sample per half-life to try, each with the deals before the validation quarter as training.
with

half_lives as (
    {{ half_life_rows() }}
),

weighted as (
    select
        half_lives.sample,
        not deals.is_validation as is_training,
        deals.*,
        case when deals.is_won then 1.0 else 0.0 end as y,
        case
            when deals.is_validation then 1.0
            else {{ age_weight('(deals.age_days - deals.validation_age_days)', 'half_lives.half_life_days') }}
        end as weight
    from {{ ref('int_strength__deals') }} as deals
    cross join half_lives
    where not deals.is_holdout
)

{{ strength_cells('weighted') }}
