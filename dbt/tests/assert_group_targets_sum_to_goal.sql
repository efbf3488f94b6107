-- depends_on: {{ ref('quota_periods') }}
with

allocated as (
    select
        revenue_type,
        sum(target_amount) as target_amount,
        sum(quota_amount) as quota_amount
    from {{ ref('stg_plan__group_targets') }}
    group by 1
)

select
    goals.revenue_type,
    goals.goal_amount,
    company.target_amount,
    allocated.target_amount as allocated_amount
from {{ ref('company_goals') }} as goals
left join {{ ref('stg_plan__company_targets') }} as company on goals.revenue_type = company.revenue_type
left join allocated on goals.revenue_type = allocated.revenue_type
where
    coalesce(company.target_amount <> allocated.target_amount, true)
    or coalesce(company.quota_amount <> allocated.quota_amount, true)
    or coalesce(company.goal_amount <> goals.goal_amount, true)
    or coalesce(
        goals.goal_amount + goals.buffer_amount - goals.won_amount
        <> company.target_amount + company.unallocated_amount, true)
