with

employees as (select * from {{ source('raw', 'employees') }}),

in_cycles as ({{ records_in_cycles(source('raw', 'employees'), 'rep_id', 'manager_id') }}),

joined as (
    select
        employees.*,
        in_cycles.rep_id is not null as is_in_cycle
    from employees
    left join in_cycles on employees.rep_id = in_cycles.rep_id
)

select
    rep_id,
    name,
    role,
    group_id,
    case when not is_in_cycle then manager_id end as manager_id,
    hire_date,
    -- Whoever was hired after leaving is back.
    case when not coalesce(termination_date < hire_date, false) then termination_date end
        as termination_date,
    fte,
    location,
    languages,
    prior_industries,
    base_pay,
    variable_pay,
    _row,
    _issues,
    nullif(concat_ws(
        '; ',
        _fixes,
        case when is_in_cycle then 'manager_id: leads back to the employee, left empty' end,
        case when group_id is null then 'group_id: none given, counted under (no group)' end,
        case when fte is null then 'fte: none given, taken as 1' end,
        case
            when termination_date < hire_date
                then 'termination_date: before hire_date, taken for an earlier employment'
        end
    ), '') as _fixes,
    case
        when rep_id is null then 'rep_id_missing'
        when role is null then 'role_missing'
        -- Without its date a leaver would stay, and without its share of full time a part-timer
        -- would count whole.
        when regexp_matches(_issues, '(^|; )(hire_date|termination_date|fte): ')
            then 'cell_unreadable'
        when fte < 0 or fte > 1.5 then 'fte_out_of_range'
    end as quarantine_reason
from joined
