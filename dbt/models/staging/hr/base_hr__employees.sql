select
    rep_id,
    name,
    role,
    group_id,
    manager_id,
    hire_date,
    termination_date,
    fte,
    location,
    languages,
    prior_industries,
    base_pay,
    variable_pay,
    _row,
    _issues,
    case
        when rep_id is null then 'rep_id_missing'
        when role is null then 'role_missing'
        when termination_date < hire_date then 'terminated_before_hired'
        when fte < 0 or fte > 1.5 then 'fte_out_of_range'
    end as quarantine_reason
from {{ source('raw', 'employees') }}
