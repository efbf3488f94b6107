-- Every row of the overrides file: who decided it and until when, whether it counts today, and what
-- it costs the plan. For a review by those who wrote it: what is expired or costs much can go.
with

calendar as (select * from {{ ref('int_company__calendar') }}),

accounts as (select * from {{ ref('coverage_accounts') }}),

costs as (
    select *
    from {{ ref('stg_plan__lock_costs') }}
    where lock_source = 'override'
),

assignments as (select * from {{ ref('stg_plan__coverage_assignments') }})

select
    overrides.account_id,
    overrides.action as lock_action,
    overrides.rep_id,
    overrides.author,
    overrides.reason,
    overrides.expires_on,
    case
        when accounts.account_id is null then 'no such account'
        when overrides.expires_on < calendar.as_of_on then 'expired'
        when overrides.action <> 'release' and costs.account_id is null then 'without effect'
        else 'in force'
    end as status,
    cast(
        {{ dbt.datediff('calendar.as_of_on', 'overrides.expires_on', 'day') }}
        as bigint
    ) as days_left,
    assignments.rep_id as planned_rep_id,
    costs.better_rep_id,
    costs.cost_amount,
    costs.resolved_cost_amount
from {{ ref('stg_policy__overrides') }} as overrides
cross join calendar
left join accounts on overrides.account_id = accounts.account_id
left join assignments on overrides.account_id = assignments.account_id
left join costs
    on overrides.account_id = costs.account_id
    and overrides.action = costs.lock_action
    and coalesce(overrides.rep_id, accounts.present_rep_id) = costs.rep_id
    and overrides.expires_on >= calendar.as_of_on
