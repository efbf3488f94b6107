-- Who is paid in the plan's open months, and for which share of them.
with

employees as (select * from {{ ref('stg_hr__employees') }}),

roles as (select distinct role from {{ ref('stg_policy__covering_roles') }}),

span as (
    select
        min(month) as begin_on,
        cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', 1, 'max(month)')) }} as date) as end_on
    from {{ ref('int_company__plan_months') }}
    where is_open
),

paid as (
    select
        employees.rep_id,
        -- Whoever is away for most of the plan has a base pay, and no part in what others book.
        case when away.rep_id is null then employees.role else '(away)' end as role,
        nullif(employees.group_id, '(no group)') as group_id,
        employees.base_pay,
        roles.role is not null and away.rep_id is null as is_covering,
        ({{ dbt.datediff(
            'greatest(coalesce(employees.hired_on, span.begin_on), span.begin_on)',
            'least(coalesce(employees.terminated_on, span.end_on), span.end_on)',
            'day'
        ) }} + 1) * 1.0 / (
            {{ dbt.datediff('span.begin_on', 'span.end_on', 'day') }}
            + 1
        ) as paid_share
    from employees
    cross join span
    left join roles on employees.role = roles.role
    left join {{ ref('int_reps__away') }} as away on employees.rep_id = away.rep_id
)

select
    rep_id,
    role,
    group_id,
    cast(base_pay as double precision) as base_pay,
    is_covering,
    cast(paid_share as double precision) as paid_share
from paid
where paid_share > 0
order by rep_id
