-- Cells of the value fits: won deals with an amount. (Lost deals often carry 0, so they tell nothing.)
with

{{ strength_samples() }},

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
