-- Hours needed under the plan against hours there are. An account that somebody is missed for
-- counts in its owner of record's group. Available hours know FTE, ramp, absences and notice.
with
months as (
    select
        month,
        cast({{ dbt.dateadd('month', 1, 'month') }} as date) as next_month
    from {{ ref('int_company__plan_months') }}
),

policy as (select * from {{ ref('stg_policy__people_policy') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

accounts as (select * from {{ ref('coverage_accounts') }}),

employees as (select * from {{ ref('stg_hr__employees') }}),

assignments as (select * from {{ ref('stg_plan__coverage_assignments') }}),

rep_months as (select * from {{ ref('rep_months') }}),

needed as (
    select
        case
            when assignments.coverer_type = 'house' then coalesce(employees.group_id, '(no group)')
            else assignments.group_id
        end as group_id,
        sum(case when assignments.coverer_type = 'house' then 0 else assignments.hours end)
            as planned_hours,
        sum(coalesce(missed.hours, 0)) as uncovered_hours,
        count(missed.account_id) as uncovered_count
    from accounts
    inner join assignments on accounts.account_id = assignments.account_id
    left join {{ ref('capacity_gaps__missed_accounts') }} as missed
        on accounts.account_id = missed.account_id
    left join employees on accounts.previous_owner_rep_id = employees.rep_id
    where assignments.coverer_type <> 'partner'
    group by 1
),

owned as (
    select employees.group_id, sum(accounts.hours_per_year) as hours
    from accounts
    inner join employees on accounts.previous_owner_rep_id = employees.rep_id
    group by 1
),

available as (
    select group_id, month, sum(available_hours) as hours from rep_months group by 1, 2
),

open_heads as (
    select
        hires.group_id,
        months.month,
        sum(hires.head_count * settings.selling_hours_per_year / 12.0 * case
            when hires.start_on >= months.next_month then 0.0
            when settings.ramp_months = 0 then 1.0
            else
                least(
                    1.0,
                    settings.ramp_start_rate + (1 - settings.ramp_start_rate)
                    * greatest(0, {{ dbt.datediff('hires.start_on', 'months.month', 'month') }})
                    / settings.ramp_months
                )
        end) as hours
    from {{ ref('stg_policy__hires') }} as hires
    cross join months
    cross join settings
    group by 1, 2
),

groups as (
    select group_id from {{ ref('coverage_groups') }} where group_id <> 'partner'
    union
    select group_id from needed
),

joined as (
    select
        groups.group_id,
        months.month,
        coalesce(needed.planned_hours, 0) / 12.0 as planned_hours,
        coalesce(needed.uncovered_hours, 0) / 12.0 as uncovered_hours,
        coalesce(owned.hours, 0) / 12.0 as owned_hours,
        coalesce(available.hours, 0) as available_hours,
        coalesce(open_heads.hours, 0) as open_head_hours,
        coalesce(needed.uncovered_count, 0) as uncovered_count
    from groups
    cross join months
    left join needed on groups.group_id = needed.group_id
    left join owned on groups.group_id = owned.group_id
    left join available on groups.group_id = available.group_id and months.month = available.month
    left join open_heads
        on groups.group_id = open_heads.group_id and months.month = open_heads.month
),

held as (
    select
        staff.group_id,
        staff.rep_id,
        staff.month,
        count(distinct required.certification) - count(distinct certifications.certification)
            as missing_count
    from rep_months as staff
    left join {{ ref('stg_policy__required_certifications') }} as required on true
    left join {{ ref('stg_hr__certifications') }} as certifications
        on staff.rep_id = certifications.rep_id
        and required.certification = certifications.certification
        and coalesce(certifications.valid_from_on, staff.month) <= staff.month
        and coalesce(certifications.valid_to_on, staff.month) >= staff.month
    group by 1, 2, 3
),

certified as (
    select
        group_id,
        month,
        avg(case when missing_count > 0 then 1.0 else 0.0 end) as under_certified_rate
    from held
    group by 1, 2
)

select
    joined.group_id,
    joined.month,
    cast(joined.planned_hours + joined.uncovered_hours as double precision) as needed_hours,
    cast(joined.planned_hours as double precision) as planned_hours,
    cast(joined.uncovered_hours as double precision) as uncovered_hours,
    cast(joined.owned_hours as double precision) as owned_hours,
    cast(joined.available_hours as double precision) as available_hours,
    cast(joined.open_head_hours as double precision) as open_head_hours,
    cast(
        greatest(
            joined.planned_hours + joined.uncovered_hours
            - joined.available_hours - joined.open_head_hours,
            0
        ) as double precision
    ) as missing_hours,
    joined.planned_hours + joined.uncovered_hours - joined.available_hours - joined.open_head_hours
    > policy.short_hours_rate * (joined.planned_hours + joined.uncovered_hours) as is_short,
    cast(joined.uncovered_count as bigint) as uncovered_account_count,
    cast(certified.under_certified_rate as double precision) as under_certified_rate,
    coalesce(certified.under_certified_rate > policy.under_certified_rate, false)
        as is_under_certified
from joined
cross join policy
left join certified on joined.group_id = certified.group_id and joined.month = certified.month
