select
    upper(currency) as currency,
    starts_on,
    rate
from {{ ref('base_crm__exchange_rates') }}
where quarantine_reason is null
