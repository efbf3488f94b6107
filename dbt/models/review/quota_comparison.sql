-- Quotas as agreed beside the plan's, month by month: of the same month where one is agreed, and of
-- the same month a year before.
with

planned as (
    select
        rep_id,
        month,
        sum(quota_amount) as quota_amount
    from {{ ref('stg_plan__quota_allocations') }}
    group by 1, 2
),

agreed as (
    select
        rep_id,
        month,
        sum(amount) as amount
    from {{ ref('agreed_quotas') }}
    group by 1, 2
),

won as (
    select
        deals.rep_id,
        {{ month_start('deals.closed_on') }} as month,
        sum(deals.amount) as amount
    from {{ ref('int_opportunities__credits') }} as deals
    where deals.is_won
    group by 1, 2
)

select
    planned.rep_id,
    planned.month,
    cast(planned.quota_amount as double precision) as quota_amount,
    cast(agreed.amount as double precision) as agreed_amount,
    cast(last_year.amount as double precision) as agreed_last_year_amount,
    cast(coalesce(won.amount, 0) as double precision) as won_last_year_amount
from planned
left join agreed on planned.rep_id = agreed.rep_id and planned.month = agreed.month
left join agreed as last_year
    on planned.rep_id = last_year.rep_id
    and {{ dbt.dateadd('month', -12, 'planned.month') }} = last_year.month
left join won
    on planned.rep_id = won.rep_id
    and {{ dbt.dateadd('month', -12, 'planned.month') }} = won.month
