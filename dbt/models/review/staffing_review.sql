-- A group's people in one row: hours short and the repair, certifications that expire, turnover.
-- The rate is that of the last twelve months, shrunk to the company's with five people's worth: one
-- leaver in a small group is no trend. What a leaver costs is the book x the rate x the share of
-- business customers take elsewhere.
{% set pseudo_people = 5.0 %}

with

policy as (select * from {{ ref('stg_policy__people_policy') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

roles as (select distinct role from {{ ref('stg_policy__covering_roles') }}),

gaps as (
    select
        group_id,
        sum(missing_hours) as missing_hours,
        sum(greatest(available_hours + open_head_hours - needed_hours, 0)) as spare_hours,
        sum(needed_hours) as needed_hours,
        sum(case when is_short then 1 else 0 end) as short_months,
        max(under_certified_rate) as under_certified_rate
    from {{ ref('capacity_gaps') }}
    group by 1
),

spare as (
    select sum(case when missing_hours <= 0 then spare_hours else 0 end) as spare_hours from gaps
),

staff as (
    select
        employees.group_id,
        sum(case when employees.terminated_on <= calendar.as_of_on then 0 else 1 end) as rep_count,
        sum(case
            when employees.terminated_on <= calendar.as_of_on
                and employees.terminated_on > {{ dbt.dateadd('month', -12, 'calendar.as_of_on') }}
                then 1
            else 0
        end) as leaver_count,
        sum(case when employees.terminated_on > calendar.as_of_on then 1 else 0 end) as notice_count
    from {{ ref('stg_hr__employees') }} as employees
    inner join roles on employees.role = roles.role
    cross join calendar
    where coalesce(employees.hired_on, calendar.as_of_on) <= calendar.as_of_on
    group by 1
),

-- Average headcount: those here now, and half of those who left.
company as (
    select sum(leaver_count) / nullif(sum(rep_count + leaver_count / 2.0), 0) as turnover_rate
    from staff
),

expiring as (
    select
        employees.group_id,
        count(distinct certifications.rep_id) as rep_count
    from {{ ref('stg_hr__certifications') }} as certifications
    inner join {{ ref('stg_policy__required_certifications') }} as required
        on certifications.certification = required.certification
    inner join {{ ref('stg_hr__employees') }} as employees
        on certifications.rep_id = employees.rep_id
    cross join calendar
    cross join policy
    where
        certifications.valid_to_on >= calendar.as_of_on
        and {{ dbt.datediff('calendar.as_of_on', 'certifications.valid_to_on', 'day') }}
        <= policy.expiry_warning_days
        and (employees.terminated_on is null or employees.terminated_on > calendar.as_of_on)
    group by 1
),

books as (
    select
        group_id,
        sum(new_amount + existing_amount) as book_amount
    from {{ ref('stg_plan__coverage_assignments') }}
    where coverer_type = 'rep'
    group by 1
),

rated as (
    select
        gaps.*,
        coalesce(staff.rep_count, 0) as rep_count,
        coalesce(staff.leaver_count, 0) as leaver_count,
        coalesce(staff.notice_count, 0) as notice_count,
        coalesce(expiring.rep_count, 0) as expiring_count,
        coalesce(books.book_amount, 0) as book_amount,
        coalesce(
            (staff.leaver_count + {{ pseudo_people }} * company.turnover_rate)
            / nullif(staff.rep_count + staff.leaver_count / 2.0 + {{ pseudo_people }}, 0), 0
        ) as turnover_rate,
        gaps.missing_hours / settings.selling_hours_per_year as missing_fte,
        case when gaps.missing_hours > 0 then spare.spare_hours else 0 end as spare_elsewhere_hours
    from gaps
    cross join spare
    cross join company
    cross join settings
    left join staff on gaps.group_id = staff.group_id
    left join expiring on gaps.group_id = expiring.group_id
    left join books on gaps.group_id = books.group_id
)

select
    rated.group_id,
    cast(rated.rep_count as bigint) as rep_count,
    cast(rated.missing_hours as double precision) as missing_hours,
    cast(rated.missing_fte as double precision) as missing_fte,
    cast(rated.short_months as bigint) as short_months,
    cast(rated.spare_elsewhere_hours as double precision) as spare_elsewhere_hours,
    rated.under_certified_rate,
    cast(rated.expiring_count as bigint) as expiring_count,
    cast(rated.leaver_count as bigint) as leaver_count,
    cast(rated.notice_count as bigint) as notice_count,
    cast(rated.turnover_rate as double precision) as turnover_rate,
    rated.turnover_rate >= policy.turnover_trigger_rate as is_turnover_high,
    cast(rated.book_amount as double precision) as book_amount,
    cast(rated.book_amount * rated.turnover_rate * policy.turnover_loss_rate as double precision)
        as turnover_loss_amount,
    case
        when rated.short_months = 0 then 'The hours suffice.'
        else 'Short of ' || cast(cast(round(rated.missing_hours) as bigint) as varchar)
            || ' hours a year, ' || cast(cast(round(100 * rated.missing_fte) as bigint) as varchar)
            || ' % of a full-time job. ' || case
                when rated.spare_elsewhere_hours < 1 then 'No other group has hours to spare.'
                when rated.spare_elsewhere_hours >= rated.missing_hours
                    then 'Move accounts of that many hours to groups with '
                        || cast(cast(round(rated.spare_elsewhere_hours) as bigint) as varchar)
                        || ' hours to spare (a larger move budget).'
                else 'Groups with hours to spare have '
                    || cast(cast(round(rated.spare_elsewhere_hours) as bigint) as varchar)
                    || ': move accounts of that many hours there.'
            end || coalesce(' ' || advice.sentence, '')
    end as repair
from rated
cross join policy
left join {{ ref('stg_plan__hiring_advice') }} as advice on rated.group_id = advice.group_id
