-- depends_on: {{ ref('quota_periods') }}
select
    targets.group_id,
    targets.month,
    targets.revenue_type,
    targets.target_amount,
    targets.quota_amount
from {{ ref('stg_plan__group_targets') }} as targets
inner join {{ ref('coverage_groups') }} as groups on targets.group_id = groups.group_id
where abs(targets.quota_amount - targets.target_amount * (1 + cast(groups.over_assignment_rate as decimal(9, 6)))) > 0.005
