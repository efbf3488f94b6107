-- Cells of the two fits that count: `all` deals, and those the guard trains on (`train`) with the later
-- ones it judges on (`train`, not is_training).
with

{{ strength_samples() }},

weighted as (
    select
        sampled.*,
        case when sampled.is_won then 1.0 else 0.0 end as y,
        case when sampled.is_training then {{ age_weight('sampled.age', 'half_life.half_life_days') }} else 1.0 end as weight
    from sampled
    cross join half_life
)

{{ strength_cells('weighted') }}
