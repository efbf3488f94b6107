select *
from {{ ref('base_crm__exchange_rates') }}
where quarantine_reason is not null
