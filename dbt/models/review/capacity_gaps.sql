-- Can the staff carry it? Hours the accounts of a group need against hours its reps have. An account
-- belongs to the group of its owner of record, so an account nobody could take still counts where it
-- is missed.
with

months as (select * from {{ ref('int_company__plan_months') }}),

accounts as (select * from {{ ref('coverage_accounts') }}),

employees as (select * from {{ ref('stg_hr__employees') }}),

assignments as (select * from {{ source('plan', 'coverage_assignments') }}),

needed as (
    select
        coalesce(employees.group_id, assignments.group_id) as group_id,
        sum(accounts.hours_per_year) as hours,
        sum(case when assignments.coverer_type = 'house' then 1 else 0 end) as uncovered_count
    from accounts
    inner join assignments on accounts.account_id = assignments.account_id
    left join employees on accounts.previous_owner_rep_id = employees.rep_id
    group by 1
),

planned as (
    select
        group_id,
        sum(hours) as hours
    from assignments
    group by 1
),

available as (
    select
        group_id,
        month,
        sum(available_hours) as hours
    from {{ ref('rep_months') }}
    group by 1, 2
),

groups as (
    select group_id from {{ ref('coverage_groups') }}
    where group_id <> 'partner'
)

select
    groups.group_id,
    months.month,
    cast(coalesce(needed.hours, 0) / 12.0 as double precision) as needed_hours,
    cast(coalesce(planned.hours, 0) / 12.0 as double precision) as planned_hours,
    cast(coalesce(available.hours, 0) as double precision) as available_hours,
    cast(greatest(coalesce(needed.hours, 0) / 12.0 - coalesce(available.hours, 0), 0) as double precision)
        as missing_hours,
    coalesce(needed.hours, 0) / 12.0 > coalesce(available.hours, 0) as is_short,
    cast(coalesce(needed.uncovered_count, 0) as bigint) as uncovered_account_count
from groups
cross join months
left join needed on groups.group_id = needed.group_id
left join planned on groups.group_id = planned.group_id
left join available on groups.group_id = available.group_id and months.month = available.month
