-- The company goal of the plan's fiscal year, as given or the year before it grown, and what is
-- left of it: goal and company buffer, less what the months that are past have won.
with

goals as (select * from {{ ref('stg_policy__goals') }}),

policy as (select company_buffer_rate from {{ ref('stg_policy__people_policy') }}),

periods as (select * from {{ ref('int_goals__base_period') }}),

past as (
    select
        deals.revenue_type,
        sum(deals.amount) as amount
    from {{ ref('int_opportunities__profiled') }} as deals
    cross join {{ ref('int_company__calendar') }} as calendar
    where deals.is_won
        and deals.closed_on >= calendar.plan_start_on
        and deals.closed_on < calendar.plan_from_on
    group by 1
),

base as (
    select
        revenue_type,
        sum(base_amount) as amount
    from {{ ref('company_goals__base') }}
    group by 1
),

priced as (
    select
        goals.revenue_type,
        goals.target_amount is not null as is_given,
        periods.months as base_months,
        periods.is_whole,
        coalesce(base.amount, 0) as base_amount,
        cast(round(cast(coalesce(past.amount, 0) as decimal(18, 4)), 2) as decimal(18, 2))
            as won_amount,
        cast(round(cast(
            coalesce(
                goals.target_amount, coalesce(base.amount, 0) * (1 + goals.growth_rate)
            ) as decimal(18, 4)
        ), 2) as decimal(18, 2)) as goal_amount,
        policy.company_buffer_rate
    from goals
    cross join policy
    inner join periods on goals.revenue_type = periods.revenue_type
    left join base on goals.revenue_type = base.revenue_type
    left join past on goals.revenue_type = past.revenue_type
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
    cast(base_amount as double precision) as base_amount,
    cast(base_months as double precision) as base_months,
    case when is_given then 'given' when is_whole then 'grown' else 'scaled' end as method
from buffered
