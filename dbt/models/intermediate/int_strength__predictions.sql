-- What five models, fitted on the deals before the guard's cutoff, say of the later ones: cells of deals
-- that share every feature, one probability a model. The raw rates get half a win and half a loss, so
-- that their log loss stays finite.
with

train as (
    select
        sum(outcome_weight) as won_weight,
        sum(weight) as weight
    from {{ ref('int_strength__cells') }}
    where sample = 'train' and is_training
),

train_by_rep as (
    select
        rep_id,
        (sum(outcome_weight) + 0.5) / (sum(weight) + 1.0) as win_rate
    from {{ ref('int_strength__cells') }}
    where sample = 'train' and is_training
    group by rep_id
),

scored as (
    select
        cells.rep_id,
        cells.deals,
        cells.outcomes as wins,
        (train.won_weight + 0.5) / (train.weight + 1.0) as global_rate,
        coalesce(train_by_rep.win_rate, (train.won_weight + 0.5) / (train.weight + 1.0)) as rep_rate,
        {{ sigmoid('base.effect + ' ~ sum_effects(segment_terms())) }} as segment,
        {{ sigmoid('base.effect + ' ~ sum_effects(segment_terms() + ['group', 'rep'])) }} as segment_rep,
        {{ sigmoid('base.effect + ' ~ sum_effects(segment_terms() + advantage_terms())) }} as strength
    from {{ ref('int_strength__cells') }} as cells
    cross join train
    {{ effect_joins(ref('int_strength__effects'), 'cells', 'cells.sample', win_terms()) }}
    left join train_by_rep on cells.rep_id = train_by_rep.rep_id
    where cells.sample = 'train' and not cells.is_training and base.is_estimable
)

{% for model in ['global_rate', 'rep_rate', 'segment', 'segment_rep', 'strength'] -%}
select
    '{{ model }}' as model,
    rep_id,
    greatest(1e-12, least(1 - 1e-12, {{ model }})) as p,
    sum(deals) as deals,
    sum(wins) as wins
from scored
group by 1, 2, 3
{{ 'union all' if not loop.last }}
{% endfor %}
