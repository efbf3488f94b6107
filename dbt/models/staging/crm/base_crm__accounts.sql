select
    account_id,
    name,
    parent_account_id,
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
    fiscal_year_start,
    _row,
    _issues,
    case
        when account_id is null then 'account_id_missing'
        when name is null then 'name_missing'
    end as quarantine_reason
from {{ source('raw', 'accounts') }}
