-- What every rep adds to the log-odds of a win, by dimension and level, known or not: the data's effect,
-- the prior belief, and both together with their uncertainty.
--   data    d from the fit, with information V and spread tau2 between reps
--   prior   a belief m worth n deals has the information W = n p (1-p), p the company's win rate
--   both    (V d + W m) / (V + W): with no deals the belief decides, with n deals it is half and half,
--           with many the data decides
--   spread  1 / (V + W + 1/max(tau2, 0.15^2)): an effect not seen varies as much as the others do, and
--           never less than 0.15. Published deviations are 1.25 times that, measured to make 90 %
--           intervals hold.
-- The guard's multiplier is not yet in: where strengths do not hold, beliefs do not count either.
{% set dimensions = {
    'overall': {'term': 'rep', 'column': none},
    'industry': {'term': 'rep_industry', 'column': 'industry'},
    'geography': {'term': 'rep_geography', 'column': 'geography'},
    'size_band': {'term': 'rep_size_band', 'column': 'size_band'},
    'product': {'term': 'rep_product', 'column': 'product'},
} %}

with

cells as (
    select
        cells.*,
        {{ sigmoid('base.effect + ' ~ sum_effects(segment_terms())) }} as expected_rate
    from {{ ref('int_strength__cells') }} as cells
    {{ effect_joins(ref('int_strength__effects'), 'cells', "'all'", win_terms()) }}
    where cells.sample = 'all'
),

counted as (
    {% for dimension, d in dimensions.items() -%}
    select
        rep_id,
        '{{ dimension }}' as dimension,
        {{ d.column or "'(all)'" }} as level,
        sum(deals) as deals,
        sum(outcomes) as wins,
        sum(deals * expected_rate) as expected_wins
    from cells
    group by 1, 2, 3
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

levels as (
    select
        'overall' as dimension,
        '(all)' as level
    {% for column, name in [('industry', 'industry'), ('region', 'geography'), ('size_band', 'size_band')] %}
    union
    select
        '{{ name }}',
        {{ column }}
    from {{ ref('int_accounts__segmented') }}
    {% endfor %}
    union
    select
        'product',
        product
    from {{ ref('int_industries__product_mix') }}
),

reps as (
    select rep_id from {{ ref('int_reps__months') }}
    union
    select rep_id from cells
),

effects as (
    select *
    from {{ ref('int_strength__effects') }}
    where sample = 'all'
),

spreads as (
    {% for dimension, d in dimensions.items() -%}
    select
        '{{ dimension }}' as dimension,
        '{{ d.term }}' as term,
        coalesce(max(tau2), 0.0) as tau2
    from effects
    where term = '{{ d.term }}'
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

company as (
    select coalesce(cast(sum(outcomes) as double precision) / nullif(sum(deals), 0), 0.5) as win_rate
    from cells
),

grid as (
    select
        reps.rep_id,
        levels.dimension,
        levels.level,
        spreads.tau2,
        coalesce(effects.effect, 0.0) as data_effect,
        coalesce(effects.information, 0.0) as information,
        coalesce(counted.deals, 0) as deals,
        coalesce(counted.wins, 0) as wins,
        coalesce(counted.expected_wins, 0.0) as expected_wins,
        priors.prior_effect,
        coalesce(priors.pseudo_deals, 0.0) * company.win_rate * (1 - company.win_rate) as prior_information,
        coalesce(priors.is_rated, false) as is_rated
    from reps
    cross join levels
    cross join company
    inner join spreads on levels.dimension = spreads.dimension
    left join effects
        on spreads.term = effects.term
        and reps.rep_id = effects.rep_id
        and levels.level = effects.level
    left join counted
        on reps.rep_id = counted.rep_id
        and levels.dimension = counted.dimension
        and levels.level = counted.level
    left join {{ ref('int_reps__priors') }} as priors
        on reps.rep_id = priors.rep_id
        and levels.dimension = priors.dimension
        and levels.level = priors.level
)

select
    rep_id,
    dimension,
    level,
    deals,
    wins,
    expected_wins,
    data_effect,
    1.25 * sqrt(1 / (information + 1 / greatest(tau2, 0.0225))) as data_effect_sd,
    prior_effect,
    is_rated,
    case
        when prior_information > 0
            then (information * data_effect + prior_information * prior_effect) / (information + prior_information)
        else data_effect
    end as effect,
    1.25 * sqrt(1 / (information + prior_information + 1 / greatest(tau2, 0.0225))) as effect_sd
from grid
