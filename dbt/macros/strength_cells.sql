{#-
    Sums over deals that share every feature, per sample: all the fits need.

    rows    relation with the features, sample, is_training, weight, y
    values  true: the outcome is the logarithm of a won amount, and cells keep the deal's own features
-#}
{% macro strength_cells(rows, values=false) %}
{%- set features = ['industry', 'geography', 'size_band', 'product']
    + (['revenue_type', 'account_id', 'rep_id'] if values else ['group_id', 'account_key', 'rep_id']) -%}
select
    sample,
    is_training,
    {{ features | join(', ') }},
    count(*) as deals,
    sum(y) as outcomes,
    sum(weight) as weight,
    sum(weight * weight) as squared_weight,
    sum(weight * y) as outcome_weight
    {%- if values %},
    sum(weight * y * y) as outcome_square_weight,
    sum(amount) as amount,
    sum(y * y) as outcome_squares
    {%- endif %}
from {{ rows }}
group by sample, is_training, {{ features | join(', ') }}
{% endmacro %}

{#- Weight of a deal of a certain age; a half-life of 0 stands for none. -#}
{% macro age_weight(age, half_life) -%}
    case when {{ half_life }} = 0 then 1.0 else power(0.5, {{ age }} / cast({{ half_life }} as double precision)) end
{%- endmacro %}

{#- The half-lives to try, one row each; 0 stands for none. -#}
{% macro half_life_rows() -%}
    {% for days in var('strength_half_lives') -%}
    select
        '{{ days }}' as sample,
        cast({{ days }} as bigint) as half_life_days
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#- CTEs: the chosen `half_life`, and `sampled`: every deal in the sample `all`, and in `train` with those
    the guard judges on (not is_training), each with its age. -#}
{% macro strength_samples() -%}
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
)
{%- endmacro %}
