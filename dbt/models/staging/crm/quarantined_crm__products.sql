select *
from {{ ref('base_crm__products') }}
where quarantine_reason is not null
