-- Selling hours of every rep who can cover accounts, by month of the plan and its horizon: hours x
-- FTE x ramp, less planned absences, the days before the first one and, once notice is given, those
-- after the last. Tenure counts here, as ramp, and nowhere in the win model.
-- Who is gone or away for most of the horizon has none (int_reps__away).
with

employees as (select * from {{ ref('stg_hr__employees') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

roles as (select distinct role from {{ ref('stg_policy__covering_roles') }}),

months as (
    select
        month,
        month_number,
        max(is_plan_year) as is_plan_year,
        cast({{ dbt.dateadd('month', 1, 'month') }} as date) as next_month
    from (
        select month, month_number, 1 as is_plan_year
        from {{ ref('int_company__plan_months') }}
        union all
        select month, month_number, 0
        from {{ ref('int_company__horizon_months') }}
    ) as looked_at
    group by 1, 2, 4
),

covering as (
    select
        employees.rep_id,
        employees.group_id,
        employees.role,
        employees.fte,
        employees.hired_on,
        employees.terminated_on
    from employees
    inner join roles on employees.role = roles.role
    cross join calendar
    where
        (
            employees.terminated_on is null
            or employees.terminated_on > greatest(calendar.as_of_on, calendar.plan_start_on)
        )
        and employees.rep_id not in (select away.rep_id from {{ ref('int_reps__away') }} as away)
),

tenured as (
    select
        covering.*,
        months.month,
        months.next_month,
        months.month_number,
        months.is_plan_year,
        -- Months since the first day, by day; null without a hire date.
        {{ dbt.datediff(month_start('covering.hired_on'), 'months.month', 'month') }}
        - (extract(day from covering.hired_on) - 1.0)
        / extract(day from last_day(covering.hired_on)) as tenure_months,
        {{ dbt.datediff('months.month', 'months.next_month', 'day') }}
            as days,
        {{ dbt.datediff('months.month', 'covering.hired_on', 'day') }}
            as days_to_first,
        {{ dbt.datediff('months.month', 'covering.terminated_on', 'day') }}
        + 1 as days_to_last
    from covering
    cross join months
),

away as (
    select
        months.month,
        absences.rep_id,
        sum(
            {{ dbt.datediff(
                'greatest(absences.starts_on, months.month)',
                'least(cast(' ~ dbt.dateadd('day', 1, 'least(absences.ends_on, months.next_month)')
                ~ ' as date), months.next_month)',
                'day'
            ) }} * absences.absent_share
        ) as days
    from {{ ref('stg_hr__absences') }} as absences
    inner join months on absences.starts_on < months.next_month and absences.ends_on >= months.month
    group by 1, 2
),

present as (
    select
        tenured.*,
        case
            when tenured.terminated_on < tenured.month then 0.0
            when tenured.hired_on >= tenured.next_month then 0.0
            -- The last day counts; overlapping absences cannot take more than the month.
            else
                greatest(0.0, 1.0 - coalesce(away.days, 0) * 1.0 / tenured.days)
                * (1.0 - greatest(0, coalesce(tenured.days_to_first, 0)) * 1.0 / tenured.days)
                * case
                    when tenured.terminated_on < tenured.next_month
                        then tenured.days_to_last * 1.0 / tenured.days
                    else 1.0
                end
        end as present_rate
    from tenured
    left join away on tenured.rep_id = away.rep_id and tenured.month = away.month
),

ramped as (
    select
        present.*,
        present.present_rate * case
            -- Without a hire date a rep counts as fully ramped.
            when present.tenure_months is null or settings.ramp_months = 0 then 1.0
            else
                least(
                    1.0,
                    settings.ramp_start_rate
                    + (1 - settings.ramp_start_rate) * greatest(0, present.tenure_months)
                    / settings.ramp_months
                )
        end as ramp_rate,
        settings.selling_hours_per_year / 12.0 as full_hours
    from present
    cross join settings
)

select
    rep_id,
    group_id,
    role,
    month,
    cast(month_number as integer) as month_number,
    is_plan_year = 1 as is_plan_year,
    cast(ramp_rate as double precision) as ramp_rate,
    cast(full_hours * fte * ramp_rate as double precision) as available_hours
from ramped
