-- Quarters and years are sums of months on the fiscal calendar, both revenue types are the sum of
-- the two: one table of every such sum, by company, group and rep. A rep's months stand here only
-- where a month carries a figure.
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
        quota_amount,
        figure_period
    from {{ ref('stg_plan__quota_allocations') }}
),

group_cells as (
    select
        'group' as level,
        group_id as entity_id,
        month,
        revenue_type,
        target_amount,
        quota_amount,
        'month' as figure_period
    from {{ ref('stg_plan__group_targets') }}
),

cells as (
    select * from rep_cells
    union all
    select * from group_cells
    union all
    select 'company', 'company', month, revenue_type, sum(target_amount), sum(quota_amount), 'month'
    from group_cells
    group by month, revenue_type
),

typed as (
    select * from cells
    union all
    select
        cells.level,
        cells.entity_id,
        cells.month,
        'all',
        sum(cells.target_amount),
        sum(cells.quota_amount),
        coalesce(max(reps.figure_period), 'month')
    from cells
    left join {{ ref('stg_plan__rep_quotas') }} as reps
        on cells.level = 'rep' and cells.entity_id = reps.rep_id
    group by cells.level, cells.entity_id, cells.month
),

periods as (
    select typed.*, 'month' as period_type, typed.month as period_on
    from typed where typed.figure_period = 'month'
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
    cast(count(*) as bigint) as month_count,
    period_type = figure_period as is_finest
from periods
group by level, entity_id, period_type, period_on, revenue_type, figure_period
