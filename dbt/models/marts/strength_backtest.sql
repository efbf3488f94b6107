-- Does the strength model predict deals it has not seen better than simpler ones do? All models are
-- fitted on the deals before the cutoff and judged on the later ones.
with

holdout as (
    select *
    from {{ ref('int_strength__cells') }}
    where sample = 'holdout'
),

train as (
    select
        sum(won_weight) as won_weight,
        sum(weight) as weight
    from {{ ref('int_strength__cells') }}
    where sample = 'train'
),

-- The raw rep rate gets half a win and half a loss, so that its log loss stays finite.
train_by_rep as (
    select
        rep_id,
        (sum(won_weight) + 0.5) / (sum(weight) + 1.0) as win_rate
    from {{ ref('int_strength__cells') }}
    where sample = 'train'
    group by rep_id
),

scored as (
    select
        holdout.deals,
        holdout.wins,
        (train.won_weight + 0.5) / (train.weight + 1.0) as global_rate,
        coalesce(train_by_rep.win_rate, (train.won_weight + 0.5) / (train.weight + 1.0)) as rep_rate,
        {{ sigmoid(segment_lp()) }} as segment,
        {{ sigmoid(segment_lp() ~ ' + coalesce(term_group.effect, 0.0) + coalesce(term_rep.effect, 0.0)') }} as segment_rep,
        {{ sigmoid(segment_lp() ~ ' + ' ~ advantage()) }} as strength
    from holdout
    cross join train
    {{ strength_joins(ref('int_strength__train_effects'), 'holdout') }}
    left join train_by_rep on holdout.rep_id = train_by_rep.rep_id
    where base.is_estimable
),

long as (
    {% for model in ['global_rate', 'rep_rate', 'segment', 'segment_rep', 'strength'] -%}
    select
        '{{ model }}' as model,
        deals,
        wins,
        greatest(1e-12, least(1 - 1e-12, {{ model }})) as p
    from scored
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    model,
    cast(sum(deals) as bigint) as deal_count,
    -sum(wins * ln(p) + (deals - wins) * ln(1 - p)) / sum(deals) as log_loss,
    sum(wins * (1 - p) * (1 - p) + (deals - wins) * p * p) / sum(deals) as brier_score,
    sum(deals * p) / sum(deals) as predicted_win_rate,
    sum(wins) / sum(deals) as observed_win_rate
from long
group by model
