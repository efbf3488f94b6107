-- Quarters and years are sums of months on the fiscal calendar, both revenue types are the sum of
-- the two: one table of every such sum, by company, group and rep.
with

months as (
    select
        month,
        month_number,
        cast(floor((month_number - 1) / 3.0) as integer) * 3 as months_before
    from {{ ref('int_company__plan_months') }}
),

starts as (
    select
        months.month,
        quarters.month as quarter_on,
        years.month as year_on
    from months
    inner join months as quarters on months.months_before + 1 = quarters.month_number
    inner join months as years on years.month_number = 1
),

rep_cells as (
    select
        'rep' as level,
        rep_id as entity_id,
        month,
        revenue_type,
        cast(null as decimal(18, 2)) as target_amount,
        quota_amount
    from {{ ref('stg_plan__quota_allocations') }}
),

group_cells as (
    select 'group' as level, group_id as entity_id, month, revenue_type, target_amount, quota_amount
    from {{ ref('stg_plan__group_targets') }}
),

cells as (
    select * from rep_cells
    union all
    select * from group_cells
    union all
    select 'company', 'company', month, revenue_type, sum(target_amount), sum(quota_amount)
    from group_cells
    group by month, revenue_type
),

typed as (
    select * from cells
    union all
    select level, entity_id, month, 'all', sum(target_amount), sum(quota_amount)
    from cells
    group by level, entity_id, month
),

periods as (
    select typed.*, 'month' as period_type, typed.month as period_on from typed
    union all
    select typed.*, 'quarter', starts.quarter_on
    from typed inner join starts on typed.month = starts.month
    union all
    select typed.*, 'year', starts.year_on
    from typed inner join starts on typed.month = starts.month
)

select
    level,
    entity_id,
    period_type,
    period_on,
    revenue_type,
    cast(sum(target_amount) as decimal(18, 2)) as target_amount,
    cast(sum(quota_amount) as decimal(18, 2)) as quota_amount,
    cast(count(*) as bigint) as month_count
from periods
group by level, entity_id, period_type, period_on, revenue_type
