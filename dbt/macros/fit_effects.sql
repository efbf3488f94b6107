{#-
    Observed-minus-expected effects, shrunk by the signal each term really holds.

    Newton steps term by term on an additive model: logistic for wins ('binomial'), normal for the
    logarithm of a won amount ('gaussian'). For a level of a term, with mu the fitted mean, v its
    variance function (p (1-p), or 1) and phi the dispersion (1, or the residual variance):
    G = sum w (y - mu) / phi, V = sum w v / phi, V2 = sum w^2 v / phi, z = d + G/V, a = V^2/V2.
    The variance between levels is DerSimonian & Laird's (1986) moment estimate over (z, a), and
    d = V z / (V + 1/tau2) is the empirical-Bayes mean, 0 where tau2 = 0.

    cells   relation with the terms' columns and sample, is_training, deals, weight, squared_weight,
            outcome_weight (sum w y), outcome_square_weight (sum w y^2). Deals that share every
            feature share the mean, so these sums are all the fit needs. Every sample with training
            cells is fitted by itself.
    terms   win_terms() or value_terms()
    family  'binomial' or 'gaussian'
    passes  sweeps over the terms

    Returns rows (sample, term, rep_id, level, effect, variance, information, tau2, is_estimable,
    dispersion), with a term 'base' for the intercept. A sample with nothing to explain (only won or
    only lost deals; one amount) has that row alone.
-#}
{% macro fit_effects(cells, terms, family='binomial', passes=3) %}
{%- set features = terms | map(attribute='column') | select('defined') | unique | list -%}
with

cells {{ as_materialized() }} (
    select
        row_number() over (order by source.sample, source.rep_id, {{ 'source.' ~ (features | join(', source.')) }}) as cell_id,
        source.*
    from {{ cells }} as source
    where source.is_training
),

{# A level gets a number once, so that every step joins and groups by one integer. -#}
{% for term in terms %}
codes_{{ term.name }} {{ as_materialized() }} (
    select
        found.*,
        row_number() over (order by sample, rep_id, level) as code
    from (
        select distinct
            cells.sample,
            {{ term_rep(term, 'cells') }} as rep_id,
            {{ term_level(term, 'cells') }} as level
        from cells
    ) as found
),
{% endfor %}

coded {{ as_materialized() }} (
    select
        cells.cell_id,
        cells.sample,
        cells.weight,
        cells.squared_weight,
        cells.outcome_weight,
        {% if family == 'gaussian' %} cells.outcome_square_weight, {% endif %}
        {% for term in terms -%}
        codes_{{ term.name }}.code as code_{{ term.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from cells
    {% for term in terms %}
    inner join codes_{{ term.name }}
        on cells.sample = codes_{{ term.name }}.sample
        and {{ term_rep(term, 'cells') }} = codes_{{ term.name }}.rep_id
        and {{ term_level(term, 'cells') }} = codes_{{ term.name }}.level
    {% endfor %}
),

base_0 {{ as_materialized() }} (
    select
        sample,
        {% if family == 'binomial' %}
        case
            when sum(outcome_weight) > 0 and sum(outcome_weight) < sum(weight)
                then ln(sum(outcome_weight) / (sum(weight) - sum(outcome_weight)))
            when sum(outcome_weight) > 0 then 35.0
            else -35.0
        end as intercept,
        coalesce(sum(outcome_weight) > 0 and sum(outcomes) < sum(deals), false) as is_estimable
        {% else %}
        sum(outcome_weight) / sum(weight) as intercept,
        coalesce(
            sum(outcome_square_weight) / sum(weight)
            - (sum(outcome_weight) / sum(weight)) * (sum(outcome_weight) / sum(weight)) > 1e-9,
            false
        ) as is_estimable
        {% endif %}
    from cells
    group by sample
),

lp_0 {{ as_materialized() }} (
    select
        coded.cell_id,
        base_0.intercept as lp
    from coded
    inner join base_0 on coded.sample = base_0.sample
),

{% set ns = namespace(step=0) %}
{% for pass in range(passes) %}
dispersion_{{ pass + 1 }} {{ as_materialized() }} (
    select
        base_0.sample,
        base_0.is_estimable,
        {% if family == 'binomial' %} 1.0 as phi
        {% else %} greatest(coalesce(residual.phi, 1.0), 1e-9) as phi
        {% endif %}
    from base_0
    {% if family == 'gaussian' %}
    left join (
        select
            coded.sample,
            sum(
                coded.outcome_square_weight - 2 * previous.lp * coded.outcome_weight
                + previous.lp * previous.lp * coded.weight
            ) / sum(coded.weight) as phi
        from coded
        inner join lp_{{ ns.step }} as previous on coded.cell_id = previous.cell_id
        group by coded.sample
    ) as residual on base_0.sample = residual.sample
    {% endif %}
),

{% for term in terms %}
{% set previous = 'lp_' ~ ns.step %}
{% set ns.step = ns.step + 1 %}
{% set t = term.name ~ '_' ~ (pass + 1) %}
{%- set mean = sigmoid('previous.lp') if family == 'binomial' else 'previous.lp' -%}
{%- set spread = (sigmoid('previous.lp') ~ ' * (1 - ' ~ sigmoid('previous.lp') ~ ')') if family == 'binomial' else '1.0' -%}
score_{{ t }} {{ as_materialized() }} (
    select
        scored.code,
        scored.sample,
        scored.effect_before,
        scored.v,
        scored.effect_before + scored.g / scored.v as z,
        scored.v * scored.v / scored.v2 as a
    from (
        select
            summed.code,
            codes.sample,
            summed.g / dispersion.phi as g,
            summed.v / dispersion.phi as v,
            summed.v2 / dispersion.phi as v2,
            {% if pass == 0 %} 0.0 {% else %} coalesce(before.effect, 0.0) {% endif %} as effect_before
        from (
            select
                coded.code_{{ term.name }} as code,
                sum(coded.outcome_weight - coded.weight * {{ mean }}) as g,
                sum(coded.weight * {{ spread }}) as v,
                sum(coded.squared_weight * {{ spread }}) as v2
            from coded
            inner join {{ previous }} as previous on coded.cell_id = previous.cell_id
            group by coded.code_{{ term.name }}
        ) as summed
        inner join codes_{{ term.name }} as codes on summed.code = codes.code
        inner join dispersion_{{ pass + 1 }} as dispersion on codes.sample = dispersion.sample
        {% if pass > 0 %}
        left join effect_{{ term.name }}_{{ pass }} as before on summed.code = before.code
        {% endif %}
        where dispersion.is_estimable and summed.v > 1e-12
    ) as scored
),

tau_{{ t }} {{ as_materialized() }} (
    select
        sample,
        coalesce(case
            when sum(a) - sum(a * a) / sum(a) > 0
                then greatest(0.0, (sum(a * z * z) - sum(a * z) * sum(a * z) / sum(a) - (count(*) - 1))
                    / (sum(a) - sum(a * a) / sum(a)))
        end, 0.0) as tau2
    from score_{{ t }}
    group by sample
),

effect_{{ t }} {{ as_materialized() }} (
    select
        score.code,
        score.v,
        tau.tau2,
        score.effect_before,
        case when tau.tau2 > 0 then score.v * score.z / (score.v + 1 / tau.tau2) else 0.0 end as effect,
        case when tau.tau2 > 0 then 1 / (score.v + 1 / tau.tau2) else 0.0 end as variance
    from score_{{ t }} as score
    inner join tau_{{ t }} as tau on score.sample = tau.sample
),

lp_{{ ns.step }} {{ as_materialized() }} (
    select
        coded.cell_id,
        previous.lp + coalesce(effect.effect - effect.effect_before, 0.0) as lp
    from coded
    inner join {{ previous }} as previous on coded.cell_id = previous.cell_id
    left join effect_{{ t }} as effect on coded.code_{{ term.name }} = effect.code
),

{% endfor %}
{%- set mean = sigmoid('last.lp') if family == 'binomial' else 'last.lp' -%}
{%- set spread = (sigmoid('last.lp') ~ ' * (1 - ' ~ sigmoid('last.lp') ~ ')') if family == 'binomial' else '1.0' -%}
base_{{ pass + 1 }} {{ as_materialized() }} (
    select
        before.sample,
        before.is_estimable,
        before.intercept + coalesce(case when before.is_estimable then step.shift end, 0.0) as intercept,
        coalesce(case when before.is_estimable then step.shift end, 0.0) as shift
    from base_{{ pass }} as before
    inner join (
        select
            coded.sample,
            sum(coded.outcome_weight - coded.weight * {{ mean }}) / nullif(sum(coded.weight * {{ spread }}), 0) as shift
        from coded
        inner join lp_{{ ns.step }} as last on coded.cell_id = last.cell_id
        group by coded.sample
    ) as step on before.sample = step.sample
),

{% set last = 'lp_' ~ ns.step %}
{% set ns.step = ns.step + 1 %}
lp_{{ ns.step }} {{ as_materialized() }} (
    select
        coded.cell_id,
        last.lp + base.shift as lp
    from coded
    inner join {{ last }} as last on coded.cell_id = last.cell_id
    inner join base_{{ pass + 1 }} as base on coded.sample = base.sample
),

{% endfor %}
fitted as (
    select
        sample,
        'base' as term,
        '(all)' as rep_id,
        '(all)' as level,
        intercept as effect,
        0.0 as variance,
        0.0 as information,
        0.0 as tau2
    from base_{{ passes }}
    {% for term in terms %}
    union all
    select
        codes.sample,
        '{{ term.name }}',
        codes.rep_id,
        codes.level,
        effects.effect,
        effects.variance,
        effects.v,
        effects.tau2
    from effect_{{ term.name }}_{{ passes }} as effects
    inner join codes_{{ term.name }} as codes on effects.code = codes.code
    {% endfor %}
)

select
    fitted.sample,
    fitted.term,
    fitted.rep_id,
    fitted.level,
    fitted.effect,
    fitted.variance,
    fitted.information,
    fitted.tau2,
    dispersion.is_estimable,
    dispersion.phi as dispersion
from fitted
inner join dispersion_{{ passes }} as dispersion on fitted.sample = dispersion.sample
{% endmacro %}
