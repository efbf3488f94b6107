select
    account_id,
    parent_account_id,
    owner_rep_id,

    name,
    industry,
    employees,
    annual_revenue,
    country,
    coalesce(region, country) as region,
    lifecycle as crm_lifecycle,
    coalesce(is_named, false) as is_named,
    fiscal_year_start as fiscal_year_start_month,

    cast(created_at as date) as created_on
from {{ ref('base_crm__accounts') }}
where quarantine_reason is null
