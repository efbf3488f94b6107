-- What each group won, month by month: what the outlook's uncertainty is estimated from. Only whole
-- months count. Deals of people without a group count for '(unknown)'.
with

calendar as (select plan_from_on, as_of_on from {{ ref('int_company__calendar') }}),

won as (
    select
        deals.group_id,
        {{ month_start('deals.closed_on') }} as month,
        deals.revenue_type,
        deals.amount
    from {{ ref('int_opportunities__credits') }} as deals
    cross join calendar
    where
        deals.is_won
        and deals.amount > 0
        and deals.closed_on < {{ month_start(dbt.dateadd('day', 1, 'calendar.as_of_on')) }}
)

select
    group_id,
    month,
    revenue_type,
    cast(sum(amount) as double precision) as won_amount,
    cast(count(*) as bigint) as won_count,
    cast(sum(amount * amount) as double precision) as won_square
from won
group by 1, 2, 3
