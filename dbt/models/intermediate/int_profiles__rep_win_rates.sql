-- What every available rep wins of every kind of account (industry x geography x size band), over the
-- products that industry asks for, with the guard's multiplier applied. Rows with rep_id '(segment)'
-- carry the same for a rep of whom nothing is known.
--   win rate per product   sigmoid(mu / sqrt(1 + pi sd^2 / 8)), the mean of a normal log-odds
--   won value rate         share of the value asked for that is won: products weighted by their value
--   margin rate            contribution of what is won, over its value
{% set half_pi_eighth = 0.39269908169872414 %}

with

profiles as (
    select distinct
        industry,
        region as geography,
        size_band
    from {{ ref('int_accounts__segmented') }}
),

guard as (select multiplier from {{ ref('int_strength__guard') }}),

products as (
    select
        mix.industry,
        mix.product,
        mix.share,
        margins.margin_rate,
        exp(coalesce(value_effects.effect, 0.0)) as value_factor
    from {{ ref('int_industries__product_mix') }} as mix
    inner join {{ ref('int_products__margins') }} as margins on mix.product = margins.product
    left join {{ ref('int_values__effects') }} as value_effects
        on value_effects.sample = 'all'
        and value_effects.term = 'product'
        and value_effects.level = mix.product
),

-- The deal's own log-odds by profile and product.
demand as (
    select
        profiles.industry,
        profiles.geography,
        profiles.size_band,
        products.product,
        products.share,
        products.share * products.value_factor as value_weight,
        products.margin_rate,
        {{ 'base.effect + ' ~ sum_effects(['industry', 'geography', 'size_band', 'product']) }} as segment_lp
    from profiles
    inner join products on profiles.industry = products.industry
    inner join {{ ref('int_strength__effects') }} as base on base.term = 'base' and base.sample = 'all'
    {% for name, relation in [('industry', 'profiles'), ('geography', 'profiles'), ('size_band', 'profiles'), ('product', 'products')] %}
    left join {{ ref('int_strength__effects') }} as term_{{ name }}
        on term_{{ name }}.sample = 'all'
        and term_{{ name }}.term = '{{ name }}'
        and term_{{ name }}.level = {{ relation }}.{{ name }}
    {% endfor %}
),

strengths as (select * from {{ ref('int_reps__strengths') }}),

reps as (
    select distinct
        rep_id,
        group_id
    from {{ ref('int_reps__months') }}
),

-- What a rep adds on a profile, whatever the product.
on_profile as (
    select
        profiles.industry,
        profiles.geography,
        profiles.size_band,
        reps.rep_id,
        coalesce(term_group.effect, 0.0)
        {%- for name in ['overall', 'industry', 'geography', 'size_band'] %} + {{ name }}.effect {%- endfor %} as advantage,
        {% for name in ['overall', 'industry', 'geography', 'size_band'] -%}
        {{ name }}.effect_sd * {{ name }}.effect_sd {{ '+' if not loop.last }}
        {% endfor %} as variance
    from profiles
    cross join reps
    left join {{ ref('int_strength__effects') }} as term_group
        on term_group.sample = 'all'
        and term_group.term = 'group'
        and term_group.level = reps.group_id
    inner join strengths as overall on overall.dimension = 'overall' and overall.rep_id = reps.rep_id
    {% for name in ['industry', 'geography', 'size_band'] %}
    inner join strengths as {{ name }}
        on {{ name }}.dimension = '{{ name }}'
        and {{ name }}.rep_id = reps.rep_id
        and {{ name }}.level = profiles.{{ name }}
    {% endfor %}
),

on_product as (
    select
        rep_id,
        level as product,
        effect,
        effect_sd * effect_sd as variance
    from strengths
    where dimension = 'product'
),

-- Nothing known of the rep: effect 0, spread of a typical rep.
unknown as (
    select sum(variance) as variance
    from (
        select max(1.25 * 1.25 * greatest(effects.tau2, 0.0225)) as variance
        from (
            {% for name in ['rep', 'rep_industry', 'rep_geography', 'rep_size_band', 'rep_product'] -%}
            select '{{ name }}' as term
            {{ 'union all' if not loop.last }}
            {% endfor %}
        ) as terms
        left join {{ ref('int_strength__effects') }} as effects
            on terms.term = effects.term and effects.sample = 'all'
        group by terms.term
    ) as by_term
),

crossed as (
    select
        demand.*,
        on_profile.rep_id,
        guard.multiplier * (on_profile.advantage + on_product.effect) as advantage,
        on_profile.variance + on_product.variance as variance
    from on_profile
    inner join demand
        on on_profile.industry = demand.industry
        and on_profile.geography = demand.geography
        and on_profile.size_band = demand.size_band
    inner join on_product
        on on_profile.rep_id = on_product.rep_id
        and demand.product = on_product.product
    cross join guard
    union all
    select
        demand.*,
        '(segment)',
        0.0,
        coalesce(unknown.variance, 0.0)
    from demand
    cross join unknown
),

-- With the guard off nothing about a rep counts, so its uncertainty does not either.
scored as (
    select
        crossed.*,
        {{ sigmoid('((crossed.segment_lp + crossed.advantage) / sqrt(1 + ' ~ half_pi_eighth ~ ' * guard.multiplier * guard.multiplier * crossed.variance))') }} as win_rate
    from crossed
    cross join guard
)

select
    industry,
    geography,
    size_band,
    rep_id,
    sum(share * win_rate) as win_rate,
    sum(value_weight * win_rate) / sum(value_weight) as won_value_rate,
    coalesce(sum(value_weight * win_rate * margin_rate) / nullif(sum(value_weight * win_rate), 0),
        sum(value_weight * margin_rate) / sum(value_weight)) as margin_rate,
    sum(share * advantage) as advantage,
    sqrt(sum(share * variance)) as advantage_sd
from scored
group by 1, 2, 3, 4
