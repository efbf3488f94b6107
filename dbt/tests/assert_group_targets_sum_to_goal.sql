-- Group targets add up to the company goal, to the cent.
{{ config(tags=['review']) }}
select
    goals.revenue_type,
    goals.target_amount,
    sum(targets.target_amount) as allocated_amount
from {{ ref('company_goals') }} as goals
left join {{ source('plan', 'group_targets') }} as targets on goals.revenue_type = targets.revenue_type
group by 1, 2
having sum(targets.target_amount) is null or sum(targets.target_amount) <> goals.target_amount
