-- Quotas as agreed, spread evenly over the months of their period (the last month takes what
-- rounding leaves). A quota for both types together is split as the company's goal is.
with

quotas as (select * from {{ ref('stg_hr__quotas') }}),

numbers as (select month_number from {{ ref('int_company__plan_months') }}),

months as (
    select
        quotas.rep_id,
        quotas.revenue_type,
        cast(
            {{ dbt.dateadd(
                'month', 'cast(numbers.month_number - 1 as integer)', 'quotas.starts_on'
            ) }} as date
        ) as month,
        case
            when numbers.month_number < quotas.month_count
                then round(quotas.amount / quotas.month_count, 2)
            else
                round(
                    quotas.amount
                    - (quotas.month_count - 1) * round(quotas.amount / quotas.month_count, 2),
                    2
                )
        end as amount
    from quotas
    inner join numbers on quotas.month_count >= numbers.month_number
),

goal as (
    select
        coalesce(
            sum(case when revenue_type = 'new' then goal_amount end) / nullif(sum(goal_amount), 0),
            0.5
        ) as new_share
    from {{ ref('company_goals') }}
),

typed as (
    select rep_id, revenue_type, month, amount
    from months
    where revenue_type is not null
    union all
    select months.rep_id, 'new', months.month, round(months.amount * goal.new_share, 2)
    from months cross join goal
    where months.revenue_type is null
    union all
    select
        months.rep_id,
        'existing',
        months.month,
        months.amount - round(months.amount * goal.new_share, 2)
    from months cross join goal
    where months.revenue_type is null
)

select
    rep_id,
    month,
    revenue_type,
    cast(round(sum(amount), 2) as double precision) as amount
from typed
group by 1, 2, 3
