select
    opportunity_id,
    account_id,
    rep_id,
    product_id,

    case when revenue_type = 'new' then 'new' when revenue_type is not null then 'existing' end
        as revenue_type,
    coalesce(revenue_type = 'renewal', false) as is_renewal,
    stage,
    is_closed,
    is_won,
    coalesce(amount, 0) as amount,
    currency,

    cast(created_at as date) as created_on,
    -- An open deal's close date is a forecast, not a fact.
    case when is_closed then cast(closed_at as date) end as closed_on,
    case when not is_closed then cast(closed_at as date) end as expected_close_on
from {{ ref('base_crm__opportunities') }}
where quarantine_reason is null
