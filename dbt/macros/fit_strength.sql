{#-
    Observed-minus-expected effects, shrunk by the signal each term really holds.

    Newton steps term by term on a logistic model of winning. For a level of a term, with
    p = sigmoid(lp): G = sum w(y-p), V = sum w p(1-p), V2 = sum w^2 p(1-p), z = d + G/V, a = V^2/V2.
    The variance between levels is DerSimonian & Laird's (1986) moment estimate over (z, a), and
    d = V z / (V + 1/tau2) is the empirical-Bayes mean, 0 where tau2 = 0.

    cells   relation of int_strength__cells
    sample  'all' or 'train'
    passes  sweeps over the terms

    Returns rows (term, level, effect, variance, information, tau2), and one row with term 'base'.
-#}
{% macro strength_terms() -%}
{{ return([
    {'name': 'industry', 'columns': ['industry']},
    {'name': 'geography', 'columns': ['geography']},
    {'name': 'size_band', 'columns': ['size_band']},
    {'name': 'product', 'columns': ['product']},
    {'name': 'group', 'columns': ['group_id']},
    {'name': 'rep', 'columns': ['rep_id']},
    {'name': 'rep_industry', 'columns': ['rep_id', 'industry']},
    {'name': 'rep_geography', 'columns': ['rep_id', 'geography']},
    {'name': 'rep_size_band', 'columns': ['rep_id', 'size_band']},
    {'name': 'rep_product', 'columns': ['rep_id', 'product']},
]) }}
{%- endmacro %}

{#- The level of a term as one text key. -#}
{% macro strength_level(term, relation) -%}
    {%- for column in term.columns -%}
        {{ relation }}.{{ column }}{{ " || ' | ' || " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro fit_strength(cells, sample, passes=3) %}
{% set terms = strength_terms() %}
with

cells {{ as_materialized() }} (
    select
        row_number() over (order by industry, geography, size_band, product, group_id, rep_id) as cell_id,
        source.*
    from {{ cells }} as source
    where source.sample = '{{ sample }}'
),

-- With no loss or no win at all there is nothing to explain: no information, every effect 0.
base_0 {{ as_materialized() }} (
    select
        case
            when sum(won_weight) > 0 and sum(won_weight) < sum(weight)
                then ln(sum(won_weight) / (sum(weight) - sum(won_weight)))
            when sum(won_weight) > 0 then 35.0
            else -35.0
        end as intercept,
        coalesce(sum(won_weight) > 0 and sum(wins) < sum(deals), false) as is_estimable
    from cells
),

lp_0 {{ as_materialized() }} (
    select cells.cell_id, base_0.intercept as lp
    from cells
    cross join base_0
),

{% set ns = namespace(step=0) %}
{% for pass in range(passes) %}
{% for term in terms %}
{% set previous = 'lp_' ~ ns.step %}
{% set ns.step = ns.step + 1 %}
{% set t = term.name ~ '_' ~ (pass + 1) %}
score_{{ t }} {{ as_materialized() }} (
    select
        scored.level,
        scored.effect_before,
        scored.v,
        scored.effect_before + scored.g / scored.v as z,
        scored.v * scored.v / scored.v2 as a
    from (
        select
            summed.level,
            summed.g,
            summed.v,
            summed.v2,
            {% if pass == 0 %} 0.0 {% else %} coalesce(before.effect, 0.0) {% endif %} as effect_before
        from (
            select
                {{ strength_level(term, 'cells') }} as level,
                sum(cells.won_weight - cells.weight * {{ sigmoid('previous.lp') }}) as g,
                sum(cells.weight * {{ sigmoid('previous.lp') }} * (1 - {{ sigmoid('previous.lp') }})) as v,
                sum(cells.squared_weight * {{ sigmoid('previous.lp') }} * (1 - {{ sigmoid('previous.lp') }})) as v2
            from cells
            inner join {{ previous }} as previous on cells.cell_id = previous.cell_id
            group by 1
        ) as summed
        {% if pass > 0 %}
        left join effect_{{ term.name }}_{{ pass }} as before on summed.level = before.level
        {% endif %}
        cross join base_0
        where base_0.is_estimable and summed.v > 1e-12
    ) as scored
),

tau_{{ t }} {{ as_materialized() }} (
    select
        coalesce(case
            when sum(a) - sum(a * a) / sum(a) > 0
                then greatest(0.0, (sum(a * z * z) - sum(a * z) * sum(a * z) / sum(a) - (count(*) - 1))
                    / (sum(a) - sum(a * a) / sum(a)))
        end, 0.0) as tau2
    from score_{{ t }}
),

effect_{{ t }} {{ as_materialized() }} (
    select
        score.level,
        score.v,
        tau.tau2,
        score.effect_before,
        case when tau.tau2 > 0 then score.v * score.z / (score.v + 1 / tau.tau2) else 0.0 end as effect,
        case when tau.tau2 > 0 then 1 / (score.v + 1 / tau.tau2) else 0.0 end as variance
    from score_{{ t }} as score
    cross join tau_{{ t }} as tau
),

lp_{{ ns.step }} {{ as_materialized() }} (
    select
        cells.cell_id,
        previous.lp + coalesce(effect.effect - effect.effect_before, 0.0) as lp
    from cells
    inner join {{ previous }} as previous on cells.cell_id = previous.cell_id
    left join effect_{{ t }} as effect on {{ strength_level(term, 'cells') }} = effect.level
),

{% endfor %}
base_{{ pass + 1 }} {{ as_materialized() }} (
    select
        before.is_estimable,
        before.intercept + coalesce(case when before.is_estimable then step.shift end, 0.0) as intercept,
        coalesce(case when before.is_estimable then step.shift end, 0.0) as shift
    from base_{{ pass }} as before
    cross join (
        select
            sum(cells.won_weight - cells.weight * {{ sigmoid('last.lp') }})
            / nullif(sum(cells.weight * {{ sigmoid('last.lp') }} * (1 - {{ sigmoid('last.lp') }})), 0) as shift
        from cells
        inner join lp_{{ ns.step }} as last on cells.cell_id = last.cell_id
    ) as step
),

{% set last = 'lp_' ~ ns.step %}
{% set ns.step = ns.step + 1 %}
lp_{{ ns.step }} {{ as_materialized() }} (
    select last.cell_id, last.lp + base.shift as lp
    from {{ last }} as last
    cross join base_{{ pass + 1 }} as base
),

{% endfor %}
fitted as (
    select 'base' as term, '(all)' as level, intercept as effect, 0.0 as variance, 0.0 as information, 0.0 as tau2
    from base_{{ passes }}
    {% for term in terms %}
    union all
    select '{{ term.name }}', level, effect, variance, v, tau2
    from effect_{{ term.name }}_{{ passes }}
    {% endfor %}
)

select
    '{{ sample }}' as sample,
    fitted.term,
    fitted.level,
    fitted.effect,
    fitted.variance,
    fitted.information,
    fitted.tau2,
    base.is_estimable
from fitted
cross join base_{{ passes }} as base
{% endmacro %}
