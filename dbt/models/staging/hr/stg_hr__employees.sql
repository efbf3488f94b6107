-- Only what planning may use: HR files hold protected attributes that never pass this model.
select
    rep_id,
    manager_id,

    role,
    coalesce(group_id, '(no group)') as group_id,
    coalesce(fte, 1.0) as fte,
    location,
    languages,
    prior_industries,
    base_pay,
    variable_pay,

    hire_date as hired_on,
    termination_date as terminated_on
from {{ ref('base_hr__employees') }}
where quarantine_reason is null
