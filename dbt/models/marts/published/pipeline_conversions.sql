-- How open deals of new business have converted: the chance by stage and age, how much likelier an
-- industry's are, and whether the chances known a year ago came true. Row '(all)' holds for all.
{% set months = 12 %}
{% set decided = 'decided_after <= least(' ~ months ~ ', months_ago)' %}
{% set sums = [
    'open_count', 'open_amount', 'expected_count', 'expected_amount', 'held_out_count',
    'held_out_expected_count', 'held_out_won_count', 'held_out_expected_amount',
    'held_out_won_amount',
] %}
{% set levels = [
    ('stage and age', 'cells.stage', 'cells.age_band', "'(all)'"),
    ('industry', "'(all)'", "'(all)'", 'cells.season_key'),
    ('all', "'(all)'", "'(all)'", "'(all)'"),
] %}

with

deals as (select * from {{ ref('int_pipeline__deals') }}),

yearly as (
    select sample, stage, age_band, chance_so_far as chance
    from {{ ref('int_pipeline__chances') }}
    where month_ahead = {{ months }}
),

seen as (
    select
        stage,
        age_band,
        season_key,
        count(*) as seen_count,
        sum(case when is_won and {{ decided }} then 1 else 0 end) as won_count,
        sum(case when not is_won and {{ decided }} then 1 else 0 end) as lost_count
    from {{ ref('int_pipeline__observations') }}
    where months_ago between 1 and {{ pipeline_seen_months() }}
    group by 1, 2, 3
),

valued as (
    select
        deals.*,
        yearly.chance * deals.factor as chance
    from deals
    inner join yearly
        on deals.sample = yearly.sample
        and deals.stage = yearly.stage
        and deals.age_band = yearly.age_band
),

counted as (
    select
        stage,
        age_band,
        season_key,
        max(case when sample = 'all' then factor end) as factor,
        sum(case when sample = 'all' then 1 else 0 end) as open_count,
        sum(case when sample = 'all' then amount else 0 end) as open_amount,
        sum(case when sample = 'all' then chance else 0 end) as expected_count,
        sum(case when sample = 'all' then chance * amount else 0 end) as expected_amount,
        sum(case when sample = 'held_out' then 1 else 0 end) as held_out_count,
        sum(case when sample = 'held_out' then chance else 0 end) as held_out_expected_count,
        sum(case when sample = 'held_out' then won else 0 end) as held_out_won_count,
        sum(case when sample = 'held_out' then chance * amount else 0 end)
            as held_out_expected_amount,
        sum(case when sample = 'held_out' then won * amount else 0 end) as held_out_won_amount
    from valued
    group by 1, 2, 3
),

cells as (
    select
        coalesce(seen.stage, counted.stage) as stage,
        coalesce(seen.age_band, counted.age_band) as age_band,
        coalesce(seen.season_key, counted.season_key) as season_key,
        coalesce(seen.seen_count, 0) as seen_count,
        coalesce(seen.won_count, 0) as won_count,
        coalesce(seen.lost_count, 0) as lost_count,
        {% for column in sums -%}
        coalesce(counted.{{ column }}, 0) as {{ column }},
        {% endfor -%}
        counted.factor
    from seen
    full outer join counted
        on seen.stage = counted.stage
        and seen.age_band = counted.age_band
        and seen.season_key = counted.season_key
),

bases as (select min(basis) as basis from deals),

-- The same sums by stage and age, by industry, and over all.
{% for level, stage, age_band, season_key in levels %}
by_{{ loop.index }} as (
    select
        '{{ level }}' as level,
        {{ stage }} as stage,
        {{ age_band }} as age_band,
        {{ season_key }} as industry,
        sum(cells.seen_count) as seen_count,
        sum(cells.won_count) as won_count,
        sum(cells.lost_count) as lost_count,
        sum(greatest(cells.seen_count, 1) * yearly.chance) / sum(greatest(cells.seen_count, 1))
            as chance,
        {% for column in sums -%}
        sum(cells.{{ column }}) as {{ column }},
        {% endfor -%}
        {{ 'max(cells.factor)' if level == 'industry' else '1.0' }} as factor
    from cells
    inner join yearly
        on yearly.sample = 'all'
        and cells.stage = yearly.stage
        and cells.age_band = yearly.age_band
    group by 1, 2, 3, 4
),
{% endfor %}

joined as (
    {% for level in levels -%}
    select * from by_{{ loop.index }} {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    joined.level,
    joined.stage,
    joined.age_band,
    joined.industry,
    bases.basis,
    cast(joined.seen_count as bigint) as seen_count,
    cast(joined.won_count as bigint) as won_count,
    cast(joined.lost_count as bigint) as lost_count,
    cast(least(joined.chance * coalesce(joined.factor, 1.0), 0.95) as double precision) as win_rate,
    cast(coalesce(joined.factor, 1.0) as double precision) as industry_factor,
    cast(joined.open_count as bigint) as open_count,
    cast(joined.open_amount as double precision) as open_amount,
    cast(joined.expected_count as double precision) as expected_count,
    cast(joined.expected_amount as double precision) as expected_amount,
    cast(joined.held_out_count as bigint) as held_out_count,
    cast(joined.held_out_expected_count as double precision) as held_out_expected_count,
    cast(joined.held_out_won_count as bigint) as held_out_won_count,
    cast(joined.held_out_expected_amount as double precision) as held_out_expected_amount,
    cast(joined.held_out_won_amount as double precision) as held_out_won_amount
from joined
cross join bases
