-- Selling hours of every rep who can cover accounts, by month of the plan. Tenure counts here, as
-- ramp, and nowhere in the win model.
with

employees as (select * from {{ ref('stg_hr__employees') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

roles as (select distinct role from {{ source('policy', 'covering_roles') }}),

months as (select * from {{ ref('int_company__plan_months') }}),

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
        employees.terminated_on is null
        or employees.terminated_on > greatest(calendar.as_of_on, calendar.plan_start_on)
),

tenured as (
    select
        covering.*,
        months.month,
        months.month_number,
        case
            when covering.hired_on is null then null
            else {{ dbt.datediff('covering.hired_on', 'months.month', 'month') }}
        end as tenure_months
    from covering
    cross join months
),

ramped as (
    select
        tenured.*,
        case
            when tenured.terminated_on <= tenured.month then 0.0
            -- Without a hire date a rep counts as fully ramped.
            when tenured.tenure_months is null or calendar.ramp_months = 0 then 1.0
            when tenured.tenure_months < 0 then 0.0
            else least(1.0, calendar.ramp_start_rate
                + (1 - calendar.ramp_start_rate) * tenured.tenure_months / calendar.ramp_months)
        end as ramp_rate,
        calendar.selling_hours_per_year / 12.0 as full_hours
    from tenured
    cross join calendar
)

select
    rep_id,
    group_id,
    role,
    month,
    cast(month_number as integer) as month_number,
    cast(ramp_rate as double precision) as ramp_rate,
    cast(full_hours * fte * ramp_rate as double precision) as available_hours
from ramped
