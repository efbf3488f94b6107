-- What the open deals of new business are expected to bring, by account and month of the plan: amount
-- x chance of being won in that month. Empty where the pipeline is unknown.
with

calendar as (select * from {{ ref('int_company__calendar') }}),

months as (
    select
        month,
        {{ dbt.datediff(month_start(dbt.dateadd('day', 1, 'calendar.as_of_on')), 'plan_months.month', 'month') }} + 1
            as month_ahead
    from {{ ref('int_company__plan_months') }} as plan_months
    cross join calendar
    where plan_months.is_open
),

known as (select bool_or(has_pipeline) as has_pipeline from {{ ref('new_business_lags') }})

select
    deals.account_id,
    months.month,
    cast(sum(chances.chance * deals.factor * deals.amount) as double precision) as pipeline_amount,
    cast(sum(chances.chance * deals.factor) as double precision) as win_count,
    cast(sum(chances.chance * deals.factor * deals.amount * deals.amount) as double precision) as pipeline_square
from {{ ref('int_pipeline__deals') }} as deals
inner join {{ ref('int_pipeline__chances') }} as chances
    on deals.sample = chances.sample
    and deals.stage = chances.stage
    and deals.age_band = chances.age_band
inner join months on chances.month_ahead = months.month_ahead
cross join known
where deals.sample = 'all' and known.has_pipeline
group by 1, 2
