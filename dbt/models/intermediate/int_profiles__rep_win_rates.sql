-- Win rate of every available rep on every kind of account (industry x geography x size band),
-- averaged over the products that industry buys, with the guard's multiplier applied. Rows with
-- rep_id '(segment)' carry the rate without any rep.
with

profiles as (
    select distinct
        industry,
        region as geography,
        size_band
    from {{ ref('int_accounts__segmented') }}
),

mix as (
    select
        industry,
        product,
        sum(deals) as deals
    from {{ ref('int_strength__cells') }}
    where sample = 'all'
    group by 1, 2
),

company_mix as (
    select
        product,
        sum(deals) as deals
    from mix
    group by 1
),

-- One industry with few deals still buys roughly what the company sells: 10 pseudo-deals.
shares as (
    select
        profiles.industry,
        profiles.geography,
        profiles.size_band,
        company_mix.product,
        (coalesce(mix.deals, 0) + 10.0 * company_mix.deals / total.deals)
        / sum(coalesce(mix.deals, 0) + 10.0 * company_mix.deals / total.deals) over (
            partition by profiles.industry, profiles.geography, profiles.size_band
        ) as share
    from profiles
    cross join company_mix
    cross join (select sum(deals) as deals from company_mix) as total
    left join mix on profiles.industry = mix.industry and company_mix.product = mix.product
),

reps as (
    select distinct
        rep_id,
        group_id
    from {{ ref('rep_months') }}
    union all
    select '(segment)', '(segment)'
),

guard as (select multiplier from {{ ref('strength_guard') }}),

-- An unknown effect varies as much as its term does, and never less than 0.15 log-odds.
floors as (
    select
        term,
        greatest(max(tau2), 0.15 * 0.15) as tau2
    from {{ ref('int_strength__effects') }}
    where term like 'rep%'
    group by 1
),

crossed as (
    select
        shares.*,
        reps.rep_id,
        reps.group_id
    from shares
    cross join reps
),

scored as (
    select
        crossed.industry,
        crossed.geography,
        crossed.size_band,
        crossed.rep_id,
        crossed.share,
        {{ segment_lp() }} as segment_lp,
        guard.multiplier * {{ advantage() }} as advantage,
        {% for name in ['rep', 'rep_industry', 'rep_geography', 'rep_size_band', 'rep_product'] -%}
        1 / (coalesce(term_{{ name }}.information, 0) + 1 / coalesce(floor_{{ name }}.tau2, 0.15 * 0.15)) {{ '+' if not loop.last }}
        {% endfor %} as variance
    from crossed
    cross join guard
    {{ strength_joins(ref('int_strength__effects'), 'crossed') }}
    {% for name in ['rep', 'rep_industry', 'rep_geography', 'rep_size_band', 'rep_product'] -%}
    left join floors as floor_{{ name }} on floor_{{ name }}.term = '{{ name }}'
    {% endfor %}
)

select
    industry,
    geography,
    size_band,
    rep_id,
    sum(share * {{ sigmoid('segment_lp + advantage') }}) as win_rate,
    sum(share * {{ sigmoid('segment_lp') }}) as segment_win_rate,
    sum(share * advantage) as advantage,
    -- Published deviations are 1.25 times the model's: measured to make 90 % intervals hold.
    1.25 * sqrt(sum(share * variance)) as advantage_sd
from scored
group by 1, 2, 3, 4
