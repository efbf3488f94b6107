with

quotas as (select * from {{ source('raw', 'quotas') }}),

employees as (select distinct rep_id, role from {{ source('raw', 'employees') }}),

roles as (select distinct role from {{ source('policy', 'covering_roles') }})

select
    quotas.rep_id,
    quotas.starts_on,
    quotas.month_count,
    quotas.revenue_type,
    quotas.amount,
    quotas._row,
    quotas._issues,
    quotas._fixes,
    case
        when quotas.rep_id is null then 'rep_id_missing'
        when employees.rep_id is null then 'rep_unknown'
        -- A manager's quota is the sum of the reps' and would count twice.
        when roles.role is null then 'role_does_not_cover'
        when quotas._issues is not null then 'cell_unreadable'
        when quotas.starts_on is null then 'starts_on_missing'
        when quotas.amount is null then 'amount_missing'
        when quotas.amount < 0 then 'amount_negative'
        when quotas.month_count < 1 or quotas.month_count > 12 then 'month_count_out_of_range'
        when quotas.revenue_type not in ('new', 'existing') then 'revenue_type_unknown'
        when row_number() over (
                partition by
                    quotas.rep_id,
                    quotas.starts_on,
                    quotas.month_count,
                    quotas.revenue_type,
                    quotas.amount
                order by quotas._row
            ) > 1 then 'entered_twice'
    end as quarantine_reason
from quotas
left join employees on quotas.rep_id = employees.rep_id
left join roles on employees.role = roles.role
