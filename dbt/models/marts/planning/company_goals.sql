-- The company goal of the plan's fiscal year, as given or the year before it grown, and what is
-- left of it: goal and company buffer, less what the months that are past have won.
with

goals as (select * from {{ ref('stg_policy__goals') }}),

policy as (select company_buffer_rate from {{ ref('stg_policy__people_policy') }}),

-- In the last month of a fiscal year the next one is planned: the last twelve months stand in for a
-- year that is not over.
won as (
    select
        deals.revenue_type,
        sum(case
            when calendar.plan_start_on > calendar.as_of_on and deals.age_days < 365
                then deals.amount
            when calendar.plan_start_on <= calendar.as_of_on
                and deals.closed_on >= {{ dbt.dateadd('month', -12, 'calendar.plan_start_on') }}
                and deals.closed_on < calendar.plan_start_on
                then deals.amount
        end) as last_year_amount,
        sum(case
            when deals.closed_on >= calendar.plan_start_on
                and deals.closed_on < calendar.plan_from_on
                then deals.amount
        end) as past_amount
    from {{ ref('int_opportunities__profiled') }} as deals
    cross join {{ ref('int_company__calendar') }} as calendar
    where deals.is_won
    group by 1
),

priced as (
    select
        goals.revenue_type,
        goals.target_amount is not null as is_given,
        coalesce(won.last_year_amount, 0) as won_amount_last_year,
        cast(round(cast(coalesce(won.past_amount, 0) as decimal(18, 4)), 2) as decimal(18, 2))
            as won_amount,
        cast(round(cast(
            coalesce(
                goals.target_amount, coalesce(won.last_year_amount, 0) * (1 + goals.growth_rate)
            ) as decimal(18, 4)
        ), 2) as decimal(18, 2)) as goal_amount,
        policy.company_buffer_rate
    from goals
    cross join policy
    left join won on goals.revenue_type = won.revenue_type
),

buffered as (
    select
        priced.*,
        cast(round(cast(goal_amount * company_buffer_rate as decimal(18, 4)), 2) as decimal(18, 2))
            as buffer_amount
    from priced
)

select
    revenue_type,
    goal_amount,
    buffer_amount,
    won_amount,
    cast(greatest(goal_amount + buffer_amount - won_amount, 0) as decimal(18, 2)) as target_amount,
    cast(won_amount_last_year as double precision) as won_amount_last_year,
    case when is_given then 'given' else 'grown' end as method
from buffered
