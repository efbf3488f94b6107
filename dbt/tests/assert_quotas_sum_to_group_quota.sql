-- depends_on: {{ ref('quota_periods') }}
with

reps as (
    select
        group_id,
        month,
        revenue_type,
        sum(quota_amount) as quota_amount
    from {{ ref('stg_plan__quota_allocations') }}
    group by 1, 2, 3
)

select
    targets.group_id,
    targets.month,
    targets.revenue_type,
    targets.quota_amount,
    reps.quota_amount as allocated_amount
from {{ ref('stg_plan__group_targets') }} as targets
left join reps
    on targets.group_id = reps.group_id
    and targets.month = reps.month
    and targets.revenue_type = reps.revenue_type
where coalesce(reps.quota_amount, 0) <> targets.quota_amount
