-- Closed deals as the strength models see them, split by time: the newest are held out for the guard
-- (is_holdout); of the others, the newest quarter chooses how fast old deals fade (is_validation).
-- An account tells something of its own only where accounts have several deals and change hands;
-- elsewhere its effect cannot be told from its rep's, and account_key is the same for all.
with

deals as (
    select *
    from {{ ref('int_opportunities__profiled') }}
    where is_closed
),

by_account as (
    select
        account_id,
        count(*) as deals,
        count(distinct rep_id) as reps
    from deals
    group by account_id
),

account_use as (
    select
        coalesce(
            cast(sum(deals) as double precision) / count(*) >= 3
            and cast(sum(case when deals >= 2 and reps >= 2 then 1 else 0 end) as double precision)
            / nullif(sum(case when deals >= 2 then 1 else 0 end), 0) >= 0.2,
            false
        ) as is_used
    from by_account
),

split as (
    select percentile_cont(0.25) within group (order by age_days) as validation_age_days
    from deals
    where age_days > {{ var('strength_holdout_days') }}
)

select
    deals.opportunity_id,
    deals.account_id,
    case when account_use.is_used then deals.account_id else '(all)' end as account_key,
    deals.rep_id,
    deals.group_id,
    deals.industry,
    deals.geography,
    deals.size_band,
    deals.product,
    deals.revenue_type,
    deals.is_won,
    deals.amount,
    deals.age_days,
    deals.age_days <= {{ var('strength_holdout_days') }} as is_holdout,
    deals.age_days > {{ var('strength_holdout_days') }} and deals.age_days <= split.validation_age_days
        as is_validation,
    split.validation_age_days
from deals
cross join account_use
cross join split
