with

accounts as (select * from {{ source('raw', 'accounts') }}),

known as (select distinct account_id from accounts),

in_cycles as (
    {{ records_in_cycles(source('raw', 'accounts'), 'account_id', 'parent_account_id') }}
),

joined as (
    select
        accounts.*,
        in_cycles.account_id is not null as is_in_cycle,
        accounts.parent_account_id is not null and known.account_id is null as is_parent_unknown,
        accounts.fiscal_year_start between 1 and 12 as is_month
    from accounts
    left join in_cycles on accounts.account_id = in_cycles.account_id
    left join known on accounts.parent_account_id = known.account_id
)

select
    account_id,
    name,
    case when not is_in_cycle and not is_parent_unknown then parent_account_id end
        as parent_account_id,
    industry,
    employees,
    annual_revenue,
    country,
    region,
    postal_code,
    lifecycle,
    owner_rep_id,
    is_named,
    created_at,
    case when is_month then fiscal_year_start end as fiscal_year_start,
    _row,
    _issues,
    nullif(concat_ws(
        '; ',
        _fixes,
        case when is_in_cycle then 'parent_account_id: leads back to the account, left empty' end,
        case when is_parent_unknown then 'parent_account_id: no such account, left empty' end,
        case when not is_month then 'fiscal_year_start: no month from 1 to 12, left empty' end
    ), '') as _fixes,
    case
        when account_id is null then 'account_id_missing'
        when name is null then 'name_missing'
    end as quarantine_reason
from joined
