-- What each rep is strong and weak at, beyond what the deals themselves predict. A strength is named
-- only where its 90 % interval leaves zero and the guard says that strengths hold here.
{% set dimensions = {
    'overall': {'term': 'rep', 'level': "'(all)'", 'key': 'cells.rep_id'},
    'industry': {'term': 'rep_industry', 'level': 'cells.industry', 'key': "cells.rep_id || ' | ' || cells.industry"},
    'geography': {'term': 'rep_geography', 'level': 'cells.geography', 'key': "cells.rep_id || ' | ' || cells.geography"},
    'size_band': {'term': 'rep_size_band', 'level': 'cells.size_band', 'key': "cells.rep_id || ' | ' || cells.size_band"},
    'product': {'term': 'rep_product', 'level': 'cells.product', 'key': "cells.rep_id || ' | ' || cells.product"},
} %}

with

cells as (
    select
        source.*,
        {{ sigmoid(segment_lp()) }} as expected_rate
    from {{ ref('int_strength__cells') }} as source
    {{ strength_joins(ref('int_strength__effects'), 'source') }}
    where source.sample = 'all'
),

guard as (select multiplier, is_on from {{ ref('strength_guard') }}),

floors as (
    select
        term,
        greatest(max(tau2), 0.15 * 0.15) as tau2
    from {{ ref('int_strength__effects') }}
    group by 1
),

counted as (
    {% for dimension, d in dimensions.items() -%}
    select
        cells.rep_id,
        '{{ dimension }}' as dimension,
        {{ d.level }} as level,
        '{{ d.term }}' as term,
        {{ d.key }} as effect_level,
        sum(cells.deals) as deals,
        sum(cells.wins) as wins,
        sum(cells.deals * cells.expected_rate) as expected_wins
    from cells
    group by 1, 2, 3, 4, 5
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

estimated as (
    select
        counted.*,
        guard.is_on,
        guard.multiplier * coalesce(effects.effect, 0.0) as effect,
        1.25 * sqrt(1 / (coalesce(effects.information, 0.0) + 1 / coalesce(floors.tau2, 0.15 * 0.15))) as effect_sd
    from counted
    cross join guard
    left join {{ ref('int_strength__effects') }} as effects
        on counted.term = effects.term and counted.effect_level = effects.level
    left join floors on counted.term = floors.term
)

select
    rep_id,
    dimension,
    level,
    cast(deals as bigint) as deal_count,
    wins / deals as observed_win_rate,
    expected_wins / deals as expected_win_rate,
    effect,
    effect_sd,
    effect - 1.645 * effect_sd as effect_lower,
    effect + 1.645 * effect_sd as effect_upper,
    deals < 5 as is_extrapolated,
    is_on and deals >= 5 and (effect - 1.645 * effect_sd > 0 or effect + 1.645 * effect_sd < 0) as is_named
from estimated
