-- Reps who are gone, or wholly away, for more than half of the planning horizon. A plan that left
-- accounts with them would leave those with nobody for as long, so they cover nothing in it.
with

horizon as (
    select
        min(month) as from_on,
        last_day(max(month)) as to_on
    from {{ ref('int_company__horizon_months') }}
    where is_in_horizon
),

stays as (
    select
        employees.rep_id,
        horizon.from_on,
        horizon.to_on,
        least(coalesce(employees.terminated_on, horizon.to_on), horizon.to_on) as last_on
    from {{ ref('stg_hr__employees') }} as employees
    cross join horizon
),

missed as (
    select
        rep_id,
        greatest(0, {{ dbt.datediff('greatest(last_on, from_on)', 'to_on', 'day') }}) as days
    from stays
    union all
    select
        stays.rep_id,
        greatest(
            0,
            {{ dbt.datediff(
                'greatest(absences.starts_on, stays.from_on)',
                'least(absences.ends_on, stays.last_on)',
                'day'
            ) }}
            + 1
        )
    from stays
    inner join {{ ref('stg_hr__absences') }} as absences
        on stays.rep_id = absences.rep_id and absences.absent_share = 1
)

select missed.rep_id
from missed
cross join horizon
group by missed.rep_id
having
    sum(missed.days) > 0.5 * (
        max({{ dbt.datediff('horizon.from_on', 'horizon.to_on', 'day') }})
        + 1
    )
