-- Deals that share every feature have the same win probability under the model, so the sums over
-- such a cell are all the fit needs. `sample` = all deals, or those before the guard's cutoff.
{% set half_life_days = 365 %}
{% set holdout_days = 180 %}

with

deals as (
    select *
    from {{ ref('int_opportunities__profiled') }}
    where is_closed
),

sampled as (
    select
        'all' as sample,
        age_days as age,
        deals.*
    from deals
    union all
    select
        'train' as sample,
        age_days - {{ holdout_days }} as age,
        deals.*
    from deals
    where age_days > {{ holdout_days }}
    union all
    select
        'holdout' as sample,
        0 as age,
        deals.*
    from deals
    where age_days <= {{ holdout_days }}
),

weighted as (
    select
        sampled.*,
        power(0.5, age / {{ half_life_days }}.0) as weight,
        case when is_won then 1.0 else 0.0 end as won
    from sampled
)

select
    sample,
    industry,
    geography,
    size_band,
    product,
    group_id,
    rep_id,
    count(*) as deals,
    sum(won) as wins,
    sum(weight) as weight,
    sum(weight * won) as won_weight,
    sum(weight * weight) as squared_weight
from weighted
group by 1, 2, 3, 4, 5, 6, 7
