-- What each rep is strong and weak at, beyond what the deals themselves predict. A strength is named
-- only where its 90 % interval leaves zero, there are at least 5 deals and the guard says that strengths
-- hold here.
with

strengths as (select * from {{ ref('int_reps__strengths') }}),

guard as (select * from {{ ref('strength_guard') }}),

totals as (
    select
        strengths.rep_id,
        strengths.dimension,
        strengths.level,
        guard.multiplier * case
            when strengths.dimension = 'overall' then strengths.effect else strengths.effect + overall.effect
        end as effect,
        case
            when strengths.dimension = 'overall' then strengths.effect_sd * strengths.effect_sd
            else strengths.effect_sd * strengths.effect_sd + overall.effect_sd * overall.effect_sd
        end as variance
    from strengths
    cross join guard
    inner join strengths as overall
        on strengths.rep_id = overall.rep_id
        and overall.dimension = 'overall'
),

-- How many accounts each active rep owns at a level today. A product is asked for by all of them.
owned as (
    select
        accounts.owner_rep_id as rep_id,
        accounts.industry,
        accounts.region,
        accounts.size_band
    from {{ ref('int_accounts__segmented') }} as accounts
    inner join (select distinct rep_id from {{ ref('rep_months') }}) as active
        on accounts.owner_rep_id = active.rep_id
),

owned_levels as (
    {% for dimension, column in [('industry', 'industry'), ('geography', 'region'), ('size_band', 'size_band')] -%}
    select
        rep_id,
        '{{ dimension }}' as dimension,
        {{ column }} as level,
        count(*) as accounts
    from owned
    group by 1, 2, 3
    union all
    {% endfor -%}
    select
        owned.rep_id,
        levels.dimension,
        levels.level,
        count(*) as accounts
    from owned
    cross join (
        select distinct
            dimension,
            level
        from strengths
        where dimension in ('overall', 'product')
    ) as levels
    group by 1, 2, 3
),

owners as (
    select
        owned_levels.*,
        owned_levels.accounts * totals.effect as effect_sum,
        owned_levels.accounts * totals.variance as variance_sum
    from owned_levels
    inner join totals
        on owned_levels.rep_id = totals.rep_id
        and owned_levels.dimension = totals.dimension
        and owned_levels.level = totals.level
),

by_level as (
    select
        dimension,
        level,
        sum(accounts) as accounts,
        sum(effect_sum) as effect_sum,
        sum(variance_sum) as variance_sum
    from owners
    group by dimension, level
),

-- The present owners of the level's other accounts, on average.
compared as (
    select
        totals.rep_id,
        totals.dimension,
        totals.level,
        totals.effect,
        totals.variance,
        (by_level.effect_sum - coalesce(owners.effect_sum, 0))
        / nullif(by_level.accounts - coalesce(owners.accounts, 0), 0) as others_effect,
        (by_level.variance_sum - coalesce(owners.variance_sum, 0))
        / nullif(by_level.accounts - coalesce(owners.accounts, 0), 0) as others_variance
    from totals
    left join by_level on totals.dimension = by_level.dimension and totals.level = by_level.level
    left join owners
        on totals.rep_id = owners.rep_id
        and totals.dimension = owners.dimension
        and totals.level = owners.level
)

select
    strengths.rep_id,
    strengths.dimension,
    strengths.level,
    cast(strengths.deals as bigint) as deal_count,
    cast(strengths.wins as bigint) as won_count,
    cast(strengths.wins / nullif(strengths.deals, 0) as double precision) as observed_win_rate,
    cast(strengths.expected_wins / nullif(strengths.deals, 0) as double precision) as expected_win_rate,
    guard.multiplier * strengths.effect as effect,
    strengths.effect_sd,
    guard.multiplier * strengths.effect - 1.645 * strengths.effect_sd as effect_lower,
    guard.multiplier * strengths.effect + 1.645 * strengths.effect_sd as effect_upper,
    strengths.prior_effect,
    case
        when guard.is_on
            then {{ normal_cdf('((compared.effect - compared.others_effect) / sqrt(compared.variance + compared.others_variance))') }}
    end as beats_owners_probability,
    strengths.deals < 5 as is_extrapolated,
    guard.is_on and strengths.deals >= 5 and (
        guard.multiplier * strengths.effect - 1.645 * strengths.effect_sd > 0
        or guard.multiplier * strengths.effect + 1.645 * strengths.effect_sd < 0
    ) as is_named
from strengths
cross join guard
inner join compared
    on strengths.rep_id = compared.rep_id
    and strengths.dimension = compared.dimension
    and strengths.level = compared.level
